"""Bring a value to the kind of its canonical field: exact numbers, ISO dates, aware times; refuse the rest in words."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from canonical.entity import Kind
from mappings.formula import limits, values
from mappings.formula.arguments import date_from_text, time_from_text
from mappings.formula.atom import Atom, as_text
from mappings.formula.problems import UnacceptableError
from mappings.formula.words import described, sentence

PLAIN_NUMBER = re.compile(r"[+-]?(\d{1,28}(\.\d{1,28})?|\.\d{1,28})", re.ASCII)
TRUE = {"true", "t", "yes", "y", "1"}
FALSE = {"false", "f", "no", "n", "0"}
LARGEST_EXPONENT = limits.LARGEST.adjusted()
ANY_DIGITS = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)", re.ASCII)
NUMBER = f"a number below {limits.LARGEST:,}"
PLAIN = "a number such as 225.00"


def to_text(value: Any) -> str | None:
    """Return a text; numbers and dates are written out, because vendors give ids as numbers."""
    return None if value is None else values.text(value)


def to_decimal(value: Any) -> Decimal | None:
    """Return an exact number: Decimal, whole number, or plain digits. Not finite or absurd is a shape problem."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and PLAIN_NUMBER.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if isinstance(value, int) and not isinstance(value, bool):
        value = Decimal(value) if value.bit_length() < 128 else Decimal("Infinity")  # as absurd, and quickly said
    if not isinstance(value, Decimal):
        raise _no_number(value)
    if not value.is_finite() or not limits.FINEST < value.adjusted() < LARGEST_EXPONENT:
        message = sentence(f"{described(value)} is not finite, too large or too fine")
        raise UnacceptableError(message, value=value, accepted=NUMBER, shape=True)
    return value


def _no_number(value: Any) -> UnacceptableError:
    """Return in words why a value is no number; of texts that look like one, what they have too much."""
    cause, accepted = "", PLAIN
    if isinstance(value, str) and ANY_DIGITS.fullmatch(value.strip()):
        cause, accepted = (
            ", which has too many digits",
            f"{NUMBER}, with at most {limits.MAX_DIGITS} digits on each side of its point",
        )
    elif isinstance(value, str) and any(map(str.isdigit, value)):
        cause = ", which has a comma" if "," in value else ", which is not only digits with a point"
    return UnacceptableError(
        f"A number is needed, but this is {described(value)}{cause}", value=value, accepted=accepted
    )


def to_integer(value: Any) -> int | None:
    """Return a whole number; 7.0 is one, 7.5 is not."""
    exact = to_decimal(value)
    if exact is None:
        return None
    if exact != exact.to_integral_value():
        accepted = "a whole number"
        raise UnacceptableError(
            f"A whole number is needed, but this is {described(value)}", value=value, accepted=accepted
        )
    return int(exact)


def to_date(value: Any) -> date | None:
    """Return a calendar day: a date, or a text 2026-03-31."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        accepted = "a date; TODATE(time, zone) says at which place the day counts"
        raise UnacceptableError("A date is needed, but this is a time", value=value, accepted=accepted)
    return value if isinstance(value, date) else date_from_text(value, "YYYY-MM-DD")


def to_datetime(value: Any) -> datetime | None:
    """Return an aware time: a time, or an ISO 8601 text with a zone."""
    return None if value is None or value == "" else time_from_text(value, "")


def to_boolean(value: Any) -> bool | None:
    """Return yes or no: TRUE/FALSE, 1/0, or the words that vendors use (true, T, yes, Y …)."""
    if value is None or value == "" or isinstance(value, bool):
        return None if value == "" else value
    word = value.strip().lower() if isinstance(value, str) and len(value) < 10 else ""
    if isinstance(value, (int, Decimal)) and value in (0, 1):
        return value == 1
    if word in TRUE or word in FALSE:
        return word in TRUE
    accepted = "TRUE or FALSE"
    raise UnacceptableError(f"Yes or no is needed, but this is {described(value)}", value=value, accepted=accepted)


def to_lines(value: Any) -> list[Any] | None:
    """Return a list of records, as it is."""
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) > limits.MAX_LINES
        or not all(isinstance(each, dict) for each in value)
    ):
        accepted = f"a list of at most {limits.MAX_LINES:,} records"
        raise UnacceptableError(
            f"A list is needed, but this is {described(value)}", value=value, accepted=accepted, shape=True
        )
    return value


def to_any(value: Any) -> Any:
    """Return a value for a body without declared kinds; numbers are checked like those of fields."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return value
    exact = to_decimal(value)
    return value if isinstance(value, int) else exact


CONVERTERS: dict[Kind | None, Callable[[Any], Any]] = {
    Kind.TEXT: to_text,
    Kind.INTEGER: to_integer,
    Kind.DECIMAL: to_decimal,
    Kind.MONEY: to_decimal,
    Kind.DATE: to_date,
    Kind.DATETIME: to_datetime,
    Kind.BOOLEAN: to_boolean,
    Kind.LINES: to_lines,
    None: to_any,
}


def converted(atom: Atom, kind: Kind | None, careful: str) -> str:
    """Return Python code that brings a value to a kind: the usual form at once, the rest by the careful call."""
    code = atom.code
    if kind in (Kind.DECIMAL, Kind.MONEY):
        least = "" if atom.stepped else f"{limits.FINEST} < "
        sized = f"{least}{code}.adjusted() < {LARGEST_EXPONENT}" + ("" if atom.finite else f" and {code}.is_finite()")
        test = atom.unless("number", "Decimal")
        if atom.sized and test:
            return f"{code} if {test} else {careful}"
        return f"{code} if {test} and {sized} else {careful}" if test else f"{code} if {sized} else {careful}"
    if kind == Kind.DATE:
        if atom.kind.startswith("date"):
            return code
        iso = f"{code}.__class__ is str and len({code}) == 10 and {code}[4] == {code}[7] == '-'"
        return f"date_from_iso({code}) if {iso} else {code} if {code}.__class__ is date else {careful}"
    if kind == Kind.TEXT:
        return code if atom.kind.startswith("text") else f"{as_text(atom)} else {careful}"
    if kind == Kind.BOOLEAN:
        return code if atom.kind.startswith("yes/no") else f"{code} if {code}.__class__ is bool else {careful}"
    if kind is None:
        if atom.kind.startswith(("text", "yes/no", "date")):
            return code
        sized = f"{limits.FINEST} < {code}.adjusted() < {LARGEST_EXPONENT} and {code}.is_finite()"
        exact = f"{code} if {code}.__class__ is Decimal and {sized}"
        return f"{code} if {code}.__class__ in SAFE else {exact} else {careful}"
    return careful
