"""Makes events of what happened: what is said of a transaction, a record and a run. Constant queries for any number.

Nothing that a mask hides is said, and no words of other systems: those stand on the hub's own pages, behind a sign-in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from canonical.failure import CATEGORIES, Category
from canonical.money import rounded
from routes import bodies, shares
from routes.bulk import array
from routes.outbound import discretion, history, types
from routes.outbound.history import Change, Ending, Span, Trouble
from routes.outbound.turns import Turn, in_order
from routes.outcomes import CONFIRMED
from routes.states import State

ENGINE_KIND = "engine"
TYPED = "a person gave a reason, which stands in the hub"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to tell, not numbered yet. `data` is what the event says of it."""

    type: str
    key: str  # what keeps its order
    subject: str
    legal_entity: int
    route: int
    destination: int | None
    category: str
    at: datetime
    source: str
    data: Mapping[str, Any]
    to_all: bool | None = None  # only for subscriptions of all companies, only for those of one; None: for both

    def body(self, id_: UUID, number: int) -> str:
        """Return the event as CloudEvents 1.0 in JSON; these bytes are signed and sent, each time the same."""
        event = {
            "specversion": "1.0",
            "id": str(id_),
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": moment(self.at),
            "datacontenttype": "application/json",
            "partitionkey": self.key,
            "sequence": f"{number:020d}",
            "data": self.data,
        }
        return msgspec.json.encode(event).decode()


def within(span: Span) -> tuple[list[Happening], Span]:
    """Return what happened within a span of transaction ids, in order, and the span that it really covers."""
    found, span = history.changes(span)
    troubles = history.troubles(span)
    by_change = {(each.transaction or each.record, each.xid): each for each in troubles}
    subjects = {change.subject for change in found}
    stopped = [each for each in troubles if each.transaction is None]
    told = _transactions(subjects)
    records = _records({*(subjects - told.keys()), *(each.record for each in stopped if each.record)})
    references = _references({c.subject for c in found if c.new in (State.POSTED, State.REVERSED)} & told.keys())
    hidden = _hidden([told.get(c.subject) or records.get(c.subject) for c in found if _may_quote(c)])
    turns = [
        _turn(_of_transaction(change, of, by_change, references, hidden), of, change)
        for change in found
        if (of := told.get(change.subject)) and change.new in types.TRANSACTION
    ]
    turns += [
        _turn(_of_record(change, of, hidden), of, change)
        for change in found
        if (of := records.get(change.subject)) and change.new in types.RECORD
    ]
    turns += [
        _stop(_of_stopped(each, of), of, each, number)
        for number, each in enumerate(stopped)
        if each.record and (of := records.get(each.record))
    ]
    return in_order(turns) + _of_runs(history.endings(span)), span


@dataclass(frozen=True, slots=True)
class _Subject:
    """What an event says of its transaction or record, whatever happened."""

    id: UUID
    key: str
    source_key: str
    legal_entity: int
    company: str
    route: int
    slug: str
    entity: str
    destination: int | None
    destination_name: str
    amount: Decimal | None
    currency: str
    hours: Decimal | None
    correlation: UUID
    canonical: UUID | None  # the record in the hub's words
    arrival: int  # the place of its record among all that arrived


TRANSACTIONS = """
SELECT t.id, t.key, coalesce(r.key, t.key), t.legal_entity_id, e.code, w.id, w.slug, w.canonical_entity, d.id, d.name,
    t.amount, t.currency, t.hours, t.correlation_id, coalesce(t.canonical_payload_id, r.canonical_payload_id),
    coalesce(r.sequence, 0)
FROM routes_transaction t JOIN routes_destination d ON d.id = t.destination_id JOIN routes_route w ON w.id = d.route_id
JOIN governance_legalentity e ON e.id = t.legal_entity_id LEFT JOIN routes_record r ON r.id = t.record_id
WHERE t.id = ANY(%s::uuid[])
"""
RECORDS = """
SELECT r.id, r.key, r.key, r.legal_entity_id, e.code, w.id, w.slug, w.canonical_entity, NULL, '',
    r.amount, r.currency, r.hours, r.correlation_id, r.canonical_payload_id, r.sequence
FROM routes_record r JOIN routes_route w ON w.id = r.route_id JOIN governance_legalentity e ON e.id = r.legal_entity_id
WHERE r.id = ANY(%s::uuid[])
"""
REFERENCES = """
SELECT DISTINCT ON (l.transaction_id) l.transaction_id, e.reference, e.external_id
FROM routes_effectlink l JOIN routes_effect e ON e.id = l.effect_id
WHERE l.transaction_id = ANY(%s::uuid[]) AND e.state = 'confirmed' ORDER BY l.transaction_id, e.number DESC
"""
RUNS = """
SELECT u.id, u.legal_entity_id, e.code, w.id, w.slug, u.read, u.new, u.changed, u.unchanged, u.unreadable, u.trigger
FROM routes_run u JOIN routes_route w ON w.id = u.route_id JOIN governance_legalentity e ON e.id = u.legal_entity_id
WHERE u.id = ANY(%s::uuid[])
"""


