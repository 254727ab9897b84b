"""Say a value and its kind in words for finance."""

from datetime import date, datetime
from decimal import Decimal

SHOWN = 60  # characters of a text that a message repeats


def described(value: object) -> str:
    """Return a value as a message names it: the number 7.5, the text 'abc', nothing.

    >>> described(None), described("abc"), described(True)
    ('blank', "the text 'abc'", 'TRUE')
    """
    match value:
        case None:
            return "blank"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | Decimal():
            return f"the number {plain(value)}"
        case str():
            shown = value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"
            return f"the text '{shown}'" if value else "an empty text"
        case datetime():
            return f"the time {value.isoformat()}"
        case date():
            return f"the date {value.isoformat()}"
        case dict():
            return "a record"
        case list() | tuple():
            return f"a list of {len(value)}"
    return "a value of unknown kind"


def sentence(words: str) -> str:
    """Return words that begin with one of ours, such as `described` gives, as the beginning of a sentence.

    >>> sentence("the text 'ABC' is no date")
    "The text 'ABC' is no date"
    """
    return words[:1].upper() + words[1:]


def plain(value: int | Decimal) -> str:
    """Return a number without an exponent; a monstrous one keeps it, so that a message stays short.

    >>> plain(Decimal("1E+3")), plain(Decimal("0.10"))
    ('1000', '0.10')
    """
    if isinstance(value, int):
        return str(value) if value.bit_length() < 128 else "beyond all measure"
    if not value.is_finite() or not -40 < value.adjusted() < 40:
        return str(value)
    return f"{value:f}"
