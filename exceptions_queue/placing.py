"""Finding the item to which a failure belongs where that is not the one of its own cause.

Asked of what is taken in, under the locks of its causes, in this order: whether its record was split off, whether an
open item of an earlier version of fingerprints is of its cause, whether a grouping rule fits (which takes in what has
no open item of its own), and with what its cause was merged. Where there is none of these, one query says so.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from routes import fingerprints
from routes.bulk import arrays

ANY = """
SELECT EXISTS (SELECT FROM exceptions_queue_splitmember)
    OR EXISTS (SELECT FROM exceptions_queue_merge WHERE ended_at IS NULL)
    OR EXISTS (SELECT FROM exceptions_queue_groupingrule)
    OR %s AND EXISTS (SELECT FROM routes_failure WHERE NOT taken AND fingerprint = ANY(%s)
        AND earlier_fingerprints IS NOT NULL)
"""
# What a rule asks of a failure; the words are compared without regard to large and small letters, and not with what is
# told of a field that is hidden from who kept it: how often a rule fits would tell them what stands there.
FITS = """
r.legal_entity_id = f.legal_entity_id AND r.category = f.category
AND (r.connection_id IS NULL OR r.connection_id = f.connection_id) AND (r.route_id IS NULL OR r.route_id = f.route_id)
AND (r."table" = '' OR r."table" = f."table") AND (r.field = '' OR r.field = f.field)
AND (r.rule = '' OR r.rule = f.rule) AND (r.words = '' OR position(lower(r.words) IN lower(f.message)) > 0
    AND coalesce((SELECT t.canonical_entity FROM routes_route t WHERE t.id = f.route_id), '') || '.' || f.field
        <> ALL(coalesce(r.unseen, '{}')))
"""
OWN = "coalesce(nullif(f.own_fingerprint, ''), f.fingerprint)"
PLACES = f"""
WITH f AS (
    SELECT * FROM routes_failure WHERE NOT taken AND closed_at IS NULL AND fingerprint = ANY(%s)
    LIMIT %s FOR UPDATE SKIP LOCKED
)
SELECT f.id, f.fingerprint, coalesce(split.cause, before.fingerprint, rule.cause, f.fingerprint),
    CASE WHEN split.cause IS NULL AND before.fingerprint IS NULL THEN rule.id END
FROM f
LEFT JOIN LATERAL (
    SELECT s.cause FROM exceptions_queue_splitmember s JOIN routes_record r ON r.id = f.record_id
    WHERE s.fingerprint = {OWN} AND s.route_id = r.route_id AND s.key = r.key) split ON true
LEFT JOIN LATERAL (
    SELECT e.fingerprint FROM unnest(f.earlier_fingerprints) WITH ORDINALITY e(fingerprint, place)
    WHERE EXISTS (SELECT FROM exceptions_queue_workitem i WHERE i.fingerprint = e.fingerprint AND i.state <> 'resolved')
       OR EXISTS (SELECT FROM exceptions_queue_merge m JOIN exceptions_queue_workitem i ON i.number = m.into_id
                  WHERE m.fingerprint = e.fingerprint AND m.ended_at IS NULL AND i.state <> 'resolved')
    ORDER BY e.place LIMIT 1) before ON true
LEFT JOIN LATERAL (
    SELECT r.id, r.cause FROM exceptions_queue_groupingrule r
    WHERE {FITS} AND NOT EXISTS (
        SELECT FROM exceptions_queue_workitem i WHERE i.fingerprint = f.fingerprint AND i.state <> 'resolved')
      AND NOT EXISTS (
        SELECT FROM exceptions_queue_merge m WHERE m.fingerprint = f.fingerprint AND m.ended_at IS NULL)
    ORDER BY (r.words <> '')::int + (r.connection_id IS NOT NULL)::int + (r.route_id IS NOT NULL)::int
        + (r."table" <> '')::int + (r.field <> '')::int + (r.rule <> '')::int DESC, r.id LIMIT 1) rule ON true
