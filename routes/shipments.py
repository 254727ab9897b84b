"""A claim with the effect that carries it out, and the call that sends it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs

from canonical.failure import Category
from connectors import gate, loop
from connectors.models import Connection
from connectors.odd_text import NUL, kept
from connectors.outcome import ConnectorFailure, LookUp, Result, WriteOutcome, WriteRequest
from connectors.spec import ConnectionSpec
from governance.identifiers import new_id
from governance.keys import KeyLost
from routes import ledger
from routes.claims import Claim
from routes.plan import DestinationPlan, plan

CHANGES = ("update", "reverse", "void")  # operations on the record that stands there; others make one


@dataclass(slots=True)
class Shipment:
    """What goes to a target for one claim."""

    claim: Claim
    destination: DestinationPlan
    intent: ledger.Intent
    body: str
    external_id: str


def destination_of(claim: Claim) -> DestinationPlan:
    """Return the destination as the claim's transaction was processed with it."""
    return next(d for d in plan(claim.snapshot).destinations if d.id == claim.destination)


def groups_others(claim: Claim) -> bool:
    """Whether the claim's record was grouped from what another destination has posted."""
    return plan(claim.snapshot).upstream_id is not None


def first(connection_id: int, claim: Claim, destination: DestinationPlan) -> Shipment:
    """Return the shipment of a key that nothing was ever sent for."""
    assert claim.payload is not None
    intent = ledger.Intent(
        new_id(), claim.head, connection_id, destination.id, claim.object, claim.key, 1, claim.key, "create",
        claim.version, claim.payload, claim.content or b"", (claim.transaction,),
    )  # fmt: skip
    return Shipment(claim, destination, intent, claim.body, "")


def again(connection_id: int, claim: Claim, destination: DestinationPlan) -> Shipment:
    """Return the shipment of an effect that is written down already: same number, same bytes."""
    effect, payload = claim.effect, claim.payload
    assert effect is not None
    assert payload is not None
    intent = ledger.Intent(
        effect.id, claim.head, connection_id, destination.id, claim.object, claim.key, effect.number,
        effect.write_key, effect.operation, claim.version, payload, claim.content or b"", (claim.transaction,),
    )  # fmt: skip
    changes = effect.operation in CHANGES
    return Shipment(claim, destination, intent, claim.body, claim.live_external_id if changes else "")


def request(shipment: Shipment, deadline: float) -> WriteRequest:
    """Return the engine's form of a shipment: the same bytes for the same idempotency key, always."""
    operation = shipment.intent.operation
    return WriteRequest(
        operation="upsert" if operation == "create" and shipment.destination.write.upserts else operation,
        key=shipment.intent.write_key,
        idempotency_key=shipment.intent.idempotency_key,
        body=shipment.body.encode(),
        external_id=shipment.external_id or None,
        deadline=deadline,
    )


def send(
    connection: Connection, destination: DestinationPlan, requests: Sequence[WriteRequest], concurrency: int
) -> list[WriteOutcome]:
    """Write on the event loop of this process and wait for all outcomes.

    What a write takes beside its own request is counted for the connection's budget.
    """
    try:
        answers = [fitting(each) for each in send_requests(connection, destination, requests, concurrency)]
        further = dict(destination.write.further)
        pairs = zip(requests, answers, strict=True) if further else ()
        more = sum(further.get(each.operation, 0) for each, said in pairs if said.result is not Result.NOT_SENT)
        if more:
            gate.charge(connection.pk, destination.stream, more)
        return answers
    except KeyLost as lost:  # without its secrets nothing can have left us
        return [WriteOutcome(Result.NOT_SENT, category=Category.CREDENTIALS, message=str(lost))] * len(requests)


def look_up(
    connection: Connection, destination: DestinationPlan, requests: Sequence[WriteRequest], concurrency: int
) -> list[LookUp | ConnectorFailure]:
    """Ask the target by our keys; a question that failed says why and spoils no other."""
    try:
        answers = ask_requests(connection, destination, requests, concurrency)
    except KeyLost as lost:
        return [ConnectorFailure(Category.CREDENTIALS, str(lost), sent=False)] * len(requests)
    return [found_fitting(each) if isinstance(each, LookUp) else each for each in answers]


ID, NUMBER, VERSION = 120, 120, 90  # characters of what a target says of its record, as the columns
Said = tuple[str, str, str]  # id, number and version there


def fitting(outcome: WriteOutcome) -> WriteOutcome:
    """Return an outcome with what the target says of its record as it can be kept."""
    said = (outcome.external_id or "", outcome.reference, outcome.version)
    if _fits(said):
        return outcome
    id_, number, version = _cut(said)
    return structs.replace(outcome, external_id=id_ or None, reference=number, version=version)


def found_fitting(answer: LookUp) -> LookUp:
    """Return the answer to a question with what the target says of its record as it can be kept."""
    said = (answer.external_id or "", answer.reference, answer.version)
    if _fits(said):
        return answer
    id_, number, version = _cut(said)
    return replace(answer, external_id=id_ or None, reference=number, version=version)


def _fits(said: Said) -> bool:
    id_, number, version = said
    return len(id_) <= ID and len(number) <= NUMBER and len(version) <= VERSION and NUL not in f"{id_}{number}{version}"


def _cut(said: Said) -> Said:
    """Return a number as people still know it. Half an id or version is another one: such a one is left out.

    A record without an id is asked for by our key before it is changed (`connectors.engine.identifying`).
    """
    id_, number, version = said
    usable = [each if len(each) <= most and NUL not in each else "" for each, most in ((id_, ID), (version, VERSION))]
    return usable[0], kept(number)[:NUMBER], usable[1]


def send_requests(
    connection: Connection, destination: DestinationPlan, requests: Sequence[WriteRequest], concurrency: int
) -> list[WriteOutcome]:
    """The outside call of a write; the one place that tests replace."""
    spec = connection.spec()
    return loop.run(loop.engine().write(spec, destination.stream, list(requests), concurrency=concurrency)).result()


def ask_requests(
    connection: Connection, destination: DestinationPlan, requests: Sequence[WriteRequest], concurrency: int
) -> list[LookUp | ConnectorFailure]:
    """The outside call of a question; the one place that tests replace."""
    return loop.run(_ask_each(connection.spec(), destination.stream, requests, concurrency)).result()


async def _ask_each(
    spec: ConnectionSpec, stream: str, requests: Sequence[WriteRequest], concurrency: int
) -> list[LookUp | ConnectorFailure]:
    slots = asyncio.Semaphore(concurrency)

    async def ask(request: WriteRequest) -> LookUp | ConnectorFailure:
        async with slots:
            try:
                return (await loop.engine().look_up(spec, stream, [request], concurrency=1))[0]
            except ConnectorFailure as failure:
                return failure

    return await asyncio.gather(*map(ask, requests))
