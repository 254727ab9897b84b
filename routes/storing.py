"""Storing evaluated arrivals: COPY for what is only ever added, one statement each for the heads."""

import datetime as dt
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from canonical.failure import Category
from canonical.problem import Problem
from governance.actor import ENGINE
from routes import consignments, drafts, duplicates, failures, heads, new_heads, rule_warnings
from routes.arrivals import SOURCE, Arrival, Origin, Verdict
from routes.bulk import array, arrays, copy_in, hexed, plain, texts, together
from routes.drafts import Draft
from routes.duplicates import Wanting, where
from routes.evaluation import money
from routes.heads import Where
from routes.plan import Plan
from routes.sheets import Sheets, not_chosen
from routes.states import ENDS, State, write_record_moves

WAIT = 'COPY routes_wait (transaction_id, kind, "on", connection_id, legal_entity_id, since) FROM STDIN'
COLLECTED = "COPY routes_collected (route_id, source_transaction_id, record_id) FROM STDIN"
WITHDRAWN = "withdrawn at the source"
LATE = "an older version that came after a newer one"
Onward = Mapping[int, Draft]  # by destination: where new keys may travel in a consignment


def nothing_arrived(key: str, version: str, last: UUID, now: dt.datetime) -> Arrival:
    """Return the arrival that says that the source no longer has a key; `last` is its newest record."""
    arrival = Arrival({}, "{}", b"\0" * 16, key, version, "withdrawn")
    arrival.causation = arrival.previous = last
    arrival.changed_at = now
    return arrival


def load_canonical(plan: Plan, arrivals: Sequence[Arrival]) -> list[Arrival]:
    """Give withdrawn arrivals the canonical form of the version before them, so that they have entity and money.

    Returns those that have one: an echo, our own write read back, was never stored.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT r.id, r.legal_entity_id, r.occurred_on, r.correlation_id, p.body
            FROM routes_record r
            LEFT JOIN LATERAL (
                SELECT t.canonical_payload_id FROM routes_transaction t
                WHERE t.record_id = r.id AND t.canonical_payload_id IS NOT NULL
                ORDER BY t.state = 'posted' DESC, t.id DESC LIMIT 1
            ) corrected ON true
            LEFT JOIN LATERAL routes_body(coalesce(corrected.canonical_payload_id, r.canonical_payload_id)) p ON true
            WHERE r.id = ANY(%s)
            """,
            [[a.causation for a in arrivals]],
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    known = [a for a in arrivals if a.causation in found]
    for arrival in known:
        assert arrival.causation is not None
        arrival.legal_entity, arrival.occurred_on, arrival.correlation, body = found[arrival.causation]
        arrival.canonical = codec.loads(ENTITIES[plan.entity], body.encode()) if body else {}
        arrival.canonical_body = body or ""
        arrival.worth = money(arrival)
        arrival.causation = None
    return known


