"""Read the arguments of functions: counts, texts with a form, dates, patterns; refuse the rest in words."""

import calendar
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import re2

from mappings.formula import limits
from mappings.formula.forms import date_from_text, formatted
from mappings.formula.problems import UnacceptableError
from mappings.formula.values import bounded, compared, number, text
from mappings.formula.words import described, sentence

__all__ = [
    "count_of",
    "date_from_text",
    "day_of",
    "digits_of",
    "flat",
    "formatted",
    "hours_from_text",
    "least",
    "month_later",
    "multiple_of",
    "number_from_text",
    "pattern",
    "time_from_text",
    "zone_of",
]

MAX_PATTERN = 500  # characters of a regular expression
GROUPED = {
    ".": re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?"),
    ",": re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?"),
}
CLOCK = re.compile(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?")
ISO_DURATION = re.compile(r"PT(?=\d)(?:(\d{1,6}(?:\.\d{1,6})?)H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?")


def flat(values: Iterable[Any]) -> list[Any]:
    """Return values without blanks, lists laid out as their values (one level inside another, within the limit)."""
    found: list[Any] = []
    for value in values:
        found += flat(value) if isinstance(value, list) else [] if value is None else [value]
        if len(found) > limits.MAX_LIST:
            raise UnacceptableError("The list is too long", accepted=f"at most {limits.MAX_LIST:,} values")
    return found


def least(values: Iterable[Any], operator: str) -> Any:
    """Return the value that is before (<) or after (>) all others; blank when there is none."""
    result = None
    for index, value in enumerate(flat(values)):
        if index == 0:
            compared(operator, value, value)  # refuses what has no order, also when it is alone
        if index == 0 or compared(operator, value, result):
            result = value
    return result


def count_of(value: Any) -> int:
    """Return a whole number of moderate size, 0 or more: a count of characters, a year, a position."""
    count = number(value)
    if count != count.to_integral_value() or not 0 <= count <= limits.MAX_TEXT:
        accepted = f"a whole number from 0 to {limits.MAX_TEXT:,}"
        raise UnacceptableError(
            f"A whole number is needed, but this is {described(value)}", value=value, accepted=accepted
        )
    return int(count)


def digits_of(value: Any) -> int:
    """Return a number of decimal places."""
    count = number(value)
    if count != count.to_integral_value() or not -12 <= count <= 12:
        message = f"The number of decimal places is {described(value)}"
        raise UnacceptableError(message, value=value, accepted="a whole number from -12 to 12")
    return int(count)


def multiple_of(value: Any, step: Any, rounding: str) -> Decimal | None:
    """Return the multiple of a step next to a number, in the direction of the rounding; blank stays blank."""
    if value is None:
        return None
    size = number(step)
    if not size:
        raise UnacceptableError("The step is zero", value=step, accepted="a number other than 0")
    return (number(value) / size).to_integral_value(rounding) * size


def number_from_text(written: str, decimal_sign: Any) -> Decimal:
    """Read a number written with a decimal sign, and the other sign between thousands."""
    sign = text(decimal_sign)
    if sign not in GROUPED:
        raise UnacceptableError(f"The decimal sign is {described(sign)}", value=sign, accepted='"." or ","')
    stripped = written.strip()
    if (
        len(stripped) <= 40
        and any(map(str.isdigit, stripped))
        and stripped.isascii()
        and GROUPED[sign].fullmatch(stripped)
    ):
        return number(Decimal(stripped.replace("," if sign == "." else ".", "").replace(",", ".")))
    accepted = "digits such as 1234.50" if sign == "." else "digits such as 1234,50"
    raise UnacceptableError(f"{sentence(described(written))} is not a number", value=written, accepted=accepted)


def day_of(value: Any) -> date:
    """Return the day of a date, of a time (as written, no zone applied) or of a text 2026-03-31…"""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date_from_text(value[:10] if isinstance(value, str) else value, "YYYY-MM-DD")


def month_later(first: date, months: Any, day: int) -> date:
    """Return a day of the month so many months after the month of `first`, at most that month's last day."""
    count = number(months)
    if count != count.to_integral_value() or abs(count) > 12_000:
        message = f"A whole number of months is needed, but this is {described(months)}"
        raise UnacceptableError(message, value=months, accepted="a whole number such as 1 or -1")
    index = first.year * 12 + first.month - 1 + int(count)
    year, month = index // 12, index % 12 + 1
    if not 1 <= year <= 9999:
        raise UnacceptableError("The date is outside the calendar", value=months, accepted="years 1 to 9999")
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def time_from_text(value: Any, zone: str) -> datetime:
    """Return an aware time from ISO 8601 text or a time; `zone` is for those that name none."""
    moment = value
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value.strip()) if 16 <= len(value.strip()) <= 40 else None
        except ValueError:
            moment = None
    if not isinstance(moment, datetime):
        accepted = "a time such as 2026-03-31T18:30:00Z"
        raise UnacceptableError(f"{described(value)[:80]} is not a time", value=value, accepted=accepted)
    if moment.tzinfo is None and not zone:
        accepted = 'a time with a zone, or the zone as second argument: "Europe/Berlin"'
        raise UnacceptableError("The time names no time zone", value=value, accepted=accepted)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone_of(zone))


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo | Any:
    """Return a time zone by its name in the IANA list."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        accepted = "a name such as Europe/Berlin or UTC"
        raise UnacceptableError(f"There is no time zone {described(name)}", value=name, accepted=accepted) from None


def hours_from_text(written: str) -> Decimal:
    """Read 7:30, 7:30:00, PT7H30M or 7.5 as decimal hours."""
    stripped = written.strip() if len(written) <= 40 else ""
    match = CLOCK.fullmatch(stripped) or ISO_DURATION.fullmatch(stripped)
    if match is None:
        accepted = "7:30, 7:30:00 or PT7H30M"
        raise UnacceptableError(f"{described(written)[:80]} is not a duration", value=written, accepted=accepted)
    hours, minutes, seconds = (Decimal(part or 0) for part in match.groups())
    return hours + (minutes * 60 + seconds) / 3600


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        accepted = "a regular expression such as P-[0-9]+"
        message = f"The regular expression cannot be read: {error}"
        raise UnacceptableError(message, value=expression, accepted=accepted) from None


def pattern(expression: Any) -> Any:
    """Return a compiled regular expression; RE2 reads any text in linear time."""
    written = text(expression)
    if len(written) > MAX_PATTERN:
        accepted = f"at most {MAX_PATTERN} characters"
        raise UnacceptableError("The regular expression is too long", value=written[:60], accepted=accepted)
    return _compiled(written)


def searchable(expression: Any, value: Any) -> tuple[Any, str]:
    """Return a compiled regular expression and the text to look through, or refuse what would take too long.

    RE2 takes each character through every step of the expression at most once; both are known before it starts.
    """
    compiled, within = pattern(expression), bounded(text(value))
    if len(within) * compiled.programsize > limits.MAX_SEARCH:
        accepted = (
            f"at most {limits.MAX_SEARCH // compiled.programsize:,} characters for this expression, or a simpler one"
        )
        message = f"Looking through {len(within):,} characters for this regular expression would take too long"
        raise UnacceptableError(message, value=within[:60] + "…", accepted=accepted)
    return compiled, within
