"""Kinds of values that a setting takes: each reads a text, and says what it accepts.

Standard library only: the settings and the supervisor read it first. Places have kinds in `hub.environment.places`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

NO_WORKERS = "none"
LONGEST_PATH = 1000  # characters of a path that are told
LONGEST_NAME = 255  # bytes of a folder's name (NAME_MAX of Linux)
LONGEST_TEXT = 200  # characters
LONGEST_NUMBER = 20  # digits; what is longer is out of every range here
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Because(ValueError):
    """What is wrong with a value, as part of a sentence and without anything secret."""


@dataclass(frozen=True)
class Kind(Generic[T_co]):
    """How a text becomes a value; `read` raises ValueError for what is not `accepted`, said as "must be …"."""

    accepted: str
    read: Callable[[str], T_co]


def shown(text: str, most: int = 60) -> str:
    """Return the beginning of a wrong value as it can be printed anywhere: what no terminal shows is written out."""
    found = "".join(mark if mark.isprintable() else mark.encode("unicode_escape").decode() for mark in text[: most + 1])
    return found if len(found) <= most else f"{found[:most]}…"


def whole(least: int, most: int) -> Kind[int]:
    """Return the kind of whole numbers from `least` to `most`, in plain digits."""

    def read(text: str) -> int:
        if len(text) > LONGEST_NUMBER or not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return Kind(f"a whole number from {least} to {most}", read)


def number(unit: str, least: float, most: float) -> Kind[float]:
    """Return the kind of numbers of some unit from `least` to `most`; fractions are allowed."""

    def read(text: str) -> float:
        if not text.isascii() or "_" in text or not least <= float(text) <= most:  # not a number (NaN) is never within
            raise ValueError
        return float(text)

    return Kind(f"a number of {unit} from {least:g} to {most:g}", read)


def seconds(least: float, most: float) -> Kind[float]:
    """Return the kind of times in seconds from `least` to `most`."""
    return number("seconds", least, most)


def choice(*words: str) -> Kind[str]:
    """Return the kind of which `words` are the only values."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Kind(f"one of {', '.join(words)}", read)


def several_of(separator: str, kind: Kind[T], *, least: int = 0) -> Kind[list[T]]:
    """Return the kind of lists of `kind` with `separator` between; blanks around and empty places count for nothing."""

    def read(text: str) -> list[T]:
        found = [kind.read(part.strip()) for part in text.split(separator) if part.strip()]
        if len(found) < least:
            raise Because("it names nothing")
        return found

    number = f" of at least {least}" if least else ""
    return Kind(f"a list{number} with “{separator}” between, each {kind.accepted}", read)


def secret_of(length: int) -> Kind[str]:
    """Return the kind of secrets of at least `length` characters."""

    def read(text: str) -> str:
        if len(text) < length or not text.isprintable():
            raise ValueError
        return text

    return Kind(f"at least {length} character{'' if length == 1 else 's'} on one line", read)


def token_of(length: int) -> Kind[str]:
    """Return the kind of secrets that travel in a header, which takes ASCII only."""
    secret = secret_of(length)

    def read(text: str) -> str:
        if not text.isascii():
            raise ValueError
        return secret.read(text)

    return Kind(f"{secret.accepted}, in plain ASCII letters, digits and marks", read)


def workers(lanes: tuple[str, ...]) -> Kind[tuple[str, ...]]:
    """Return the kind that gives each worker process its `lanes`; NO_WORKERS is read as none at all."""

    def read(text: str) -> tuple[str, ...]:
        if text == NO_WORKERS:
            return ()
        found = tuple(part.strip() for part in text.split(";") if part.strip())
        if not found or any(lane not in lanes for part in found for lane in part.split(",")):
            raise ValueError
        return found

    return Kind(
        f"lanes with “,” between, “;” between workers, or {NO_WORKERS} for the pages alone; the lanes are "
        f"{', '.join(lanes)}",
        read,
    )


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError
    return text == "1"


def _folder(text: str) -> Path:
    try:
        found = Path(text).expanduser().resolve()
    except RuntimeError as error:  # ~nobody-of-that-name, or links that lead in a circle
        raise ValueError from error
    if any(os.path.exists(each) and not os.path.isdir(each) for each in (found, *found.parents)):
        raise ValueError
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in found.parts):
        raise ValueError
    return found


def _text(text: str) -> str:
    if not text.isprintable() or len(text) > LONGEST_TEXT:
        raise ValueError
    return text


TEXT = Kind(f"a text of at most {LONGEST_TEXT} characters on one line", _text)
SWITCH = Kind("0 or 1", _switch)
FOLDER = Kind("the path of a folder", _folder)
