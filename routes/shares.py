"""What of a run somebody may see: a run belongs to its route's company, and what it has read to any.

Whoever sees the run and not all that it has read is told of their part only, and that there is more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from canonical.masking import spoken
from governance.actor import By
from governance.rights import allowed_masks
from governance.scoping import ALL, entity_ids, grants_read_once
from routes.models import Route, Run
from routes.newest import bounds

# Each company that is not seen is asked by its own piece of the index of records, for the time of the run.
HOLD_MORE = """
SELECT run.id FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::uuid[]) AS run (id, route_id, first, past)
WHERE EXISTS (
    SELECT FROM governance_legalentity c CROSS JOIN LATERAL (
        SELECT FROM routes_record r
        WHERE r.route_id = run.route_id AND r.legal_entity_id = c.id AND r.id >= run.first AND r.id < run.past
            AND r.run_id = run.id
        LIMIT 1) AS found
    WHERE c.id <> ALL(%s::bigint[]))
"""
HOLD_OTHERS = """
SELECT run.id FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::uuid[], %s::uuid[])
    AS run (id, route_id, legal_entity_id, first, past)
WHERE EXISTS (
    SELECT FROM governance_legalentity c CROSS JOIN LATERAL (
        SELECT FROM routes_record r
        WHERE r.route_id = run.route_id AND r.legal_entity_id = c.id AND r.id >= run.first AND r.id < run.past
            AND r.run_id = run.id
        LIMIT 1) AS found
    WHERE c.id <> run.legal_entity_id)
"""
OUTCOMES = """
SELECT count(*) FILTER (WHERE outcome = 'new'), count(*) FILTER (WHERE outcome IN ('changed', 'withdrawn')),
    count(*) FILTER (WHERE outcome = 'unreadable')
FROM routes_record WHERE run_id = %s AND legal_entity_id = ANY(%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Share:
    """How many records of each outcome a run has read for the companies that somebody sees."""

    new: int
    changed: int
    unreadable: int


def hold_more(runs: Iterable[Run], by: By) -> frozenset[UUID]:
    """Return those runs that have read records which somebody does not see. At most three queries."""
    asked = list(runs)
    seen = entity_ids(by)
    if seen is ALL or not asked:
        return frozenset()
    times = bounds([(run.created_at, run.ended_at) for run in asked])
    lows, ups = [low for low, _ in times], [up for _, up in times]
    columns: list[list[Any]] = [[run.pk for run in asked], [run.route_id for run in asked], lows, ups]
    with connection.cursor() as cursor:
        cursor.execute(HOLD_MORE, [*columns, sorted(seen)])
        return frozenset(id_ for (id_,) in cursor.fetchall())


def hold_others(runs: Iterable[UUID]) -> frozenset[UUID]:
    """Return those runs that have read records of other companies than their own. Two queries, none without any."""
    ids = list(runs)
    asked = list(Run.objects.filter(pk__in=ids).only("pk", "route_id", "legal_entity_id", "created_at", "ended_at"))
    if not asked:
        return frozenset()
    times = bounds([(run.created_at, run.ended_at) for run in asked])
    own: list[list[Any]] = [
        [run.pk for run in asked],
        [run.route_id for run in asked],
        [run.legal_entity_id for run in asked],
    ]
    with connection.cursor() as cursor:
        cursor.execute(HOLD_OTHERS, [*own, [low for low, _ in times], [up for _, up in times]])
        return frozenset(id_ for (id_,) in cursor.fetchall())


def told_whole(runs: "QuerySet[Run]", by: By) -> "QuerySet[Run]":
    """Keep those of which somebody sees all that they have read. At most four queries."""
    if entity_ids(by) is ALL:
        return runs
    asked = runs.filter(read__gt=0).order_by().only("pk", "route_id", "created_at", "ended_at")
    return runs.exclude(pk__in=hold_more(asked, by))


def as_seen(runs: list[Run], by: By) -> list[Run]:
    """Return runs, to be shown only, as somebody sees them: whether each holds more, and what its message may say."""
    more = hold_more(runs, by)
    with grants_read_once():
        sources = _unseen_sources({run.route_id for run in runs if run.message}, by)
        for run in runs:
            run.holds_more = run.pk in more
            if run.message:
                hidden = {sources[run.route_id]} if run.route_id in sources else ()
                run.message = spoken(run.message, hidden, allowed_masks(by, run.legal_entity_id))
    return runs


def _unseen_sources(routes: Collection[int], by: By) -> dict[int, str]:
    """Return by route the name of the system that it reads from, where somebody does not see whose that is."""
    seen = entity_ids(by)
    if seen is ALL or not routes:
        return {}
    read = Route.objects.filter(pk__in=routes).exclude(connection=None).exclude(connection__legal_entity__in=seen)
    return dict(read.values_list("pk", "connection__name"))


def share(run: UUID, seen: Collection[int]) -> Share:
    """Return the part of a run that belongs to some companies. One query."""
    with connection.cursor() as cursor:
        cursor.execute(OUTCOMES, [run, sorted(seen)])
        return Share(*cursor.fetchone())