def _turn(told: Happening, of: _Subject, change: Change) -> Turn[Happening]:
    place = (0 if change.born else 1, change.place)
    return Turn(told, told.key, of.id, place, change.xid, of.arrival, change.at)


def _stop(told: Happening, of: _Subject, trouble: Trouble, number: int) -> Turn[Happening]:
    """Return the turn of a record that stopped; nothing of it came before but other stops."""
    return Turn(told, told.key, of.id, (0, number), trouble.xid, of.arrival, trouble.at)


def _transactions(ids: Collection[UUID]) -> dict[UUID, _Subject]:
    return {row[0]: _Subject(*row) for row in _rows(TRANSACTIONS, ids)}


def _records(ids: Collection[UUID]) -> dict[UUID, _Subject]:
    return {row[0]: _Subject(*row) for row in _rows(RECORDS, ids)}


def _references(ids: Collection[UUID]) -> dict[UUID, tuple[str, str]]:
    return {id_: (reference, external_id) for id_, reference, external_id in _rows(REFERENCES, ids)}


def _rows(statement: str, ids: Collection[UUID]) -> Sequence[tuple[Any, ...]]:
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, [array(ids)])
        return list(cursor.fetchall())


def _may_quote(change: Change) -> bool:
    """Whether a reason is more than the hub's own standing words, and none that somebody typed."""
    return not _is_typed(change) and change.new not in (State.POSTED, State.UNKNOWN)


def _is_typed(change: Change) -> bool:
    """Whether a person wrote the reason: what stands in it nobody knows, so it is never told."""
    return change.actor_kind != ENGINE_KIND or change.new == State.WAIVED


def _hidden(subjects: Iterable[_Subject | None]) -> dict[UUID, list[str]]:
    """Return the masked values of those subjects whose record is kept; of the others nobody knows them."""
    wanted = [(each, each.canonical) for each in subjects if each is not None and each.canonical is not None]
    kept = bodies.read(canonical for _, canonical in wanted)
    hidden = {}
    for each, canonical in wanted:
        with suppress(ValueError):  # it was damaged after it was written: what it hid is not known
            hidden[each.id] = discretion.hidden_values(each.entity, str(kept[canonical])) if canonical in kept else None
    return {id_: values for id_, values in hidden.items() if values is not None}


def _reason(change: Change, hidden: Mapping[UUID, Sequence[str]]) -> str:
    """Return why it happened, as far as that may be said."""
    if _is_typed(change):
        return TYPED if change.reason else ""
    if not _may_quote(change):
        confirmed = change.reason.startswith(CONFIRMED)  # its number there has a place of its own
        return "" if change.new != State.POSTED else CONFIRMED if confirmed else change.reason
    return discretion.spoken(change.reason, hidden[change.subject]) if change.subject in hidden else ""


def _why(category: str, field: str) -> dict[str, Any]:
    """Return what is said of a failure: its kind and the field, never the words, which quote what was found."""
    info = CATEGORIES[Category(category)]
    return {"category": category, "reason": f"{info.title}. {info.meaning}", "field": field or None}


