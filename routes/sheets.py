"""The rows of a page as COPY takes them: one walk through its arrivals writes the lines of all their tables.

Each id, time and amount of an arrival is written out once and stands in the lines of several tables; what is the same
for the whole page stands at their ends.
"""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import connection
from uuid_utils import uuid7

from routes.arrivals import SOURCE, Arrival, Origin, Verdict
from routes.bodies import Bodies
from routes.bulk import NULL, bytea, copy_lines, hexed, moment, text
from routes.drafts import Draft
from routes.plan import DestinationPlan, Plan
from routes.states import State, Step, Walks
from routes.waybill import Item

RECORD = (
    "COPY routes_record (id, key, version, content_hash, outcome, state, legal_entity_id, occurred_on, changed_at,"
    " approved_at, correlation_id, causation_id, source_payload_id, canonical_payload_id, amount, currency, hours,"
    " not_chosen, route_id, run_id, received_at) FROM STDIN"
)
TRANSACTION = (
    "COPY routes_transaction (id, record_id, key, version, state, return_to, withdraws, waits_for, request_payload_id,"
    " request_hash, walk_id, legal_entity_id, correlation_id, amount, currency, hours, destination_id,"
    ' "group", snapshot_id, run_id, attempts, created_at) FROM STDIN'
)
FEW = 100  # rows: so many are inserted together with others in less time than a COPY waits for the server
PATH = (State.RECEIVED, State.NORMALISED, State.VALIDATED, State.READY)
REASONS = {
    State.NORMALISED: "mapped to the hub's words",
    State.VALIDATED: "checked against the rules",
    State.READY: "checked and translated",
}


def transaction_line(i: Item, state: State, walk: str, tail: str) -> str:
    """Return the line of a transaction that travelled as a consignment's item; `tail` are its last columns."""
    return (
        f"{i.transaction}\t{i.record}\t{text(i.key)}\t{text(i.version)}\t{state}\t\tf\t\t{i.payload}\t{i.content}"
        f"\t{walk}\t{i.legal_entity}\t{i.correlation}\t{i.worth}\t{tail}"
    )


