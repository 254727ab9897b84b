"""Collects the lines of generated Python, and remembers for each line which part of which formula it computes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Operand:
    """One value that an operation works on."""

    code: str  # Python variable or constant
    position: int  # in the formula
    label: str = ""  # what people wrote, where it is a path


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What one generated line does, so that a traceback's line number is enough to explain an error."""

    field: str  # of the result, or of the rule
    rule: str  # name of the rule; "" in a field rule
    position: int  # of the operation in its formula
    operands: tuple[Operand, ...] = ()
    again: Callable[..., Any] | None = None  # the careful form of the operation, which says what is wrong
    severity: str = "error"
    only: Operand | None = None  # the one operand that is no constant, if there is just one
    masked: bool = False  # it works on what a mask hides from some, and nothing in the field's name says so


class Writer:
    """Lines, indentation, constants and sites of one generated module."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.sites: dict[int, Site] = {}  # line number, from 1
        self.names: dict[str, Any] = {}  # what the generated code may refer to
        self.field, self.rule, self.severity, self.masked = "", "", "error", False
        self._depth = 0
        self._count = 0
        self._constants: dict[tuple[type, str], str] = {}

    def line(self, code: str, site: Site | None = None) -> None:
        """Write one line."""
        self.lines.append("    " * self._depth + code)
        if site is not None:
            self.sites[len(self.lines)] = site

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write a head such as `if x:` and indent what follows."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Write one `try:`. Its variables are used again by the next one: a smaller frame is made and read faster."""
        count = self._count
        with self.block("try:"):
            yield
        self._count = count

    def fresh(self) -> str:
        """Return a variable name that is used nowhere else."""
        self._count += 1
        return f"v{self._count}"

    def constant(self, value: Any) -> str:
        """Return how generated code names a constant; the same constant has one name, however often it is written."""
        key = (type(value), str(value))
        if key not in self._constants:
            self._constants[key] = self.named(value)
        return self._constants[key]

    def named(self, value: Any) -> str:
        """Bind an object to a new name of the generated module."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    def site(self, position: int, operands: tuple[Operand, ...] = (), again: Any = None) -> Site:
        """Return a site in the field or rule that is being written."""
        variables = [each for each in operands if each.code[0] in "vr"]
        only = variables[0] if len(variables) == 1 else None
        return Site(self.field, self.rule, position, operands, again, self.severity, only, self.masked)
