"""Outcomes in doubt: ask the target before anything is sent again.

By write class: *idempotent* sends the same bytes under the same key once more; *look-up* asks by our key, and "not
there" counts only after the settle time and when the target said so twice; *blind* goes to a person and is never sent
by itself.
"""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction

from canonical.failure import Category
from connectors import gate
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, LookUp, Result, WriteOutcome
from governance.actor import ENGINE
from routes import attempts, crashpoints, heads, ledger, outcomes, pausing, settling, stops
from routes.claims import Claim, put_back
from routes.plan import DestinationPlan
from routes.retry import POLICIES
from routes.shipments import Shipment, again, destination_of, look_up, request, send
from routes.states import State, move

DIED = "its worker stopped before the outcome was stored"
TIMES = 2  # how often the target must say "not there" after settling
ASK_AGAIN = 5.0  # seconds after a question that got no answer


def settle_doubtful(
    connection: Connection, claimed: Sequence[Claim], *, owner: UUID, deadline: float, concurrency: int
) -> None:
    """Bring claims with an effect in doubt one step further."""
    by_destination: dict[int, list[Claim]] = {}
    for claim in claimed:
        by_destination.setdefault(claim.destination, []).append(claim)
    for members in by_destination.values():
        destination = destination_of(members[0])
        _admit_doubt(destination, [c for c in members if c.effect and c.effect.state == "sent"], owner=owner)
        if destination.write.write_class == "idempotent":
            _send_again(connection, destination, members, owner, deadline, concurrency)
        elif destination.write.write_class == "look_up":
            settled = [c for c in members if c.effect and c.effect.state == "unknown"]
            # A change in place leaves no trace that a key finds; sending it once more leaves the same.
            changes = [c for c in settled if c.effect and c.effect.operation == "update"]
            _send_again(connection, destination, changes, owner, deadline, concurrency)
            _ask(connection, destination, [c for c in settled if c not in changes], owner, deadline, concurrency)


def _admit_doubt(destination: DestinationPlan, claimed: Sequence[Claim], *, owner: UUID) -> None:
    """Whoever sent these is gone: from now on their outcome is unknown, and said to be."""
    if not claimed:
        return
    settle = destination.write.settle_seconds
    with transaction.atomic():
        heads.lock([c.head for c in claimed])
        # The clock may have ended the lease early: its owner may send until half of it is truly over.
        late = settings.LEASE_SECONDS / 2
        in_doubt = ledger.doubt([c.effect.id for c in claimed if c.effect], settle=settle, message=DIED, late=late)
        mine = [c for c in claimed if c.effect and c.effect.id in in_doubt]
        move(
            [c.transaction for c in mine], frm=State.DELIVERING, to=State.UNKNOWN, by=ENGINE,
            reason=f"outcome unknown: {DIED}",
        )  # fmt: skip
        if destination.write.write_class == "blind":
            stops.give_to_person([(c, _operation(c)) for c in mine], DIED)
        elif destination.write.write_class == "look_up":
            put_back([c.head for c in mine], owner=owner, seconds=settle + late)


def _send_again(
    connection: Connection, destination: DestinationPlan, claimed: Sequence[Claim], owner: UUID, deadline: float,
    concurrency: int,
) -> None:  # fmt: skip
    """The target absorbs repeats: the same bytes under the same key."""
    tired = [c for c in claimed if _tired(c)]
    if tired:
        with transaction.atomic():
            heads.lock([c.head for c in tired])
            words = f"{connection.name} gave no proof in {tired[0].attempts} tries"
            stops.give_to_person([(c, _operation(c)) for c in tired], words)
    shipments = [again(connection.pk, c, destination) for c in claimed if c not in tired]
    with transaction.atomic():
        may_go = ledger.mark_sent([s.intent.effect for s in shipments], owner=owner, spare=settings.LEASE_SECONDS / 2)
        shipments = [s for s in shipments if s.intent.effect in may_go]
        ids = [s.claim.transaction for s in shipments]
        move(ids, frm=State.UNKNOWN, to=State.DELIVERING, by=ENGINE, reason="the same bytes under the same key again")
    if not shipments:
        return
    answers = send(connection, destination, [request(s, deadline) for s in shipments], concurrency)
    crashpoints.point("deliver.after_send")
    outcomes.settle(connection, destination, list(zip(shipments, answers, strict=True)), owner=owner)


