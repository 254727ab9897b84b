"""People's corrections of canonical fields: laid over each later version until the source catches up."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection, transaction

from canonical import check, codec
from canonical.entities import ENTITIES
from canonical.entity import Entity, Field, Kind, Mask
from canonical.failure import Category
from canonical.problem import Problem
from governance import audit, rights
from governance.models import User
from routes import bodies, evaluation, legal_entities, meeting, released, right_values
from routes.arrivals import Arrival, decode
from routes.bulk import texts
from routes.evaluation import money
from routes.models import Happened, Overlay, Record, Route
from routes.models.configuration import Order
from routes.overlay_endings import Happening, write_down
from routes.plan import Plan, current, plan

NONE: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
STAGE = "overlay"  # at which a record stops whose source contradicts a correction


def apply(
    made: Plan, arrivals: Sequence[Arrival], *, as_of: dt.datetime | None = None, taking: Collection[UUID] = (),
    more: Mapping[str, Mapping[str, Any]] = NONE,
) -> None:  # fmt: skip
    """Lay open corrections over records that are sent again, in place: the source has said nothing new of them.

    What the route's mapping works out from a corrected field follows the correction. `as_of` is for the tables. What
    the source contradicts is not laid over; somebody is asked again, but for the records that are `taking` what it
    says. `more` are values, by key and field, that a person only tries.
    """
    by_key: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        if arrival.canonical is not None and arrival.outcome != "withdrawn":
            by_key.setdefault(arrival.key, []).append(arrival)
    laid: dict[str, dict[str, Any]] = {}
    asked: list[tuple[Arrival, list[tuple[_Correction, Any]]]] = []
    returned: dict[str, list[_Correction]] = {}
    misfits: list[_Correction] = []
    for each in _open(made, list(by_key)) if by_key else ():
        if not each.fits:
            if each.field not in more.get(each.key, {}):
                misfits.append(each)
        elif each.returned:
            returned.setdefault(each.key, []).append(each)
        else:
            laid.setdefault(each.key, {})[each.field] = each.value
    for key, values in more.items():
        if key in by_key:
            laid[key] = {**laid.get(key, {}), **values}
    for key, contradicted in returned.items():
        left = [each for each in contradicted if each.field not in more.get(key, {})]
        for arrival in by_key[key]:
            said = arrival.canonical or {}
            doubted = [(each, said.get(each.field)) for each in left if said.get(each.field) != each.value]
            if doubted and arrival.record not in taking:
                asked.append((arrival, doubted))
    _lay(made, [(arrival, values) for key, values in laid.items() for arrival in by_key[key]], as_of)
    for arrival, doubted in asked:
        _ask(ENTITIES[made.entity], arrival, doubted)
    for each in misfits:
        for arrival in by_key[each.key]:
            arrival.problems.append(_misfit(made.entity, each))


def compare(made: Plan, arrivals: Sequence[Arrival]) -> None:
    """Lay open corrections over new versions, in place; end those that the source has caught up with.

    No two arrivals have the same key. A correction with which the source neither agrees nor holds on to what it said
    before is not laid over but returned: a person is asked, at this version and at every later one, until somebody
    decides or the source says again what it said before. What happened to each is kept.
    """
    by_key = {a.key: a for a in arrivals if a.canonical is not None and a.outcome != "withdrawn"}
    found_open = _open(made, list(by_key)) if by_key else []
    corrections = [each for each in found_open if each.fits]
    if not found_open:
        return
    said = {each.id: (by_key[each.key].canonical or {}).get(each.field) for each in corrections}
    doubted = [e for e in corrections if not e.returned and said[e.id] not in (e.value, e.said)]
    before = _said_before(made, [by_key[key] for key in {each.key for each in doubted}])
    happened: list[Happening] = []
    laid: dict[str, dict[str, Any]] = {}
    contradicted: dict[str, list[tuple[_Correction, Any]]] = {}
    for each in corrections:
        what = _happened(each, said[each.id], before)
        happened.append(Happening(each.id, what, _as_stored(said[each.id]), by_key[each.key].version))
        if what in (Happened.KEPT, Happened.RESUMED):
            laid.setdefault(each.key, {})[each.field] = each.value
        elif what is Happened.RETURNED:
            contradicted.setdefault(each.key, []).append((each, said[each.id]))
    _lay(made, [(by_key[key], values) for key, values in laid.items()], None)
    for key, found in contradicted.items():
        _ask(ENTITIES[made.entity], by_key[key], found)
    for each in found_open:
        if not each.fits:
            by_key[each.key].problems.append(_misfit(made.entity, each))
    write_down(happened)


def _happened(correction: "_Correction", said: Any, before: Mapping[str, Mapping[str, Any]]) -> Happened:
    """Return what a version that says this means for a correction; `before` is what the last one would say today."""
    if said == correction.value:
        return Happened.AGREED
    if said == correction.said:
        return Happened.RESUMED if correction.returned else Happened.KEPT
    if correction.returned:
        return Happened.RETURNED
    # Where the version before would say the same today, not the source has changed but a table or the mapping.
    then = before.get(correction.key)
    return Happened.RETURNED if then is None or then.get(correction.field) != said else Happened.KEPT


@dataclass(frozen=True, slots=True)
class _Correction:
    """A correction that is open."""

    id: int
    key: str
    field: str
    value: Any  # the right value, with its field's type
    said: Any  # what the source said when it was corrected, with its field's type
    returned: bool  # the source contradicts it, and nobody has decided yet
    fits: bool = True  # whether its field takes such a value still


def _open(made: Plan, keys: list[str]) -> list[_Correction]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, key, field, value, source_value, returned_at IS NOT NULL FROM routes_overlay"
            " WHERE route_id = %s AND key = ANY(%s::text[]) AND ended_at IS NULL ORDER BY id",
            [made.route_id, texts(keys)],
        )
        return [
            _Correction(
                id_, key, field, typed(made.entity, field, plain(v)), typed(made.entity, field, plain(said)), returned,
                _fits(made.entity, field, plain(v)),
            )
            for id_, key, field, v, said, returned in cursor.fetchall()
        ]  # fmt: skip


def plain(value: Any) -> Any:
    """Return what a column of JSON holds, which the driver gives as text."""
    return msgspec.json.decode(value) if isinstance(value, str) else value


def _said_before(made: Plan, arrivals: Sequence[Arrival]) -> dict[str, dict[str, Any]]:
    """Return what today's mapping and tables make of the versions before these, by key, without corrections."""
    if made.normalise is None or made.upstream_id is not None:
        return {}
    earlier = {a.previous: a.key for a in arrivals if a.previous is not None}
    sources = dict(Record.objects.filter(pk__in=earlier).values_list("pk", "source_payload_id"))
    kept = bodies.read([id_ for id_ in sources.values() if id_]) if sources else {}
    found = [
        Arrival(decode(text := kept[id_].content.decode()), text, b"", earlier[record])
        for record, id_ in sources.items() if id_ in kept
    ]  # fmt: skip
    if found:
        evaluation.normalise(made, found, entities=legal_entities.by_code())
    return {a.key: a.canonical or {} for a in found}


