"""Asking a target whether it has a parent by now that children wait for: somebody has made it there by hand.

The question is the look-up of the route that brings such parents to that target, under the key that it gives them.
"""

import time
from uuid import uuid4

from connectors import gate
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, LookUp, WriteRequest
from routes import pausing, shipments
from routes.models import Destination
from routes.plan import DestinationPlan, NotReadyToRun, current, plan

SECONDS = 20.0  # that a person waits


class NoAnswer(Exception):
    """The target was not asked, or said nothing that helps; the message says why, in words."""


def place(connection_id: int, entity: str) -> DestinationPlan | None:
    """Return where records of an entity go at a connection, if they can be asked for there; None when they cannot."""
    rows = Destination.objects.filter(connection_id=connection_id, route__canonical_entity=entity)
    for row in rows.select_related("route").order_by("pk"):
        try:
            made = plan(current(row.route).pk)
        except (NotReadyToRun, ValueError):
            continue
        found = next((each for each in made.destinations if each.id == row.pk and each.write.can_look_up), None)
        if found is not None:
            return found
    return None


def ask(connection: Connection, to: DestinationPlan, key: str) -> LookUp:
    """Ask a target for a parent by our key; nothing is written there. Raises NoAnswer."""
    owner = uuid4()
    admission = gate.admit(connection.pk, 1, owner, stream=to.stream, at_once=1)
    if not admission.allowed:
        raise NoAnswer(f"{connection.name} is not asked now: {admission.message or 'it is busy'}. Try again later.")
    question = WriteRequest("create", key, "", b"{}", None, time.monotonic() + SECONDS)
    try:
        [answer] = shipments.look_up(connection, to, [question], 1)
    finally:
        gate.release(admission, owner)
    if isinstance(answer, ConnectorFailure):
        raise NoAnswer(f"{connection.name}: {answer.message}")
    if admission.probe:
        pausing.recovered(connection)
    return answer
