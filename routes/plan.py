"""A route's configuration as one snapshot, and the compiled form that workers run.

`current()` freezes what is published now; `plan()` compiles a snapshot once per process. A transaction names its
snapshot, so what it was processed with can be shown and used again years later.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import msgspec

from canonical.entities import ENTITIES
from connectors.models import Connection
from connectors.registry import UnknownConnector
from governance import versions
from governance.models import Version
from mappings import CompiledFormula, CompiledMapping, MappingErrors, compile_formula, compile_mapping
from routes import systems
from routes.models import Destination, Route, Snapshot


@dataclass(frozen=True, slots=True)
class DestinationPlan:
    """One destination, compiled."""

    id: int
    name: str
    connection_id: int
    stream: str
    lane: str
    group: str
    correction: str
    delta_fields: tuple[str, ...]
    posting_date: str
    batch_size: int
    window: int
    condition: CompiledFormula | None
    condition_text: str
    key: CompiledFormula | None
    approval: CompiledFormula | None
    translate: CompiledMapping
    keeps_reference: bool
    mirrored: bool  # some route reads this system, so what we write may come back
    write: systems.WriteFacts
    enabled: bool = True  # switched off, it holds what comes for it


@dataclass(frozen=True, slots=True)
class Plan:
    """A route, compiled from one snapshot."""

    snapshot_id: int
    route_id: int
    legal_entity_id: int
    connection_id: int | None
    upstream_id: int | None
    entity: str
    in_order: bool
    reads_back: bool  # some destination writes to the system that this route reads
    source: systems.StreamFacts
    normalise: CompiledMapping | None
    group_by: CompiledFormula | None
    destinations: tuple[DestinationPlan, ...]

    @property
    def takes_events(self) -> bool:
        """Whether canonical records come through our API."""
        return self.connection_id is None and self.upstream_id is None


class NotReadyToRun(ValueError):
    """The route cannot run as it is configured; the message says what is missing and where to add it."""


Mappings = Mapping[str, Version]  # in force, by name


def _mapping(name: str, mappings: Mappings) -> dict[str, Any]:
    version = mappings.get(name)
    if version is None:
        raise NotReadyToRun(f"The mapping “{name}” has no published version. Publish one before the route runs.")
    return {"name": name, "version": version.number, "content": version.content}


DESTINATION_FIELDS = (
    "name", "stream", "lane", "condition", "group", "key_formula", "correction", "delta_fields", "posting_date",
    "approval_formula", "batch_size", "window", "keeps_reference",
)  # fmt: skip


def _destination(destination: Destination, mappings: Mappings, read: Collection[int]) -> dict[str, Any]:
    content = {name: getattr(destination, name) for name in DESTINATION_FIELDS}
    return content | {
        "id": destination.pk,
        "enabled": destination.enabled,
        "connection": destination.connection_id,
        "connector": destination.connection.connector,
        "mirrored": destination.connection_id in read,
        "translate": _mapping(destination.mapping, mappings),
    }


def _configured(destinations: Sequence[Destination], mappings: Mappings, read: Collection[int]) -> list[dict[str, Any]]:
    """Return the destinations of a route: those switched on, and those switched off that could be used."""
    found = []
    for destination in destinations:
        try:
            content = _destination(destination, mappings, read)
            if not destination.enabled:
                _compile_destination(content)
        except ValueError:
            if destination.enabled:
                raise
            continue  # still being made: it must not stop the others
        found.append(content)
    return found


def current(route: Route, version: Version | None = None) -> Snapshot:
    """Return the snapshot of what is configured and published now; made if this configuration is new.

    A `version` of a mapping takes the place of the one that is in force.
    Raises NotReadyToRun. A constant number of queries, however many destinations there are.
    """
    content = _content(route, version)
    snapshot, _ = Snapshot.objects.get_or_create(
        route=route, content_hash=_hash(content), defaults={"content": content}
    )
    return snapshot


def foreseen(route: Route, draft: Version | None = None) -> tuple[Plan, dict[str, Any]]:
    """Return what `current` would give, compiled, with its content; a mapping's draft takes the place of what counts.

    Nothing is written: a configuration that nothing was processed with yet has no snapshot, and 0 for its number.
    Raises NotReadyToRun.
    """
    content = _content(route, draft)
    known = Snapshot.objects.filter(route=route, content_hash=_hash(content)).first()
    if known is not None:
        return plan(known.pk), content
    return _readable(Snapshot(pk=0, route=route, content=content)), content


def _content(route: Route, draft: Version | None = None) -> dict[str, Any]:
    destinations = list(route.destinations.select_related("connection").order_by("pk"))
    mappings = versions.all_published("mapping", [route.mapping, *(d.mapping for d in destinations)])
    if draft is not None:
        mappings = mappings | {draft.object_key: draft}
    targets = {d.connection_id for d in destinations}
    read = set(Route.objects.filter(connection__in=targets).values_list("connection_id", flat=True))
    return {
        "route": {
            "slug": route.slug,
            "legal_entity": route.legal_entity_id,
            "connection": route.connection_id,
            "connector": route.connection.connector if route.connection else "",
            "stream": route.stream,
            "upstream": route.upstream_id,
            "group_by": route.group_by,
            "entity": route.canonical_entity,
            "order": route.order,
            "reads_back": Destination.objects.filter(connection=route.connection_id).exists(),
        },
        "normalise": _mapping(route.mapping, mappings) if route.mapping else None,
        "destinations": _configured(destinations, mappings, read),
    }


def _hash(content: dict[str, Any]) -> str:
    return sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def _formula(text: str) -> CompiledFormula | None:
    return compile_formula(text, inward=False) if text.strip() else None


def _compile_destination(content: dict[str, Any]) -> DestinationPlan:
    return DestinationPlan(
        id=content["id"],
        name=content["name"],
        connection_id=content["connection"],
        stream=content["stream"],
        lane=content["lane"],
        group=content["group"],
        correction=content["correction"],
        delta_fields=tuple(content["delta_fields"]),
        posting_date=content["posting_date"],
        batch_size=content["batch_size"],
        window=content["window"],
        condition=_formula(content["condition"]),
        condition_text=content["condition"],
        key=_formula(content["key_formula"]),
        approval=_formula(content["approval_formula"]),
        translate=compile_mapping(content["translate"]["content"]),
        keeps_reference=content["keeps_reference"],
        mirrored=content["mirrored"],
        write=systems.write_facts(content["connector"], content["stream"]),
        enabled=content.get("enabled", True),  # snapshots of before it was kept knew no other
    )


def _source(route: dict[str, Any]) -> systems.StreamFacts:
    if route["connection"]:
        return systems.stream_facts(route["connector"], route["stream"])
    return systems.UPSTREAM if route["upstream"] else systems.event_facts(ENTITIES[route["entity"]])


@lru_cache(maxsize=256)
def plan(snapshot_id: int) -> Plan:
    """Return the compiled form of a snapshot; compiled once per process, since a snapshot never changes.

    Raises NotReadyToRun for what was configured before the forms refused it, or lost its connector or stream since.
    """
    return _readable(Snapshot.objects.get(pk=snapshot_id))


def _readable(snapshot: Snapshot) -> Plan:
    try:
        return _compiled(snapshot)
    except (MappingErrors, UnknownConnector) as error:
        raise NotReadyToRun(f"The route is configured in a way that cannot work. {error}") from None
    except (KeyError, AssertionError) as error:
        raise NotReadyToRun(
            f"The route names what is not there: {error}. Save it again and mend what is said."
        ) from None


def _compiled(snapshot: Snapshot) -> Plan:
    content = snapshot.content
    route = content["route"]
    normalise = content["normalise"]
    return Plan(
        snapshot_id=snapshot.pk,
        route_id=snapshot.route_id,
        legal_entity_id=route["legal_entity"],
        connection_id=route["connection"],
        upstream_id=route["upstream"],
        entity=route["entity"],
        in_order=route["order"] == "in_order",
        reads_back=route["reads_back"],
        source=_source(route),
        normalise=compile_mapping(normalise["content"], entity=ENTITIES[route["entity"]]) if normalise else None,
        group_by=_formula(route["group_by"]),
        destinations=tuple(_compile_destination(d) for d in content["destinations"]),
    )


def connection_of(plan_: Plan) -> Connection:
    """Return the source connection of a route that reads a stream."""
    assert plan_.connection_id is not None
    return Connection.objects.get(pk=plan_.connection_id)
