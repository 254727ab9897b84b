"""A dry run: what would become of stopped work if it were sent through again. All stages except deliver.

Nothing is written, moved or locked, and no system is asked: the same functions that send it through work it out here,
and the write ledger tells what the target has already. A constant number of queries for each configuration that the
work is tried with.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection

from canonical.difference import has_lines
from canonical.entities import ENTITIES
from canonical.problem import Problem
from governance.models import Version
from routes import (
    bodies,
    evaluation,
    legal_entities,
    overlays,
    periods,
    rework,
    rule_waivers,
    without_group,
    worked_out,
)
from routes.arrivals import Arrival, Verdict, decode, exact
from routes.bulk import arrays
from routes.chosen_configuration import Configuration, has_part
from routes.corrections import Live, Next, decide
from routes.models import Route, Snapshot
from routes.plan import DestinationPlan, NotReadyToRun, Plan, foreseen, plan
from routes.standing import standings
from routes.states import State
from routes.worked_out import AS_IT_IS, Begins, Start, Tried

Where = tuple[int, str, str]  # connection, write stream, key


class There(NamedTuple):
    """What the ledger says of one key at its target."""

    live_hash: bytes | None = None  # of what stands there
    live_transaction: UUID | None = None
    generation: int = 0
    head: UUID | None = None  # the transaction that is to go first
    reference: str = ""  # of what stands there
    external_id: str = ""
    last_number: int = 0  # of the last operation on the key
    last_state: str = ""
    last_hash: bytes | None = None
    last_body: str = ""  # of the last operation
    live_body: str = ""  # of what stands there


class Foreseen(msgspec.Struct):
    """What would become of one transaction, or of a record at one destination."""

    record: UUID
    transaction: UUID | None  # None: it would be a new one
    legal_entity: int
    key: str
    entity: str = ""  # canonical
    state: State | None = None  # where it would stand; None where it cannot be tried
    was: str = ""  # where it stands now
    misfit: str = ""  # why the configuration does not fit
    begins: Begins = Begins.SOURCE
    made: Plan | None = None
    content: dict[str, Any] = {}  # the configuration that was tried
    then: dict[str, Any] = {}  # the one of the last time; empty where there was none
    destination: DestinationPlan | None = None
    problems: Sequence[Problem] = ()
    reason: str = ""
    body: str = ""  # as it would be sent
    last: str = ""  # what was last sent of its key, else what was made last
    sent: bool = False  # whether `last` was sent
    content_hash: bytes | None = None
    rows: Sequence[int] = ()  # of tables, that it was tried with
    rows_then: Sequence[int] = ()  # that it was made with the last time
    withdraws: bool = False
    step: Next | None = None
    there: There = There()
    behind: bool = False  # another version of its key goes first
    in_doubt: bool = False
    in_closed_period: bool = False
    amount: Decimal | None = None
    currency: str = ""
    hours: Decimal | None = None


def transactions(
    ids: Sequence[UUID], *, start: Start, configuration: Configuration, tried: Tried = AS_IT_IS, brief: bool = False
) -> list[Foreseen]:
    """Return what would become of transactions, in no order; of those that cannot be tried only how they stand.

    Where the answer may be `brief` it is not told beside what was sent or made the last time.
    """
    rows = worked_out.load(ids, as_then=configuration == "then", start=start) if ids else []
    snapshots = {row["snapshot"] for row in rows}
    thens = dict(Snapshot.objects.filter(pk__in=snapshots).values_list("pk", "content"))
    found: list[Foreseen] = []
    groups: dict[tuple[int, int | None, dt.datetime | None], list[tuple[Foreseen, dict[str, Any]]]] = {}
    for row in rows:
        seen = Foreseen(
            row["record_id"], row["id"], row["legal_entity"], row["key"], was=row["state"], in_doubt=row["in_doubt"],
            then=thens.get(row["snapshot"], {}), withdraws=row["withdraws"],
            amount=row["amount"], currency=row["currency"], hours=row["hours"],
            content_hash=bytes(row["request_hash"]) if row["request_hash"] else None,
        )  # fmt: skip
        found.append(seen)
        then = (row["snapshot"], row["worked_out_at"]) if configuration == "then" else (None, None)
        groups.setdefault((row["route"], *then), []).append((seen, row))
    routes = Route.objects.in_bulk({row["route"] for row in rows})
    for (route, snapshot, as_of), members in groups.items():
        _try_group(routes[route], snapshot, as_of, members, start, configuration, tried)
    _compare(found, brief=brief)
    if not brief:
        _tell_last(found, {row["id"]: (row["canonical"], row["request"]) for row in rows})
    return found


def _try_group(
    route: Route, snapshot: int | None, as_of: dt.datetime | None, members: Sequence[tuple[Foreseen, dict[str, Any]]],
    start: Start, configuration: Configuration, tried: Tried,
) -> None:  # fmt: skip
    try:
        if snapshot is not None:
            made, content = plan(snapshot), members[0][0].then
        else:
            made, content = _configured(route, configuration)
    except NotReadyToRun as error:
        for seen, _ in members:
            seen.entity, seen.misfit = route.canonical_entity, str(error)
        return
    destinations = {d.id: d for d in made.destinations}
    begun: list[tuple[Foreseen, dict[str, Any]]] = []
    remade = isinstance(configuration, Version)
    for seen, row in members:
        seen.made, seen.content, seen.entity = made, content, made.entity
        seen.destination = destinations.get(row["destination"])
        seen.misfit = _misfit(seen, configuration)
        if seen.misfit or not worked_out.can_go_on(row) or seen.destination is None:
            continue
        seen.begins = worked_out.begins(row, start, seen.destination, remade=remade)
        if seen.begins is Begins.REQUEST:
            seen.state, seen.content = State.READY, seen.then
        else:
            begun.append((seen, row))
    pairs = worked_out.worked_out(
        made,
        [row for _, row in begun],
        as_of=as_of,
        start=start,
        tried=tried,
        remade=remade,
    )
    for (seen, _), (arrival, verdict) in zip(begun, pairs, strict=True):
        _settle(seen, arrival, verdict)


def _configured(route: Route, configuration: Configuration) -> tuple[Plan, dict[str, Any]]:
    return foreseen(route, configuration if isinstance(configuration, Version) else None)


def _misfit(seen: Foreseen, configuration: Configuration) -> str:
    """Return in words why a configuration says nothing of a transaction; "" where it does."""
    if seen.destination is None:
        return "The route no longer has the destination that this goes to. Take the configuration of then."
    if isinstance(configuration, Version) and not has_part(configuration, seen.content, seen.destination.id):
        return f"The mapping “{configuration.object_key}” has no part in this: its route uses other mappings."
    return ""


def _settle(seen: Foreseen, arrival: Arrival, verdict: Verdict) -> None:
    seen.state, seen.reason = verdict.state, verdict.reason
    seen.problems = verdict.problems
    seen.body, seen.withdraws = verdict.body, verdict.withdraws
    if arrival.hits or verdict.hits:
        seen.rows = (*arrival.hits, *verdict.hits)
    seen.content_hash = verdict.content or None
    seen.legal_entity = arrival.legal_entity or seen.legal_entity
    if not verdict.withdraws:
        seen.amount, seen.currency, seen.hours = arrival.worth


RECORDS = """
SELECT r.id, r.route_id, r.legal_entity_id, r.key, r.version, r.content_hash, r.correlation_id, r.outcome, p.body,
       r.changed_at, r.state, h.withdrawn, h.version AS newest, r.amount, r.currency, r.hours
