"""Asking a target by our keys what it has, because a person wants to know: nothing is written there by it.

The question goes by the connection's leave, like every other.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from connectors import gate
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, LookUp, WriteRequest
from routes import claims, pausing
from routes.claims import Claim
from routes.plan import DestinationPlan
from routes.shipments import destination_of, look_up

SECONDS = 20.0  # that a person waits for one target
BLIND = "{} cannot be asked by our key. Look there yourself, and say here what you found."


@dataclass(frozen=True, slots=True)
class Answer:
    """What a target said of one transaction; `message` says why it was not asked, or gave no answer."""

    transaction: UUID
    key: str
    claim: Claim
    destination: DestinationPlan
    found: LookUp | None = None
    message: str = ""


def ask(transactions: Sequence[UUID]) -> list[Answer]:
    """Ask targets whether they have what transactions want to stand there.

    Those that are not the first of their key are left out. One call for each; nothing is locked while the target
    thinks.
    """
    by_place: dict[tuple[int, str], list[tuple[Claim, DestinationPlan]]] = {}
    for claim in claims.held(transactions):
        destination = destination_of(claim)
        by_place.setdefault((destination.connection_id, destination.stream), []).append((claim, destination))
    found: list[Answer] = []
    for (connection_id, stream), members in by_place.items():
        found += _ask(Connection.objects.get(pk=connection_id), stream, members)
    return found


def _ask(connection: Connection, stream: str, members: Sequence[tuple[Claim, DestinationPlan]]) -> list[Answer]:
    destination = members[0][1]
    if not destination.write.can_look_up:
        return [Answer(c.transaction, c.key, c, d, message=BLIND.format(connection.name)) for c, d in members]
    owner = uuid4()
    admission = gate.admit(connection.pk, len(members), owner, stream=stream, at_once=1)
    if admission.allowed < len(members):
        words = f"{connection.name} is not asked now: {admission.message or 'it is busy'}. Try again in a moment."
        if admission.allowed:
            gate.give_back(admission, stream, sent=0)
            gate.release(admission, owner)
        return [Answer(c.transaction, c.key, c, d, message=words) for c, d in members]
    try:
        answers = look_up(connection, destination, [_question(c) for c, _ in members], 1)
    finally:
        gate.release(admission, owner)
    if admission.probe and any(isinstance(each, LookUp) for each in answers):
        pausing.recovered(connection)
    return [
        Answer(c.transaction, c.key, c, d, message=f"{connection.name}: {answer.message}")
        if isinstance(answer, ConnectorFailure)
        else Answer(c.transaction, c.key, c, d, answer)
        for (c, d), answer in zip(members, answers, strict=True)
    ]


def _question(claim: Claim) -> WriteRequest:
    effect = claim.effect
    fresh = claim.key if claim.generation == 0 else f"{claim.key}.{claim.generation}"
    return WriteRequest(
        operation="create", key=effect.write_key if effect else claim.live_write_key or fresh,
        idempotency_key=effect.idempotency_key if effect else "", body=claim.body.encode(),
        external_id=claim.live_external_id or None, deadline=time.monotonic() + SECONDS,
    )  # fmt: skip
