"""Which records a mapping can be tried on: its connector's own, recent ones of routes that use it, and pasted ones.

A real record comes as its person may see it: what is hidden is blank in it, so that no formula carries it elsewhere.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Case, Q, When

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Entity, Mask
from canonical.masking import may_see
from connectors.models import Connection
from exceptions_queue import naming
from exceptions_queue.codes import code_of, id_of
from exceptions_queue.permitted import masks_of, rights_in
from governance.models import LegalEntity, User, Version
from governance.row_numbers import number_in
from mappings.compiled import CompiledMapping
from mappings.drafting import compiled
from mappings.formula.tree import Path, walk
from mappings.models import Mapping
from mappings.models.mapping import KIND
from mappings.row_trial import Sample, blanked
from mappings.samples import UnreadableSample, read_samples, samples_between
from routes import bodies
from routes.arrivals import decode
from routes.models import Destination, Record, Route, Run

Side = dict[str, Any]  # as a mapping's content has it
MOST = 5  # recent records that are offered
PASTED = "pasted"
LARGEST = 50_000  # characters of a pasted sample


@dataclass(frozen=True, slots=True)
class Choice:
    """A sample to choose: how a form calls it, and how people do."""

    value: str
    words: str


class NoSample(ValueError):  # reads as what happened
    """There is no such sample any more; the message says so."""


class NotReadable(NoSample):
    """What was pasted is no record; the message says where, and why."""


def choices(mapping: Mapping | None, user: User, source: Side, target: Side) -> list[Choice]:
    """Return the samples that somebody may choose for a mapping between two sides. At most four queries.

    A mapping of None is one that is not kept yet: no record has gone through it.
    """
    known = samples_between(source, target, mapping.key if mapping else "")
    shipped = [Choice(f"shipped:{n}", f"Sample {n + 1} of the connector") for n in range(len(known))]
    if mapping is None:
        return [*shipped, Choice(PASTED, "What I paste below")]
    real = [
        Choice(
            f"record:{code_of(record.pk)}",
            f"{record.key}, {naming.name_of(record.route, user)}, {record.received_at:%Y-%m-%d %H:%M}",
        )
        for record in _recent(mapping, user)
    ]
    return [*shipped, *real, Choice(PASTED, "What I paste below")]


def sample_of(
    mapping: Mapping | None, chosen: str, pasted: str, user: User, source: Side, target: Side,
    legal_entity: LegalEntity | None = None,
) -> Sample | None:  # fmt: skip
    """Return the chosen sample; None where nothing is chosen or pasted. Raises NoSample, and NotReadable.

    What is nobody's record counts as one of the mapping's company; `legal_entity` is that of one not kept yet.
    """
    kind, _, name = chosen.partition(":")
    company = mapping.legal_entity_id if mapping else legal_entity.pk if legal_entity else None
    typed = _pasted(pasted, company)  # also where another one is chosen: what is wrong with it is said
    if chosen == PASTED and typed is not None:
        return replace(typed, connection_id=_connection(mapping, user, source, target))
    if chosen == PASTED or not chosen:
        return None
    if kind == "record" and mapping is not None:
        return _record(mapping, name, user)
    shipped = samples_between(source, target, mapping.key if mapping else "")
    if kind == "shipped" and (number := number_in(name)) is not None and number < len(shipped):
        through = _connection(mapping, user, source, target)
        return Sample(shipped[number], legal_entity_id=company, connection_id=through)
    raise NoSample("This sample is not there any more. Choose another one.")


def _connection(mapping: Mapping | None, user: User, source: Side, target: Side) -> int | None:
    """Return the connection whose ids stand for those of a record that came through none; None where there is none.

    One of a route that uses the mapping goes first, then the oldest to the same system, of those that somebody sees.
    """
    key = mapping.key if mapping else None
    used = Q(pk__in=Route.objects.filter(mapping=key).values("connection")) | Q(
        pk__in=Destination.objects.filter(mapping=key).values("connection")
    )
    of_system = Connection.objects.visible_to(user).filter(connector=source.get("system") or target.get("system") or "")
    first = of_system.annotate(own=Case(When(used, then=0), default=1)).order_by("own", "pk")
    return first.values_list("pk", flat=True).first()


def _pasted(text: str, company: int | None) -> Sample | None:
    if not text.strip():
        return None
    if len(text) > LARGEST:
        raise NotReadable(f"This has {len(text):,} characters; at most {LARGEST:,} fit. Paste one record.")
    try:
        return Sample(read_samples(text)[0], legal_entity_id=company)
    except UnreadableSample as error:
        raise NotReadable(str(error)) from None


def _routes(mapping: Mapping) -> tuple[dict[int, int | None], dict[int, int | None]]:
    """Return the routes that normalise with a mapping, and those that translate with it, with the connection's id."""
    routes, reached = Route.objects.filter(mapping=mapping.key), Destination.objects.filter(mapping=mapping.key)
    inward: dict[int, int | None] = dict(routes.values_list("pk", "connection_id"))
    outward: dict[int, int | None] = dict(reached.values_list("route_id", "connection_id"))
    return inward, outward


