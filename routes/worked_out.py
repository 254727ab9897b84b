"""Working stopped work out again, from its stored bodies: what would be sent now, and what would stop it.

Nothing is stored, moved or sent here: `routes.reprocess` stores what comes out, `routes.dry_run` shows it.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from canonical.failure import Category
from canonical.problem import Problem
from routes import belonging, bodies, evaluation, legal_entities, overlays
from routes.arrivals import Arrival, Verdict, decode
from routes.bulk import array
from routes.chosen_configuration import AS_THEN
from routes.plan import DestinationPlan, Plan
from routes.states import State

STOPPED = (State.PARKED, State.HELD, State.FAILED)
AGAIN = (*STOPPED, State.WAIVED)  # what a person may send through; nothing else takes up what was waived


class Start(StrEnum):
    """Where a resubmission begins."""

    SOURCE = "source"  # with the body as it was received
    FAILED_STAGE = "failed_stage"  # what the stages before the one that stopped it have made is used as it is


class Begins(StrEnum):
    """The body with which one transaction begins."""

    SOURCE = "source"
    CANONICAL = "canonical"
    REQUEST = "request"  # the bytes that were refused go once more; no mapping and no rule is asked


@dataclass(frozen=True, slots=True)
class Tried:
    """What a person tries without keeping it."""

    taking: Collection[UUID] = ()  # records of which they would take what the source says, against a correction
    # right values, by key of the record and field
    corrections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


AS_IT_IS = Tried()
LOAD = """
SELECT t.id, t.record_id, r.route_id AS route, t.snapshot_id AS snapshot, t.destination_id AS destination,
       t.key, t.version, t.state, t.legal_entity_id AS legal_entity, t.withdraws, r.key AS record_key,
       r.correlation_id AS correlation, r.canonical_payload_id AS canonical, r.source_payload_id AS source,
       CASE WHEN %s THEN coalesce((
            SELECT max(x.at) FROM routes_transition x WHERE x.subject_id = t.id AND x.to_state = 'normalised'
            AND x.reason NOT LIKE %s), t.created_at) END AS worked_out_at,
       t.request_payload_id AS request, t.request_hash AS request_hash, t.amount, t.currency, t.hours,
       CASE WHEN %s THEN (
            SELECT f.stage FROM routes_failure f WHERE f.transaction_id = t.id AND f.closed_at IS NULL
            ORDER BY f.opened_at DESC, f.id DESC LIMIT 1) END AS stage,
       nullif(ARRAY(SELECT w.rule FROM routes_rulewaiver w WHERE w.record_id = r.id), '{}') AS waived,
       EXISTS (SELECT FROM routes_overlay o WHERE o.route_id = r.route_id AND o.key = r.key) AS corrected,
       EXISTS (SELECT FROM routes_effectlink l JOIN routes_effect e ON e.id = l.effect_id
               WHERE l.transaction_id = t.id AND e.state IN ('sent', 'unknown')) AS in_doubt