def _ask(entity: Entity, arrival: Arrival, contradicted: Sequence[tuple[_Correction, Any]]) -> None:
    """Stop a record with one question about all of its corrections that the source contradicts."""
    first, said = contradicted[0]
    sentences = [_sentence(entity, each, now, is_first=each is first) for each, now in contradicted]
    message = f"{' '.join(sentences)} Decide which of them holds."
    accepted = f"{_told(first.value)} or {_told(said)}"
    arrival.stage = STAGE
    arrival.problems.append(Problem("error", Category.CONFLICT, first.field, None, message, said, accepted))


def _sentence(entity: Entity, one: _Correction, now: Any, *, is_first: bool) -> str:
    """Say what stands against a correction. The words go by the mask of the first field: values of others that have
    one of their own are left out.
    """
    field = entity.by_name.get(one.field)
    if field is not None and field.mask is not Mask.NONE and not is_first:
        return f"{_words(one.field)} was corrected, and the source has changed it as well."
    return (
        f"{_words(one.field)} was corrected to {_told(one.value)} because the source said {_told(one.said)}; "
        f"now the source says {_told(now)}."
    )


def _told(value: Any) -> str:
    if value is None:
        return "nothing"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _lay(made: Plan, corrected: Sequence[tuple[Arrival, dict[str, Any]]], as_of: dt.datetime | None) -> None:
    entity = ENTITIES[made.entity]
    for arrival, values in corrected:
        arrival.corrected += tuple(values)
        if arrival.normalised is None:
            arrival.canonical = (arrival.canonical or {}) | values
            arrival.canonical_body = codec.dumps(arrival.canonical).decode()
            arrival.worth = money(arrival)
            if made.takes_events:
                arrival.problems.extend(check(entity, arrival.canonical))
    anew = [(a, v) for a, v in corrected if a.normalised is not None]
    if anew:
        evaluation.normalise_corrected(made, anew, entities=legal_entities.by_code(), as_of=as_of)


