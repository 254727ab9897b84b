"""Writes that succeeded at the first try, told from what is kept of them: no exchange is.

Keeping one would make every posting dearer (ADR 88). Known are the bytes that were stored to be sent, when they left,
how the connector sends such a thing, and what the target gave back. The status of the answer and its headers are not;
nor what else travelled in the same call.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from connectors.manifest.stream import Operation, Write
from connectors.registry import registry
from connectors.template import Template
from routes.models import Attempt, Effect, Transaction
from routes.models.ledger import EffectState


@dataclass(frozen=True, slots=True)
class KeptWrite:
    """One write that was accepted without a try worth remembering."""

    effect: Effect
    line: str  # "POST /entries"; empty where the connector no longer says so
    header: str  # "Idempotency-Key: …"; empty where the target takes none
    body: str  # JSON as stored, values hidden that the person may not see; empty where nothing was sent
    together: bool  # whether the connector sends several in one call

    @property
    def request(self) -> str:
        """Return what is known of the request, a line for each part."""
        return "\n".join(part for part in (self.line, self.header, self.body) if part)


def of(
    row: Transaction,
    effects: Sequence[Effect],
    attempts: Sequence[Attempt],
    bodies: Mapping[UUID, str],
    shown: Callable[[str], str],
) -> list[KeptWrite]:
    """Return the confirmed effects without an exchange of a write; `shown` lays a stored body out, values hidden."""
    told = {attempt.effect_id for attempt in attempts if attempt.kind == "write"}
    write = _write(row)
    found = []
    for effect in effects:
        if effect.state != EffectState.CONFIRMED or effect.pk in told or effect.destination_id != row.destination_id:
            continue  # an invoice that it was grouped into has a story of its own
        operation = write.operations.get(effect.operation) if write else None
        kept = bodies.get(effect.payload_id, "")
        body = "" if not kept or (operation is not None and operation.body == "none") else shown(kept)
        found.append(
            KeptWrite(
                effect, _line(operation, effect), _header(write, effect), body, bool(write is not None and write.batch)
            )
        )
    return found


def _write(row: Transaction) -> Write | None:
    known = registry.connectors.get(row.destination.connection.connector)
    stream = known.manifest.streams.get(row.destination.stream) if known else None
    return stream.write if stream else None


def _line(operation: Operation | None, effect: Effect) -> str:
    return f"{operation.method} {_path(operation.path, {'key': effect.write_key})}" if operation else ""


def _path(path: Template, known: Mapping[str, Any]) -> str:
    """Return a path with what is known in it; what is not stands there by its name."""
    return "".join(
        part if isinstance(part, str) else str(known.get(part.name) or f"{{{part.name}}}") for part in path.parts
    )


def _header(write: Write | None, effect: Effect) -> str:
    return f"{write.idempotency_header}: {effect.idempotency_key}" if write and write.idempotency_header else ""
