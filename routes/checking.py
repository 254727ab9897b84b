"""Judge a route and its destinations before they are saved: every problem at once, each at its field.

What is accepted here compiles, so a run never finds out what the form could have said. Formulas are told what a record
holds: the fields of the canonical entity, and ours under `hub`.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError

from canonical.entities import ENTITIES
from connectors.manifest.stream import Stream
from connectors.models import Connection
from connectors.registry import UnknownConnector, registry
from governance.models import User, Version
from mappings import MappingErrors, compile_mapping
from mappings.checking import formula_problems
from mappings.reaching import unseen_in
from routes import in_use, released

if TYPE_CHECKING:
    from routes.models.configuration import Destination, Route

COLLECTED = ("posted_as", "posting_reference", "business_key")  # what collecting adds to what was posted
Problems = dict[str, list[str]]


def check_route(route: "Route") -> None:
    """Raise ValidationError with everything that would keep a route from running."""
    found: Problems = {}
    entity = ENTITIES.get(route.canonical_entity)
    if route.canonical_entity and entity is None:
        _say(found, "canonical_entity", _unknown("canonical entity", route.canonical_entity, ENTITIES))
    if route.connection and route.stream:
        _stream(found, route.connection, route.stream, writes=False)
    if route.mapping:
        _mapping(found, route, route.canonical_entity, side="to", place=(route.connection, route.stream))
    if route.upstream:
        known = _fields(route.upstream.route.canonical_entity, COLLECTED)
        _formula(found, route, "group_by", known)
    elif route.group_by.strip():
        words = (
            "Only what another route has posted is put together. Choose that route's destination, or leave this empty."
        )
        _say(found, "group_by", words)
    for field, words in in_use.changed_source(route).items():
        _say(found, field, words)
    _fixed_fields(found, route)
    if entity is not None:
        for words in released.problems(route.role_fields, entity):
            _say(found, "role_fields", words)
    if route.shrink_limit_percent is not None and route.shrink_limit_percent > 100:
        _say(found, "shrink_limit_percent", "A share is at most 100 percent. Give 0 to 100.")
    _lane(found, route.lane)
    if found:
        raise ValidationError(dict(found))


def names_in(text: str) -> list[str]:
    """Return the names of fields in a text with commas between them, as people or files write them."""
    return ["_".join(name.split()).lower() for name in text.split(",") if name.strip()]


def _fixed_fields(found: Problems, route: "Route") -> None:
    """Refuse names that are no fields of what the route makes, or that nobody could correct anyway."""
    entity = ENTITIES.get(route.canonical_entity)
    for name in names_in(route.fixed_fields) if entity else ():
        if entity is not None and name not in entity.by_name:
            _say(found, "fixed_fields", _unknown("field", name, entity.by_name))
        elif entity is not None and name in entity.key:
            words = f"The {name.replace('_', ' ')} is part of what a record is known by, so nobody corrects it anyway."
            _say(found, "fixed_fields", f"{words} Leave it out.")


def check_destination(destination: "Destination") -> None:
    """Raise ValidationError with everything that would keep a destination from taking records."""
    found: Problems = {}
    named = getattr(destination, "route", None)
    entity = named.canonical_entity if named is not None else ""
    known = _fields(entity, ("hub",))
    _formula(found, destination, "condition", known, condition=True)
    _formula(found, destination, "key_formula", known)
    _formula(found, destination, "approval_formula", known, condition=True)
    if getattr(destination, "connection", None) and destination.stream:
        _stream(found, destination.connection, destination.stream, writes=True)
    if destination.mapping:
        there = (getattr(destination, "connection", None), destination.stream)
        _mapping(found, destination, entity, side="from", place=there)
    if destination.posting_date and known and destination.posting_date not in known:
        _say(found, "posting_date", _unknown("field", destination.posting_date, ENTITIES[entity].by_name))
    names = destination.delta_fields
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        _say(found, "delta_fields", 'This is not a list of names. Write it as ["hours", "amount"], or [] for none.')
    for field, words in in_use.changed_in_use(destination).items():
        _say(found, field, words)
    _lane(found, destination.lane)
    if found:
        raise ValidationError(dict(found))


def _fields(entity: str, more: Collection[str]) -> frozenset[str] | None:
    """Return the names that a formula may read; None where the entity itself is not known."""
    return frozenset(ENTITIES[entity].by_name) | frozenset(more) if entity in ENTITIES else None


def _formula(
    found: Problems, row: "Route | Destination", field: str, known: frozenset[str] | None, *, condition: bool = False
) -> None:  # fmt: skip
    text: str = getattr(row, field)
    if not text.strip():
        return
    for problem in formula_problems(text, known=known, condition=condition):
        _say(found, field, str(problem))
    unseen = unseen_in(text, by=row.asked_by) if row.asked_by is not None else []
    if unseen and not type(row)._default_manager.filter(pk=row.pk, **{field: text}).exists():  # what stands may stay
        for words in unseen:
            _say(found, field, words)


def _stream(found: Problems, connection: Connection, stream: str, *, writes: bool) -> None:
    try:
        manifest = registry.connector(connection.connector).manifest
    except UnknownConnector as error:
        _say(found, "connection", str(error))
        return

    def able(each: Stream) -> bool:
        return each.write is not None if writes else each.read is not None

    usable = [name for name, each in manifest.streams.items() if able(each)]
    if stream not in usable:
        what = "stream that can be written" if writes else "stream that can be read"
        _say(found, "stream", _unknown(f"{what} in {manifest.title}", stream, usable))


def _mapping(
    found: Problems, row: "Route | Destination", entity: str, *, side: str, place: tuple[Connection | None, str]
) -> None:  # fmt: skip
    """Look whether a row's mapping is published, compiles, and speaks of the route's entity and of the stream at
    `place`; one that whoever asks does not see is none, unless it stands in the row already.

    `side` is where its canonical record stands: what it makes ("to"), or what it is made of ("from").
    """
    name = row.mapping
    published = Version.objects.filter(kind="mapping").in_force()
    version = published.filter(object_key=name).first()
    if version is None or not may_use(row, name):
        named_to = row.asked_by if isinstance(row.asked_by, User) else None  # what the hub asks may be told to anybody
        known = published.usable_by(named_to).values_list("object_key", flat=True)
        _say(found, "mapping", _unknown("published mapping", name, sorted(known)))
        return
    content = version.content
    spoken_of = _entity_of(content, side)
    if spoken_of and entity in ENTITIES and spoken_of != entity:
        _say(found, "mapping", f"{name} speaks of {spoken_of}, but the route of {entity}. Choose another mapping.")
        return
    if misfit := _misfit(name, content.get("from" if side == "to" else "to"), *place, reads=side == "to"):
        _say(found, "mapping", misfit)
        return
    try:
        compile_mapping(content, entity=ENTITIES.get(entity) if side == "to" else None)
    except MappingErrors as errors:
        for problem in errors.problems:
            _say(found, "mapping", f"{name}: {problem}")


def may_use(row: "Route | Destination", name: str) -> bool:
    """Return whether a mapping that is there may be a row's: whoever asks sees it, or it stands there already."""
    found = Version.objects.of("mapping", name)
    stands = row.pk is not None and type(row)._default_manager.filter(pk=row.pk, mapping=name).exists()
    return stands or not found.exists() or found.usable_by(row.asked_by).exists()


