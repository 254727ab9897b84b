"""Which mapping an address means, and between which two sides a new one stands."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from canonical.entities import ENTITIES
from connectors.registry import registry
from exceptions_queue.pages.door import person
from governance.models import LegalEntity, Version
from mappings.differences import label
from mappings.models import Mapping
from mappings.models.mapping import KEY, KIND
from mappings.starting import Start, start_of


@dataclass(frozen=True, slots=True)
class Sides:
    """What a new mapping goes by, and what it stands between."""

    key: str
    name: str
    source: dict[str, Any]
    target: dict[str, Any]
    legal_entity: LegalEntity | None
    start: Start | None = None  # the shipped mapping that it begins with


def mapping_of(request: HttpRequest, pk: int) -> Mapping:
    """Return a mapping that the person may see. Raises Http404."""
    visible = Mapping.objects.visible_to(person(request)).select_related("legal_entity")
    return get_object_or_404(visible, pk=pk)


def newest(mapping: Mapping) -> Version | None:
    """Return a mapping's newest version."""
    return Version.objects.of(KIND, mapping.key).first()


def version_of(mapping: Mapping, number: int) -> Version:
    """Return one version of a mapping. Raises Http404."""
    return get_object_or_404(Version.objects.of(KIND, mapping.key), number=number)


def ends() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return what a mapping may stand between, in groups: the hub's own records, and each connector's streams."""
    own = [(f"entity:{name}", label(name)) for name in ENTITIES]
    groups = [("The hub's own records", own)]
    for name, connector in sorted(registry.connectors.items()):
        streams = [(f"stream:{name}:{stream}", label(stream)) for stream in connector.manifest.streams]
        groups.append((connector.manifest.title, streams))
    return groups


def side_of(end: str) -> dict[str, Any] | None:
    """Return a side as a mapping's content has it; None for one that is not there."""
    kind, _, rest = end.partition(":")
    system, _, stream = rest.partition(":")
    if kind == "entity" and rest in ENTITIES:
        return {"entity": rest}
    known = registry.connectors.get(system)
    if kind == "stream" and known is not None and stream in known.manifest.streams:
        return {"system": system, "stream": stream}
    return None


def end_of(side: dict[str, Any]) -> str:
    """Return a side of a content as a form names it: "entity:time_entry", "stream:harvest:time_entries"."""
    return f"entity:{side['entity']}" if "entity" in side else f"stream:{side.get('system')}:{side.get('stream')}"


def sides_of(request: HttpRequest) -> Sides:
    """Return the sides of a new mapping, as its address names them. Raises Http404."""
    source, target = (side_of(request.GET.get(name, "")) for name in ("from", "to"))
    key, company = request.GET.get("key", ""), request.GET.get("company", "")
    if source is None or target is None or not KEY.fullmatch(key):
        raise Http404("This address names no two sides of a mapping. Begin again with a new mapping.")
    place = get_object_or_404(LegalEntity.objects.visible_to(person(request)), code=company) if company else None
    start = start_of(request.GET.get("start", ""))
    if start is not None and not start.fits(source, target):
        raise Http404("The mapping to begin with stands between other sides. Begin again with a new mapping.")
    return Sides(key, request.GET.get("name", "")[:200], source, target, place, start)
