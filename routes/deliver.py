"""Delivering: claim due heads, write effects down, send, settle.

A consignment is taken, sent and its answers taken in (`routes.receipts`). For heads a batch is three commits around the
outside call: the claim with its effects, the mark "sent" just before the bytes
leave (one with the claim where a repeat is harmless), and the outcomes. A process may die between any two of them:
what it owned comes up again when the lease ends, and its effect's state says what may have happened.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection as database
from django.db import transaction

from connectors import gate
from connectors.models import Connection
from connectors.outcome import WriteRequest
from governance import keys
from governance.actor import ENGINE
from governance.identifiers import new_id
from routes import (
    ask,
    bodies,
    claims,
    consignments,
    corrections,
    crashpoints,
    ledger,
    periods,
    receipts,
    rework,
    sending,
    settling,
    stops,
    taken_back,
    unforeseen,
)
from routes.claims import Claim, put_back
from routes.consignments import Consignment
from routes.corrections import Live, Next
from routes.plan import DestinationPlan, plan
from routes.shipments import Shipment, again, destination_of, groups_others, send
from routes.states import State, move

DUE = """
SELECT connection_id, lane, object FROM routes_keyhead WHERE due_at <= (SELECT hub_now())
UNION SELECT connection_id, lane, object FROM routes_consignment
WHERE NOT set_apart AND (owner IS NULL OR due_at <= (SELECT hub_now()))
"""
MORE = """
(SELECT 1 FROM routes_consignment
 WHERE connection_id = %(connection)s AND lane = %(lane)s AND object = %(stream)s
   AND NOT set_apart AND (owner IS NULL OR due_at <= (SELECT hub_now())) LIMIT 1)
UNION ALL
(SELECT 1 FROM routes_keyhead
 WHERE connection_id = %(connection)s AND lane = %(lane)s AND object = %(stream)s AND due_at <= (SELECT hub_now())
 LIMIT 1)
"""
LATE = """
(SELECT 1 FROM routes_consignment
 WHERE connection_id = %(connection)s AND lane = %(lane)s AND object = %(stream)s
   AND NOT set_apart
   AND due_at <= (SELECT hub_now()) + make_interval(secs => CASE WHEN owner IS NULL THEN %(lease)s - 1 ELSE 0 END)
 LIMIT 1)
UNION ALL
(SELECT 1 FROM routes_keyhead
 WHERE connection_id = %(connection)s AND lane = %(lane)s AND object = %(stream)s
   AND due_at <= (SELECT hub_now()) - interval '1 second' LIMIT 1)