def _misfit(name: str, given: Any, connection: Connection | None, stream: str, *, reads: bool) -> str:
    """Return in words that a mapping speaks of another system's stream than the one named, "" when it fits."""
    known = registry.connectors.get(connection.connector) if connection else None
    if connection is None or known is None or not isinstance(given, dict) or "system" not in given:
        return ""
    if stream not in known.manifest.streams:  # that there is no such kind of record is told at its own place
        return ""
    same = given["system"] == connection.connector or given["system"] not in registry.connectors
    if same and given.get("stream") == stream:  # of a system that the hub does not know, only the stream can be judged
        return ""
    deed = "reads" if reads else "makes"
    here = f"{_title(connection.connector, stream)} of {known.manifest.title}"
    other = registry.connectors.get(str(given["system"]))
    system = other.manifest.title if other else str(given["system"])
    spoken_of = f"{_title(str(given['system']), str(given.get('stream')))} of {system}"
    return f"{name} {deed} {spoken_of}, but {here} is chosen. Choose another mapping or kind of record."


def _title(connector: str, stream: str) -> str:
    """Return what people call a stream."""
    known = registry.connectors.get(connector)
    found = known.manifest.streams.get(stream) if known else None
    return found.title if found and found.title else stream


def _entity_of(content: dict[str, Any], side: str) -> str:
    given = content.get(side)
    return str(given.get("entity", "")) if isinstance(given, dict) else ""


def _lane(found: Problems, lane: str) -> None:
    if lane and lane not in settings.LANES:
        _say(found, "lane", _unknown("lane", lane, settings.LANES))


def _unknown(what: str, name: str, known: Collection[str]) -> str:
    return f"There is no {what} called “{name[:80]}”. Use one of: {', '.join(known) or 'there is none yet'}."


def _say(found: Problems, field: str, words: str) -> None:
    found.setdefault(field, []).append(words)
