"""Paths into JSON answers: names joined by dots, numbers for places in a list. No wildcards, no expressions."""

import re
from typing import Any

Path = tuple[str | int, ...]
NUMBER = re.compile(r"-?[0-9]{1,9}")


def compile_path(written: str | int | list[str | int] | None) -> Path:
    """Return the steps of a written path: "error.0" -> ("error", 0); "" and None -> (), the value itself."""
    if written is None or written == "":
        return ()
    steps = written if isinstance(written, list) else str(written).split(".")
    return tuple(int(step) if isinstance(step, str) and NUMBER.fullmatch(step) else step for step in steps)


def compile_paths(written: str | list[str] | None) -> tuple[Path, ...]:
    """Return several paths to try in turn; one text is one path."""
    if written is None:
        return ()
    return tuple(compile_path(item) for item in ([written] if isinstance(written, str) else written))


def find(value: Any, path: Path) -> Any:
    """Return what lies at the path, None when there is nothing."""
    if value.__class__ is dict and len(path) == 1 and (here := value.get(path[0])) is not None:
        return here  # the commonest case, without the walk
    for step in path:
        if isinstance(value, dict):
            inner = value.get(step)
            value = value.get(str(step)) if inner is None and step not in value else inner
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
        if value is None:
            return None
    return value


def first(value: Any, paths: tuple[Path, ...]) -> Any:
    """Return the first value that any of the paths finds."""
    for path in paths:
        found = find(value, path)
        if found is not None:
            return found
    return None


def written(path: Path) -> str:
    """Return the path as an author writes it."""
    return ".".join(str(step) for step in path)
