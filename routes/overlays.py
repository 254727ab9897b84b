"""People's corrections of canonical fields: laid over each later version until the source catches up."""

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
from routes import bodies, right_values
from routes.arrivals import Arrival
from routes.evaluation import money
from routes.models import Overlay, Record, Route
from routes.plan import Plan


def apply(plan: Plan, arrivals: Sequence[Arrival]) -> None:
    """Lay open corrections over normalised records, in place; end those that the source has caught up with."""
    if not arrivals:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, key, field, value, source_value FROM routes_overlay"
            " WHERE route_id = %s AND key = ANY(%s) AND ended_at IS NULL",
            [plan.route_id, [a.key for a in arrivals]],
        )
        rows = cursor.fetchall()
    if not rows:
        return
    by_key = {a.key: a for a in arrivals if a.canonical is not None and a.outcome != "withdrawn"}
    ended: dict[str, list[int]] = {"source_agrees": [], "source_disagrees": []}
    for id_, key, field, value, source_value in rows:
        if key in by_key:
            outcome = _lay(plan, by_key[key], field, _plain(value), _plain(source_value))
            if outcome:
                ended[outcome].append(id_)
    for arrival in by_key.values():
        arrival.canonical_body = codec.dumps(arrival.canonical or {}).decode()
        arrival.worth = money(arrival)
    for how, ids in ended.items():
        _end(ids, how)


def _plain(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, str) else value


def _lay(plan: Plan, arrival: Arrival, field: str, value: Any, source_value: Any) -> str:
    """Lay one correction over a record; return how it ended, "" while it stays."""
    assert arrival.canonical is not None
    said = _as_stored(arrival.canonical.get(field))
    if said == value:
        return "source_agrees"
    if said == source_value:
        arrival.canonical[field] = typed(plan.entity, field, value)
        arrival.corrected += (field,)
        return ""
    arrival.stage = "overlay"
    arrival.problems.append(
        Problem(
            "error", Category.CONFLICT, field, None,
            f"{field} was corrected to {value} because the source said {source_value}; now the source says {said}. "
            "Decide which of them holds.", said, f"{value} or {said}",
        )
    )  # fmt: skip
    return "source_disagrees"


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
    if not reason.strip():
        raise ValueError("A correction needs a reason. Say why the source is wrong.")
    stored = _as_stored(right_values.read(ENTITIES[route.canonical_entity], spec, value))
    with transaction.atomic():
        open_ = Overlay.objects.select_for_update().filter(route=route, key=row.key, field=field, ended_at=None).first()
        said = open_.source_value if open_ else _said(row, route.canonical_entity, field)
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


def _said(row: Record, entity: str, field: str) -> Any:
    id_ = row.canonical_payload_id
    found = bodies.read([id_]).get(id_) if id_ else None
    return msgspec.json.decode(found.content).get(field) if found else None
