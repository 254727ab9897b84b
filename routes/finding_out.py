"""What a target's answer to a person's question settles: a write in doubt that it has is posted, nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from connectors.outcome import LookUp, Result, WriteOutcome
from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require
from routes import attempts, claims, heads, ledger, looking, outcomes, settling, shipments
from routes.models import Transaction
from routes.shipments import Shipment
from routes.stops import undoes

NOT_YET = "not there so far, and an earlier request may still arrive: ask again later"
DENIED = "not there: if nothing else explains it, say below that it is not there, and it is sent again"
OLDER = "something stands there under this key, and may be older than the hub's write: look at it there"


@dataclass(frozen=True, slots=True)
class Told:
    """What was found out of one transaction."""

    transaction: UUID
    key: str
    settled: bool  # whether that ended the doubt
    words: str


def ask(ids: Sequence[UUID], *, by: By) -> list[Told]:
    """Ask the target of writes in doubt whether it has them, and post those that it has; nothing is sent.

    That it has something else, or nothing, is only told: a person decides. Raises NotAllowed.
    """
    for row in Transaction.objects.filter(pk__in=ids).distinct("legal_entity_id"):
        require(by, Right.RESUBMIT, row.legal_entity_id)
    effects = {c.transaction: c.effect.id for c in claims.held(ids) if c.effect and c.effect.state == "unknown"}
    settled = settling.settled(list(effects.values()))  # before the question: only then "not there" counts
    answers = [each for each in looking.ask(list(effects))]
    with transaction.atomic():
        heads.lock_of(list(effects))
        now = {c.transaction: c for c in claims.held(list(effects))}
        return [_told(each, now.get(each.transaction), effects, settled, by) for each in answers]


def _told(
    answer: looking.Answer, claim: claims.Claim | None, effects: dict[UUID, UUID], settled: set[UUID], by: By
) -> Told:
    if answer.found is None:
        return Told(answer.transaction, answer.key, False, answer.message)
    effect = claim.effect if claim else None
    if claim is None or effect is None or effect.id != effects[answer.transaction] or effect.state != "unknown":
        return Told(answer.transaction, answer.key, False, "settled meanwhile by somebody else")
    shipment = shipments.again(answer.destination.connection_id, claim, answer.destination)
    connection_id = answer.destination.connection_id
    said = "found" if answer.found.found else "not_there"
    attempts.write_down([attempts.Try(effect.id, said)], kind="look_up", connection_id=connection_id)
    return (
        _found(answer, answer.found, shipment, by)
        if _happened(shipment, answer.found, effect.id in settled)
        else (_open(answer, answer.found, shipment, effect.id in settled))
    )


def _happened(shipment: Shipment, found: LookUp, settled: bool) -> bool:
    """Whether the answer proves the write; a first write that would have changed an older record proves nothing."""
    if undoes(shipment.intent.operation):
        return not found.found and settled
    return found.found and shipment.intent.operation == "create" and not shipment.destination.write.upserts


def _found(answer: looking.Answer, found: LookUp, shipment: Shipment, by: By) -> Told:
    proof = WriteOutcome(
        result=Result.CONFIRMED, external_id=found.external_id, reference=found.reference, version=found.version,
        message="the target was asked",
    )  # fmt: skip
    done = outcomes.confirmed(answer.destination, [(shipment, proof)], by=as_actor(by), how="fixed")
    number = found.reference or found.external_id or ""
    if undoes(shipment.intent.operation):
        return Told(answer.transaction, answer.key, done, "it is reversed there")
    row = Transaction.objects.get(pk=answer.transaction)
    audit.record(
        by=by, verb="confirm", thing=("transaction", str(row.pk), row.key), after={"reference": number},
        reason="the target was asked", legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return Told(answer.transaction, answer.key, done, f"it is there{f' as {number}' if number else ''}, and posted")


def _open(answer: looking.Answer, found: LookUp, shipment: Shipment, settled: bool) -> Told:
    if undoes(shipment.intent.operation):
        words = "what was posted still stands there" if found.found else NOT_YET
    elif found.found:
        words = OLDER
    else:
        words = DENIED if settled else NOT_YET
        if settled:
            ledger.note_not_there([shipment.intent.effect])
    return Told(answer.transaction, answer.key, False, words)
