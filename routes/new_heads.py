"""Heads of keys that nothing ever came for: who may take such a key, and the heads that are made once it is certain."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from routes import locks
from routes.bulk import NULL, array, copy_lines, hexed, text, texts
from routes.heads import Where
from routes.plan import DestinationPlan, Plan
from routes.waybill import Item


@dataclass(frozen=True, slots=True)
class Stream:
    """Where heads are: a write stream of a connection, and the lane that carries it."""

    connection_id: int
    object: str
    lane: str


def hold_streams(plan: Plan) -> None:
    """Let nobody else enter keys of the streams that a route writes until the commit; before heads are looked at.

    Keys that travel in a consignment have no head yet, so no lock of a row keeps two pages from taking the same one.
    All streams of the route at once, and before any consignment is unpacked: the same order for everybody. Streams to
    which nothing travels need it not.
    """
    streams = sorted({f"{to.connection_id}:{to.stream}" for to in plan.destinations if travels_to(to)})
    if streams:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, h) FROM"
                " (SELECT DISTINCT hashtext(s) AS h FROM unnest(%s::text[]) AS w(s) ORDER BY 1) hashed",
                [locks.STREAM, array(streams)],
            )


def travels_to(to: DestinationPlan) -> bool:
    """Return whether consignments may go to a destination: a crash leaves all of one in doubt, so a repeat must not
    matter there.
    """
    return to.write.write_class == "idempotent"


def by_stream(wanted: Iterable[Where]) -> dict[tuple[int, str], list[str]]:
    """Return the keys of each connection and object."""
    found: dict[tuple[int, str], list[str]] = {}
    for connection_id, object_, key in wanted:
        found.setdefault((connection_id, object_), []).append(key)
    return found


def known(wanted: Iterable[Where]) -> set[Where]:
    """Return those that have a head. One query for each stream."""
    found: set[Where] = set()
    with connection.cursor() as cursor:
        for (connection_id, object_), keys in by_stream(wanted).items():
            cursor.execute(
                "SELECT key FROM routes_keyhead WHERE connection_id = %s AND object = %s AND key = ANY(%s::text[])",
                [connection_id, object_, texts(keys)],
            )
            found.update((connection_id, object_, key) for (key,) in cursor.fetchall())
    return found


def ask_taken(cursor: Any, wanted: Iterable[Where]) -> None:
    """Ask which keys have a head or travel in a consignment: connection, object and key of each. One query."""
    streams, parameters = [], list[Any]()
    for (connection_id, object_), keys in by_stream(wanted).items():
        streams.append(TAKEN)
        parameters += [connection_id, object_, texts(keys)] * 2
    cursor.execute(" UNION ALL ".join(streams), parameters)


TAKEN = """
SELECT connection_id, object, key FROM routes_keyhead WHERE connection_id = %s AND object = %s AND key = ANY(%s::text[])
UNION ALL
SELECT c.connection_id, c.object, k.key FROM routes_consignment c CROSS JOIN LATERAL unnest(c.keys) AS k(key)
WHERE c.connection_id = %s AND c.object = %s AND k.key = ANY(%s::text[])
"""
OF_KEYS_NEVER_SEEN = (
    "COPY routes_keyhead (key, seen_version, transaction_id, live_effect_id, live_hash, live_external_id,"
    " live_payload_id, live_write_key, live_transaction_id, connection_id, object, lane, mirrored, lease_owner,"
    " due_at, generation, waiting) FROM STDIN"
)


def occupy_new(
    holders: Iterable[tuple[str, str, str]], stream: Stream, *, owner: UUID | None, due_at: datetime
) -> None:
    """Make heads, each for a key, a version and the transaction that holds it; with an owner theirs until `due_at`."""
    lease = f"f\t{hexed(owner) if owner else NULL}\t{due_at.isoformat()}\t0\tf"
    end = f"{stream.connection_id}\t{text(stream.object)}\t{text(stream.lane)}\t{lease}"
    lines = [
        f"{text(key)}\t{version}\t{transaction}\t\\N\t\\N\t\t\\N\t\t\\N\t{end}" for key, version, transaction in holders
    ]
    with connection.cursor() as cursor:
        copy_lines(cursor, OF_KEYS_NEVER_SEEN, lines)


def stand_new(items: Iterable[tuple[Item, str]], stream: Stream, *, mirrored: bool) -> None:
    """Make free heads of keys whose first transaction is posted, each with the id that the target gave it."""
    end = (
        f"{stream.connection_id}\t{text(stream.object)}\t{text(stream.lane)}\t{'t' if mirrored else 'f'}"
        f"\t{NULL}\t{NULL}\t0\tf"
    )
    lines = []
    for i, external_id in items:
        key = text(i.key)
        lines.append(
            f"{key}\t{i.version}\t\\N\t{i.effect}\t{i.content}\t{text(external_id)}\t{i.payload}\t{key}"
            f"\t{i.transaction}\t{end}"
        )
    with connection.cursor() as cursor:
        copy_lines(cursor, OF_KEYS_NEVER_SEEN, lines)
