"""People's corrections of canonical fields: laid over each later version until the source catches up."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from canonical import codec
from canonical.entities import ENTITIES
from canonical.failure import Category
from canonical.problem import Problem
from governance import audit, rights
from governance.models import LegalEntity, User
from routes import bodies, evaluation, right_values
from routes.arrivals import Arrival, decode
from routes.evaluation import money
from routes.models import Overlay, Record, Route
from routes.plan import Plan, current, plan


def apply(made: Plan, arrivals: Sequence[Arrival], *, as_of: dt.datetime | None = None) -> None:
    """Lay open corrections over records, in place; end those that the source has caught up with.

    What the route's mapping works out from a corrected field follows the correction. `as_of` is for the tables.
    """
    by_key = {a.key: a for a in arrivals if a.canonical is not None and a.outcome != "withdrawn"}
    if not by_key:
        return
    laid: dict[str, dict[str, Any]] = {}
    disputes: dict[str, list[Problem]] = {}
    ended: dict[str, list[int]] = {"source_agrees": [], "source_disagrees": []}
    for id_, key, field, value, source_value in _open(made, list(by_key)):
        outcome, said = _compared(by_key[key], field, value, source_value)
        if outcome:
            ended[outcome].append(id_)
            if outcome == "source_disagrees":
                disputes.setdefault(key, []).append(_dispute(field, value, source_value, said))
        else:
            laid.setdefault(key, {})[field] = typed(made.entity, field, value)
    _lay(made, [(by_key[key], values) for key, values in laid.items()], as_of)
    for key, problems in disputes.items():
        by_key[key].stage = "overlay"
        by_key[key].problems.extend(problems)
    for how, ids in ended.items():
        _end(ids, how)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _open(made: Plan, keys: list[str]) -> list[tuple[int, str, str, Any, Any]]:
    """Return (id, key, field, right value, value of the source) of the corrections that are open on keys."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, key, field, value, source_value FROM routes_overlay"
            " WHERE route_id = %s AND key = ANY(%s) AND ended_at IS NULL ORDER BY id",
            [made.route_id, keys],
        )
        return [(id_, key, field, _plain(v), _plain(said)) for id_, key, field, v, said in cursor.fetchall()]


def _plain(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


def _compared(arrival: Arrival, field: str, value: Any, source_value: Any) -> tuple[str, Any]:
    """Return how a correction ended, "" while it stays, and what the source says."""
    if arrival.normalised is None:
        # Taken from what is stored, which may hold the correction already: the source has said nothing new.
        return "", source_value
    assert arrival.canonical is not None
    said = _as_stored(arrival.canonical.get(field))
    if said == value:
        return "source_agrees", said
    return ("" if said == source_value else "source_disagrees"), said


def _dispute(field: str, value: Any, source_value: Any, said: Any) -> Problem:
    return Problem(
        "error", Category.CONFLICT, field, None,
        f"{field} was corrected to {value} because the source said {source_value}; now the source says {said}. "
        "Decide which of them holds.", said, f"{value} or {said}",
    )  # fmt: skip


def _lay(made: Plan, corrected: Sequence[tuple[Arrival, dict[str, Any]]], as_of: dt.datetime | None) -> None:
    for arrival, values in corrected:
        arrival.corrected += tuple(values)
        if arrival.normalised is None:
            arrival.canonical = (arrival.canonical or {}) | values
            arrival.canonical_body = codec.dumps(arrival.canonical).decode()
            arrival.worth = money(arrival)
    anew = [(a, v) for a, v in corrected if a.normalised is not None]
    if anew:
        evaluation.normalise_corrected(made, anew, entities=entities_by_code(), as_of=as_of)


def entities_by_code() -> dict[str, int]:
    """Return the id of each legal entity."""
    return dict(LegalEntity.objects.values_list("code", "pk"))


def _as_stored(value: Any) -> Any:
    """Return a field's value as JSON keeps it, for comparison with stored ones."""
    return msgspec.json.decode(codec.dumps({"value": value}))["value"]


def typed(entity: str, field: str, value: Any) -> Any:
    """Return a stored value with the type of its canonical field."""
    return codec.loads(ENTITIES[entity], msgspec.json.encode({field: value}))[field]


def _end(ids: Sequence[int], how: str) -> None:
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_overlay SET ended_at = (SELECT hub_now()), ended_how = %s WHERE id = ANY(%s)",
                [how, list(ids)],
            )


def correct(*, record: UUID, field: str, value: str | None, reason: str, by: User) -> Overlay:
    """Correct one canonical field of a record's key; the value is text as a person types it.

    Raises governance.rights.NotAllowed, and ValueError with the accepted form when the value does not fit the field.
    """
    row = Record.objects.select_related("legal_entity").get(pk=record)
    entity: LegalEntity = row.legal_entity
    rights.require(by, rights.Right.EDIT_OVERLAY, entity)
    route = Route.objects.get(pk=row.route_id)
    spec = next((f for f in ENTITIES[route.canonical_entity].fields if f.name == field), None)
    if spec is None:
        raise ValueError(f"A {route.canonical_entity} has no field “{field}”. Choose one of its fields.")
    if field in ENTITIES[route.canonical_entity].key:
        raise ValueError(
            f"The {_words(field)} is part of what a {_words(route.canonical_entity)} is known by: another one would be "
            "another record. Correct it at the source."
        )
    if not reason.strip():
        raise ValueError("A correction needs a reason. Say why the source is wrong.")
    stored = _as_stored(right_values.read(ENTITIES[route.canonical_entity], spec, value))
    with transaction.atomic():
        open_ = Overlay.objects.select_for_update().filter(route=route, key=row.key, field=field, ended_at=None).first()
        said = open_.source_value if open_ else _said(row, route, field)
        if open_:
            _end([open_.pk], "withdrawn")
        made = Overlay.objects.create(
            legal_entity=entity, route=route, key=row.key, field=field, value=stored, source_value=said,
            reason=reason, made_by=by,
        )  # fmt: skip
        audit.record(
            by=by, verb="correct", thing=made, before={field: said}, after={field: stored}, reason=reason,
            legal_entity=entity, channel="",
        )  # fmt: skip
    return made


def _said(row: Record, route: Route, field: str) -> Any:
    """Return what the source says of a field, as it is stored.

    What is stored of the record may follow from corrections of other fields: then it is worked out without them.
    """
    if Overlay.objects.filter(route=route, key=row.key, ended_at=None).exists():
        made = plan(current(route).pk)
        source = _body(row.source_payload_id)
        if source and made.normalise is not None and made.upstream_id is None:
            arrival = Arrival(decode(source), source, b"", row.key)
            evaluation.normalise(made, [arrival], entities=entities_by_code())
            return _as_stored((arrival.canonical or {}).get(field))
    stored = _body(row.canonical_payload_id)
    return msgspec.json.decode(stored).get(field) if stored else None


def _body(id_: UUID | None) -> str:
    found = bodies.read([id_]).get(id_) if id_ else None
    return found.content.decode() if found else ""
