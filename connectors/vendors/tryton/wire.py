"""Tryton's typed JSON, both ways, and which field of which model has which kind.

Records come in with plain JSON values: numbers for Decimal, ISO texts for date and datetime (UTC), decimal hours for
timedelta. Bodies go out the other way round; what kind a field has is said in FIELDS, because a plain text does not
tell a date from a name. Source of the forms: trytond/protocols/jsonrpc.py of series 8.2. This module knows no I/O.
"""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import Enum
from typing import Any

Record = dict[str, Any]


class Kind(Enum):
    """What Tryton expects in a field; fields that FIELDS does not name go out as they are."""

    DECIMAL = "a number in Tryton's exact form"
    DATE = "a calendar day, written 2026-11-20"
    HOURS = "decimal hours, sent as seconds"
    ID = "the id of another record"
    IDS = "an id or a list of ids, added to the record"
    LINES = "a list of records, created with this one"
    FLOAT = "a number in JSON's own form"


class WrongValue(ValueError):
    """A value does not fit its field; the message names the field, what was found and what would fit."""


FIELDS: dict[str, dict[str, Kind]] = {
    "party.party": {"customer_payment_term": Kind.ID},
    "company.employee": {"party": Kind.ID, "company": Kind.ID, "start_date": Kind.DATE, "end_date": Kind.DATE},
    "project.work": {
        "company": Kind.ID,
        "party": Kind.ID,
        "parent": Kind.ID,
        "status": Kind.ID,
        "effort_duration": Kind.HOURS,
        "timesheet_start_date": Kind.DATE,
        "timesheet_end_date": Kind.DATE,
    },
    "timesheet.line": {
        "company": Kind.ID,
        "employee": Kind.ID,
        "work": Kind.ID,
        "date": Kind.DATE,
        "duration": Kind.HOURS,
    },
    "account.invoice": {
        "company": Kind.ID,
        "party": Kind.ID,
        "invoice_address": Kind.ID,
        "currency": Kind.ID,
        "journal": Kind.ID,
        "account": Kind.ID,
        "payment_term": Kind.ID,
        "invoice_date": Kind.DATE,
        "accounting_date": Kind.DATE,
        "lines": Kind.LINES,
    },
    "account.invoice.line": {
        "company": Kind.ID,
        "currency": Kind.ID,
        "product": Kind.ID,
        "unit": Kind.ID,
        "account": Kind.ID,
        "quantity": Kind.FLOAT,
        "unit_price": Kind.DECIMAL,
        "taxes": Kind.IDS,
    },
}
LINE_MODELS = {"account.invoice": "account.invoice.line"}
SECONDS_PER_HOUR = 3600


def to_wire(model: str, values: Record) -> Record:
    """Return `values` of one record as Tryton wants them; raise WrongValue for the first that does not fit."""
    kinds = FIELDS.get(model, {})
    return {name: _outward(model, name, kinds.get(name), value) for name, value in values.items()}


def from_wire(value: Any) -> Any:
    """Return what Tryton sent with plain values; the record behind a reference (`party.`) replaces its id (`party`)."""
    if isinstance(value, list):
        return [from_wire(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "__class__" in value:
        return _inward(value)
    plain = {name: from_wire(item) for name, item in value.items() if not name.endswith(".")}
    return plain | {name[:-1]: from_wire(item) for name, item in value.items() if name.endswith(".")}


def moment(text: str | None) -> Record | None:
    """Return an ISO text as Tryton's datetime, which is UTC without saying so."""
    if not text:
        return None
    when = datetime.fromisoformat(text).astimezone(UTC)
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime"} | {part: getattr(when, part) for part in parts}


def _outward(model: str, name: str, kind: Kind | None, value: Any) -> Any:
    if kind is None or value is None:
        return value
    try:
        return _converted(model, kind, value)
    except WrongValue:
        raise
    except (ValueError, TypeError, AttributeError, InvalidOperation) as error:
        raise WrongValue(f"{name} of {model} is {value!r}; Tryton takes {kind.value} there.") from error


def _converted(model: str, kind: Kind, value: Any) -> Any:
    match kind:
        case Kind.DECIMAL:
            return {"__class__": "Decimal", "decimal": str(_number(value))}
        case Kind.FLOAT:
            return float(_number(value))
        case Kind.DATE:
            day = date.fromisoformat(value)
            return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}
        case Kind.HOURS:
            seconds = (_number(value) * SECONDS_PER_HOUR).quantize(Decimal(1), ROUND_HALF_UP)
            return {"__class__": "timedelta", "seconds": int(seconds)}
        case Kind.ID:
            return int(str(value))
        case Kind.IDS:
            return [["add", [int(item) for item in (value if isinstance(value, list) else [value])]]]
        case Kind.LINES:
            return [["create", [to_wire(LINE_MODELS[model], line) for line in value]]]


def _number(value: Any) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError("not a finite number")
    return number


def _inward(value: Record) -> Any:
    """Return a typed value; a kind that is not known stays as it came, for the mapping to refuse."""
    match value["__class__"]:
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"]).isoformat()
        case "datetime":
            parts = {name: part for name, part in value.items() if name != "__class__"}
            return datetime(**parts, tzinfo=UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case "timedelta":
            return Decimal(str(value["seconds"])) / SECONDS_PER_HOUR
    return value