def _ask(
    connection: Connection, destination: DestinationPlan, claimed: Sequence[Claim], owner: UUID, deadline: float,
    concurrency: int,
) -> None:  # fmt: skip
    """The target tells by our key whether it has the record."""
    if not claimed:
        return
    shipments = [again(connection.pk, c, destination) for c in claimed]
    settled = settling.settled([s.intent.effect for s in shipments])
    crashpoints.point("ask.before_question")
    found = look_up(connection, destination, [request(s, deadline) for s in shipments], concurrency)
    crashpoints.point("ask.after_answer")
    asked = list(zip(shipments, found, strict=True))
    answered = [(s, answer) for s, answer in asked if isinstance(answer, LookUp)]
    with transaction.atomic():
        heads.lock([c.head for c in claimed])
        there = [(s, _proof(answer)) for s, answer in answered if _happened(s, answer)]
        # A record that was there before the hub's first write proves nothing: sent once more, that write changes it.
        changes = [s.claim for s, _ in there if destination.write.upserts and s.intent.operation == "create"]
        outcomes.confirmed(destination, [(s, proof) for s, proof in there if s.claim not in changes])
        _not_there(destination, [s for s, answer in answered if not _happened(s, answer)], settled, owner)
        _not_answered(connection, [(s, a) for s, a in asked if isinstance(a, ConnectorFailure)], owner)
        attempts.write_down(
            [attempts.Try(s.intent.effect, "found" if a.found else "not_there") for s, a in answered],
            kind="look_up", connection_id=connection.pk,
        )  # fmt: skip
    _send_again(connection, destination, changes, owner, deadline, concurrency)


def _not_answered(connection: Connection, failed: Sequence[tuple[Shipment, ConnectorFailure]], owner: UUID) -> None:
    """Ask again later; where asking cannot help, or did not for long, a person looks."""
    pausing_ones = {f.category: f.message for _, f in failed if f.category in pausing.WAITS_FOR_SYSTEM}
    for category, message in pausing_ones.items():
        pausing.trip(connection, category, message)
    hopeless = [(s, f) for s, f in failed if f.category is Category.DUPLICATE or _tired(s.claim)]
    for shipment, failure in hopeless:
        stops.give_to_person([(shipment.claim, shipment.intent.operation)], failure.message)
    later = [(s, f) for s, f in failed if (s, f) not in hopeless]
    # A system that is away for all, or asks for patience, uses up nobody's tries, nor does one whose turn never came.
    slower = [f.retry_after or 1.0 for _, f in failed if f.category is Category.THROTTLED]
    if slower:
        gate.slow_down(connection.pk, max(slower))
    waiting = (*pausing_ones, Category.THROTTLED)
    tried = [
        s.claim.transaction for s, f in later
        if f.category not in waiting and (f.sent or f.retry is not True)
    ]  # fmt: skip
    outcomes.count_attempts(tried)
    waits = [max(f.retry_after or 0.0, ASK_AGAIN) for _, f in later]
    put_back([s.claim.head for s, _ in later], owner=owner, seconds=waits)


def _operation(claim: Claim) -> str:
    return claim.effect.operation if claim.effect else ""


def _tired(claim: Claim) -> bool:
    return claim.attempts >= POLICIES[Category.OUTCOME_UNKNOWN].attempts


def _happened(shipment: Shipment, answer: LookUp) -> bool:
    """Whether the answer shows the operation done: a reversal is done when nothing is there any more."""
    return not answer.found if shipment.intent.operation in ("reverse", "void") else answer.found


def _proof(answer: LookUp) -> WriteOutcome:
    return WriteOutcome(
        result=Result.CONFIRMED, external_id=answer.external_id, reference=answer.reference, version=answer.version
    )


def _not_there(destination: DestinationPlan, shipments: Sequence[Shipment], settled: set[UUID], owner: UUID) -> None:
    counts = ledger.note_not_there([s.intent.effect for s in shipments if s.intent.effect in settled])
    sure = [s for s in shipments if counts.get(s.intent.effect, 0) >= TIMES]
    words = f"the target does not have it, asked {TIMES} times after {destination.write.settle_seconds:g} s"
    final = ledger.refuse([s.intent.effect for s in sure], [words] * len(sure), owner=None)
    mine = [s for s in sure if s.intent.effect in final]
    move(
        [s.claim.transaction for s in mine], frm=State.UNKNOWN, to=State.READY, by=ENGINE,
        reason=f"never happened: {words}",
    )  # fmt: skip
    put_back([s.claim.head for s in mine], owner=owner, seconds=0)
    unsure = [s.claim.head for s in shipments if s not in mine]
    put_back(unsure, owner=owner, seconds=max(destination.write.settle_seconds / 2, 0.5))
