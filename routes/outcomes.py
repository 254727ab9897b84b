"""Settling: what the target's answers do to effects, transactions, heads and failures. A constant number of queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from canonical.failure import Category
from canonical.problem import Problem
from connectors import gate
from connectors.models import BreakerState, Connection
from connectors.outcome import Result, WriteOutcome
from governance.actor import ENGINE, Actor
from mappings.cross_references import NewReference, ReferenceConflict, upsert
from routes import attempts, crashpoints, failures, heads, ledger, pausing, retry, stops, taken_back
from routes.bulk import arrays
from routes.claims import put_back
from routes.plan import DestinationPlan, plan
from routes.shipments import Shipment
from routes.states import State, move

Answered = tuple[Shipment, WriteOutcome]


def settle(connection: Connection, destination: DestinationPlan, answered: Sequence[Answered], *, owner: UUID) -> None:
    """Store what became of a window, in one commit."""
    by_result: dict[str, list[Answered]] = {"confirmed": [], "refused": [], "not_sent": [], "unknown": []}
    for shipment, answer in answered:
        by_result[_weighed(shipment, answer)].append((shipment, answer))
    with transaction.atomic():
        heads.lock([s.claim.head for s, _ in answered])
        confirmed(destination, by_result["confirmed"])
        refused(connection, destination, by_result["refused"], owner=owner)
        not_sent(connection, by_result["not_sent"], owner=owner)
        doubtful(connection, destination, by_result["unknown"], owner=owner)
        if connection.breaker_state != BreakerState.CLOSED and pausing.works(a for _, a in answered):
            pausing.recovered(connection)
        attempts.write_down(
            [attempts.Try(s.intent.effect, a.result, a) for s, a in answered], kind="write", connection_id=connection.pk
        )
        crashpoints.point("deliver.before_settle_commit")


def _weighed(shipment: Shipment, answer: WriteOutcome) -> str:
    """Return what an answer proves: after a doubt, a refusal of the second sending does not deny the first."""
    was_in_doubt = shipment.claim.effect is not None and shipment.claim.effect.state != "intended"
    return "unknown" if was_in_doubt and answer.result != "confirmed" else str(answer.result)


def confirmed(
    destination: DestinationPlan, answered: Sequence[Answered], *, by: Actor = ENGINE, how: str = "auto:retry_succeeded"
) -> bool:
    """The target has them: post, free the heads, tell who waits for these records; return whether that was news.

    `by` is whose word it is, the target's answer or a person's, and `how` what closes their failures.
    """
    if not answered:
        return False
    proofs = [
        ledger.Proof(s.intent.effect, a.external_id or s.external_id, a.reference, a.version) for s, a in answered
    ]
    proved = ledger.confirm(proofs)
    done = [(s, a) for s, a in answered if s.intent.effect in proved]
    halfway = [x for x in done if _goes_on(x[0])]
    whole = [x for x in done if not _goes_on(x[0])]
    _undone([s for s, _ in done if s.intent.operation == "reverse"], by)
    _move_posted(whole, by)
    _move_on(halfway, by)
    others_wait = _free_heads(whole, halfway, proved)
    failures.close(transactions=[s.claim.transaction for s, _ in done], how=how)
    _remember_ids(destination, whole)
    heads.promote(others_wait)
    return bool(done)


def _goes_on(shipment: Shipment) -> bool:
    """Whether a new version is posted after this reversal."""
    return shipment.intent.operation == "reverse" and not shipment.claim.withdraws


def _undone(reversed_: Sequence[Shipment], by: Actor) -> None:
    pairs = [(s.claim.live_transaction, s.claim.transaction) for s in reversed_ if s.claim.live_transaction]
    withdrawing = [s.claim.transaction for s in reversed_ if s.claim.withdraws]
    asked = taken_back.asked_for(withdrawing) if withdrawing else {}
    reasons = [
        f"undone at the target: {asked[by_].made_by_name} asked for it: {asked[by_].reason}"
        if by_ in asked
        else "undone at the target: the source changed it"
        for _, by_ in pairs
    ]
    undone = move([live for live, _ in pairs], frm=State.POSTED, to=State.REVERSED, by=by, reason=reasons)
    # Of what was only doubted nothing is left to be decided.
    for how, ids in _ways(pairs, set(withdrawing), set(asked)).items():
        failures.close(transactions=[id_ for id_ in ids if id_ in set(undone)], how=how)


def _ways(
    pairs: Sequence[tuple[UUID, UUID]], withdrawing: set[UUID], asked: set[UUID]
) -> dict[str, list[UUID]]:  # fmt: skip
    """Return what was undone by how that came: a person asked, the source took it back, or it changed it."""
    found: dict[str, list[UUID]] = {}
    for live, by in pairs:
        gone = "auto:source_withdrawn" if by in withdrawing else "auto:newer_version"
        found.setdefault("reversed" if by in asked else gone, []).append(live)
    return found


CONFIRMED = "confirmed by the target"
OPEN = (State.DELIVERING, State.UNKNOWN, State.FAILED)  # failed: a doubt that a person was asked about


def _move_posted(whole: Sequence[Answered], by: Actor) -> None:
    who = CONFIRMED if by is ENGINE else "found at the target"
    reasons = [f"{who}{f' as {a.reference}' if a.reference else ''}{_remark(a, by)}" for _, a in whole]
    move([s.claim.transaction for s, _ in whole], frm=OPEN, to=State.POSTED, by=by, reason=reasons)


def _move_on(halfway: Sequence[Answered], by: Actor) -> None:
    reasons = [f"reversed, to be posted anew{_remark(a, by)}" for _, a in halfway]
    move([s.claim.transaction for s, _ in halfway], frm=OPEN, to=State.READY, by=by, reason=reasons)


def _remark(answer: WriteOutcome, by: Actor) -> str:
    """Return what a person said beside the answer."""
    return f": {answer.message}" if answer.message and by is not ENGINE else ""


FREE = """
UPDATE routes_keyhead h
SET transaction_id = CASE WHEN w.goes_on THEN h.transaction_id END,
    due_at = CASE WHEN w.goes_on THEN (SELECT hub_now()) END,
    lease_owner = NULL,
    live_effect_id = w.effect_id, live_hash = w.content, live_external_id = w.external_id,
    live_payload_id = w.payload_id, live_write_key = w.write_key, live_transaction_id = w.live_transaction_id,
    generation = h.generation + w.generations, mirrored = w.mirrored,
    quiet_until = w.quiet_until
