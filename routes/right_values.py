"""What a person types as the right value of a canonical field, read strictly: what a person cannot mean is refused.

Knows neither records nor rights. Numbers are plain ASCII digits with at most a point: Python's own reading would let
NaN, 1e400, 1_0 and the digits of other scripts through.
"""

import re
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from canonical.entity import Entity, Field, Kind
from canonical.validity import accepted, fits
from governance.iso_codes import check_country, check_currency
from mappings.formula.problems import UnacceptableError
from mappings.kinds import CONVERTERS
from routes.evaluation import MOST

PLAIN = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,4})?")  # four decimals are what the columns keep
WHOLE = re.compile(r"-?[0-9]{1,18}")
CODES = {"ISO 4217": check_currency, "ISO 3166-1 alpha-2": check_country}  # by a field's unit
EXAMPLES = {"ISO 4217": "such as EUR", "ISO 3166-1 alpha-2": "such as DE"}
NUMBERS = (Kind.DECIMAL, Kind.MONEY, Kind.INTEGER)
MOST_OF_AN_ENTRY = Decimal(744)  # hours of the longest month: some tools book a month in one entry


class NotARightValue(ValueError):
    """The value does not fit the field; the message names it, the cause, and what would be accepted."""


def read(entity: Entity, field: Field, value: str | None) -> Any:
    """Return the value with its field's type, None for an empty one. Raises NotARightValue."""
    text = (value or "").strip()
    if not text:
        if field.required:
            raise _refusal(field, "", f"A {_words(entity.name)} needs it", accepted(field))
        return None
    if "\x00" in text:
        raise _refusal(field, text.replace("\x00", "�"), "It holds a character that no text can hold", "plain text")
    if field.kind in NUMBERS:
        return _number(entity, field, text)
    try:
        read_ = CONVERTERS[field.kind](text)
    except UnacceptableError as error:
        raise _refusal(field, text, str(error), accepted(field)) from None
    if not fits(field, read_):
        raise _refusal(field, text, "It is not of the accepted form", accepted(field))
    if check := CODES.get(field.unit):
        try:
            check(text)
        except ValidationError:
            wanted = f"a code of {field.unit}, {EXAMPLES[field.unit]}"
            raise _refusal(field, text, "There is no such code", wanted) from None
    return read_


def _number(entity: Entity, field: Field, text: str) -> Decimal | int:
    least, most = _range(entity, field)
    wanted = f"{'a whole number' if field.kind is Kind.INTEGER else 'a number'} from {least:,} to {most:,}"
    if not (WHOLE if field.kind is Kind.INTEGER else PLAIN).fullmatch(text):
        form = "such as 7" if field.kind is Kind.INTEGER else "with a point and at most 4 decimals, such as 7.5"
        raise _refusal(field, text, "It is no plain number", f"{wanted}, in the digits 0 to 9, {form}")
    number = Decimal(text)
    if not least <= number <= most:
        raise _refusal(field, text, "It cannot be meant", wanted)
    return int(number) if field.kind is Kind.INTEGER else number


def _range(entity: Entity, field: Field) -> tuple[Decimal, Decimal]:
    """Return the least and the most that can be meant: hours are never negative, credits may be."""
    if field.unit.startswith("hours"):
        return Decimal(0), MOST_OF_AN_ENTRY if (entity.name, field.name) == ("time_entry", "hours") else MOST["hours"]
    most = MOST.get(field.name, MOST["amount"])
    return -most, most


def _refusal(field: Field, text: str, cause: str, wanted: str) -> NotARightValue:
    cause = cause.rstrip(".")
    return NotARightValue(f"“{text[:80]}” does not fit {_words(field.name)}: {cause}. Enter {wanted}.")


def _words(name: str) -> str:
    return name.replace("_", " ")
