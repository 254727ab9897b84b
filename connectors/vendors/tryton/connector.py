"""What Tryton's manifest cannot say: the typed values of its JSON. See wire.py for the forms."""

from typing import Any

import msgspec

from canonical.failure import Category
from connectors.outcome import ConnectorFailure
from connectors.vendors.tryton.wire import WrongValue, from_wire, to_wire

MODELS = {
    "customers": "party.party",
    "employees": "company.employee",
    "projects": "project.work",
    "tasks": "project.work",
    "time_lines": "timesheet.line",
    "invoices": "account.invoice",
}
# Tryton takes these when a record is made and refuses them ever after, even unchanged.
ONLY_WHEN_CREATED = {"party.party": frozenset({"code"})}


def decode_record(record: dict[str, Any], stream: str) -> dict[str, Any]:
    """Return a record with plain values: numbers, ISO dates and moments, decimal hours, related records in place."""
    plain: dict[str, Any] = from_wire(record)
    return plain


def encode_body(body: bytes, operation: str, stream: str) -> bytes:
    """Return a body with Tryton's typed values; equal bytes give equal bytes. Raises ConnectorFailure (validation)."""
    if not body:
        return body
    model, values = MODELS[stream], msgspec.json.decode(body)
    if operation == "update":
        values = {name: value for name, value in values.items() if name not in ONLY_WHEN_CREATED.get(model, ())}
    try:
        return msgspec.json.encode(to_wire(model, values))
    except WrongValue as error:
        raise ConnectorFailure(Category.VALIDATION, str(error), sent=False) from error
