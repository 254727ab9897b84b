"""The record types: their fields, what is required, and the store that finds them by internal and external id."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.memory import Memory, Row

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
CUSTOM_FIELDS = ("custentity", "custbody", "custcol", "custevent", "custrecord")


@dataclass(frozen=True)
class RecordType:
    """One record type. Field kinds: text, number, boolean, date, hours, lines, or the record types of a reference."""

    name: str  # as in the address, camel case
    label: str  # in messages
    fields: dict[str, str | tuple[str, ...]]
    required: tuple[str, ...] = ()
    unique: str = ""  # besides the external id
    title: str = ""  # the field that references show as refName
    dated: bool = False  # belongs to the accounting period of its tranDate
    stamped: bool = True  # SuiteQL tells when a row was made and changed
    sql: tuple[str, ...] = field(default=())  # names of the table in SuiteQL; default: the name in lower case

    @property
    def tables(self) -> tuple[str, ...]:
        """The names in SuiteQL."""
        return self.sql or (self.name.lower(),)


_TRANSACTION: dict[str, str | tuple[str, ...]] = {
    "entity": ("customer", "job"),
    "tranDate": "date",
    "tranId": "text",
    "memo": "text",
    "otherRefNum": "text",
    "subsidiary": ("subsidiary",),
    "currency": ("currency",),
    "department": ("department",),
    "postingPeriod": ("accountingPeriod",),
    "exchangeRate": "number",
    "item": "lines",
}
LINE_FIELDS: dict[str, str | tuple[str, ...]] = {
    "line": "number",
    "item": ("serviceItem",),
    "account": ("account",),
    "department": ("department",),
    "quantity": "number",
    "rate": "number",
    "amount": "number",
    "debit": "number",
    "credit": "number",
    "description": "text",
    "memo": "text",
    "job": ("job",),
}
RECORD_TYPES = {
    kind.name.lower(): kind
    for kind in (
        RecordType(
            "customer",
            "entity",
            {
                "entityId": "text", "companyName": "text", "isPerson": "boolean", "firstName": "text",
                "lastName": "text", "email": "text", "subsidiary": ("subsidiary",), "currency": ("currency",),
                "isInactive": "boolean", "defaultAddress": "text", "comments": "text",
            },
            ("companyName", "subsidiary"),
            unique="entityId",
            title="companyName",
        ),
        RecordType(
            "job",
            "entity",
            {
                "entityId": "text", "companyName": "text", "parent": ("customer",), "subsidiary": ("subsidiary",),
                "currency": ("currency",), "projectManager": ("employee",), "jobBillingType": "text",
                "startDate": "date", "projectedEndDate": "date", "isInactive": "boolean", "comments": "text",
            },
            ("companyName", "parent", "subsidiary"),
            unique="entityId",
            title="companyName",
        ),
        RecordType(
            "projectTask",
            "record",
            {"title": "text", "company": ("job",), "estimatedWork": "number", "status": "text"},
            ("title", "company"),
            title="title",
        ),
        RecordType(
            "employee",
            "entity",
            {
                "entityId": "text", "firstName": "text", "lastName": "text", "email": "text", "title": "text",
                "subsidiary": ("subsidiary",), "department": ("department",), "laborCost": "number",
                "isInactive": "boolean",
            },
            ("firstName", "lastName", "subsidiary"),
            unique="entityId",
            title="entityId",
        ),
        RecordType(
            "timeBill",
            "record",
            {
                "employee": ("employee",), "customer": ("job", "customer"), "caseTaskEvent": ("projectTask",),
                "item": ("serviceItem",), "hours": "hours", "tranDate": "date", "memo": "text",
                "isBillable": "boolean", "approvalStatus": "text", "rate": "number", "price": "text",
                "department": ("department",), "subsidiary": ("subsidiary",), "location": "text",
            },
            ("employee", "hours", "tranDate"),
            dated=True,
        ),
        RecordType("invoice", "record", _TRANSACTION, ("entity", "item"), title="tranId", dated=True),
        RecordType("creditMemo", "record", _TRANSACTION, ("entity", "item"), title="tranId", dated=True),
        RecordType(
            "journalEntry",
            "record",
            {"tranDate": "date", "memo": "text", "subsidiary": ("subsidiary",), "currency": ("currency",),
             "line": "lines", "postingPeriod": ("accountingPeriod",)},
            ("subsidiary", "line"),
            dated=True,
        ),
        RecordType("subsidiary", "record", {"name": "text", "currency": ("currency",)}, title="name"),
        RecordType("department", "record", {"name": "text", "isInactive": "boolean"}, ("name",), "name", "name"),
        RecordType("currency", "record", {"name": "text", "symbol": "text"}, ("name",), "symbol", "symbol"),
        RecordType("account", "record", {"acctNumber": "text", "acctName": "text"}, ("acctName",), "acctNumber"),
        RecordType(
            "serviceItem",
            "record",
            {"itemId": "text", "displayName": "text", "isInactive": "boolean"},
            ("itemId",),
            unique="itemId",
            title="itemId",
            sql=("item", "serviceitem"),
        ),
        RecordType(
            "accountingPeriod",
            "record",
            {
                "periodName": "text", "startDate": "date", "endDate": "date", "closed": "boolean",
                "allLocked": "boolean", "arLocked": "boolean", "apLocked": "boolean", "isAdjust": "boolean",
                "isQuarter": "boolean", "isYear": "boolean", "isInactive": "boolean",
            },
            ("periodName", "startDate", "endDate"),
            unique="periodName",
            title="periodName",
            stamped=False,
        ),
    )
}  # fmt: skip


def now() -> str:
    """Return the present moment as records show it."""
    return datetime.now(UTC).strftime(MOMENT)


class Records:
    """Reads and writes records in the memory, with an index of external ids."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self._external: dict[tuple[str, str], int] = {
            (table, row["externalId"]): row["id"]
            for table, rows in memory.tables.items()
            for row in rows.values()
            if row.get("externalId")
        }

    def by_id(self, kind: str, text: str) -> Row | None:
        """Return the record with an internal id."""
        return self.memory.table(kind).get(int(text)) if text.isascii() and text.isdigit() else None

    def by_external_id(self, kind: str, text: str) -> Row | None:
        """Return the record with an external id."""
        number = self._external.get((kind, text))
        return None if number is None else self.memory.table(kind)[number]

    def all(self, kind: str) -> list[Row]:
        """Return every record of a type, by internal id."""
        return [row for _, row in sorted(self.memory.table(kind).items())]

    def put(self, kind: str, row: Row, *, by: str) -> Row:
        """Store a record, stamped with the present moment."""
        moment = now()
        stamped = {"createdDate": moment, **row, "lastModifiedDate": moment}
        before = self.memory.table(kind).get(stamped.get("id", 0))
        stored = self.memory.put(kind, stamped, by=by)
        if before and before.get("externalId"):
            self._external.pop((kind, before["externalId"]), None)
        if stored.get("externalId"):
            self._external[(kind, stored["externalId"])] = stored["id"]
        return stored

    def delete(self, kind: str, row: Row, *, by: str) -> None:
        """Remove a record; SuiteQL's deletedrecord remembers that it was."""
        self._external.pop((kind, row.get("externalId") or ""), None)
        self.memory.delete(kind, row["id"], by=by)
        gone = {"recordid": row["id"], "recordtypeid": kind, "deleteddate": now(), "name": row.get("externalId")}
        self.memory.put("deletedrecord", gone, by=by)

    def find(self, kinds: tuple[str, ...], text: str, *, external: bool) -> tuple[str, Row] | None:
        """Return type and record of a reference that may point to several types."""
        for kind in kinds:
            row = self.by_external_id(kind, text) if external else self.by_id(kind, text)
            if row is not None:
                return kind, row
        return None


def shown(records: Records, kind: RecordType, row: Row, url: str) -> dict[str, Any]:
    """Return a record as GET shows it; references carry id and refName."""
    body: dict[str, Any] = {"links": [{"rel": "self", "href": f"{url}/{row['id']}"}], **row, "id": str(row["id"])}
    for name, what in kind.fields.items():
        if isinstance(what, tuple) and row.get(name):
            found = records.find(what, row[name], external=False)
            target = RECORD_TYPES[found[0].lower()] if found else kind
            body[name] = {"id": row[name], "refName": found[1].get(target.title, "") if found else ""}
    return body