FROM routes_record r LEFT JOIN LATERAL routes_body(r.source_payload_id) p ON true
LEFT JOIN routes_sourcehead h ON h.route_id = r.route_id AND h.key = r.key
WHERE r.id = ANY(%s)
"""


def records(
    ids: Sequence[UUID], *, configuration: Configuration, tried: Tried = AS_IT_IS, brief: bool = False
) -> list[Foreseen]:
    """Return what would become of records that stopped before a destination was chosen, one for each destination.

    They never had a configuration, so there is none "as then": that of now counts. `brief` as with transactions.
    """
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(RECORDS, [list(ids)])
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found: list[Foreseen] = []
    routes = Route.objects.in_bulk({row["route_id"] for row in rows})
    for route in routes.values():
        found += _records_of(route, [row for row in rows if row["route_id"] == route.pk], configuration, tried)
    _compare(found, brief=brief)
    if not brief:
        _tell_last(found, {})
    return found


def _records_of(
    route: Route, rows: Sequence[dict[str, Any]], configuration: Configuration, tried: Tried
) -> list[Foreseen]:
    plain = {row["id"]: _of_record(route, row) for row in rows}
    try:
        made, content = _configured(route, configuration)
    except NotReadyToRun as error:
        for seen in plain.values():
            seen.misfit = str(error)
        return list(plain.values())
    found: list[Foreseen] = []
    arrivals = []
    for row in rows:
        seen = plain[row["id"]]
        seen.made, seen.content = made, content
        if row["state"] != "failed" or _overtaken(made, row):
            seen.was = "superseded" if row["state"] == "failed" else row["state"]
            found.append(seen)
            continue
        arrival = Arrival(
            decode(row["body"] or "{}"), row["body"] or "", bytes(row["content_hash"]), row["key"], row["version"],
            row["outcome"], record=row["id"],
        )  # fmt: skip
        arrival.changed_at = row["changed_at"]
        if row["outcome"] == "unreadable":
            seen.state, seen.reason = State.FAILED, "It cannot be read as it came: correct it at the source."
            found.append(seen)
        else:
            arrivals.append(arrival)
    alone = without_group.foreseen(made, arrivals)
    for record, reason in alone.items():
        plain[record].state, plain[record].reason = State.FAILED, reason
        found.append(plain[record])
    arrivals = [each for each in arrivals if each.record not in alone]
    _evaluate(made, arrivals, tried)
    for arrival in arrivals:
        found += _places(plain[arrival.record], arrival)
    return found


def _of_record(route: Route, row: dict[str, Any]) -> Foreseen:
    return Foreseen(
        row["id"], None, row["legal_entity_id"], row["key"], route.canonical_entity, was=row["state"],
        amount=row["amount"], currency=row["currency"], hours=row["hours"],
    )  # fmt: skip


def _overtaken(made: Plan, row: dict[str, Any]) -> bool:
    newer = row["newest"] is not None and row["version"] < row["newest"]
    return newer and (row["withdrawn"] or not made.in_order)


def _evaluate(made: Plan, arrivals: Sequence[Arrival], tried: Tried) -> None:
    if not arrivals:
        return
    passes = rule_waivers.of_records([each.record for each in arrivals])
    for arrival in arrivals:
        arrival.waived = passes.get(arrival.record, frozenset())
    evaluation.normalise(made, arrivals, entities=legal_entities.by_code())
    overlays.apply(made, arrivals, taking=tried.taking, more=tried.corrections)
    placed = standings(made, arrivals)
    evaluation.evaluate(made, arrivals, standing=lambda a: placed.get(a.key, {}))


def _places(seen: Foreseen, arrival: Arrival) -> list[Foreseen]:
    """Return what becomes of a record at each destination; one alone where none is chosen."""
    seen.legal_entity = arrival.legal_entity or seen.legal_entity
    seen.amount, seen.currency, seen.hours = evaluation.money(arrival)
    if arrival.failed or not arrival.verdicts:
        seen.state = State.FAILED if arrival.failed else State.FILTERED
        seen.problems = list(arrival.problems)
        seen.reason = " or ".join(f"“{each}”" for each in arrival.not_chosen.values())
        return [seen]
    found = []
    for verdict in arrival.verdicts:
        place = Foreseen(
            seen.record, None, seen.legal_entity, verdict.key, seen.entity, was=seen.was, made=seen.made,
            content=seen.content, destination=verdict.destination,
        )  # fmt: skip
        _settle(place, arrival, verdict)
        found.append(place)
    return found


LEDGER = """
SELECT w.connection_id, w.object, w.key, h.live_hash, h.live_transaction_id, coalesce(h.generation, 0),
       h.transaction_id, coalesce(le.reference, ''), coalesce(le.external_id, ''), coalesce(n.number, 0),
       coalesce(n.state, ''), n.payload_hash, {bodies}
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS w(connection_id, object, key)
LEFT JOIN routes_keyhead h ON h.connection_id = w.connection_id AND h.object = w.object AND h.key = w.key
LEFT JOIN routes_effect le ON le.id = h.live_effect_id
LEFT JOIN LATERAL (
    SELECT e.number, e.state, e.payload_id, e.payload_hash FROM routes_effect e
    WHERE e.connection_id = w.connection_id AND e.object = w.object AND e.key = w.key
    ORDER BY e.number DESC LIMIT 1) n ON true
