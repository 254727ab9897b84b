"""Storing evaluated arrivals: COPY for what is only ever added, one statement each for the heads."""

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

import msgspec
from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from canonical.failure import Category
from canonical.problem import Problem
from governance.actor import ENGINE
from governance.identifiers import new_id
from routes import failures, heads
from routes.arrivals import Arrival, Verdict
from routes.bulk import array, arrays, copy_in
from routes.evaluation import money
from routes.plan import Plan
from routes.states import ENDS, State, Walk, write_record_moves, write_walks

Body = tuple[UUID, str, str, str | None]  # id, stage, text, the table rows that it was made with

# a transaction that a newer version has already overtaken, and one that will be sent
PATH = (State.RECEIVED, State.NORMALISED, State.VALIDATED)
REASONS = {
    State.RECEIVED: "taken in from the source",
    State.NORMALISED: "mapped to the hub's words",
    State.VALIDATED: "checked against the rules",
}


def where_posted(plan: Plan, arrivals: Sequence[Arrival]) -> dict[str, dict[int, str]]:
    """Return, for keys that came before, the destinations where a version is posted or under way, and its key there."""
    keys = [a.key for a in arrivals if a.outcome in ("changed", "withdrawn")]
    if not keys:
        return {}
    placed: dict[str, dict[int, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r.key, t.destination_id, t.key
            FROM routes_record r JOIN routes_transaction t ON t.record_id = r.id
            WHERE r.route_id = %s AND r.key = ANY(%s) AND NOT t.withdraws
              AND t.state NOT IN ('superseded', 'filtered', 'waived', 'reversed')
            ORDER BY t.version
            """,
            [plan.route_id, keys],
        )
        for key, destination, there in cursor.fetchall():
            placed.setdefault(key, {})[destination] = there
    return placed


def nothing_arrived(plan: Plan, key: str, last: UUID, now: dt.datetime) -> Arrival:
    """Return the arrival that says that the source no longer has a key; `last` is its newest record."""
    arrival = Arrival({}, "{}", b"\0" * 16, key, f"t{now.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}", "withdrawn")
    arrival.causation = last
    arrival.changed_at = now
    return arrival


def load_canonical(plan: Plan, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Give withdrawn arrivals the canonical form of the version before them, so that they have entity and money.

    Returns those that have one: an echo, our own write read back, was never stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r.id, r.legal_entity_id, r.occurred_on, r.correlation_id, r.version, p.body
            FROM routes_record r LEFT JOIN routes_payload p ON p.id = r.canonical_payload_id WHERE r.id = ANY(%s)
            """,
            [[a.causation for a in arrivals]],
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    known = [a for a in arrivals if a.causation in found]
    for arrival in known:
        assert arrival.causation is not None
        arrival.legal_entity, arrival.occurred_on, arrival.correlation, before, body = found[arrival.causation]
        arrival.version = max(arrival.version, before + "~")  # later than anything the source said before
        arrival.canonical = codec.loads(ENTITIES[plan.entity], body.encode()) if body else {}
        arrival.canonical_body = body or ""
        arrival.causation = None
    return known


def remember_seen(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    """Note versions that need nothing done (echoes of our own writes), so that they are known next time."""
    _source_heads(plan, arrivals)


def store(plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime) -> None:
    """Write arrivals, their bodies, transactions, history and failures; in the caller's commit."""
    _supersede_failed_records([a.previous for a in arrivals if a.previous])
    bodies: list[Body] = []
    records = [_record_row(plan, a, run, now, bodies) for a in arrivals]
    with connection.cursor() as cursor:
        copy_in(cursor, RECORD, records)
    _store_verdicts(plan, arrivals, bodies, run=run, now=now)
    _source_heads(plan, arrivals)


def store_again(plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime) -> None:
    """Write what became of records that are stored already and had failed before a destination was chosen."""
    bodies: list[Body] = []
    rows = []
    for a in arrivals:
        canonical = _body(bodies, "canonical", a.canonical_body, a.hits) if a.canonical_body else None
        state = "failed" if a.failed else "routed"
        rows.append((a.record, canonical, *money(a), a.legal_entity, a.occurred_on, state, _not_chosen(a)))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_record r
            SET canonical_payload_id = w.canonical, not_chosen = w.not_chosen,
                amount = w.amount, currency = w.currency, hours = w.hours,
                legal_entity_id = w.legal_entity, occurred_on = w.occurred_on, state = w.state
            FROM unnest(%s::uuid[], %s::uuid[], %s::numeric[], %s::text[], %s::numeric[], %s::bigint[], %s::date[],
                        %s::text[], %s::jsonb[])
                AS w(id, canonical, amount, currency, hours, legal_entity, occurred_on, state, not_chosen)
            WHERE r.id = w.id
            """,
            arrays(rows, 9),
        )
    _store_verdicts(plan, arrivals, bodies, run=run, now=now)


def _store_verdicts(
    plan: Plan, arrivals: Sequence[Arrival], bodies: list[Body], *, run: UUID | None, now: dt.datetime
) -> None:
    _enter_heads(plan, arrivals)
    transactions = [_transaction_row(plan, a, v, run, now, bodies) for a in arrivals for v in a.verdicts]
    with connection.cursor() as cursor:
        copy_in(cursor, "COPY routes_payload (id, stage, body, table_rows) FROM STDIN", bodies)
        copy_in(cursor, TRANSACTION, transactions)
        copy_in(cursor, COLLECTED, [(plan.route_id, t, a.record) for a in arrivals for t in a.collected])
    write_walks([_walk(v, now) for a in arrivals for v in a.verdicts], by=ENGINE)
    write_stops(plan, [(a, v) for a in arrivals for v in a.verdicts], run=run, now=now)
    failures.write_down([t for a in arrivals for t in _record_troubles(plan, a, run)], at=now)


RECORD = (
    "COPY routes_record (id, route_id, run_id, legal_entity_id, key, version, content_hash, outcome, state,"
    " received_at, occurred_on, changed_at, approved_at, correlation_id, causation_id, source_payload_id,"
    " canonical_payload_id, amount, currency, hours, not_chosen) FROM STDIN"
)
TRANSACTION = (
    "COPY routes_transaction (id, record_id, run_id, destination_id, legal_entity_id, snapshot_id, key, version,"
    ' "group",'
    " state, return_to, withdraws, attempts, waits_for, request_payload_id, request_hash, canonical_payload_id,"
    " correlation_id, amount, currency, hours, created_at) FROM STDIN"
)
WAIT = 'COPY routes_wait (transaction_id, kind, "on", connection_id, legal_entity_id, since) FROM STDIN'
COLLECTED = "COPY routes_collected (route_id, source_transaction_id, record_id) FROM STDIN"


def _enter_heads(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    """Queue what wants to be sent; a version that comes too late is superseded on arrival."""
    for verdict in (v for a in arrivals if a.overtaken for v in a.verdicts):
        _overtake(verdict)
    verdicts = {v.transaction: (v, a) for a in arrivals for v in a.verdicts if v.state not in ENDS and v.key}
    entries = [
        heads.Entry(
            v.destination.connection_id, v.destination.stream, v.key, v.destination.lane, v.transaction, a.version,
            v.state is State.READY, plan.in_order,
        )
        for v, a in verdicts.values()
    ]  # fmt: skip
    if not entries:
        return
    for transaction, place in heads.enter(entries).items():
        if place is heads.Place.TOO_OLD:
            _overtake(verdicts[transaction][0])


def _overtake(verdict: Verdict) -> None:
    verdict.state, verdict.reason = State.SUPERSEDED, "an older version that came after a newer one"
    verdict.waits_for, verdict.problems = None, []


def _supersede_failed_records(previous: Sequence[UUID]) -> None:
    """A newer version replaces one that failed before its destinations were chosen; its item keeps the history."""
    if not previous:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_record SET state = 'superseded' WHERE id = ANY(%s) AND state = 'failed' RETURNING id",
            [list(previous)],
        )
        superseded = [row[0] for row in cursor.fetchall()]
    if superseded:
        write_record_moves(superseded, "failed", "superseded", by=ENGINE, reason=heads.NEWER)
        failures.close(records=superseded, how="auto:newer_version")


def _record_row(plan: Plan, a: Arrival, run: UUID | None, now: dt.datetime, bodies: list[Body]) -> tuple[object, ...]:
    source = _body(bodies, "source", a.body) if a.outcome != "withdrawn" else None
    canonical = _body(bodies, "canonical", a.canonical_body, a.hits) if a.canonical_body else None
    amount, currency, hours = money(a)
    state = "failed" if a.failed else "routed"
    approved_at = (a.canonical or {}).get("approved_at")
    approved_at = approved_at if isinstance(approved_at, dt.datetime) else None  # what is none has its own problem
    return (
        a.record, plan.route_id, run, a.legal_entity, a.key, a.version, a.content, a.outcome, state, now,
        a.occurred_on, a.changed_at, approved_at, a.correlation, a.causation, source, canonical, amount, currency,
        hours, _not_chosen(a),
    )  # fmt: skip


def _not_chosen(a: Arrival) -> str | None:
    return msgspec.json.encode(a.not_chosen).decode() if a.not_chosen else None


def _body(bodies: list[Body], stage: str, text: str, hits: Sequence[int] = ()) -> UUID:
    id_ = new_id()
    bodies.append((id_, stage, text, array(hits) if hits else None))
    return id_


def _transaction_row(
    plan: Plan, a: Arrival, v: Verdict, run: UUID | None, now: dt.datetime, bodies: list[Body]
) -> tuple[object, ...]:
    request = _body(bodies, "request", v.body, v.hits) if v.body else None
    amount, currency, hours = money(a)
    waiting = v.state in (State.PARKED, State.HELD)
    return (
        v.transaction, a.record, run, v.destination.id, a.legal_entity, plan.snapshot_id, v.key, a.version,
        v.destination.group, str(v.state), str(State.NORMALISED) if waiting else "", v.withdraws, 0,
        v.waits_for[1] if v.waits_for else "", request, v.content or None, None, a.correlation, amount, currency,
        hours, now,
    )  # fmt: skip


def _walk(v: Verdict, now: dt.datetime) -> Walk:
    """Return the verdict's history: through the stages it passed to where it stands."""
    steps = []
    before = ""
    for state in PATH[: PATH.index(v.reached) + 1]:
        steps.append((before, state, now, REASONS[state]))
        before = state
    if v.state is not before:
        if v.state is State.SUPERSEDED or v.state in (State.FAILED, State.PARKED, State.HELD, State.READY):
            steps.append((before, v.state, now, v.reason))
        else:
            steps.append((before, v.state, now, v.reason or "left out by a rule"))
    return Walk(v.transaction, steps)


def write_stops(
    plan: Plan, pairs: Sequence[tuple[Arrival, Verdict]], *, run: UUID | None = None, now: dt.datetime
) -> None:
    """Write down why verdicts stopped, and what those that wait are waiting for."""
    stopped = [(a, v) for a, v in pairs if v.state in (State.FAILED, State.PARKED, State.HELD)]
    waits = [
        (v.transaction, *v.waits_for, v.destination.connection_id, a.legal_entity, now)
        for a, v in stopped
        if v.waits_for
    ]
    with connection.cursor() as cursor:
        copy_in(cursor, WAIT, waits)
    failures.write_down([_trouble(plan, a, v, run) for a, v in stopped], at=now)


def _trouble(plan: Plan, a: Arrival, v: Verdict, run: UUID | None) -> failures.Trouble:
    """Return the failure of a verdict: its first error names the cause."""
    problem = next((p for p in v.problems if p.severity == "error"), None) or Problem(
        "error", Category.APPROVAL_MISSING, "", None, v.reason
    )
    amount, currency, hours = money(a)
    return failures.Trouble(
        a.legal_entity or plan.legal_entity_id, plan.route_id, "validate", problem, record=a.record,
        transaction=v.transaction, run=run, connection_id=v.destination.connection_id, amount=amount,
        currency=currency, hours=hours,
    )  # fmt: skip


def _record_troubles(plan: Plan, a: Arrival, run: UUID | None) -> list[failures.Trouble]:
    """Return the failure of a record that stopped before its destinations; the money counts once."""
    amount, currency, hours = money(a)
    return [
        failures.Trouble(
            a.legal_entity or plan.legal_entity_id, plan.route_id, a.stage, p, record=a.record, run=run,
            connection_id=plan.connection_id, amount=amount, currency=currency, hours=hours,
        )
        for p in a.problems
        if p.severity == "error"
    ][:1]  # fmt: skip


def _source_heads(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    rows = [(a.key, a.record, a.version, a.content, a.occurred_on, a.outcome == "withdrawn") for a in arrivals]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO routes_sourcehead (route_id, key, record_id, version, content_hash, occurred_on, withdrawn)
            SELECT %s, w.* FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::bytea[], %s::date[], %s::bool[])
                AS w(key, record_id, version, content_hash, occurred_on, withdrawn)
            ON CONFLICT (route_id, key) DO UPDATE
            SET record_id = excluded.record_id, version = excluded.version, content_hash = excluded.content_hash,
                occurred_on = coalesce(excluded.occurred_on, routes_sourcehead.occurred_on),
                withdrawn = excluded.withdrawn
            WHERE excluded.version >= routes_sourcehead.version OR routes_sourcehead.withdrawn
            """,
            [plan.route_id, *arrays(rows, 6)],
        )
