"""What NetSuite checks before it writes: names, kinds, references, required values, doubles, periods, caps, locks."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.memory import Row
from sandbox.netsuite.errors import (
    already_exists,
    bad_external_reference,
    bad_reference,
    missing_value,
    refusal,
    user_error,
)
from sandbox.netsuite.records import CUSTOM_FIELDS, LINE_FIELDS, Records, RecordType

HOURS_CAP = "custentity_hours_cap"  # a custom field of the firm; its script refuses time above it
_DURATION = re.compile(r"(\d+):([0-5]\d)")


def checked(records: Records, kind: RecordType, body: dict[str, Any], before: Row | None) -> Row:
    """Return the whole record that a write would store; raises Refusal when NetSuite would not store it."""
    values = {name: _value(records, kind.fields, name, value) for name, value in body.items() if name != "id"}
    row = {**(before or {}), **values}
    for name in kind.required:
        if row.get(name) in (None, "", []):
            raise missing_value(name)
    _refuse_doubles(records, kind, row)
    if kind.name == "timeBill":
        _check_time(records, row, before)
    if kind.dated:
        row.setdefault("tranDate", date.today().isoformat())  # noqa: DTZ011 - the account's calendar day
        check_period(records, kind, before)
        check_period(records, kind, row)
    check_lock(before)
    return row


def check_period(records: Records, kind: RecordType, row: Row | None) -> None:
    """Refuse what falls into a month that is closed or locked: for all, or for invoices and credit memos."""
    if row is None or not row.get("tranDate"):
        return
    for period in months(records):
        if period["startDate"] <= row["tranDate"] <= period["endDate"]:
            receivable = period.get("arLocked") and kind.name in ("invoice", "creditMemo")
            if period.get("closed") or period.get("allLocked") or receivable:
                name = period["periodName"]
                raise user_error(f"The accounting period {name} is closed. You cannot post to a closed period.")
            return
    raise user_error("The transaction date you specified is not within the date range of your accounting period.")


def months(records: Records) -> list[Row]:
    """Return the periods that can be posted into; years and quarters contain them."""
    return [p for p in records.all("accountingPeriod") if not p.get("isQuarter") and not p.get("isYear")]


def check_lock(row: Row | None) -> None:
    """Refuse a record that a workflow has locked."""
    if row is not None and row.get("locked"):
        raise user_error("This record has been locked by a user defined workflow.")


def _value(records: Records, fields: dict[str, str | tuple[str, ...]], name: str, value: Any) -> Any:
    if name == "externalId":
        return None if value is None else str(value)
    if name not in fields:
        if name.startswith(CUSTOM_FIELDS):
            return value
        raise refusal(400, "INVALID_CONTENT", f"Unknown property '{name}' in the request body.", path=name)
    kind = fields[name]
    if value is None:
        return None
    if isinstance(kind, tuple):
        return _reference(records, kind, name, value)
    return _plain(records, kind, name, value)


def _reference(records: Records, kinds: tuple[str, ...], name: str, value: Any) -> str:
    if not isinstance(value, dict) or not (value.get("id") or value.get("externalId")):
        raise refusal(400, "INVALID_CONTENT", f"Field '{name}' must be an object with id or externalId.", path=name)
    if value.get("id"):
        found = records.find(kinds, str(value["id"]), external=False)
        if found is None:
            raise bad_reference(str(value["id"]), name)
    else:
        found = records.find(kinds, str(value["externalId"]), external=True)
        if found is None:
            raise bad_external_reference(str(value["externalId"]), name)
    if found[1].get("isInactive"):
        raise bad_reference(str(found[1]["id"]), name)
    return str(found[1]["id"])


def _plain(records: Records, kind: str, name: str, value: Any) -> Any:
    try:
        match kind:
            case "number":
                return float(Decimal(str(value)))
            case "hours":
                return _hours(value)
            case "date":
                return date.fromisoformat(value).isoformat()
            case "boolean" if isinstance(value, bool):
                return value
            case "text":
                return value.get("id") if isinstance(value, dict) else str(value)
            case "lines":
                return _lines(records, name, value)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise _bad_content(name, value) from error
    raise _bad_content(name, value)


def _bad_content(name: str, value: Any) -> Exception:
    return refusal(400, "INVALID_CONTENT", f"Invalid content: {value!r} is not valid for field '{name}'.", path=name)


def _hours(value: Any) -> float:
    """Read a duration: decimal hours or H:MM."""
    found = _DURATION.fullmatch(str(value))
    hours = Decimal(found[1]) + Decimal(found[2]) / 60 if found else Decimal(str(value))
    if hours <= 0:
        raise ValueError(value)
    return float(round(hours, 4))


def _lines(records: Records, name: str, value: Any) -> list[Row]:
    items = value["items"] if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise ValueError(value)
    return [{field: _value(records, LINE_FIELDS, field, v) for field, v in line.items()} for line in items] or []


def _refuse_doubles(records: Records, kind: RecordType, row: Row) -> None:
    if row.get("externalId"):
        other = records.by_external_id(kind.name, row["externalId"])
        if other is not None and other["id"] != row.get("id"):
            raise already_exists(kind.label)
    if kind.unique and row.get(kind.unique):
        for other in records.all(kind.name):
            if other["id"] != row.get("id") and other.get(kind.unique) == row[kind.unique]:
                raise already_exists(kind.label)


def _check_time(records: Records, row: Row, before: Row | None) -> None:
    if row.get("customer") and not row.get("item"):
        raise missing_value("item")
    employee = records.by_id("employee", row["employee"])
    row.setdefault("subsidiary", employee["subsidiary"] if employee else None)
    job = records.by_id("job", row.get("customer") or "")
    if job is None or not job.get(HOURS_CAP):
        return
    cap = Decimal(str(job[HOURS_CAP]))
    others = [t for t in records.all("timeBill") if t.get("customer") == row["customer"] and t is not before]
    booked = sum((Decimal(str(other["hours"])) for other in others), Decimal(0))
    if booked + Decimal(str(row["hours"])) > cap:
        words = f"Project {job.get('entityId')}: the contract's cap of {cap} hours would be exceeded"
        raise user_error(f"{words}, {booked} are booked already.")
