"""Receipts: taking in what the target answered to a consignment, in one commit.

What it confirmed is written as it stands from now on: posted transactions, confirmed effects, free heads. Anything else
goes the long way: the rows that it would have by now are written, and `routes.outcomes` settles them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from connectors.models import BreakerState, Connection
from connectors.outcome import Result, WriteOutcome
from governance.actor import ENGINE
from mappings.cross_references import NewReference
from routes import claims, consignments, crashpoints, heads, ledger, new_heads, outcomes, pausing
from routes.consignments import Consignment
from routes.ledger import Proof
from routes.plan import DestinationPlan, Plan
from routes.shipments import Shipment, again
from routes.states import State, Walks
from routes.waybill import Item, under_way

Answered = tuple[Item, WriteOutcome]


def settle(
    connection: Connection, made: Plan, destination: DestinationPlan, consignment: Consignment,
    answers: Sequence[WriteOutcome], *, owner: UUID,
) -> None:  # fmt: skip
    """Store what became of a consignment whose route is `made`; an answer for each item, in order."""
    pairs = list(zip(consignment.bill.items, answers, strict=True))
    with transaction.atomic():
        now = consignments.sign_off(consignment)
        good: list[Answered] = []
        if now is not None:
            good = [pair for pair in pairs if pair[1].result is Result.CONFIRMED]
            pairs = [pair for pair in pairs if pair[1].result is not Result.CONFIRMED]
            _post(made, destination, consignment, good, now)
            consignments.write_out(consignment, [item for item, _ in pairs])
        if pairs:
            outcomes.settle(connection, destination, _unpacked(consignment, destination, pairs), owner=owner)
        if good and connection.breaker_state != BreakerState.CLOSED:
            pausing.recovered(connection)
        crashpoints.point("deliver.before_settle_commit")


def _post(made: Plan, to: DestinationPlan, consignment: Consignment, good: Sequence[Answered], now: datetime) -> None:
    """Write what the target has."""
    if not good:
        return
    assert consignment.taken_at is not None
    items = [item for item, _ in good]
    walks = Walks(by=ENGINE)
    posted = (State.DELIVERING, State.POSTED, now, outcomes.CONFIRMED)
    walk = walks.id_of(consignment.bill.walk(under_way(consignment.taken_at), posted))
    consignments.write_transactions(consignment.bill, items, state=State.POSTED, walk=walk)
    walks.write()
    ledger.write_first(
        items, connection_id=to.connection_id, destination=to.id, stream=to.stream, sent_at=consignment.taken_at,
        ended_at=now, proofs=[Proof(ledger.NOBODY, a.external_id or "", a.reference, a.version) for _, a in good],
    )  # fmt: skip
    place = new_heads.Stream(to.connection_id, to.stream, to.lane)
    new_heads.stand_new([(i, a.external_id or "") for i, a in good], place, mirrored=to.mirrored)
    if to.keeps_reference and made.entity:
        references = [
            NewReference(to.connection_id, made.entity, i.key, a.external_id, i.legal_entity, a.reference)
            for i, a in good
            if a.external_id
        ]
        outcomes.keep_references(made.route_id, items[0].legal_entity, references)


def _unpacked(
    consignment: Consignment, destination: DestinationPlan, pairs: Sequence[Answered]
) -> list[tuple[Shipment, WriteOutcome]]:
    """Return shipments of items that are unpacked by now, with their answers; those that somebody settled are left out.

    An answer counts as the first for its effect, unless somebody has put the effect in doubt meanwhile.
    """
    transactions = [UUID(item.transaction) for item, _ in pairs]
    heads.lock_of(transactions)
    held = {claim.transaction: claim for claim in claims.held(transactions)}
    found = []
    for item, answer in pairs:
        claim = held.get(UUID(item.transaction))
        if claim is None or claim.effect is None or claim.effect.id != UUID(item.effect):
            continue
        shipment = again(consignment.connection_id, claim, destination)
        if claim.effect.state == "sent":
            claim.effect = None
        found.append((shipment, answer))
    return found