def remember_seen(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    """Note versions that need nothing done (echoes of our own writes), so that they are known next time."""
    _move_source_heads(plan, arrivals)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The rows of a page, drawn up on the supposition that nothing in it ever came before."""

    arrivals: Sequence[Arrival]
    travelling: frozenset[int]  # numbers of the transactions that travel
    onward: Onward
    sheets: Sheets

    def undo(self) -> None:
        """Let nothing of it count: the page is not what it was supposed to be."""
        for arrival in self.arrivals:
            for verdict in arrival.verdicts:
                verdict.draft = None
        for draft in self.onward.values():
            draft.empty()


def draw_up(plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime) -> Drawn:
    """Draw up the rows of a page that is worked out, before anything is known of what is stored; nothing is written."""
    onward = drafts.open_for(plan)
    wanting = _wanting(arrivals)
    travelling = {id_: v for id_, (v, a) in wanting.items() if _may_travel(v, a, onward)}
    for verdict in travelling.values():
        verdict.draft = onward[verdict.destination.id]
    sheets = Sheets(plan, run=run, now=now)
    for arrival in arrivals:
        sheets.add(arrival)
    sheets.close()
    for draft in onward.values():
        draft.close(run=run)
    return Drawn(arrivals, frozenset(travelling), onward, sheets)


def store(
    plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime, onward: Onward | None = None,
    drawn: Drawn | None = None, free: Container[Where] = (), origin: Origin = SOURCE,
) -> set[int]:  # fmt: skip
    """Write arrivals, their bodies, transactions, history and failures; in the caller's commit.

    Returns the destinations for which something is due. `drawn`, which has filled `onward`, is used where it is what
    would be drawn up now; `free` are keys at targets that certainly nothing ever came for, and whose streams the caller
    holds.
    """
    onward = onward or {}
    _supersede_previous(plan, arrivals)
    travelling, as_worked_out = _enter_heads(plan, arrivals, onward, free, origin)
    if drawn is not None and as_worked_out and travelling == drawn.travelling:
        sheets = drawn.sheets
    else:
        if drawn is not None:
            drawn.undo()
        for verdict in (v for a in arrivals for v in a.verdicts if v.transaction.int in travelling):
            verdict.draft = onward[verdict.destination.id]
        sheets = Sheets(plan, run=run, now=now, origin=origin)
        for arrival in arrivals:
            sheets.add(arrival)
    return _store_verdicts(plan, arrivals, sheets, run=run, now=now, onward=onward)


def store_again(plan: Plan, arrivals: Sequence[Arrival], *, run: UUID | None, now: dt.datetime) -> None:
    """Write what became of records that are stored already and had failed before a destination was chosen."""
    _enter_heads(plan, arrivals, {})
    sheets = Sheets(plan, run=run, now=now)
    rows = []
    for a in arrivals:
        canonical = sheets.canonical(a) if a.canonical_body else None
        state = "failed" if a.failed else "routed"
        rows.append((a.record, canonical, *money(a), a.legal_entity, a.occurred_on, state, not_chosen(a)))
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
    for arrival in arrivals:
        sheets.add(arrival, stored=True)
    _store_verdicts(plan, arrivals, sheets, run=run, now=now, onward={}, stored=True)


def _store_verdicts(
    plan: Plan, arrivals: Sequence[Arrival], sheets: Sheets, *, run: UUID | None, now: dt.datetime, onward: Onward,
    stored: bool = False,
) -> set[int]:  # fmt: skip
    sheets.copy()
    with together():
        due = _write_rest(plan, arrivals, sheets, run=run, now=now, onward=onward)
        if not stored:
            _source_heads(plan, arrivals)
        return due


def _write_rest(
    plan: Plan, arrivals: Sequence[Arrival], sheets: Sheets, *, run: UUID | None, now: dt.datetime, onward: Onward
) -> set[int]:
    sheets.write()
    collected = [(plan.route_id, t, a.record) for a in arrivals for t in a.collected]
    with connection.cursor() as cursor:
        copy_in(cursor, COLLECTED, collected)
    for draft in onward.values():
        draft.write(run=run)
    pairs = [(a, v) for a in arrivals for v in a.verdicts]
    write_stops(plan, pairs, run=run, now=now)
    rule_warnings.write_down(plan, pairs, now=now)
    stopped = [a for a in arrivals if a.failed]
    late = [a.record for a in stopped if a.overtaken]
    if late:
        write_record_moves(late, "failed", "superseded", by=ENGINE, reason=LATE)
    failures.write_down([t for a in stopped if not a.overtaken for t in _record_troubles(plan, a, run)], at=now)
    return {v.destination.id for _, v in pairs if v.state is State.READY}


def _enter_heads(
    plan: Plan, arrivals: Sequence[Arrival], onward: Onward, free: Container[Where] = (), origin: Origin = SOURCE
) -> tuple[frozenset[int], bool]:
    """Queue what wants to be sent; a version that comes too late is superseded on arrival.

    A record whose key belongs to another one stops here, before anything of it is stored as a transaction. Returns the
    numbers of the transactions that travel, and whether nothing was stopped or superseded here.
    """
    for verdict in (v for a in arrivals if a.overtaken for v in a.verdicts):
        _overtake(verdict)
    wanting = _wanting(arrivals)
    verdicts = duplicates.sort_out(wanting)
    if not verdicts:
        return frozenset(), verdicts is wanting
    wanted = [where(v) for v, _ in verdicts.values()]
    if all(each in free for each in wanted):
        travelling = frozenset(id_ for id_, (v, a) in verdicts.items() if _may_travel(v, a, onward))
    else:
        new_heads.hold_streams(plan)
        consignments.unpack_keys(wanted)
        travelling = _never_seen(verdicts, onward)
    entered = heads.enter(
        [_entry(plan, v, a) for id_, (v, a) in verdicts.items() if id_ not in travelling], route=plan.route_id,
        origin=origin,
    )  # fmt: skip
    if entered.taken:
        duplicates.stop(plan, [(*verdicts[transaction.int], owner) for transaction, owner in entered.taken.items()])
    for transaction in entered.too_old:
        _overtake(verdicts[transaction.int][0])
    return travelling, verdicts is wanting and not entered.taken and not entered.too_old


def _never_seen(verdicts: Wanting, onward: Onward) -> frozenset[int]:
    """Return the transactions that may travel: ready ones of new records, under keys that nothing ever came for."""
    may = {where(v): id_ for id_, (v, a) in verdicts.items() if _may_travel(v, a, onward)}
    return frozenset(may.values()) - {may[seen] for seen in new_heads.known(may)}


def _may_travel(v: Verdict, a: Arrival, onward: Onward) -> bool:
    return v.state is State.READY and a.outcome == "new" and not v.withdraws and v.destination.id in onward


def _entry(plan: Plan, v: Verdict, a: Arrival) -> heads.Entry:
    to, due = v.destination, v.state is State.READY
    return heads.Entry(to.connection_id, to.stream, v.key, to.lane, v.transaction, a.version, due, plan.in_order, a.key)


def _wanting(arrivals: Sequence[Arrival]) -> Wanting:
    return {v.transaction.int: (v, a) for a in arrivals for v in a.verdicts if v.state not in ENDS and v.key}


def _overtake(verdict: Verdict) -> None:
    verdict.state, verdict.reason = State.SUPERSEDED, LATE
    verdict.waits_for, verdict.problems = None, []


def _supersede_previous(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    """Let newer versions replace those that failed before their destinations were chosen; a late older one does not."""
    replaced: dict[bool, list[UUID]] = {True: [], False: []}
    for a in arrivals:
        withdrawn = a.outcome == "withdrawn"
        if a.previous and not a.overtaken and (withdrawn or not plan.in_order):
            replaced[withdrawn].append(a.previous)
    for withdrawn, previous in replaced.items():
        supersede_failed(previous, withdrawn=withdrawn)


def supersede_failed(records: Sequence[UUID], *, withdrawn: bool) -> None:
    """Supersede records that failed before their destinations were chosen; their item keeps the history.

    `withdrawn` says that what replaces them is nothing: the source no longer has the record.
    """
    if not records:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_record SET state = 'superseded' WHERE id = ANY(%s) AND state = 'failed' RETURNING id",
            [list(records)],
        )
        superseded = [row[0] for row in cursor.fetchall()]
    if superseded:
        reason, how = (WITHDRAWN, "auto:source_withdrawn") if withdrawn else (SOURCE.newer, SOURCE.closed_how)
        write_record_moves(superseded, "failed", "superseded", by=ENGINE, reason=reason)
        failures.close(records=superseded, how=how)


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
    amount, currency, hours = a.worth
    return failures.Trouble(
        a.legal_entity or plan.legal_entity_id, plan.route_id, a.stage if a.stage == "overlay" else "validate", problem,
        record=a.record, transaction=v.transaction, run=run, connection_id=v.destination.connection_id, amount=amount,
        currency=currency, hours=hours,
    )  # fmt: skip


def _record_troubles(plan: Plan, a: Arrival, run: UUID | None) -> list[failures.Trouble]:
    """Return the failure of a record that stopped before its destinations; the money counts once."""
    amount, currency, hours = a.worth
    return [
        failures.Trouble(
            a.legal_entity or plan.legal_entity_id, plan.route_id, a.stage, p, record=a.record, run=run,
            connection_id=plan.connection_id, amount=amount, currency=currency, hours=hours,
        )
        for p in a.problems
        if p.severity == "error"
    ][:1]  # fmt: skip


SOURCE_HEADS = """
INSERT INTO routes_sourcehead (route_id, key, record_id, version, content_hash, occurred_on, withdrawn)
SELECT %s, w.* FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::bytea[], %s::date[], %s::bool[])
    AS w(key, record_id, version, content_hash, occurred_on, withdrawn)
