"""Arithmetic, comparison and text of formula values, for the cases that are not plain Decimal arithmetic.

The compiled function computes Decimal with Decimal by itself; everything else comes here, where whole numbers become
Decimal, dates take days, and what has no meaning raises `UnacceptableError`. Blank is never silently zero: finance says
COALESCE(x, 0) where it means zero.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from mappings.formula import limits
from mappings.formula.problems import UnacceptableError
from mappings.formula.words import described, plain, sentence

NUMBER = "a number"
NUMBER_OR_ZERO = "a number; COALESCE(…, 0) says that blank means zero"
KEY = "a text, a number or a date; default: says what to take instead"
ZERO = Decimal(0)


def number(value: object) -> Decimal:
    """Return a number as Decimal; texts, blanks, yes/no values and floats are not numbers."""
    if value is None:
        raise UnacceptableError("A number is needed, but this is blank", accepted=NUMBER_OR_ZERO)
    if isinstance(value, Decimal):
        if value.is_finite() and -100 <= value.adjusted() <= 100:
            return value
    elif isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < 128:
        return Decimal(value)
    remedy = "; VALUE(…) turns a text into a number" if isinstance(value, str) else ""
    raise UnacceptableError(
        f"A number is needed, but this is {described(value)}", value=value, accepted=NUMBER + remedy
    )


def add(left: Any, right: Any) -> Any:
    """Add two numbers, or days to a date."""
    if isinstance(left, date) and not isinstance(right, date):
        return _moved(left, right, 1)
    if isinstance(right, date) and not isinstance(left, date):
        return _moved(right, left, 1)
    return number(left) + number(right)


def subtract(left: Any, right: Any) -> Any:
    """Subtract numbers, days from a date, or two dates (the result is days)."""
    if isinstance(left, date):
        if isinstance(right, date):
            return _days_between(left, right)
        return _moved(left, right, -1)
    return number(left) - number(right)


def multiply(left: Any, right: Any) -> Decimal:
    """Multiply two numbers."""
    return number(left) * number(right)


def divide(left: Any, right: Any) -> Decimal:
    """Divide two numbers; division by zero is said in words."""
    dividend, divisor = number(left), number(right)
    if not divisor:
        accepted = "a number other than 0; IF(x = 0, …, a / x) says what is meant"
        raise UnacceptableError("A number cannot be divided by zero", value=divisor, accepted=accepted)
    return dividend / divisor


def power(left: Any, right: Any) -> Decimal:
    """Raise to a whole power of moderate size."""
    base, exponent = number(left), number(right)
    if exponent != exponent.to_integral_value() or abs(exponent) > limits.MAX_POWER:
        accepted = f"a whole number from -{limits.MAX_POWER} to {limits.MAX_POWER}"
        raise UnacceptableError(f"The power is {described(exponent)}", value=exponent, accepted=accepted)
    if not base and exponent <= 0:
        raise UnacceptableError("Zero has no such power", value=exponent, accepted="a power above 0")
    result: Decimal = base ** int(exponent)
    return result


def negative(value: Any) -> Decimal:
    """Return a number with its sign turned."""
    return -number(value)


def truth(value: Any) -> bool:
    """Return a condition's value: blank counts as no; a text or number is not a condition."""
    if value is None:
        return False
    if value.__class__ is bool:
        return bool(value)
    accepted = "TRUE, FALSE or a comparison such as hours > 0"
    raise UnacceptableError(f"A condition is needed, but this is {described(value)}", value=value, accepted=accepted)


def text(value: Any) -> str:
    """Return a value as text joins it: blank is nothing, numbers lose no digit, dates are written 2026-03-31."""
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return _digits(value)
        case Decimal():
            return plain(number(value))
        case date():
            return value.isoformat()
    accepted = "a text, a number, a date or TRUE/FALSE; JOIN(list) turns a list into a text"
    raise UnacceptableError(f"A text is needed, but this is {described(value)}", value=value, accepted=accepted)


def joined(*parts: Any) -> str:
    """Join values to one text, within the limit."""
    return bounded("".join([bounded(text(part)) for part in parts]))


def bounded(value: str) -> str:
    """Return the text, or refuse it where it is beyond the limit of texts."""
    if len(value) > limits.MAX_TEXT:
        accepted = f"at most {limits.MAX_TEXT:,} characters"
        raise UnacceptableError(f"The text has {len(value):,} characters", value=value[:60] + "…", accepted=accepted)
    return value


def key_text(value: Any) -> str:
    """Return a value as part of a table's key. Numbers that are equal give the same key: 5.0 and 5 are "5".

    Source: keys are kept as text, so that one column can hold codes such as 007 and a vendor's numeric ids alike.
    """
    if value.__class__ is str:
        return str(value)
    if value.__class__ is bool:
        return "1" if value else "0"
    if isinstance(value, int):
        return _digits(value)
    if isinstance(value, Decimal):
        whole = number(value)
        return plain(whole.normalize()) if whole else "0"
    if isinstance(value, date):
        return value.isoformat()
    raise UnacceptableError(f"The key to look up is {described(value)}", value=value, accepted=KEY)


