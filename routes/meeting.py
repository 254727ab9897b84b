"""What a page meets in the database: the newest versions of its records, and which keys at targets are free."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from routes import duplicates, locks, new_heads
from routes.arrivals import Arrival
from routes.bulk import texts, together
from routes.heads import Where
from routes.plan import Plan


@dataclass(frozen=True, slots=True)
class Known:
    """The newest version of a key that the route has seen."""

    content: bytes
    version: str
    withdrawn: bool
    record: UUID
    missed: bool  # a comparison that waits for a person did not find it at the source


@dataclass(frozen=True, slots=True)
class Met:
    """What a page meets in the database."""

    known: dict[str, Known]  # by the record's key
    free: frozenset[Where]  # keys at targets that certainly nothing ever came for; their streams are held


def meet(plan: Plan, arrivals: Sequence[Arrival]) -> Met:
    """Find out what a page meets, of what its records want as far as they are worked out; it waits for the server once.

    From now on the route and the streams to which it writes belong to this commit.
    """
    wanted = {duplicates.where(v) for a in arrivals for v in a.verdicts if v.key}
    with connection.cursor() as heads, connection.cursor() as taken, together():
        hold_route(plan.route_id)
        _ask_heads(heads, plan, [a.key for a in arrivals])
        if wanted:
            new_heads.hold_streams(plan)
            new_heads.ask_taken(taken, wanted)
        versions = _found(heads)
        return Met(versions, frozenset(wanted.difference(taken.fetchall())) if wanted else frozenset())


def known(plan: Plan, keys: Sequence[str]) -> dict[str, Known]:
    """Return the newest versions of records that the route has seen; the route belongs to this commit from now on."""
    with connection.cursor() as cursor:
        hold_route(plan.route_id)
        _ask_heads(cursor, plan, keys)
        return _found(cursor)


def hold_route(route_id: int) -> None:
    """Let one page of a route be stored at a time: two that carry the same key must not both call it new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [locks.ROUTE, route_id])


def found_after_all(plan: Plan, keys: Sequence[str]) -> None:
    """Take keys that the source shows out of what a held comparison would withdraw."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_sourcehead SET missed_by = NULL"
            " WHERE route_id = %s AND key = ANY(%s::text[]) AND missed_by IS NOT NULL",
            [plan.route_id, texts(keys)],
        )


def _ask_heads(cursor: Any, plan: Plan, keys: Sequence[str]) -> None:
    cursor.execute(
        "SELECT key, content_hash, version, withdrawn, record_id, missed_by IS NOT NULL FROM routes_sourcehead"
        " WHERE route_id = %s AND key = ANY(%s::text[])",
        [plan.route_id, texts(keys)],
    )


def _found(cursor: Any) -> dict[str, Known]:
    return {key: Known(bytes(content), *rest) for key, content, *rest in cursor.fetchall()}