def _of_transaction(
    change: Change, of: _Subject, troubles: Mapping[tuple[UUID | None, int], Trouble],
    references: Mapping[UUID, tuple[str, str]], hidden: Mapping[UUID, Sequence[str]],
) -> Happening:  # fmt: skip
    trouble = troubles.get((change.subject, change.xid))
    reference, external_id = references.get(change.subject, ("", ""))
    why = _why(trouble.category, trouble.field) if trouble else {"category": None, "reason": _reason(change, hidden)}
    data = _about(of) | {
        "transaction": str(of.id), "destination": of.destination_name, **_state(change), **why,
        "posting_reference": reference or None, "external_id": external_id or None,
    }  # fmt: skip
    return _happening(types.TRANSACTION[change.new].name, of, data, change.at, trouble.category if trouble else "")


def _of_record(change: Change, of: _Subject, hidden: Mapping[UUID, Sequence[str]]) -> Happening:
    data = _about(of) | {"record": str(of.id), **_state(change), "category": None, "reason": _reason(change, hidden)}
    return _happening(types.RECORD[change.new].name, of, data, change.at, "")


def _of_stopped(trouble: Trouble, of: _Subject) -> Happening:
    state = {"state": "failed", "previous_state": "received", "at": moment(trouble.at), "decided_by": ENGINE_KIND}
    data = _about(of) | {"record": str(of.id), **state, **_why(trouble.category, trouble.field)}
    return _happening(types.RECORD["failed"].name, of, data, trouble.at, trouble.category)


def _about(of: _Subject) -> dict[str, Any]:
    """Return what every event says of its subject; numbers as texts, so that no digit is lost."""
    return {
        "legal_entity": of.company, "route": of.slug, "entity": of.entity, "key": of.key, "source_key": of.source_key,
        "amount": None if of.amount is None else _money(of.amount, of.currency), "currency": of.currency or None,
        "hours": None if of.hours is None else f"{of.hours.normalize():f}", "correlation_id": str(of.correlation),
    }  # fmt: skip


def _money(amount: Decimal, currency: str) -> str:
    """Return an amount with the digits of its currency; with all of its own where those do not hold it."""
    whole = rounded(amount, currency)
    return f"{whole:f}" if whole == amount else f"{amount.normalize():f}"


def _state(change: Change) -> dict[str, Any]:
    return {
        "state": change.new, "previous_state": change.old or None, "at": moment(change.at),
        "decided_by": change.actor_kind,
    }  # fmt: skip


def _happening(type_: str, of: _Subject, data: Mapping[str, Any], at: datetime, category: str) -> Happening:
    place = f"{of.slug}/{of.destination}" if of.destination else of.slug
    return Happening(
        type_, f"{place}/{of.key}", of.key, of.legal_entity, of.route, of.destination, category, at,
        _source(of.company, of.slug), data,
    )  # fmt: skip


def _of_runs(ended: Sequence[Ending]) -> list[Happening]:
    """Tell of runs. One that has read for several companies is told twice: its totals are for who hears of them all."""
    ids = {each.run for each in ended}
    rows = {row[0]: row[1:] for row in _rows(RUNS, ids)}
    mixed = shares.hold_others(rows)
    found = []
    for each in ended:
        if each.run in mixed:
            found += [_of_run(each, *rows[each.run], to_all=to_all) for to_all in (True, False)]
        elif each.run in rows:
            found.append(_of_run(each, *rows[each.run]))
    return found


def _of_run(
    ended: Ending, legal_entity: int, company: str, route: int, slug: str, *totals: Any, to_all: bool | None = None
) -> Happening:
    names = ("read", "new", "changed", "unchanged", "unreadable", "trigger")
    data: dict[str, Any] = {
        "run": str(ended.run), "legal_entity": company, "route": slug, "state": ended.state, "at": moment(ended.at),
    }  # fmt: skip
    data |= dict(zip(names, totals, strict=True)) | {"holds_more": to_all is False}
    if to_all is False:
        data |= dict.fromkeys(names[:5])
    return Happening(
        types.RUN[ended.state].name, f"{slug}/runs", slug, legal_entity, route, None, "", ended.at,
        _source(company, slug), data, to_all,
    )  # fmt: skip


def _source(company: str, slug: str) -> str:
    return f"/legal-entities/{company}/routes/{slug}"


def moment(at: datetime) -> str:
    """Return a time in UTC as RFC 3339 has it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
