"""Which destinations have records, and what that forbids: they are found through today's connection and stream."""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db import connection, models

if TYPE_CHECKING:
    from routes.models.configuration import Destination

FIXED = {"connection": "connection_id", "stream": "stream"}  # the field, and how else code may name it
USED = """
SELECT d.id FROM unnest(%s::bigint[]) AS d (id)
WHERE EXISTS (SELECT FROM routes_transaction t WHERE t.destination_id = d.id)
   OR EXISTS (SELECT FROM routes_consignment c WHERE c.destination_id = d.id)
"""


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
            value = values[field]
            same = {} if hasattr(value, "resolve_expression") else {field: value}
            asked = list(destinations.exclude(**same) if same else destinations)
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