FROM unnest(%s::bigint[], %s::bool[], %s::uuid[], %s::bytea[], %s::text[], %s::uuid[], %s::text[], %s::uuid[],
            %s::int[], %s::timestamptz[], %s::uuid[], %s::bool[])
    AS w(id, goes_on, effect_id, content, external_id, payload_id, write_key, live_transaction_id, generations,
         quiet_until, transaction_id, mirrored)
WHERE h.id = w.id AND h.transaction_id = w.transaction_id
RETURNING h.id, h.waiting
"""


def _free_heads(
    whole: Sequence[Answered], halfway: Sequence[Answered], quiet: Mapping[UUID, datetime | None]
) -> list[int]:
    """Note what now stands at the target and free the heads whose transaction is at its end.

    `quiet` says until when an earlier sending of an effect may still arrive. Returns heads behind which others wait.
    """
    rows = []
    for goes_on, members in ((False, whole), (True, halfway)):
        for s, a in members:
            gone = s.intent.operation == "reverse" or s.claim.withdraws
            delta = s.intent.operation == "create" and s.claim.live_hash is not None
            rows.append(
                (s.claim.head, goes_on, None if gone else s.intent.effect, None if gone else s.claim.content,
                 "" if gone else (a.external_id or s.external_id), None if gone else s.claim.wanted,
                 "" if gone else s.intent.write_key, None if gone else s.claim.transaction, int(gone) + int(delta),
                 quiet[s.intent.effect], s.claim.transaction, s.destination.mirrored and not gone)
            )  # fmt: skip
    if not rows:
        return []
    gone_on = {s.claim.head for s, _ in halfway}
    with database.cursor() as cursor:
        cursor.execute(FREE, arrays(rows, 12))
        return [id_ for id_, waiting in cursor.fetchall() if waiting and id_ not in gone_on]


def _remember_ids(destination: DestinationPlan, whole: Sequence[Answered]) -> None:
    """Keep which id the record has there, and release what waited for it."""
    entity = plan(whole[0][0].claim.snapshot).entity if whole else ""
    if not entity or not destination.keeps_reference:
        return
    references = [
        NewReference(destination.connection_id, entity, s.claim.key, a.external_id, s.claim.legal_entity, a.reference)
        for s, a in whole
        if a.external_id and s.intent.operation != "reverse"
    ]
    first = whole[0][0].claim
    keep_references(plan(first.snapshot).route_id, first.legal_entity, references)


def keep_references(route: int, legal_entity: int, references: Sequence[NewReference]) -> None:
    """Store which id is which; who waits for these records goes on once this commit stands (routes.apps).

    One that contradicts another becomes an item of the route and of its legal entity, and keeps no other from being
    stored; the posting itself stands.
    """
    try:
        upsert(references, by=ENGINE)
    except ReferenceConflict as conflict:
        if len(references) > 1:
            ordered, middle = sorted(references, key=lambda each: each.canonical_key), len(references) // 2
            for half in (ordered[:middle], ordered[middle:]):  # in the order of their keys, as all are locked
                keep_references(route, legal_entity, half)
            return
        owner = references[0].legal_entity_id or legal_entity
        with database.cursor() as cursor:
            cursor.execute("SELECT hub_now()")
            now = cursor.fetchone()[0]
        problem = Problem("error", Category.CONFLICT, "", None, str(conflict))
        failures.write_down([failures.Trouble(owner, route, "confirm", problem)], at=now)


def refused(connection: Connection, destination: DestinationPlan, answered: Sequence[Answered], *, owner: UUID) -> None:
    """The target certainly did nothing: wait for the system, try again by itself, or ask a person."""
    if not answered:
        return
    messages = [a.message for _, a in answered]
    final = ledger.refuse([s.intent.effect for s, _ in answered], messages, owner=owner)
    mine = [(s, a) for s, a in answered if s.intent.effect in final]
    waiting = [x for x in mine if x[1].category in pausing.WAITS_FOR_SYSTEM and x[1].retry is not False]
    _leave_alone(connection, [a for _, a in mine])
    _back_to_ready(waiting, owner, "the target takes nothing at the moment")
    _retry_or_fail(connection, [x for x in mine if x not in waiting], owner)


def _back_to_ready(answered: Sequence[Answered], owner: UUID, reason: str, seconds: float = 0.0) -> None:
    ids = [s.claim.transaction for s, _ in answered]
    move(ids, frm=[State.DELIVERING, State.UNKNOWN], to=State.READY, by=ENGINE, reason=reason)
    put_back([s.claim.head for s, _ in answered], owner=owner, seconds=seconds)


def _retry_or_fail(connection: Connection, answered: Sequence[Answered], owner: UUID) -> None:
    again, over = [], []
    for s, a in answered:
        category = a.category or Category.INTERNAL
        wait = retry.delay(category, s.claim.attempts + 1, retry_after=a.retry_after, told=a.retry)
        if wait is None:
            over.append((s, a))
        else:
            again.append((s, a, wait))
    count_attempts([s.claim.transaction for s, _ in answered])
    ids = [s.claim.transaction for s, _, _ in again]
    reasons = [f"refused for now: {a.message}" for _, a, _ in again]
    move(ids, frm=[State.DELIVERING, State.UNKNOWN], to=State.RETRYING, by=ENGINE, reason=reasons)
    put_back([s.claim.head for s, _, _ in again], owner=owner, seconds=[w for _, _, w in again])
    stops.stop(connection, [(s.claim, s.destination, a) for s, a in over])


def count_attempts(transactions: Sequence[UUID]) -> None:
    """Count one more try."""
    if transactions:
        with database.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_transaction SET attempts = attempts + 1 WHERE id = ANY(%s)", [list(transactions)]
            )


def not_sent(connection: Connection, answered: Sequence[Answered], *, owner: UUID) -> None:
    """No byte left us: the same effect goes later, under the same number, or a person sees to what kept it.

    Then the effect is over: what they correct, or a newer version, is another write with bytes of its own.
    """
    if not answered:
        return
    hopeless = [(s, a) for s, a in answered if _helps_nobody(s, a)]
    words = [f"never sent: {a.message}" for _, a in hopeless]
    final = ledger.refuse([s.intent.effect for s, _ in hopeless], words, owner=owner)
    stops.stop(connection, [(s.claim, s.destination, a) for s, a in hopeless if s.intent.effect in final])
    going = [(s, a) for s, a in answered if not _helps_nobody(s, a)]
    back = ledger.take_back([s.intent.effect for s, _ in going], owner=owner)
    mine = [(s, a) for s, a in going if s.intent.effect in back]
    _leave_alone(connection, [a for _, a in mine])
    count_attempts([s.claim.transaction for s, a in mine if _broke(a)])
    seconds = max((a.retry_after for _, a in mine if a.retry_after), default=1.0)
    _back_to_ready(mine, owner, "not sent: the target could not be reached", seconds)


def _helps_nobody(shipment: Shipment, answer: WriteOutcome) -> bool:
    """Whether waiting mends nothing, or has not for long."""
    if answer.category not in pausing.MAY_PASS:
        return True
    return _broke(answer) and retry.delay(Category.TRANSIENT, shipment.claim.attempts + 1) is None


def _broke(answer: WriteOutcome) -> bool:
    """Whether a write was tried and broke off before a byte left; not one whose turn never came within its time."""
    return answer.category is Category.TRANSIENT and answer.retry is not True


def _leave_alone(connection: Connection, answers: Sequence[WriteOutcome]) -> None:
    """Leave a system alone that takes nothing at the moment, or has asked for patience."""
    for category in pausing.WAITS_FOR_SYSTEM:
        if met := [a for a in answers if a.category is category]:
            pausing.trip(connection, category, met[0].message, hint=met[0].hint)
    slower = [a.retry_after or 1.0 for a in answers if a.category is Category.THROTTLED]
    if slower:
        gate.slow_down(connection.pk, max(slower))


def doubtful(
    connection: Connection, destination: DestinationPlan, answered: Sequence[Answered], *, owner: UUID
) -> None:
    """It may or may not have happened: ask the target, send the same bytes again, or ask a person, by write class.

    What a second sending met says nothing of the first one, but where the system takes nothing, it waits for that.
    """
    _leave_alone(connection, [a for _, a in answered])
    for message in {a.message for _, a in answered}:
        group = [(s, a) for s, a in answered if a.message == message]
        in_doubt = ledger.doubt(
            [s.intent.effect for s, _ in group], settle=destination.write.settle_seconds, message=message
        )
        mine = [(s, a) for s, a in group if s.intent.effect in in_doubt]
        move(
            [s.claim.transaction for s, _ in mine], frm=State.DELIVERING, to=State.UNKNOWN, by=ENGINE,
            reason=f"no proof came back: {message}",
        )  # fmt: skip
        if destination.write.write_class == "blind":
            stops.give_to_person([(s.claim, s.intent.operation) for s, _ in mine], message)
            continue
        count_attempts([s.claim.transaction for s, a in mine if not _waits(a)])
        settle = destination.write.settle_seconds if destination.write.write_class == "look_up" else 0.0
        tries = [(s, _next_try(s, a)) for s, a in mine]
        stops.give_to_person([(s.claim, s.intent.operation) for s, wait in tries if wait is None], message)
        later = [(s.claim.head, max(settle, wait)) for s, wait in tries if wait is not None]
        put_back([head for head, _ in later], owner=owner, seconds=[wait for _, wait in later])


def _waits(answer: WriteOutcome) -> bool:
    """Whether a sending says nothing of its record: the system takes nothing at the moment, or no byte left us."""
    unsent = answer.result is Result.NOT_SENT and answer.category in pausing.MAY_PASS
    return unsent or answer.category in (*pausing.WAITS_FOR_SYSTEM, Category.THROTTLED)


def _next_try(shipment: Shipment, answer: WriteOutcome) -> float | None:
    """Return the seconds until a write in doubt is looked after again, more and more of them.

    None where a person looks at once: what says no to a second sending says no to the next one, too.
    """
    attempts = shipment.claim.attempts
    if answer.result is not Result.UNKNOWN and not _waits(answer):
        category = answer.category or Category.INTERNAL
        return retry.delay(category, attempts + 1, retry_after=answer.retry_after, told=answer.retry)
    tries = max(1, attempts if _waits(answer) else attempts + 1)
    wait = retry.delay(Category.OUTCOME_UNKNOWN, tries, retry_after=answer.retry_after)
    return retry.POLICIES[Category.OUTCOME_UNKNOWN].cap if wait is None else wait
