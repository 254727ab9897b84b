"""Which destinations have records, and what that forbids: they are found through today's connection and stream."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from django.db import connection, models

if TYPE_CHECKING:
    from routes.models.configuration import Destination

FIXED = ("connection", "stream")
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
    return {
        name: f"“{destination.name}” has posted or waiting records under this {name}. Add a new destination for the "
        "new one, in a group with this one, and give this one a condition that nothing new meets; what was posted is "
        "corrected where it stands."
        for name in changed
    }


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