def _recent(mapping: Mapping, user: User) -> list[Record]:
    """Return records of the latest runs that brought some; by run, since that is what an index finds."""
    inward, outward = _routes(mapping)
    runs = Run.objects.filter(Q(new__gt=0) | Q(changed__gt=0), route__in=[*inward, *outward]).order_by("-created_at")
    latest = list(runs.values_list("pk", flat=True)[:MOST])
    if not latest:
        return []
    found = Record.objects.visible_to(user).filter(run__in=latest, source_payload_id__isnull=False)
    return list(found.select_related("route").order_by("-pk")[:MOST])


def _record(mapping: Mapping, code: str, user: User) -> Sample:
    gone = "This record is not kept any more, or not for you to see. Choose another one."
    try:
        record = Record.objects.visible_to(user).select_related("route").filter(pk=id_of(code)).first()
    except ValueError:
        record = None
    inward, outward = _routes(mapping)
    if record is None or record.route_id not in {**inward, **outward}:
        raise NoSample(gone)
    masks = masks_of(rights_in(user, record.legal_entity_id)) | {Mask.NONE}
    wanted = record.source_payload_id if record.route_id in inward else record.canonical_payload_id
    body = bodies.read([wanted] if wanted else []).get(wanted) if wanted else None
    if body is None:
        raise NoSample(gone)
    place: dict[str, Any] = {"legal_entity_id": record.legal_entity_id, "masks": masks}
    if record.route_id in inward:
        raw = decode(str(body))
        hidden = _hidden(raw, _readable(mapping, masks)) if masks != set(Mask) else frozenset()
        return Sample(blanked(raw, hidden), hidden, connection_id=inward[record.route_id], **place)
    entity = ENTITIES[record.route.canonical_entity]
    ours = codec.loads(entity, str(body))
    hidden = _canonical_hidden(entity, ours, masks)
    return Sample(blanked(ours, hidden), hidden, connection_id=outward[record.route_id], **place)


def _canonical_hidden(entity: Entity, values: Any, masks: frozenset[Mask], at: str = "") -> frozenset[str]:
    found: set[str] = set()
    for name, value in values.items():
        path = f"{at}{name}"
        if not may_see(entity, name, masks):
            found.add(path)
        elif isinstance(value, list):
            inner = ENTITIES[entity.by_name[name].references]
            for number, line in enumerate(value):
                found |= _canonical_hidden(inner, line, masks, f"{path}[{number}].")
    return frozenset(found)


def _readable(mapping: Mapping, masks: frozenset[Mask]) -> set[str]:
    """Return the paths at the source that only fields read which somebody may see, by the mapping in force.

    What no field reads stays hidden: nobody has decided yet what it holds.
    """
    version = Version.objects.of(KIND, mapping.key).in_force().first()
    if version is None:
        return set()
    made: CompiledMapping = compiled(version)
    entity, readable, kept = made.content.target, set[str](), set[str]()
    for rule in made.content.fields:
        paths = {".".join(node.steps) for node in walk(rule.formula.tree) if isinstance(node, Path)}
        visible = entity is not None and may_see(entity, rule.name, masks)
        (readable if visible else kept).update(paths)
    return readable - kept


def _hidden(raw: Any, readable: set[str], at: str = "") -> frozenset[str]:
    """Return the paths of all values of a record that are not readable."""
    if isinstance(raw, dict):
        parts = [_hidden(each, readable, f"{at}.{name}" if at else name) for name, each in raw.items()]
    elif isinstance(raw, list):
        parts = [_hidden(each, readable, f"{at}[{number}]") for number, each in enumerate(raw)]
    else:
        return frozenset() if at in readable or raw in (None, "") else frozenset([at])
    return frozenset().union(*parts)
