"""Which record a change or a reversal means where its request does not say: what the target has under our key.

A person who found a write in doubt at the target may have told its number and not its id.
"""

from typing import Any

from msgspec import structs

from canonical.failure import Category
from connectors.engine import look_up
from connectors.engine.bound import Bound
from connectors.manifest.stream import Operation, Stream, Write
from connectors.outcome import ConnectorFailure, Result, WriteOutcome, WriteRequest

CHANGES = ("update", "reverse", "void")
NAME = "external_id"


def lacks_id(write: Write | None, requests: list[WriteRequest]) -> bool:
    """Return whether any of these changes names its record by an id that nobody has told."""
    operation = write.operations.get(requests[0].operation) if write else None
    if operation is None or operation.name not in CHANGES or all(each.external_id for each in requests):
        return False
    return _names_id(operation)


async def identified(bound: Bound, stream: Stream, request: WriteRequest) -> WriteRequest | WriteOutcome:
    """Return a request with the id of its record, or why it is not sent."""
    if request.external_id:
        return request
    title = bound.manifest.title
    query = stream.write.look_up if stream.write else None
    if query is None:
        told = f"{title} cannot be asked by our key"
    else:
        try:
            found = await look_up.ask(bound, stream, query, request)
        except ConnectorFailure as failure:
            if failure.category is not Category.DUPLICATE:
                raise
            return WriteOutcome(Result.REFUSED, category=failure.category, message=failure.message, hint=failure.hint)
        if found.found:
            return structs.replace(request, external_id=found.external_id)
        told = f"{title} has nothing under our key {request.key}"
    message = f"Nobody has told which id this record has there, and {told}. See to it there, then waive this."
    return WriteOutcome(Result.REFUSED, category=Category.CONFLICT, message=message)


def _names_id(operation: Operation) -> bool:
    calls = (operation, *operation.before)
    if operation.id is not None and operation.id.source == "request":
        return True
    return any(place.steps[0] == NAME for call in calls for part in _parts(call) for place in _placeholders(part))


def _parts(call: Any) -> list[Any]:
    return [call.path, call.body, *(part for _, part in (*call.query, *call.headers))]


def _placeholders(part: Any) -> Any:
    """Return the places of a template, or of a structure around our bytes."""
    if part is None or isinstance(part, str):
        return ()
    return part.placeholders() if callable(part.placeholders) else part.placeholders
