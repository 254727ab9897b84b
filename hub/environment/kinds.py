"""Kinds of values that a setting takes: each reads a text, and says what it accepts.

Standard library only: the settings and the supervisor read it first. Places have kinds in `hub.environment.places`.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import urlsplit

NO_WORKERS = "none"
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Kind(Generic[T_co]):
    """How a text becomes a value; `read` raises ValueError for what is not `accepted`, said as "must be …"."""

    accepted: str
    read: Callable[[str], T_co]


def whole(least: int, most: int) -> Kind[int]:
    """Return the kind of whole numbers from `least` to `most`, in plain digits."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text[:20]) <= most:
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


def address(*schemes: str) -> Kind[str]:
    """Return the kind of addresses that begin with one of `schemes` and name a host or a socket."""

    def read(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not (parts.netloc or parts.path) or any(mark.isspace() for mark in text):
            raise ValueError
        _ = parts.port  # raises ValueError for what is no port
        return text

    return Kind(f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}", read)


def several_of(separator: str, kind: Kind[T]) -> Kind[list[T]]:
    """Return the kind of lists of `kind` with `separator` between; blanks around and empty places count for nothing."""

    def read(text: str) -> list[T]:
        return [kind.read(part.strip()) for part in text.split(separator) if part.strip()]

    return Kind(f"a list with “{separator}” between, each {kind.accepted}", read)


def secret_of(length: int) -> Kind[str]:
    """Return the kind of secrets of at least `length` characters."""

    def read(text: str) -> str:
        if len(text) < length or not text.isprintable():
            raise ValueError
        return text

    return Kind(f"at least {length} characters on one line", read)


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


def _systems(text: str) -> dict[str, str]:
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ValueError
    return found


def _folder(text: str) -> Path:
    found = Path(text).expanduser().resolve()
    if any(os.path.exists(each) and not os.path.isdir(each) for each in (found, *found.parents)):
        raise ValueError
    return found


TEXT: Kind[str] = Kind("text", str)
SWITCH = Kind("0 or 1", _switch)
FOLDER = Kind("the path of a folder", _folder)
SYSTEMS = Kind("a JSON object of addresses by name", _systems)