"""
BRIEFLY = "'', ''"
WITH_BODIES = """
coalesce((SELECT p.body FROM routes_body(n.payload_id) p), ''),
coalesce((SELECT p.body FROM routes_body(h.live_payload_id) p), '')
"""


def _ledger(wanted: Collection[Where], *, brief: bool) -> dict[Where, There]:
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LEDGER.format(bodies=BRIEFLY if brief else WITH_BODIES), arrays(sorted(wanted), 3))
        return {
            (row[0], row[1], row[2]): There._make((_bytes(row[3]), *row[4:11], _bytes(row[11]), *row[12:]))
            for row in cursor.fetchall()
        }


def _bytes(found: Any) -> bytes | None:
    return None if found is None else bytes(found)


def _compare(found: Iterable[Foreseen], *, brief: bool) -> None:
    """Put beside each what its target has already, and what the next step is."""
    placed = [(seen, seen.destination) for seen in found if seen.destination is not None]
    there = _ledger({(to.connection_id, to.stream, seen.key) for seen, to in placed}, brief=brief)
    for seen, to in placed:
        seen.there = there[to.connection_id, to.stream, seen.key]
        seen.behind = seen.there.head not in (None, seen.transaction)
        if seen.state in (State.READY, State.HELD) and (seen.withdraws or seen.content_hash is not None):
            seen.step = _step(seen, to)
    _look_at_periods([(seen, to) for seen, to in placed if seen.state is State.READY])


def _tell_last(found: Iterable[Foreseen], made: dict[UUID, tuple[UUID | None, UUID | None]]) -> None:
    """Put beside each what was last sent or made; `made` has what each is kept as: in our words, and as a request.

    What goes once more is what was made then, and of what is corrected by a further posting only the difference goes.
    """
    kept = bodies.read(id_ for ids in made.values() for id_ in ids if id_)
    for seen in found:
        canonical, own = made.get(seen.transaction, (None, None)) if seen.transaction else (None, None)
        seen.rows_then = kept[canonical].hits if canonical in kept else ()
        if seen.destination is None:
            continue
        request = str(kept[own]) if own in kept else ""
        if own in kept:
            seen.rows_then = (*seen.rows_then, *kept[own].hits)
        if seen.begins is Begins.REQUEST:
            seen.body, seen.rows = request, seen.rows_then
        seen.sent = bool(seen.there.last_body)
        seen.last = seen.there.last_body or request
        if seen.step is Next.DELTA and seen.destination.delta_fields and not has_lines(ENTITIES[seen.entity]):
            seen.body = _difference(seen, seen.destination)


def _difference(seen: Foreseen, to: DestinationPlan) -> str:
    """Return the bytes of a further posting: what is wanted less what stands there, in the fields declared for it."""
    stands = decode(seen.there.live_body or "{}")
    wanted = dict.fromkeys(to.delta_fields, Decimal(0)) if seen.withdraws else {}
    return exact(rework.difference(decode(seen.body or seen.there.live_body or "{}") | wanted, stands, to.delta_fields))


def _step(seen: Foreseen, to: DestinationPlan) -> Next:
    live = Live(seen.there.live_hash) if seen.there.live_hash is not None else None
    return decide(live=live, wanted=None if seen.withdraws else seen.content_hash, correction=to.correction)


def _look_at_periods(placed: Sequence[tuple[Foreseen, DestinationPlan]]) -> None:
    """Mark corrections of what was posted into a period that is closed by now: they wait for a second person."""
    pairs = [
        (seen.transaction, seen.there.live_transaction) for seen, to in placed
        if to.posting_date and seen.transaction and seen.there.live_transaction
        and seen.step in (Next.UPDATE, Next.REVERSE, Next.DELTA)
    ]  # fmt: skip
    locked = periods.locked([(own, live) for own, live in pairs if own and live])
    for seen, _ in placed if locked else ():
        seen.in_closed_period = seen.transaction in locked


__all__ = ["Configuration", "Foreseen", "records", "transactions"]