def moment(value: Any) -> Any:
    """Return a time as what it is everywhere, in UTC; anything else as it is.

    Python reckons with the clocks on the wall where two times share a zone: an hour is lost, or found, where they are
    changed between the two, and the hour that comes twice is one.
    """
    if isinstance(value, datetime) and value.tzinfo is not None and value.tzinfo is not UTC:
        try:
            return value.astimezone(UTC)
        except OverflowError:  # on the first or last day that there is
            return value.replace(tzinfo=timezone(value.utcoffset() or timedelta()))
    return value


def same(left: Any, right: Any) -> bool:
    """Return whether two values are equal; two times are where they are the same moment."""
    return bool(moment(left) == moment(right))


def compared(operator: str, left: Any, right: Any) -> bool:
    """Compare in order (< <= > >=): numbers with numbers, texts with texts, dates with dates, times with times."""
    if left is None or right is None or not _comparable(left, right):
        raise _not_comparable(left, right)
    left, right = moment(left), moment(right)
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    return bool(left > right) if operator == ">" else bool(left >= right)


def field_of(value: Any, step: str) -> Any:
    """Return one step of a path. Nothing has only blank fields; a list gives the field of each of its records."""
    if value.__class__ is dict:
        return value.get(step)
    if value is None:
        return None
    if isinstance(value, list):
        if len(value) > limits.MAX_LIST:
            message = f"A list of {len(value):,} is longer than a formula may read"
            raise UnacceptableError(message, accepted=f"at most {limits.MAX_LIST:,}")
        return [field_of(each, step) for each in value]
    message = f"{step} is asked of {described(value)}"
    raise UnacceptableError(message, value=value, accepted=f"a record that has {step}", shape=True)


def rounded(value: Any, digits: int) -> Any:
    """Round half away from zero to a number of decimal places; blank stays blank."""
    if value is None:
        return None
    result = number(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return result if digits >= 0 else result.quantize(Decimal(1))


def _not_comparable(left: Any, right: Any) -> UnacceptableError:
    accepted = "two numbers, two texts, two dates or two times"
    if left is None or right is None:
        return UnacceptableError("A value to compare is needed, but this is blank", accepted=accepted)
    message = sentence(f"{described(left)} cannot be compared with {described(right)}")
    return UnacceptableError(message, value=left, accepted=accepted)


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # beyond the 4,300 digits that Python writes
        raise UnacceptableError("The number is beyond all measure", accepted="at most 4,300 digits") from None


def _comparable(left: Any, right: Any) -> bool:
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left.tzinfo is None) == (right.tzinfo is None)
    if isinstance(left, datetime) or isinstance(right, datetime):
        return False
    return any(isinstance(left, kinds) and isinstance(right, kinds) for kinds in ((int, Decimal), str, date))


def _moved(day: date, days: Any, sign: int) -> date:
    count = number(days)
    if count != count.to_integral_value() or abs(count) > 400_000:
        raise UnacceptableError(
            f"{described(count)} cannot be added to a date", value=count, accepted="a whole number of days"
        )
    try:
        return day + timedelta(days=sign * int(count))
    except OverflowError:
        accepted = "a date between the years 1 and 9999"
        raise UnacceptableError("The date is outside the calendar", value=count, accepted=accepted) from None


def _days_between(left: date, right: date) -> Decimal:
    if isinstance(left, datetime) != isinstance(right, datetime):
        accepted = "two dates or two times; TODATE(…) takes the date of a time"
        raise UnacceptableError("A date and a time cannot be subtracted", value=right, accepted=accepted)
    gap = _gap(left, right)
    return gap.days + _within_day(gap) / 86_400


def seconds_between(start: Any, end: Any) -> Decimal:
    """Return the seconds from one time to another, exact: whole hours stay whole."""
    for each in (start, end):
        if not isinstance(each, datetime):
            words = f"A time is needed, but this is {described(each)}"
            raise UnacceptableError(words, value=each, accepted="two times; DATETIME(…) turns a text into one")
    gap = _gap(end, start)
    return gap.days * 86_400 + _within_day(gap)


def _gap(left: date, right: date) -> timedelta:
    try:
        gap: timedelta = moment(left) - moment(right)
    except TypeError:
        accepted = "two times that both have a time zone"
        raise UnacceptableError("One of the times has no time zone", value=right, accepted=accepted) from None
    return gap


def _within_day(gap: timedelta) -> Decimal:
    return Decimal(gap.seconds) + Decimal(gap.microseconds) / 1_000_000