ON CONFLICT (route_id, key) DO UPDATE
SET record_id = excluded.record_id, version = excluded.version, content_hash = excluded.content_hash,
    occurred_on = coalesce(excluded.occurred_on, routes_sourcehead.occurred_on),
    withdrawn = excluded.withdrawn
WHERE excluded.version >= routes_sourcehead.version OR routes_sourcehead.withdrawn
"""


# Of records that this commit has written: they need not be sent once more.
NEW_SOURCE_HEADS = """
INSERT INTO routes_sourcehead (route_id, key, record_id, version, content_hash, occurred_on, withdrawn)
SELECT route_id, key, id, version, content_hash, occurred_on, false FROM routes_record WHERE id = ANY(%s::uuid[])
"""


def _source_heads(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    """Note the newest version of each key. Whoever stores a page holds its route: what was new is still new."""
    new = [hexed(a.record) for a in arrivals if a.outcome == "new"]
    if new:
        with connection.cursor() as cursor:
            cursor.execute(NEW_SOURCE_HEADS, [plain(new)])
    if len(new) < len(arrivals):
        _move_source_heads(plan, [a for a in arrivals if a.outcome != "new"])


def _move_source_heads(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    columns = [
        texts([a.key for a in arrivals]),
        plain(hexed(a.record) for a in arrivals),
        plain(a.version for a in arrivals),
        array(a.content for a in arrivals),
        plain(a.occurred_on.isoformat() if a.occurred_on else "NULL" for a in arrivals),
        plain("t" if a.outcome == "withdrawn" else "f" for a in arrivals),
    ]
    with connection.cursor() as cursor:
        cursor.execute(SOURCE_HEADS, [plan.route_id, *columns])
