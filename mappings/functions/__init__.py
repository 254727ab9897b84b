"""Every function of the formula language: one file each, found by walking this folder.

A file holds one public function named in capitals. Its docstring is the editor's help, and the examples in it are run
as tests. `LAZY = True` marks the few that the compiler writes in place. Functions are pure.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """A function as the compiler and the editor see it."""

    name: str
    call: Callable[..., Any]
    lazy: bool
    least: int  # arguments
    most: int | None  # arguments; None: any number
    named: tuple[str, ...]  # arguments that are given by name
    returns: str  # the annotation: "Decimal | None"
    usage: str  # "ROUND(value, digits)"
    meaning: str  # first sentence and paragraphs of the docstring, without the examples
    examples: tuple[tuple[str, str], ...]  # (formula, what it gives)


# What the examples of the docstrings refer to.
EXAMPLE_RECORD: dict[str, Any] = {}


def _load() -> dict[str, Function]:
    found: dict[str, Function] = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.stem == "__init__":
            continue
        module = import_module(f"{__name__}.{path.stem}")
        names = [name for name in vars(module) if name.isupper() and callable(getattr(module, name))]
        if len(names) != 1:
            raise ImportError(f"{path}: must hold exactly one function named in capitals, but holds {names or 'none'}.")
        found[names[0]] = _described(names[0], getattr(module, names[0]), getattr(module, "LAZY", False))
    return found


def _described(name: str, call: Callable[..., Any], lazy: bool) -> Function:
    parameters = list(inspect.signature(call).parameters.values())
    by_position = [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    rest = [each for each in parameters if each.kind is each.VAR_POSITIONAL]
    named = tuple(each.name for each in parameters if each.kind is each.KEYWORD_ONLY)
    least = sum(each.default is each.empty for each in by_position)
    shown = [each.name if each.default is each.empty else f"[{each.name}]" for each in by_position]
    shown += [f"{each.name}…" for each in rest] + [f"[{each}: …]" for each in named]
    meaning, examples = _docstring(name, inspect.getdoc(call) or "")
    returns = inspect.signature(call).return_annotation
    return Function(
        name=name,
        call=call,
        lazy=lazy,
        least=least,
        most=None if rest else len(by_position),
        named=named,
        returns=str(getattr(returns, "__name__", returns)) if not hasattr(returns, "__args__") else str(returns),
        usage=f"{name}({', '.join(shown)})",
        meaning=meaning,
        examples=examples,
    )


def _docstring(name: str, docstring: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    lines = docstring.splitlines()
    examples = [(line[4:], lines[index + 1]) for index, line in enumerate(lines) if line.startswith(">>> ")]
    if not examples:
        raise ImportError(f"{name}: the docstring needs at least one example, as '>>> formula' and its result.")
    start = next(index for index, line in enumerate(lines) if line.startswith(">>> "))
    return "\n".join(lines[:start]).strip(), tuple(examples)


FUNCTIONS: dict[str, Function] = _load()