class Sheets:
    """Records, transactions, bodies and history of one page, until they are written."""

    def __init__(self, plan: Plan, *, run: UUID | None, now: dt.datetime, origin: Origin = SOURCE) -> None:
        """Start with none; `now` is when the page was taken in."""
        self._received = origin.received
        self._now, self._run = now, hexed(run) if run else NULL
        self._of_page = f"{plan.route_id}\t{self._run}\t{now.isoformat()}"
        self._snapshot = plan.snapshot_id
        self._of_destination: dict[int, str] = {}
        self._ways: dict[tuple[State, State, str], str] = {}
        self._walks = Walks(by=origin.by)
        self._bodies = Bodies()
        self._records: list[str] = []
        self._transactions: list[str] = []

    def add(self, a: Arrival, *, stored: bool = False) -> None:
        """Write the lines of an arrival and its verdicts; `stored` says that its record is there already."""
        record, worth = hexed(a.record), _written(*a.worth)
        if not stored:
            self._records.append(self._record(a, record, worth))
        if a.verdicts:
            for verdict in a.verdicts:
                if verdict.draft is None:
                    self._transactions.append(self._transaction(a, verdict, record, worth))
                else:
                    self._send_along(verdict.draft, a, verdict, record, worth)

    def canonical(self, a: Arrival) -> str:
        """Write the line of an arrival's canonical form; return the id of the body."""
        return self._bodies.add("canonical", a.canonical_body, a.hits) if a.canonical_body else NULL

    def close(self) -> None:
        """Put together what is ready to be written; nothing is added any more."""
        self._bodies.close()

    def copy(self) -> None:
        """Write records, and where they are many transactions; in the caller's commit."""
        with connection.cursor() as cursor:
            copy_lines(cursor, RECORD, self._records)
            if len(self._transactions) > FEW:
                copy_lines(cursor, TRANSACTION, self._transactions)
                self._transactions = []

    def write(self) -> None:
        """Write everything else; in the same commit."""
        self._bodies.write()
        with connection.cursor() as cursor:
            copy_lines(cursor, TRANSACTION, self._transactions)
        self._walks.write()

    def _record(self, a: Arrival, record: str, worth: str) -> str:
        source = self._bodies.add("source", a.body) if a.outcome != "withdrawn" else NULL
        approved_at = a.canonical.get("approved_at") if a.canonical else None
        if approved_at.__class__ is not dt.datetime:
            approved_at = None  # what is no time has its own problem
        return (
            f"{record}\t{text(a.key)}\t{text(a.version)}\t{bytea(a.content)}\t{a.outcome}\t{a.state}\t{a.legal_entity}"
            f"\t{moment(a.occurred_on) if a.occurred_on else NULL}\t{moment(a.changed_at) if a.changed_at else NULL}"
            f"\t{moment(approved_at) if approved_at else NULL}"
            f"\t{record if a.correlation is a.record else hexed(a.correlation)}"
            f"\t{hexed(a.causation) if a.causation else NULL}\t{source}\t{self.canonical(a)}\t{worth}"
            f"\t{text(not_chosen(a) or '') or NULL if a.not_chosen else NULL}\t{self._of_page}"
        )

    def _send_along(self, draft: Draft, a: Arrival, v: Verdict, record: str, worth: str) -> None:
        assert a.legal_entity is not None
        if not draft.items:
            draft.tail, draft.steps = self._to(v.destination), steps_of(v, self._now, self._received)
        correlation = record if a.correlation is a.record else hexed(a.correlation)
        item = Item(
            hexed(v.transaction), record, uuid7().hex, self._bodies.add("request", v.body, v.hits), correlation,
            a.legal_entity, v.key, a.version, bytea(v.content), worth,
        )  # fmt: skip
        draft.add(item, a.key, a.worth[0], a.worth[1])

    def _transaction(self, a: Arrival, v: Verdict, record: str, worth: str) -> str:
        if v.body:
            v.payload = self._bodies.add("request", v.body, v.hits)
        waiting = v.state in (State.PARKED, State.HELD)
        return "\t".join(
            (
                hexed(v.transaction), record, text(v.key), text(a.version), v.state,
                State.NORMALISED if waiting else "", "t" if v.withdraws else "f",
                text(v.waits_for[1]) if v.waits_for else "", v.payload or NULL, bytea(v.content) if v.content else NULL,
                self._way(v), str(a.legal_entity), hexed(a.correlation), worth, self._to(v.destination),
            )
        )  # fmt: skip

    def _to(self, destination: DestinationPlan) -> str:
        known = self._of_destination.get(destination.id)
        if known is None:
            group, now = text(destination.group), self._now.isoformat()
            known = f"{destination.id}\t{group}\t{self._snapshot}\t{self._run}\t0\t{now}"
            self._of_destination[destination.id] = known
        return known

    def _way(self, v: Verdict) -> str:
        way = (v.reached, v.state, v.reason)
        known = self._ways.get(way)
        if known is None:
            known = self._ways[way] = self._walks.id_of(steps_of(v, self._now, self._received))
        return known


def steps_of(v: Verdict, now: dt.datetime, received: str) -> tuple[Step, ...]:
    """Return a verdict's history: through the stages it passed to where it stands; `received` says how it came."""
    steps: list[Step] = []
    before = ""
    for state in PATH[: PATH.index(v.reached) + 1]:
        steps.append((before, state, now, REASONS[state] if before else received))
        before = state
    if v.state is not before:
        steps.append((before, v.state, now, v.reason or "left out by a rule"))
    return tuple(steps)


def _written(amount: Decimal | None, currency: str, hours: Decimal | None) -> str:
    """Return what a record is worth as three columns of a line."""
    # `str` takes a quarter of the time that a format of a Decimal does
    return f"{NULL if amount is None else str(amount)}\t{text(currency)}\t{NULL if hours is None else str(hours)}"


def not_chosen(a: Arrival) -> str | None:
    """Return which destinations were left out by which condition, as JSON; None where none was."""
    return msgspec.json.encode(a.not_chosen).decode() if a.not_chosen else None
