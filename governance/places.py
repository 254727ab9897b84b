"""Places in lists, as the addresses of their pages name them. We give them; anybody can type another one.

Each function raises ValueError for what can be no place: it would else be refused by the database, or by the calendar.
"""

from datetime import UTC, datetime
from typing import Any

LARGEST = 2**63 - 1  # the largest number of a row


def number(given: Any) -> int:
    """Return the number of a row; a text is none."""
    if type(given) is not int or not 0 <= given <= LARGEST:
        raise ValueError("no number of a row")
    return given


def text(given: Any) -> str:
    """Return a text that the database can hold: no NUL, no half of a surrogate pair."""
    if not isinstance(given, str) or "\x00" in given:
        raise ValueError("no text")
    given.encode()
    return given


def moment(given: Any) -> datetime:
    """Return a time in UTC from ISO 8601 with a zone; the years 1 to 9999 hold all of them."""
    if not isinstance(given, str):
        raise ValueError("no time")
    found = datetime.fromisoformat(given)
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    try:
        return found.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a time outside of the calendar") from error