def _as_stored(value: Any) -> Any:
    """Return a field's value as JSON keeps it, for comparison with stored ones."""
    return msgspec.json.decode(codec.dumps({"value": value}))["value"]


def typed(entity: str, field: str, value: Any) -> Any:
    """Return a stored value with the type of its canonical field; as it is stored where it does not fit any more."""
    try:
        return codec.loads(ENTITIES[entity], msgspec.json.encode({field: value}))[field]
    except ValueError:
        return value


ACCEPTED = {
    Kind.DECIMAL: "decimal numbers", Kind.MONEY: "amounts", Kind.DATE: "days", Kind.DATETIME: "moments",
    Kind.LINES: "lines",
}  # fmt: skip


def _fits(entity: str, field: str, value: Any) -> bool:
    try:
        codec.loads(ENTITIES[entity], msgspec.json.encode({field: value}))
    except ValueError:
        return False
    return True


def _misfit(entity: str, each: _Correction) -> Problem:
    """Return what stops a record whose correction an earlier model took; the correction stays as it is."""
    accepted = ACCEPTED.get(ENTITIES[entity].by_name[each.field].kind, "other values")
    message = (
        f"The correction of the {_words(each.field)} to {_told(each.value)} does not fit any more: {accepted} are "
        "accepted there. Correct it anew, or take the correction back."
    )
    return Problem("error", Category.VALIDATION, each.field, None, message, each.value, accepted)


class Overtaken(ValueError):  # reads as what happened
    """Somebody else has corrected the field since the person looked; the message shows their correction."""


def correct(
    *, record: UUID, field: str, value: str | None, reason: str, by: User, seen_until: int | None = None,
    moves_day: bool = False, emergency: int | None = None,
) -> Overlay:  # fmt: skip
    """Correct one canonical field of a record's key; the value is text as a person types it.

    `seen_until` is the newest correction that the person saw: one that came after it is not overwritten. A proposal
    that `moves_day` into the next open period may change what the route keeps fixed: a second person decides; so may
    one that is made in an `emergency` mode, by its number: a second person reviews it.

    Raises governance.rights.NotAllowed, Overtaken, and ValueError with the accepted form when the value does not fit
    the field.
    """
    row = Record.objects.select_related("legal_entity").get(pk=record)
    rights.require(by, rights.Right.EDIT_OVERLAY, row.legal_entity)
    route = Route.objects.get(pk=row.route_id)
    lifted = moves_day or emergency is not None
    spec = _correctable(route, field, fixed_too=lifted)
    if not lifted and field in route.kept_from(by, row.legal_entity_id):
        raise ValueError(
            f"The {_words(field)} is corrected by {released.told(route.role_fields, field)} on the route "
            f"“{route.name}”. Ask one of them, or correct it at the source."
        )
    if not reason.strip():
        raise ValueError("A correction needs a reason. Say why the source is wrong.")
    stored = _as_stored(right_values.read(ENTITIES[route.canonical_entity], spec, value))
    with transaction.atomic():
        meeting.hold_route(route.pk)  # no version is just being stored without knowing of this
        if route.order == Order.SUPERSEDING and _replaced(row):
            raise ValueError(f"A newer version of {row.key} has come meanwhile. Load the page again.")
        open_ = Overlay.objects.select_for_update().filter(route=route, key=row.key, field=field, ended_at=None).first()
        if open_ and seen_until is not None and open_.pk > seen_until:
            raise Overtaken(_overtaken(open_, route.canonical_entity))
        said = open_.source_value if open_ and open_.returned_at is None else _said(row, route, field)
        if open_:
            write_down([Happening(open_.pk, Happened.REPLACED, said, row.version)], by=by, reason=reason)
        made = Overlay.objects.create(
            legal_entity=row.legal_entity, route=route, key=row.key, field=field, value=stored, source_value=said,
            reason=reason, made_by=by, emergency=emergency,
        )  # fmt: skip
        write_down([Happening(made.pk, Happened.MADE, said, row.version)], by=by, reason=reason)
        audit.record(
            by=by, verb="correct", thing=made, before={field: said},
            after={field: stored} | ({"emergency mode": emergency} if emergency else {}), reason=reason,
            legal_entity=row.legal_entity, channel="",
        )  # fmt: skip
    return made


