"""Whose a key at a target is: it belongs to one record, and two records' versions are not compared with each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from routes.bulk import arrays


@dataclass(frozen=True, slots=True)
class Owner:
    """The record that a key belongs to: what stands there, or waits for it, came from it."""

    route: int
    record_key: str


def forget_new(heads: Sequence[tuple[int, str, str, UUID]]) -> None:
    """Take back heads that were made in this commit; each as connection, object, key and the transaction it holds."""
    if not heads:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM routes_keyhead h
            USING unnest(%s::bigint[], %s::text[], %s::text[], %s::uuid[])
                AS w(connection_id, object, key, transaction_id)
            WHERE h.connection_id = w.connection_id AND h.object = w.object AND h.key = w.key
              AND h.transaction_id = w.transaction_id
            """,
            arrays(heads, 4),
        )


def without_newer(heads: Sequence[tuple[int, str, str]], *, route: int) -> set[int]:
    """Return the heads that nothing newer of the same record has gone through.

    Each head comes with the key of a record of the route and the version that wants it now.
    """
    if not heads:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT w.id FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS w(id, record_key, version)
            WHERE NOT EXISTS (
                SELECT FROM routes_keyhead h
                JOIN routes_destination d ON d.connection_id = h.connection_id AND d.stream = h.object
                JOIN routes_transaction t ON t.destination_id = d.id AND t.key = h.key AND t.version > w.version
                JOIN routes_record r ON r.id = t.record_id AND r.route_id = %s AND r.key = w.record_key
                WHERE h.id = w.id)
            """,
            [*arrays(heads, 3), route],
        )
        return {id_ for (id_,) in cursor.fetchall()}
