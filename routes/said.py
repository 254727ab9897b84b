"""What a source says of a record, and what the hub makes of it by the configuration of now. Writes nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from canonical import codec
from canonical.entities import ENTITIES
from canonical.problem import Problem
from routes import bodies, evaluation, legal_entities, overlays
from routes.arrivals import Arrival, decode
from routes.models import Record, Route
from routes.plan import NotReadyToRun, Plan, foreseen

EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Said:
    """A record's canonical fields without and with people's corrections, and what is wrong with the latter."""

    source: dict[str, Any] = field(default_factory=dict)
    working: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)  # as it came
    problems: tuple[Problem, ...] = ()
    content: dict[str, Any] = field(default_factory=dict)  # the configuration
    made: Plan | None = None  # None where the route is not ready to run, or nothing was kept of the record


def of(record: Record, *, tried: Mapping[str, Any] = EMPTY) -> Said:
    """Return what the source says and what would be made of it, with values that are only `tried`. At most ten queries.

    Where the route cannot run as it is configured, both are what was stored.
    """
    wanted = [id_ for id_ in (record.source_payload_id, record.canonical_payload_id) if id_]
    kept = {id_: str(body) for id_, body in bodies.read(wanted).items()}
    route = Route.objects.get(pk=record.route_id)
    stored = _stored(route, kept.get(record.canonical_payload_id) if record.canonical_payload_id else None)
    source = kept.get(record.source_payload_id) if record.source_payload_id else None
    try:
        made, content = foreseen(route)
    except NotReadyToRun:
        return Said(stored, stored)
    if not source:
        return Said(stored, stored, content=content)
    raw = decode(source)
    arrival = Arrival(raw, source, b"", record.key, record.version, record=record.pk)
    if made.normalise is not None and made.upstream_id is None:
        evaluation.normalise(made, [arrival], entities=legal_entities.by_code())
    else:
        arrival.canonical, arrival.canonical_body = dict(stored), codec.dumps(stored).decode()
        arrival.legal_entity = record.legal_entity_id
    said = dict(arrival.canonical or EMPTY)
    overlays.apply(made, [arrival], taking=[record.pk], more={record.key: tried} if tried else overlays.NONE)
    return Said(said, dict(arrival.canonical or EMPTY), raw, tuple(arrival.problems), content, made)


def _stored(route: Route, body: str | None) -> dict[str, Any]:
    return codec.loads(ENTITIES[route.canonical_entity], body) if body else {}