def _correctable(route: Route, field: str, *, fixed_too: bool) -> Field:
    """Return a field of a route's records that may be corrected; raise ValueError in words for any other."""
    entity = ENTITIES[route.canonical_entity]
    spec = next((each for each in entity.fields if each.name == field), None)
    if spec is None:
        raise ValueError(f"A {entity.name} has no field “{field}”. Choose one of its fields.")
    if field in entity.key:
        raise ValueError(
            f"The {_words(field)} is part of what a {_words(entity.name)} is known by: another one would be "
            "another record. Correct it at the source."
        )
    if field in route.fixed and not fixed_too:
        raise ValueError(
            f"The {_words(field)} is not released for corrections on the route “{route.name}”. Correct it at the "
            "source."
        )
    return spec


def _overtaken(found: Overlay, entity: str) -> str:
    value = _told(typed(entity, found.field, found.value) if found.value is not None else None)
    return (
        f"{found.made_by.get_full_name() or found.made_by} has corrected the {_words(found.field)} of {found.key} to "
        f"{value} meanwhile ({found.made_at:%Y-%m-%d %H:%M}): {found.reason.rstrip('.')}. Nothing of yours was kept."
    )


class Newer(NamedTuple):
    """A correction that somebody has made after another person looked."""

    number: int
    words: str  # who, to what, when and why


def overtaken_by(records: Collection[UUID], *, since: int) -> dict[tuple[UUID, str], Newer]:
    """Return the open corrections of records that are newer than one, by record and field. Three queries at most."""
    if not records or newest() <= since:
        return {}
    rows = Record.objects.filter(pk__in=list(records)).values_list("route_id", "key", "pk")
    keys = {(route, key): pk for route, key, pk in rows}
    open_ = Overlay.objects.open().filter(pk__gt=since, key__in={key for _, key in keys})
    return {
        (keys[row.route_id, row.key], row.field): Newer(row.pk, _overtaken(row, row.route.canonical_entity))
        for row in open_.select_related("route", "made_by")
        if (row.route_id, row.key) in keys
    }


def newest() -> int:
    """Return the number of the newest correction there is, which a page shows as seen; 0 for none. One query."""
    return Overlay.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _replaced(row: Record) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM routes_sourcehead WHERE route_id = %s AND key = %s AND version > %s"
            " AND NOT withdrawn)",
            [row.route_id, row.key, row.version],
        )
        return bool(cursor.fetchone()[0])


def _said(row: Record, route: Route, field: str) -> Any:
    """Return what the source says of a field, as it is stored.

    What is stored of the record may follow from corrections of other fields: then it is worked out without them.
    """
    if Overlay.objects.filter(route=route, key=row.key, ended_at=None).exists():
        made = plan(current(route).pk)
        source = _body(row.source_payload_id)
        if source and made.normalise is not None and made.upstream_id is None:
            arrival = Arrival(decode(source), source, b"", row.key)
            evaluation.normalise(made, [arrival], entities=legal_entities.by_code())
            return _as_stored((arrival.canonical or {}).get(field))
    stored = _body(row.canonical_payload_id)
    return msgspec.json.decode(stored).get(field) if stored else None


def _body(id_: UUID | None) -> str:
    found = bodies.read([id_]).get(id_) if id_ else None
    return found.content.decode() if found else ""
