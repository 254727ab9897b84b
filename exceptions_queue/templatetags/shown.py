"""How values look on pages: money with its currency, hours, ages, and short addresses."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone

from canonical.masking import HIDDEN
from exceptions_queue import columns, words
from exceptions_queue.codes import code_of
from mappings.ends import end_words

register = template.Library()
EMPTY = "–"


@register.filter
def money(amount: Decimal | None, currency: str = "") -> str:
    """Return "12,480.00 EUR"; cents are always shown, smaller parts only where there are some."""
    if amount is None:
        return "unknown"
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{places}f} {currency}".strip()


@register.filter
def converted(amount: Decimal | None, currency: str = "") -> str:
    """Return "22,264.98 EUR" of what was worked out by rates: its parts of a cent are nobody's money."""
    return money(None if amount is None else round(amount, 2), currency)


@register.filter
def plain_amount(amount: Any) -> str:
    """Return an amount for a script to add up, "" where there is none or it is hidden."""
    return str(amount) if isinstance(amount, Decimal) else ""


@register.filter
def whole(amount: Decimal, currency: str = "") -> str:
    """Return "12,480 EUR": for sums of many, of which nobody asks the cents; what is below one shows them."""
    return f"{amount:,.0f} {currency}".strip() if abs(amount) >= 1 else money(amount, currency)


@register.filter
def thousands(number: int) -> str:
    """Return "9,377"."""
    return f"{number:,}"


@register.filter
def hours(value: Decimal | None) -> str:
    """Return "1,234.5 h"."""
    if value is None:
        return EMPTY
    text = f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{text} h"


@register.filter
def age(moment: datetime | None) -> str:
    """Return how long ago something was, in its largest unit: "3 days"."""
    if moment is None:
        return EMPTY
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "just now"


@register.filter
def value(found: Any) -> str:
    """Return a value of a record as people read it."""
    if found is None or found == "":
        return EMPTY
    if found is True or found is False:
        return "yes" if found else "no"
    if isinstance(found, datetime):
        return f"{found:%Y-%m-%d %H:%M}"
    if isinstance(found, date):
        return f"{found:%Y-%m-%d}"
    if isinstance(found, Decimal):
        return f"{found:,f}"
    if isinstance(found, list):
        return f"{len(found)} lines"
    return str(found)


@register.filter
def typed(found: Any) -> str:
    """Return a value as somebody would type it; nothing, and what is hidden, is an empty text."""
    if found is None or found == HIDDEN or isinstance(found, list):
        return ""
    if isinstance(found, Decimal):
        return f"{found:f}"
    return value(found) if found != "" else ""


@register.filter
def end(name: str) -> str:
    """Return an end of a mapping in words: "Harvest: Time entries"."""
    return end_words(name)


@register.filter
def is_hidden(found: Any) -> bool:
    """Return whether a value is hidden from this person."""
    return bool(found == HIDDEN)


@register.filter
def code(id_: UUID) -> str:
    """Return the short form of an id."""
    return code_of(id_)


@register.filter
def sentence(words: str) -> str:
    """Return words that somebody typed as a sentence, so that another one can follow."""
    words = words.strip()
    return words if not words or words[-1] in ".!?…" else f"{words}."


@register.filter
def event_words(kind: str) -> str:
    """Return what has happened in words, of a type of events out: throughline.run.done is “Run done”."""
    words = kind.removeprefix("throughline.").replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


@register.filter
def plain(name: str) -> str:
    """Return a name of ours as people read it."""
    return words.plain(name)


@register.filter
def counted(number: int, entity: str = "") -> str:
    """Return "412 time entries"."""
    return words.counted(number, entity)


@register.simple_tag
def drawn_columns(chosen: Any) -> tuple[columns.Column, ...]:
    """Return the columns that a list draws: the given ones, or the usual ones where nobody could choose."""
    return columns.drawn(chosen or columns.USUAL)


@register.filter
def is_number_column(name: str) -> bool:
    """Return whether a column of the list holds numbers."""
    return name in columns.NUMBERS


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@register.filter
def weekly(window: Any) -> str:
    """Return when a weekly maintenance window is: "Sundays from 02:00 for 90 minutes (Europe/Berlin)"."""
    day = WEEKDAYS[window.weekday]
    return f"{day}s from {window.from_time:%H:%M} for {window.minutes} minutes ({window.time_zone})"
