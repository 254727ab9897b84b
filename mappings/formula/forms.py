"""Write and read numbers and dates by a form that people know from spreadsheets: "#,##0.00", "DD.MM.YYYY"."""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from mappings.formula.problems import UnacceptableError
from mappings.formula.values import number
from mappings.formula.words import described

# English month names on purpose: what a system reads must not change with a server's language.
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
NUMBER_FORM = re.compile(r"(?P<group>#,##)?(?P<whole>0{1,12})(?:\.(?P<digits>0{1,12}))?")
DATE_PART = re.compile(r"YYYY|YY|MMMM|MMM|MM|M|DD|D|hh|mm|ss|[^A-Za-z]|T|Z")
READ = {
    "YYYY": r"(?P<Y>\d{4})",
    "MM": r"(?P<M>\d{2})",
    "M": r"(?P<M>\d{1,2})",
    "DD": r"(?P<D>\d{2})",
    "D": r"(?P<D>\d{1,2})",
}
MAX_FORM = 40  # characters of a form


def formatted(value: Any, form: str) -> str:
    """Return a number or date in a form."""
    if isinstance(value, date):
        return _date(value, form)
    match = NUMBER_FORM.fullmatch(form) if len(form) <= MAX_FORM else None
    if match is None:
        accepted = 'forms such as "0.00", "#,##0.00" or "000" for numbers'
        raise UnacceptableError(
            f"The form {form[:MAX_FORM]!r} cannot be read", value=form[:MAX_FORM], accepted=accepted
        )
    digits, width = len(match["digits"] or ""), len(match["whole"])
    exact = number(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    sign, absolute = ("-", -exact) if exact < 0 else ("", abs(exact))
    whole, _, part = f"{absolute:f}".partition(".")
    whole = whole.zfill(width)
    if match["group"]:
        whole = f"{int(whole):,}".zfill(width)
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def date_from_text(value: Any, form: str) -> date:
    """Return the date that a text in a form spells."""
    if isinstance(value, str) and len(value) <= MAX_FORM and (match := _reader(form).fullmatch(value.strip())):
        try:
            return date(int(match["Y"]), int(match["M"]), int(match["D"]))
        except ValueError:
            pass  # 2026-02-30: the form is right, the day is not; said below
    raise UnacceptableError(f"{described(value)} is not a date", value=value, accepted=f"a date written as {form}")


def _reader(form: str) -> re.Pattern[str]:
    parts = DATE_PART.findall(form) if len(form) <= MAX_FORM else []
    if "".join(parts) != form or sorted(part[0] for part in parts if part in READ) != ["D", "M", "Y"]:
        accepted = "YYYY, MM and DD once each, such as DD.MM.YYYY"
        raise UnacceptableError(
            f"The form {form[:MAX_FORM]!r} cannot be read", value=form[:MAX_FORM], accepted=accepted
        )
    # `re` caches compiled patterns; the pattern is built of fixed pieces and quoted signs, so it runs in linear time.
    return re.compile("".join(READ.get(part, re.escape(part)) for part in parts), re.ASCII)


def _date(value: date, form: str) -> str:
    parts = DATE_PART.findall(form) if len(form) <= MAX_FORM else []
    has_time = isinstance(value, datetime)
    if not parts or "".join(parts) != form or (not has_time and {"hh", "mm", "ss"} & set(parts)):
        accepted = 'forms such as "YYYY-MM-DD", "DD.MM.YYYY", "MMM YYYY", for times also "hh:mm:ss"'
        raise UnacceptableError(
            f"The form {form[:MAX_FORM]!r} cannot be read", value=form[:MAX_FORM], accepted=accepted
        )
    if "Z" in parts and isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(UTC)  # whoever reads a Z takes the clock before it for that of UTC
    return "".join(_date_part(value, part) for part in parts)


def _date_part(value: Any, part: str) -> str:
    month = MONTHS[value.month - 1]
    words: dict[str, str] = {
        "YYYY": f"{value.year:04d}",
        "YY": f"{value.year % 100:02d}",
        "MMMM": month,
        "MMM": month[:3],
    }
    words |= {"MM": f"{value.month:02d}", "M": str(value.month), "DD": f"{value.day:02d}", "D": str(value.day)}
    if isinstance(value, datetime):
        words |= {"hh": f"{value.hour:02d}", "mm": f"{value.minute:02d}", "ss": f"{value.second:02d}"}
    return words.get(part, part)


def check_form(form: str) -> None:
    """Raise UnacceptableError unless a form is one for numbers, or one for dates or times."""
    if len(form) <= MAX_FORM and (NUMBER_FORM.fullmatch(form) or "".join(DATE_PART.findall(form)) == form):
        return
    accepted = 'forms such as "0.00", "#,##0.00", "YYYY-MM-DD", "DD.MM.YYYY hh:mm"'
    raise UnacceptableError(f"The form {form[:MAX_FORM]!r} cannot be read", value=form[:MAX_FORM], accepted=accepted)
