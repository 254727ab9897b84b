"""Where generated code keeps a computed value."""

from dataclasses import dataclass

from mappings.formula.writer import Operand


@dataclass(frozen=True, slots=True)
class Atom:
    """A computed value: the variable or constant that holds it, and its kind where that is certain.

    Kinds are "number", "text", "yes/no" and "date"; with a question mark the value may also be blank; "" is anything.
    """

    code: str
    kind: str = ""
    position: int = 0
    label: str = ""  # what people wrote, where it is a path
    sized: bool = False  # its size was checked when it was stored: values of lookup tables

    finite: bool = False  # surely no NaN or infinity, if it is a number at all
    stepped: bool = False  # surely a multiple of 0.000000000001 or coarser, if it is a number at all

    def unless(self, kind: str, python: str) -> str:
        """Return the Python test that the value is of a kind; "" where that is certain."""
        if self.kind == kind:
            return ""
        return f"{self.code} is not None" if self.kind == f"{kind}?" else f"{self.code}.__class__ is {python}"

    @property
    def operand(self) -> Operand:
        """Return the value as a site keeps it."""
        return Operand(self.code, self.position, self.label)


def as_text(atom: Atom, written: str | None = None) -> str:
    """Return the start of a Python condition that turns texts and whole numbers into text; `else …` is to follow.

    `written` is a variable that holds the text of a whole number already.
    """
    code = atom.code
    return f"{code} if {code}.__class__ is str else {written or f'str({code})'} if {code}.__class__ is int"