"""  # noqa: S608 - built from constants
MERGED = """
WITH RECURSIVE up(cause, now, depth) AS (
    SELECT c, c, 0 FROM unnest(%s::text[]) c
    UNION ALL
    SELECT up.cause, m.cause, up.depth + 1 FROM up
    JOIN exceptions_queue_merge m ON m.fingerprint = up.now AND m.ended_at IS NULL WHERE up.depth < 100
)
SELECT DISTINCT ON (cause) cause, now FROM up ORDER BY cause, depth DESC
"""
MOVE = """
UPDATE routes_failure f SET fingerprint = w.cause,
    own_fingerprint = CASE WHEN coalesce(nullif(f.own_fingerprint, ''), f.fingerprint) = w.cause THEN ''
        ELSE coalesce(nullif(f.own_fingerprint, ''), f.fingerprint) END
FROM unnest(%s::uuid[], %s::text[]) AS w(id, cause)
WHERE f.id = w.id AND f.closed_at IS NULL AND f.fingerprint <> w.cause
"""
HIT = """
UPDATE exceptions_queue_groupingrule r SET hits = r.hits + w.hits, hit_at = (SELECT hub_now())
FROM unnest(%s::bigint[], %s::int[]) AS w(id, hits) WHERE r.id = w.id
"""
LOCK = "SELECT c FROM unnest(%s::text[]) c WHERE pg_try_advisory_xact_lock(%s, hashtext(c))"


class Place(NamedTuple):
    """Where a failure belongs, and by which rule."""

    id: UUID
    stood: str
    cause: str
    rule: int | None


def place(causes: Sequence[str], limit: int) -> list[str]:
    """Put what waits of locked causes under those that hold it; return under which something was put.

    One query where nothing of this kind is said, five at most.
    """
    with connection.cursor() as cursor:
        cursor.execute(ANY, [len(fingerprints.VERSIONS) > 1, list(causes)])
        if not cursor.fetchone()[0]:
            return []
        cursor.execute(PLACES, [list(causes), limit])
        found = [Place(*row) for row in cursor.fetchall()]
        cursor.execute(MERGED, [sorted({each.cause for each in found})])
        merged = dict(cursor.fetchall())
        moves = [(each.id, merged[each.cause]) for each in found if merged[each.cause] != each.stood]
        if not moves:
            return []
        cursor.execute(MOVE, arrays(moves, 2))
    _count_hits(found)
    return sorted({cause for _, cause in moves})


def move(failures: Iterable[UUID], to: str) -> int:
    """Put open failures under a cause; return how many there were. One query."""
    with connection.cursor() as cursor:
        cursor.execute(MOVE, arrays([(id_, to) for id_ in failures], 2))
        return int(cursor.rowcount)


def held_by(causes: Iterable[str]) -> dict[str, str]:
    """Return under which cause each of some is held now: its own, or that with which it was merged. One query."""
    with connection.cursor() as cursor:
        cursor.execute(MERGED, [sorted(causes)])
        return dict(cursor.fetchall())


def lock_free(causes: Iterable[str], lock: int) -> list[str]:
    """Return those of some causes that nobody else works on, locked until the commit. One query."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [sorted(causes), lock])
        return [row[0] for row in cursor.fetchall()]


def lock_all(causes: Iterable[str], lock: int) -> None:
    """Lock causes until the commit, and wait for those that somebody works on; before any row is locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, h) FROM (SELECT DISTINCT hashtext(c) AS h FROM unnest(%s::text[]) c"
            " ORDER BY h) ordered",
            [lock, sorted(causes)],
        )


def _count_hits(found: Sequence[Place]) -> None:
    hits: dict[int, int] = {}
    for each in found:
        if each.rule is not None and each.stood != each.cause:
            hits[each.rule] = hits.get(each.rule, 0) + 1
    if hits:
        with connection.cursor() as cursor:
            cursor.execute(HIT, [list(hits), list(hits.values())])