FROM routes_transaction t
JOIN routes_record r ON r.id = t.record_id
WHERE t.id = ANY(%s::uuid[]) AND r.id = ANY(ARRAY(SELECT record_id FROM routes_transaction WHERE id = ANY(%s::uuid[])))
"""


def load(ids: Sequence[UUID], *, as_then: bool, start: Start = Start.SOURCE) -> list[dict[str, Any]]:
    """Return transactions with the ids of the bodies that they are worked out from. One query.

    The `stage` at which each has stopped is told only where one begins with that.
    `worked_out_at` is told only `as_then`, for tables as they were: it is looked for in each month there is. The ids of
    the records say in which months these lie; by the join alone, many of them have all records there are read through.
    """
    wanted = array(ids)
    with connection.cursor() as cursor:
        cursor.execute(LOAD, [as_then, f"{AS_THEN}%", start is Start.FAILED_STAGE, wanted, wanted])
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def can_go_on(row: dict[str, Any]) -> bool:
    """Tell whether a loaded transaction is stopped, or waived, and none of its writes is in doubt."""
    return row["state"] in AGAIN and not row["in_doubt"]


def begins(row: dict[str, Any], start: Start, destination: DestinationPlan, *, remade: bool = False) -> Begins:
    """Return with which body a loaded transaction begins.

    Whatever a person has corrected begins with the source, so that the correction is laid over it once more. What a
    switched-off destination would get is worked out, so that it is held there. `remade` is what goes with a version
    that somebody chose: bytes that were made with another one do not go.
    """
    if start is Start.SOURCE or row["withdraws"] or row["corrected"]:
        return Begins.SOURCE
    whole = row["request"] is not None and row["state"] != State.HELD  # held → ready would read as an approval
    if row["stage"] in ("deliver", "confirm") and whole and destination.enabled and not remade:
        return Begins.REQUEST
    return Begins.CANONICAL if row["stage"] in ("validate", "translate", "deliver", "confirm") else Begins.SOURCE


def worked_out(
    made: Plan, rows: Sequence[dict[str, Any]], *, as_of: dt.datetime | None, start: Start = Start.SOURCE,
    tried: Tried = AS_IT_IS, remade: bool = False,
) -> list[tuple[Arrival, Verdict]]:  # fmt: skip
    """Return what becomes of loaded transactions, none of which begins with its request, by the plan's destinations.

    `as_of` reads tables as they were then; `tried` is what a person only tries. A constant number of queries for each
    destination.
    """
    destinations = {d.id: d for d in made.destinations}
    begun = [(row, destinations[row["destination"]]) for row in rows]
    pairs = _pairs(made, [(row, to, begins(row, start, to, remade=remade)) for row, to in begun])
    _normalise_again(made, [(a, v) for a, v in pairs if not v.withdraws and a.raw], as_of)
    said = [arrival.canonical for arrival, _ in pairs]
    unasked = {a.record for a, v in pairs if v.withdraws}  # to take something back nobody needs its right value
    overlays.apply(made, [a for a, _ in pairs], as_of=as_of, taking=unasked | set(tried.taking), more=tried.corrections)
    belonging.stop_strangers(
        made, pairs, {v.transaction: before for (a, v), before in zip(pairs, said, strict=True) if a.corrected}
    )
    _hold_moved([(a, v) for a, v in pairs if v.withdraws])
    for destination in made.destinations:
        mine = [
            (a, v) for a, v in pairs
            if v.destination is destination and not v.withdraws and not a.failed and v.state is State.RECEIVED
        ]  # fmt: skip
        if mine:
            evaluation.translate(made, destination, mine, as_of=as_of)
    evaluation.hold_while_off([v for _, v in pairs])
    for arrival, verdict in pairs:
        if arrival.failed:
            verdict.state, verdict.problems = State.FAILED, list(arrival.problems)
            verdict.reason = arrival.problems[0].message
    return pairs


def _hold_moved(withdrawals: Sequence[tuple[Arrival, Verdict]]) -> None:
    """A withdrawal that was moved into another period needs a second person, as any posting does."""
    for arrival, verdict in withdrawals:
        if verdict.destination.posting_date in arrival.corrected:
            verdict.state = State.HELD
            verdict.reason = evaluation.MOVED.format(verdict.destination.posting_date.replace("_", " "))
            verdict.waits_for = ("approval", str(verdict.transaction))


def _normalise_again(made: Plan, pairs: Sequence[tuple[Arrival, Verdict]], as_of: dt.datetime | None) -> None:
    """Map the stored source bodies with this configuration's mapping, which may be another than when they came."""
    arrivals = [a for a, _ in pairs]
    if arrivals:
        evaluation.normalise(made, arrivals, entities=legal_entities.by_code(), as_of=as_of)


def _pairs(
    made: Plan, begun: Sequence[tuple[dict[str, Any], DestinationPlan, Begins]]
) -> list[tuple[Arrival, Verdict]]:
    """Return loaded transactions as arrivals with the bodies that they begin with. At most four queries.

    What was made of a record then is read only where it is not made anew of what the source sent.
    """
    # Grouped records are made of canonical values; what is read or pushed is kept as it came.
    maps = made.normalise is not None and made.upstream_id is None
    sources = [row["source"] if maps and begins_with is Begins.SOURCE else None for row, _, begins_with in begun]
    kept = bodies.read(id_ for id_ in sources if id_)
    said = [decode(found.content) if id_ and (found := kept.get(id_)) else None for id_ in sources]
    # What the source sent may be kept no more, or be nothing; and what takes something back is that of then.
    made_then = [row for (row, _, _), raw in zip(begun, said, strict=True) if row["withdraws"] or not raw]
    then = bodies.read(row["canonical"] for row in made_then if row["canonical"])
    pairs = []
    for (row, destination, _), raw in zip(begun, said, strict=True):
        arrival = Arrival(raw or {}, "", b"", row["record_key"], row["version"], record=row["record_id"])
        arrival.canonical = {}
        if row["withdraws"] or not raw:
            found = then.get(row["canonical"])
            arrival.hits = found.hits if found else ()
            needed = raw is None and not row["withdraws"]
            _read_canonical(arrival, made.entity, found.content if found else b"{}", needed=needed)
            arrival.worth = evaluation.money(arrival)
        arrival.legal_entity, arrival.correlation = row["legal_entity"], row["correlation"]
        arrival.waived = frozenset(row["waived"] or ())
        verdict = Verdict(destination, State.RECEIVED, State.NORMALISED, row["key"], "", transaction=row["id"])
        if row["withdraws"]:
            verdict.withdraws, verdict.state, verdict.reached = True, State.READY, State.VALIDATED
            verdict.reason = "what stands at the target is taken back"
        pairs.append((arrival, verdict))
    return pairs


def _read_canonical(arrival: Arrival, entity: str, body: bytes, *, needed: bool) -> None:
    """Read what was made then, in place. Where the model has changed so that it cannot be, the source has it still."""
    arrival.canonical_body = body.decode()
    try:
        arrival.canonical = codec.loads(ENTITIES[entity], body)
    except ValueError as error:
        arrival.canonical_body = ""
        if needed:
            told = f"What was made of it then cannot be used any more. {error}"
            remedy = "Send it from the start, with what the source sent."
            arrival.problems.append(Problem("error", Category.SHAPE, "", None, f"{told} {remedy}"))
