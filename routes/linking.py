"""Taking a record that the target has already for what a stopped transaction wanted to post: nothing is sent.

The ledger gets an effect that the target has, so that later versions correct that record, and nobody posts it again.
"""

from uuid import UUID

from django.db import transaction

from connectors.outcome import Result, WriteOutcome
from governance import audit
from governance.actor import By, as_actor
from governance.identifiers import new_id
from governance.rights import Right, require
from routes import claims, heads, ledger, outcomes, rework, shipments
from routes.claims import Claim
from routes.models import Effect, KeyHead, Transaction
from routes.shipments import Shipment
from routes.states import State, move


class NotToLink(ValueError):  # reads as what happened
    """It cannot be linked; the message says why and what to do instead."""


def link(id_: UUID, *, by: By, external_id: str, reference: str, reason: str) -> None:
    """Write down that what a stopped transaction wants stands at the target under an id there. Nothing is sent.

    Raises NotAllowed, and NotToLink where it is not stopped, has no request yet, stands there already, is in doubt, or
    where another record has that id.
    """
    with transaction.atomic():
        row = Transaction.objects.get(pk=id_)
        require(by, Right.RESUBMIT, row.legal_entity_id)
        heads.lock_of([id_])
        claim = _linkable(row, next(iter(claims.held([id_])), None))
        destination = shipments.destination_of(claim)
        refuse_taken(claim, destination.connection_id, external_id)
        assert claim.payload is not None
        key = claim.key if claim.generation == 0 else f"{claim.key}.{claim.generation}"
        intent = ledger.Intent(
            new_id(), claim.head, destination.connection_id, destination.id, claim.object, claim.key,
            claim.last_number + 1, key, "create", claim.version, claim.payload, claim.content or b"", (id_,),
            shipments.groups_others(claim),
        )  # fmt: skip
        rework.link_collected([intent])  # what is on it stands there, too
        ledger.write_down([intent], state="sent")
        move([id_], frm=[State.HELD, State.PARKED], to=State.FAILED, by=as_actor(by), reason="found at the target")
        heads.forget_waits([id_])
        said = WriteOutcome(
            Result.CONFIRMED, external_id=external_id, reference=reference or external_id,
            message=f"linked, nothing was sent. {reason}".strip(),
        )  # fmt: skip
        found = Shipment(claim, destination, intent, claim.body, external_id)
        outcomes.confirmed(destination, [(found, said)], by=as_actor(by), how="fixed")
        audit.record(
            by=by, verb="link", thing=("transaction", str(row.pk), row.key), before={"state": row.state},
            after={"external_id": external_id, "reference": reference}, reason=reason,
            legal_entity=row.legal_entity_id,
        )  # fmt: skip


def _linkable(row: Transaction, claim: Claim | None) -> Claim:
    if row.state == State.POSTED:
        raise NotToLink("It is posted already. Load the page again.")
    if claim is None or row.state not in (State.FAILED, State.HELD, State.PARKED):
        raise NotToLink("It is not stopped, or another version of it goes first. Load the page again.")
    if claim.effect is not None:
        raise NotToLink("Whether it was written is in doubt. Say what you found in the target instead.")
    if claim.live_hash is not None or claim.withdraws:
        raise NotToLink("An earlier version of it stands there already, so there is nothing to link.")
    if claim.payload is None:
        raise NotToLink("It was never worked out as far as what is sent. Remove what stopped it first, or waive it.")
    return claim


def refuse_taken(claim: Claim, connection_id: int, external_id: str, reference: str = "") -> None:
    """Raise NotToLink where another key has the record with an id there; without an id, one with that number."""
    others = KeyHead.objects.filter(connection=connection_id, object=claim.object, live_hash__isnull=False).exclude(
        pk=claim.head
    )
    if external_id:
        taken = others.filter(live_external_id=external_id).first()
        if taken is not None:
            said = f"{external_id} stands for {taken.key} already."
            raise NotToLink(f"{said} One record there cannot stand for two here.")
    elif reference:
        written = Effect.objects.filter(connection=connection_id, object=claim.object, reference=reference)
        taken = others.filter(live_effect_id__in=written.values("pk")).first()
        if taken is not None:
            said = f"{reference} stands for {taken.key} already."
            raise NotToLink(f"{said} Where that document holds both, give this one's id there.")
