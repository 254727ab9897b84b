"""Which destinations and routes have records, and what that forbids.

What was posted is found through today's connection and stream of its destination, and what was read by its number at
the source of its route: another source's record of the same number would be taken for its next version.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import connection, models

if TYPE_CHECKING:
    from routes.models.configuration import Destination, Route

FIXED = {"connection": "connection_id", "stream": "stream"}  # the field, and how else code may name it
SOURCE = {**FIXED, "upstream": "upstream_id"}
USED = """
SELECT d.id FROM unnest(%s::bigint[]) AS d (id)
WHERE EXISTS (SELECT FROM routes_transaction t WHERE t.destination_id = d.id)
   OR EXISTS (SELECT FROM routes_consignment c WHERE c.destination_id = d.id)
"""
HEADED = """
SELECT r.id FROM unnest(%s::bigint[]) AS r (id)
WHERE EXISTS (SELECT FROM routes_sourcehead h WHERE h.route_id = r.id)
"""


HOLDS = """
SELECT EXISTS (SELECT FROM routes_route r WHERE r.connection_id = %(connection)s
        AND EXISTS (SELECT FROM routes_sourcehead h WHERE h.route_id = r.id))
    OR EXISTS (SELECT FROM routes_destination d WHERE d.connection_id = %(connection)s
        AND (EXISTS (SELECT FROM routes_transaction t WHERE t.destination_id = d.id)
            OR EXISTS (SELECT FROM routes_consignment c WHERE c.destination_id = d.id)))
"""


def holds_records(connection_id: int) -> bool:
    """Return whether records were read through a connection, or are written or to be written through it; one query."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDS, {"connection": connection_id})
        return bool(cursor.fetchone()[0])


def with_records(ids: Collection[int]) -> set[int]:
    """Return those of the destinations to which a transaction or a consignment belongs; one query."""
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(USED, [list(ids)])
        return {id_ for (id_,) in cursor.fetchall()}


def changed_in_use(destination: "Destination") -> dict[str, str]:
    """Return why a field may not be changed as it is about to be, by field; empty where all may."""
    saved = type(destination).objects.filter(pk=destination.pk).values_list("connection", "stream").first()
    now = (destination.connection_id, destination.stream)
    changed = [name for name, was, is_ in zip(FIXED, saved or now, now, strict=True) if was != is_]
    if not changed or not with_records([destination.pk]):
        return {}
    return {name: _stays(destination, name) for name in changed}


def changed_source(route: "Route") -> dict[str, str]:
    """Return why a route's source may not be changed as it is about to be, by field; empty where it may."""
    saved = type(route)._default_manager.filter(pk=route.pk).values_list(*SOURCE).first()
    now = tuple(getattr(route, column) for column in SOURCE.values())
    changed = [name for name, was, is_ in zip(SOURCE, saved or now, now, strict=True) if was != is_]
    if not changed or not _with_heads([route.pk]):
        return {}
    return dict.fromkeys(changed, _reads_on(route))


def _with_heads(ids: Collection[int]) -> set[int]:
    """Return those of the routes that have taken in records; one query."""
    with connection.cursor() as cursor:
        cursor.execute(HEADED, [list(ids)])
        return {id_ for (id_,) in cursor.fetchall()}


def _reads_on(route: "Route") -> str:
    return (
        f"“{route.name}” has taken in records of its present source, and would take another's of the same numbers for "
        "newer versions of them. Add a new route for the new source, and switch this one off once nothing comes from "
        "the old one any more."
    )


def refuse_source(route: "Route") -> None:
    """Raise ProtectedError, in words, where a route may not be saved with this source; one or two queries."""
    if found := changed_source(route):
        raise models.ProtectedError(next(iter(found.values())), {route})


def refuse_sources(routes: "models.QuerySet[Route]", values: Mapping[str, Any]) -> None:
    """Raise ProtectedError, in words, where one of the routes may not get these values, by field or column.

    What the database is to work out counts as another value. Asks nothing where no such field is among them.
    """
    for name, column in SOURCE.items():
        for field in {name, column} & values.keys():
            asked = _others(routes, field, values[field])
            used = _with_heads([each.pk for each in asked])
            if found := {each: _reads_on(each) for each in asked if each.pk in used}:
                raise models.ProtectedError(" ".join(found.values()), set(found))


def _others(rows: "models.QuerySet[Any]", field: str, value: Any) -> list[Any]:
    """Return the rows that have another value there."""
    if hasattr(value, "resolve_expression"):
        return list(rows)
    same = {f"{field}__isnull": True} if value is None else {field: value}
    return list(rows.exclude(**same))


def _stays(destination: "Destination", name: str) -> str:
    return (
        f"“{destination.name}” has posted or waiting records under this {name}. Add a new destination for the "
        "new one, in a group with this one, and give this one a condition that nothing new meets; what was posted is "
        "corrected where it stands."
    )


def refuse_change(destination: "Destination") -> None:
    """Raise ProtectedError, in words, where a destination may not be saved as it is now; one or two queries."""
    if found := changed_in_use(destination):
        raise models.ProtectedError(" ".join(found.values()), {destination})


def refuse_update(destinations: "models.QuerySet[Destination]", values: Mapping[str, Any]) -> None:
    """Raise ProtectedError, in words, where one of the destinations may not get these values, by field or column.

    What the database is to work out counts as another value. Asks nothing where no such field is among them.
    """
    for name, column in FIXED.items():
        for field in {name, column} & values.keys():
            asked: list[Destination] = _others(destinations, field, values[field])
            used = with_records([d.pk for d in asked])
            if found := {d: _stays(d, name) for d in asked if d.pk in used}:
                raise models.ProtectedError(" ".join(found.values()), set(found))


def kept(destinations: "Iterable[Destination]") -> dict["Destination", str]:
    """Return why some of the destinations may not be deleted, in words; one query beside theirs."""
    asked = list(destinations)
    used = with_records([d.pk for d in asked])
    return {
        d: f"“{d.name}” has posted or waiting records, which are corrected through it. Keep it, and give it a "
        "condition that nothing new meets; or switch it off, and it holds what comes for it."
        for d in asked
        if d.pk in used
    }


def refuse_delete(destinations: "Iterable[Destination]") -> None:
    """Raise ProtectedError, in words, where one of the destinations may not be deleted."""
    if found := kept(destinations):
        raise models.ProtectedError(" ".join(found.values()), set(found))
