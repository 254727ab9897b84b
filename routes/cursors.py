"""How far a route has read its source between runs, and of which source: that of another one is not gone on from.

A source is a stream of an account: where the route, or the account of its connection, is another one since, reading
begins anew. What was taken in before is recognised by its number, and taken in again only where it has changed.
"""

from hashlib import sha256
from typing import Any

import msgspec
from django.db import connection as database

from connectors.models import Connection
from routes.arrivals import decode, exact

MOVED = """
INSERT INTO routes_streamcursor (route_id, cursor, source, moved_at)
VALUES (%s, %s::jsonb, %s, (SELECT hub_now())) ON CONFLICT (route_id)
DO UPDATE SET cursor = excluded.cursor, source = excluded.source, moved_at = excluded.moved_at
"""


def source_of(read_from: Connection, stream: str) -> str:
    """Return what a cursor of a stream belongs to: 64 hex digits, others for another account, system or stream.

    Secrets are left out, so that a renewed one begins nothing anew; answers name the account.
    """
    named = [read_from.pk, read_from.connector, read_from.environment, read_from.answers, stream]
    return sha256(msgspec.json.encode(named, order="deterministic")).hexdigest()


def stored(route_id: int, source: str) -> dict[str, Any] | None:
    """Return how far a route has read a source; None for from the start, also where it has read another one."""
    with database.cursor() as cursor:
        cursor.execute("SELECT cursor, source FROM routes_streamcursor WHERE route_id = %s", [route_id])
        found = cursor.fetchone()
    return decode(found[0]) if found and found[0] and belongs(found[1], source) else None


def forget(route_id: int) -> None:
    """Let a route read its source from the start; what was taken in before is recognised."""
    with database.cursor() as forgotten:
        forgotten.execute("DELETE FROM routes_streamcursor WHERE route_id = %s", [route_id])


def belongs(kept: str, source: str) -> bool:
    """Return whether a cursor is of a source; one from before sources were kept is of the present one."""
    return kept in ("", source)


def move(route_id: int, cursor: dict[str, Any], source: str) -> None:
    """Keep how far a route has read a source."""
    with database.cursor() as moved:
        moved.execute(MOVED, [route_id, exact(cursor), source])