"""
ALONE_SECONDS = 10.0  # that a call delivers head by head after something unforeseen
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Delivered:
    """What one round did."""

    claimed: int
    more: bool  # there may be more due now
    closed: str = ""  # why the connection takes no work now
    wait: float = 0.0  # seconds until it may take work again; 0: nobody knows


def deliver(*, connection_id: int, lane: str, stream: str) -> Delivered:
    """Do one batch of a write stream's lane. Safe to call from any number of workers at once.

    Where it meets something unforeseen, a person hears of it and the lane keeps its place.
    """
    try:
        return _admitted(connection_id, lane, stream)
    except unforeseen.OUTAGES:
        raise
    except Exception as error:
        log.exception("unforeseen in lane %s to connection %s, stream %s", lane, connection_id, stream)
        with transaction.atomic():
            unforeseen.put_off(connection_id, lane, stream, owner=None, error=error)
        return Delivered(0, False)


def _admitted(connection_id: int, lane: str, stream: str) -> Delivered:
    if not _is_more(connection_id, lane, stream):
        return Delivered(0, False)
    keys.require_usable()  # else it would be found out once the effects are written down as on their way
    owner = uuid4()
    wanted = settings.DELIVERY_BATCH
    admission = gate.admit(connection_id, wanted, owner, stream=stream, at_once=settings.DELIVERY_AT_ONCE)
    if not admission.allowed:
        if admission.reason != "concurrency":  # it may take a while: what waits is shown as what it is
            _unpack_waiting(connection_id, stream)
        until = admission.wait_until
        wait = max(0.0, (until - gate.database_now()).total_seconds()) if until else 0.0
        return Delivered(0, False, admission.reason, wait)
    try:
        done = _deliver(connection_id, lane, stream, owner, admission)
        gate.give_back(admission, stream, sent=done.claimed)
        return done
    except unforeseen.OUTAGES:
        raise
    except Exception:
        log.exception("unforeseen with a batch of lane %s to connection %s: each goes alone", lane, connection_id)
        with transaction.atomic():
            consignments.unpack_of(owner)
        unforeseen.give_back(connection_id, lane, stream, owner=owner)
        return _each_alone(connection_id, lane, stream, admission)
    finally:
        gate.release(admission, owner)


def _deliver(connection_id: int, lane: str, stream: str, owner: UUID, admission: gate.Admission) -> Delivered:
    if admission.allowed < settings.DELIVERY_BATCH:
        _unpack_waiting(connection_id, stream)
    began = time.monotonic()
    with transaction.atomic():
        late = consignments.unpack_late(connection_id=connection_id, stream=stream)
        found = None if late else _take(connection_id, lane, stream, owner, admission.allowed)
        if found is not None:
            crashpoints.point("deliver.before_claim_commit")
    if found is not None:
        crashpoints.point("deliver.after_claim")
        _carry(found, admission, owner, began)
        return Delivered(len(found.bill.items), _is_more(connection_id, lane, stream))
    with transaction.atomic():
        taken = _claim(connection_id, lane, stream, owner, admission.allowed)
        shipments = _write_down(connection_id, _certain(taken, owner), owner)
        crashpoints.point("deliver.before_claim_commit")
    crashpoints.point("deliver.after_claim")
    _carry_out(connection_id, shipments, _doubtful(taken), owner, began, len(admission.slots))
    return Delivered(len(taken), bool(taken) and _is_more(connection_id, lane, stream))


def _is_more(connection_id: int, lane: str, stream: str) -> bool:
    """Return whether anything of a stream is due now: the cheaper question, before another admission."""
    with database.cursor() as cursor:
        cursor.execute(MORE, {"connection": connection_id, "lane": lane, "stream": stream})
        return cursor.fetchone() is not None


def is_late(connection_id: int, lane: str, stream: str) -> bool:
    """Return whether something of a stream has been due for a while, and nobody has come for it."""
    with database.cursor() as cursor:
        cursor.execute(
            LATE, {"connection": connection_id, "lane": lane, "stream": stream, "lease": settings.LEASE_SECONDS}
        )
        return cursor.fetchone() is not None


def _unpack_waiting(connection_id: int, stream: str) -> None:
    with transaction.atomic():
        consignments.unpack_waiting(connection_id=connection_id, stream=stream)


def _take(connection_id: int, lane: str, stream: str, owner: UUID, limit: int) -> Consignment | None:
    return consignments.take(connection_id=connection_id, lane=lane, stream=stream, owner=owner, limit=limit)


def _carry(found: Consignment, admission: gate.Admission, owner: UUID, began: float) -> None:
    """Send a consignment and take in what the target answers."""
    made = plan(found.bill.snapshot)
    to = next(d for d in made.destinations if d.id == found.destination)
    connection = Connection.objects.select_related("legal_entity").get(pk=found.connection_id)
    # A request that starts later than half the lease could end after it; the socket refuses its first byte.
    deadline = began + settings.LEASE_SECONDS / 2
    operation = "upsert" if to.write.upserts else "create"
    requests = [
        WriteRequest(operation, i.key, i.idempotency_key, body, None, deadline)
        for i, body in zip(found.bill.items, bodies.contents([i.payload for i in found.bill.items]), strict=True)
    ]
    crashpoints.point("deliver.after_mark_sent")
    answers = send(connection, to, requests, len(admission.slots))
    crashpoints.point("deliver.after_send")
    gate.free_slots(admission, owner)
    receipts.settle(connection, made, to, found, answers, owner=owner)
    crashpoints.point("deliver.after_settle")


def _each_alone(connection_id: int, lane: str, stream: str, admission: gate.Admission) -> Delivered:
    """Deliver head by head for a while: what spoils a batch waits for people, the others go on."""
    until = time.monotonic() + ALONE_SECONDS
    claimed = spoilt = 0
    while claimed < admission.allowed and time.monotonic() < until:
        began, owner = time.monotonic(), uuid4()
        with transaction.atomic():
            taken = _claim(connection_id, lane, stream, owner, 1)
        if not taken:
            return Delivered(claimed, False)
        claimed += 1
        try:
            with transaction.atomic():
                shipments = _write_down(connection_id, _certain(taken, owner), owner)
            _carry_out(connection_id, shipments, _doubtful(taken), owner, began, 1)
        except unforeseen.OUTAGES:
            raise
        except Exception as error:
            log.exception("unforeseen with head %s", taken[0].head, extra={"transaction": taken[0].transaction})
            spoilt += 1
            if spoilt == claimed and spoilt > unforeseen.MOST:
                raise  # it is not the heads: the lane waits
            with transaction.atomic():
                unforeseen.put_off(connection_id, lane, stream, owner=owner, error=error)
    return Delivered(claimed, True)


def _claim(connection_id: int, lane: str, stream: str, owner: UUID, limit: int) -> list[Claim]:
    lease = settings.LEASE_SECONDS
    return claims.claim(connection_id=connection_id, lane=lane, stream=stream, owner=owner, limit=limit, lease=lease)


def _doubtful(taken: Sequence[Claim]) -> list[Claim]:
    return [c for c in taken if c.effect is not None and c.effect.state != "intended"]


def _certain(taken: Sequence[Claim], owner: UUID) -> list[Claim]:
    """Return the claims that may be sent; keys at whose target an earlier request may still arrive are put back."""
    certain = [c for c in taken if c.effect is None or c.effect.state == "intended"]
    quiet = settling.quiet([c.head for c in certain if c.quiet_until is not None])
    put_back(list(quiet), owner=owner, seconds=list(quiet.values()))
    return [c for c in certain if c.head not in quiet]


def _carry_out(
    connection_id: int, shipments: Sequence[Shipment], doubtful: Sequence[Claim], owner: UUID, began: float, slots: int
) -> None:
    if not shipments and not doubtful:
        return
    connection = Connection.objects.get(pk=connection_id)
    sending.send_all(connection, shipments, owner=owner, began=began, concurrency=slots)
    if doubtful:
        deadline = began + settings.LEASE_SECONDS / 2
        ask.settle_doubtful(connection, doubtful, owner=owner, deadline=deadline, concurrency=slots)


def _write_down(connection_id: int, claimed: Sequence[Claim], owner: UUID) -> list[Shipment]:
    """Decide the next operation of each claim and write its effect down; end those that need none."""
    shipments, nothing, never_posted, for_people, too_late = [], [], [], [], []
    locked = _in_closed_periods(claimed)
    fused: list[ledger.Intent] = []
    intended: list[ledger.Intent] = []
    for claim in claimed:
        destination = destination_of(claim)
        if claim.effect is not None:  # intended before a crash: nothing was sent, the same number goes
            shipments.append(again(connection_id, claim, destination))
            continue
        step = corrections.decide(
            live=Live(claim.live_hash) if claim.live_hash is not None else None,
            wanted=claim.wants,
            correction=_way_back(claim, destination),
        )
        if step is Next.NOTHING:
            nothing.append(claim)
        elif step is Next.NEVER_POSTED:
            never_posted.append(claim)
        elif step is Next.PERSON:
            for_people.append((claim, destination))
        elif claim.transaction in locked:
            too_late.append((claim, destination))
        else:
            shipment = _ship(connection_id, claim, destination, step)
            shipments.append(shipment)
            (fused if destination.write.write_class == "idempotent" else intended).append(shipment.intent)
    unmade = rework.prepare(shipments)
    if unmade:
        stops.cannot_be_made([(s.claim, s.destination, unmade[s.intent.effect]) for s in shipments
                              if s.intent.effect in unmade])  # fmt: skip
        shipments = [s for s in shipments if s.intent.effect not in unmade]
        fused, intended = ([i for i in each if i.effect not in unmade] for each in (fused, intended))
    rework.link_collected([*fused, *intended])
    ledger.write_down(fused, state="sent")
    ledger.write_down(intended, state="intended")
    _start_delivering([s.claim for s in shipments])
    stops.end_without_effect(nothing, State.POSTED, "it stands there already, as wanted", owner=owner)
    stops.end_without_effect(
        never_posted, State.FILTERED, "withdrawn at the source before anything was posted", owner=owner
    )
    stops.needs_person_to_correct(for_people)
    if too_late:
        stops.posted_in_closed_period(Connection.objects.get(pk=connection_id), too_late)
    return shipments


def _way_back(claim: Claim, destination: DestinationPlan) -> str:
    """Return how a claim corrects: where a route leaves corrections to people, a person may have asked for one."""
    asked = destination.correction == "none" and claim.withdraws and destination.write.reverses
    return "reverse" if asked and taken_back.asked_for([claim.transaction]) else destination.correction


def _in_closed_periods(claimed: Sequence[Claim]) -> set[UUID]:
    """Return the corrections of what was posted into a period closed by now and that nobody has approved."""
    return periods.locked(
        [
            (c.transaction, c.live_transaction)
            for c in claimed
            if c.live_transaction is not None and c.effect is None and destination_of(c).posting_date
        ]
    )


def _start_delivering(claimed: Sequence[Claim]) -> None:
    first = [c.transaction for c in claimed if c.state is State.READY]
    again = [c.transaction for c in claimed if c.state is State.RETRYING]
    move(first, frm=State.READY, to=State.DELIVERING, by=ENGINE, reason="sent to the target")
    move(again, frm=State.RETRYING, to=State.DELIVERING, by=ENGINE, reason="tried again by itself")


OPERATIONS = {Next.CREATE: "create", Next.UPDATE: "update", Next.REVERSE: "reverse", Next.DELTA: "create"}


def _ship(connection_id: int, claim: Claim, destination: DestinationPlan, step: Next) -> Shipment:
    generation = claim.generation + (step is Next.DELTA)
    fresh_key = claim.key if generation == 0 else f"{claim.key}.{generation}"
    write_key = claim.live_write_key if step in (Next.UPDATE, Next.REVERSE) else fresh_key
    payload = claim.live_payload if step is Next.REVERSE else claim.payload or claim.live_payload
    assert payload is not None
    intent = ledger.Intent(
        new_id(), claim.head, connection_id, destination.id, claim.object, claim.key, claim.last_number + 1,
        write_key, OPERATIONS[step], claim.version, payload, claim.content or b"", (claim.transaction,),
        groups_others(claim),
    )  # fmt: skip
    external_id = claim.live_external_id if step in (Next.UPDATE, Next.REVERSE) else ""
    return Shipment(claim, destination, intent, claim.body, external_id)
