"""What can stand behind a word: one of a closed list, a text, a sum, a number, a time. Pure; raises Unfit."""

import datetime as dt
import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exceptions_queue.query.line import Value

SIGNS = re.compile(r"(>=|<=|>|<|=)?(.*)", re.DOTALL)
SPAN = re.compile(r"(\d{1,5})(h|d|w)", re.ASCII)
HOURS = {"h": 1, "d": 24, "w": 24 * 7}
SHORTEST = 3  # characters of a name of which the beginning is enough
SUM = re.compile(r"-?\d{1,15}(\.\d{1,4})?", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
UNKNOWN = "unknown"


class Unfit(ValueError):  # reads as what happened
    """A value that a word does not take: why, what it takes, and what was probably meant."""

    def __init__(self, said: str, accepted: str, nearest: str = "") -> None:
        super().__init__(said)
        self.said, self.accepted, self.nearest = said, accepted, nearest


@dataclass(frozen=True, slots=True)
class Compared:
    """A bound: from `least` on, below `below`; which of the ends belongs to it stands beside it. None: no end."""

    least: Any = None
    most: Any = None
    least_in: bool = True
    most_in: bool = False


def folded(text: str) -> str:
    """Return a name as it is compared: small letters, one hyphen for all that stands between words."""
    return re.sub(r"[\s_-]+", "-", text.strip().casefold())


def team(value: Value, now: dt.datetime) -> str:
    """Return the name of a team as it is compared; teams have names of the firm's, so any text may be one."""
    return folded(text(value))


def one_of(value: Value, choices: Iterable[tuple[str, str]]) -> str:
    """Return the stored value of a closed list that is meant, by itself or by its words. Raises Unfit.

    The beginning of a name is enough where it is that of one value: `missing_ref` is a missing reference.
    """
    known: dict[str, str] = {}
    for name, words in choices:
        known.setdefault(folded(name), name)
        known.setdefault(folded(words), name)
    found = known.get(folded(value.text))
    if found is not None:
        return found
    begins = {name for words, name in known.items() if words.startswith(folded(value.text))}
    if len(begins) == 1 and len(folded(value.text)) >= SHORTEST:
        return begins.pop()
    names = [folded(each) for each in dict.fromkeys(known.values())]
    near = difflib.get_close_matches(folded(value.text), known, 1, 0.5)
    raise Unfit(f"“{value.text}” is none of its values.", ", ".join(names), folded(known[near[0]]) if near else "")


def text(value: Value) -> str:
    """Return a text that is not empty. Raises Unfit."""
    if not value.text.strip():
        raise Unfit("The text is empty.", "some characters")
    return value.text.strip()


def amount(value: Value) -> Compared | None:
    """Return the bounds of a sum; None for what nobody knows. Raises Unfit."""
    if value.text.casefold() == UNKNOWN:
        return None
    accepted = "such as >1000, <=250.50, 1000..5000 (from 1000 up to below 5000) or unknown"
    return _bounds(value, lambda each: _sum(each, accepted), accepted)


def count(value: Value) -> Compared:
    """Return the bounds of a number. Raises Unfit."""
    accepted = "such as >10, <=3, 5 or 2..10 (from 2 up to below 10)"

    def number(each: str) -> int:
        if not (each.isascii() and each.isdigit() and len(each) < 10):
            raise Unfit(f"“{each}” is no whole number.", accepted)
        return int(each)

    return _bounds(value, number, accepted)


def number(value: Value) -> int:
    """Return the number of an item. Raises Unfit."""
    digits = value.text.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise Unfit(f"“{value.text}” is no number of an exception.", "such as 17; several with commas")
    return int(digits)


def span(value: Value) -> Compared:
    """Return the bounds of a length of time. Raises Unfit."""
    accepted = "such as >3d, <12h or 1d..1w (h hours, d days, w weeks)"

    def length(each: str) -> dt.timedelta:
        found = SPAN.fullmatch(each)
        if found is None:
            raise Unfit(f"“{each}” is no length of time.", accepted)
        return dt.timedelta(hours=int(found[1]) * HOURS[found[2]])

    return _bounds(value, length, accepted)


def ago(value: Value, now: dt.datetime) -> Compared:
    """Return the bounds of a moment that is past: a day, or how long ago (`<24h`). Raises Unfit."""
    accepted = "such as <24h, >1w, 2026-10-05, >=2026-10-01 or 2026-10-01..2026-11-01"
    sign, rest = _split(value.text)
    if _is_span(rest):
        lengths = span(value)
        newest, oldest = lengths.least, lengths.most
        return Compared(
            None if oldest is None else now - _length(oldest), None if newest is None else now - _length(newest),
            lengths.most_in, lengths.least_in,
        )  # fmt: skip
    if sign in ("", "=") and ".." not in rest:
        day = _day(rest, accepted)
        return Compared(day, day + dt.timedelta(days=1))
    if sign in (">", "<="):  # later than a day is after all of it, and up to a day is with all of it
        end = _day(rest, accepted) + dt.timedelta(days=1)
        return Compared(end, None) if sign == ">" else Compared(None, end)
    return _bounds(value, lambda each: _day(each, accepted), accepted)


def due(value: Value, now: dt.datetime) -> Compared | None:
    """Return the bounds of a moment to come: `past`, a day, or in how long (`<2d`: in less, or past); None for `none`.

    Raises Unfit.
    """
    _, rest = _split(value.text)
    if value.text.casefold() == "none":
        return None
    if value.text.casefold() == "past":
        return Compared(None, now)
    if not _is_span(rest):
        try:
            return ago(value, now)
        except Unfit as error:
            raise Unfit(error.said, "past, none, or such as <2d, 1d..1w, 2026-10-31 or <=2026-10-31") from None
    lengths = span(value)
    return Compared(
        None if lengths.least is None else now + _length(lengths.least),
        None if lengths.most is None else now + _length(lengths.most),
        lengths.least_in, lengths.most_in,
    )  # fmt: skip


def _is_span(text: str) -> bool:
    return any(SPAN.fullmatch(each) for each in text.split("..", 1))


def _length(found: object) -> dt.timedelta:
    assert isinstance(found, dt.timedelta)
    return found


def _split(given: str) -> tuple[str, str]:
    found = SIGNS.fullmatch(given.strip())
    assert found is not None  # it takes every text
    return found[1] or "", found[2].strip()


def _bounds(value: Value, one: Callable[[str], Any], accepted: str) -> Compared:
    sign, rest = _split(value.text)
    if not rest:
        raise Unfit("Nothing stands behind it." if sign else "It is empty.", accepted)
    if ".." in rest:
        if sign:
            raise Unfit(f"“{value.text}” has a sign and two ends.", accepted)
        low, _, high = rest.partition("..")
        least, most = (one(low) if low else None), (one(high) if high else None)
        if least is None and most is None:
            raise Unfit("Two dots have nothing on either side.", accepted)
        if least is not None and most is not None and least >= most:
            raise Unfit(f"“{low}” is not below “{high}”.", accepted, f"{high}..{low}" if most < least else "")
        return Compared(least, most)
    found = one(rest)
    return {
        ">": Compared(found, None, False),
        ">=": Compared(found, None),
        "<": Compared(None, found),
        "<=": Compared(None, found, True, True),
    }.get(sign, Compared(found, found, True, True))


def _sum(each: str, accepted: str) -> Decimal:
    plain = each.replace("'", "").replace("_", "")
    if not SUM.fullmatch(plain):
        raise Unfit(f"“{each}” is no sum.", accepted)
    return Decimal(plain)


def _day(each: str, accepted: str) -> dt.datetime:
    try:
        if not DAY.fullmatch(each):
            raise ValueError
        day = dt.datetime.combine(dt.date.fromisoformat(each), dt.time(), dt.UTC)
        return day if 1 < day.year < dt.MAXYEAR else _no_day(each, accepted)
    except ValueError:
        return _no_day(each, accepted)


def _no_day(each: str, accepted: str) -> dt.datetime:
    raise Unfit(f"“{each}” is no day.", accepted) from None
