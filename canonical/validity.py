"""Checks a record against its entity: required values, types, closed lists and patterns. All problems at once.

Business rules are not here: people write them, as validation rules of a mapping.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind
from canonical.failure import Category
from canonical.problem import Problem

_ACCEPTED: dict[Kind, str] = {
    Kind.TEXT: "a text",
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a number",
    Kind.MONEY: "an amount, in the currency of the record's field currency",
    Kind.DATE: "a date",
    Kind.DATETIME: "a date and time with a time zone",
    Kind.BOOLEAN: "yes or no",
    Kind.LINES: "a list of lines",
}
# Exact types: a bool is no integer, a datetime is no date, and a float is never a number here.
_TYPES: dict[Kind, type] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.DECIMAL: Decimal,
    Kind.MONEY: Decimal,
    Kind.DATE: date,
    Kind.DATETIME: datetime,
    Kind.BOOLEAN: bool,
    Kind.LINES: list,
}
Test = Callable[[Any], bool]
FieldTest = tuple[str, bool, type, Test | None, Field]  # name, required, exact type, further test, the field


def check(entity: Entity, values: Mapping[str, Any]) -> list[Problem]:
    """Return everything that keeps `values` from being a record of the entity; nothing when it is one."""
    problems: list[Problem] = []
    for name, required, kind_type, test, field in _TESTS.get(entity) or _TESTS.setdefault(entity, _tests(entity)):
        value = values.get(name)
        if value is None or value == "" or (required and kind_type is str and type(value) is str and value.isspace()):
            if required:
                problems.append(_missing(entity, field))
        elif type(value) is not kind_type or (test is not None and not test(value)):
            problems.append(_wrong(entity, field, value))
        elif kind_type is list:
            problems += _problems_of_lines(field, value)
    if not values.keys() <= entity.by_name.keys():
        problems += [_unknown(entity, name) for name in values if name not in entity.by_name]
    if _is_money_without_currency(entity, values):
        problems.append(_missing(entity, entity.by_name["currency"]))
    return problems


def fits(field: Field, value: object) -> bool:
    """Return whether a value has the type and form of a field."""
    test = _test(field)
    return type(value) is _TYPES[field.kind] and (test is None or bool(test(value)))


def accepted(field: Field) -> str:
    """Return in words what a field takes."""
    if field.choices:
        return f"one of {', '.join(field.choices)}"
    if field.pattern:
        return f"{_ACCEPTED[field.kind]} in the form {field.unit}"
    return (
        f"{_ACCEPTED[field.kind]} ({field.unit})"
        if field.unit and field.kind is Kind.DECIMAL
        else _ACCEPTED[field.kind]
    )


def _tests(entity: Entity) -> list[FieldTest]:
    return [(each.name, each.required, _TYPES[each.kind], _test(each), each) for each in entity.fields]


def _test(field: Field) -> Test | None:
    if field.choices:
        return frozenset(field.choices).__contains__
    if field.pattern:
        return re.compile(field.pattern, re.ASCII).fullmatch  # type: ignore[return-value]  # a match counts as True
    if field.kind in (Kind.DECIMAL, Kind.MONEY):
        return Decimal.is_finite
    return _has_time_zone if field.kind is Kind.DATETIME else None


def _has_time_zone(moment: datetime) -> bool:
    return moment.utcoffset() is not None


def _problems_of_lines(field: Field, lines: Any) -> list[Problem]:
    line_entity = ENTITIES[field.references]
    problems = []
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, dict):
            problems.append(_problem(f"{field.name}.{number}", f"Line {number} is not a line.", line, "a line"))
            continue
        problems += [
            Problem(
                each.severity,
                each.category,
                f"{field.name}.{number}.{each.field}",
                None,
                f"Line {number}: {each.message}",
                each.value,
                each.accepted,
            )
            for each in check(line_entity, line)
        ]
    return problems


def _is_money_without_currency(entity: Entity, values: Mapping[str, Any]) -> bool:
    currency = entity.by_name.get("currency")
    if currency is None or currency.required or values.get("currency"):
        return False
    return any(values.get(field.name) is not None for field in entity.fields if field.kind is Kind.MONEY)


def _missing(entity: Entity, field: Field) -> Problem:
    message = (
        f"The {_words(entity.name)} has no {_words(field.name)} ({_lower(field.meaning)}). "
        "Enter it at the source, or let the mapping fill it."
    )
    return _problem(field.name, message, None, accepted(field))


def _wrong(entity: Entity, field: Field, value: object) -> Problem:
    message = (
        f'The {_words(field.name)} of the {_words(entity.name)} is "{str(value)[:80]}", which is not accepted; '
        f"it must be {accepted(field)}."
    )
    return _problem(field.name, message, value, accepted(field))


def _unknown(entity: Entity, name: str) -> Problem:
    message = (
        f"The {_words(entity.name)} has no field {name}; what the mapping puts there would be lost. "
        "Choose a field from the catalogue."
    )
    return Problem("error", Category.CONFIGURATION, name, None, message, accepted="a field of the catalogue")


def _problem(field: str, message: str, value: object, accepts: str) -> Problem:
    return Problem("error", Category.VALIDATION, field, None, message, value, accepts)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


_TESTS: dict[Entity, list[FieldTest]] = {}  # compiled as entities are checked; the same for ever
