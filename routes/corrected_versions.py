"""Sending a correction wherever the record goes: it becomes the record's newest version, as if the source had said it.

A route with several destinations may have posted the same record at one while it stopped at another. What a newer
version meets there, what it takes back and where it goes for the first time is decided as for any other version.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from routes import consignments, evaluation, failures, legal_entities, meeting, new_heads, overlays, storing
from routes.arrivals import Arrival, Verdict, decode
from routes.models import Route
from routes.plan import Plan, current, plan
from routes.receive import later
from routes.reprocess import STOPPED
from routes.standing import standings
from routes.states import State


@dataclass(slots=True)
class Restated:
    """What became of stopped transactions whose records have a version of the correction now."""

    replaced: dict[UUID, UUID] = field(default_factory=dict)  # stopped transactions by those that go on for them
    went_on: int = 0  # of those
    sent_along: Counter[str] = field(default_factory=Counter)  # by destination, where none of them had stopped
    taken_back: Counter[str] = field(default_factory=Counter)  # by destination


# Only the newest version of a record is corrected, and nothing whose outcome is in doubt.
LOAD = """
SELECT t.id, d.id, d.name, r.route_id, r.key, r.correlation_id, r.changed_at, h.version, h.content_hash, h.record_id,
       s.body
FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_record r ON r.id = t.record_id
JOIN routes_sourcehead h ON h.route_id = r.route_id AND h.key = r.key AND h.record_id = r.id AND NOT h.withdrawn
CROSS JOIN LATERAL routes_body(r.source_payload_id) s
WHERE t.id = ANY(%s) AND t.state = ANY(%s) AND NOT t.withdraws
  AND NOT EXISTS (
    SELECT FROM routes_effectlink l JOIN routes_effect e ON e.id = l.effect_id
    WHERE l.transaction_id = t.id AND e.state IN ('sent', 'unknown'))
ORDER BY r.key, t.id
"""


def store(stopped: Sequence[UUID], *, how: str) -> Restated:
    """Store a version of the corrected records of stopped transactions, where their route has other destinations, too.

    Called in the commit that corrects them. Left alone, for `routes.reprocess`: records that are only ever added to
    (streams in order), made of others or pushed in our words, that stop before a destination is chosen, and those that
    no destination would want any more.
    """
    by_route: dict[int, list[tuple[Any, ...]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(LOAD, [list(stopped), [str(s) for s in STOPPED]])
        for id_, *row in cursor.fetchall():
            by_route.setdefault(row[2], []).append((id_, *row))
    done = Restated()
    for route, rows in by_route.items():
        made = plan(current(Route.objects.get(pk=route)).pk)
        if len(made.destinations) > 1 and made.normalise is not None and made.upstream_id is None and not made.in_order:
            _store(made, rows, done, how=how)
    return done


def _store(made: Plan, rows: Sequence[tuple[Any, ...]], done: Restated, *, how: str) -> None:
    meeting.hold_route(made.route_id)
    arrivals: dict[str, Arrival] = {}
    for _, _, _, _, key, correlation, changed_at, version, content, last, body in rows:
        if key not in arrivals:
            arrival = Arrival(decode(body), body, bytes(content), key, later(version), "changed")
            arrival.correlation, arrival.changed_at, arrival.previous = correlation, changed_at, last
            arrivals[key] = arrival
    found = list(arrivals.values())
    new_heads.hold_streams(made)
    consignments.unpack_records(made.route_id, list(arrivals))
    evaluation.normalise(made, found, entities=legal_entities.by_code())
    overlays.apply(made, found)
    placed = standings(made, found)
    evaluation.evaluate(made, found, standing=lambda a: placed.get(a.key, {}))
    wanted = {a.key: a for a in found if not a.failed and any(not v.withdraws for v in a.verdicts)}
    if not wanted:
        return
    mine = [row for row in rows if row[4] in wanted]
    failures.close(transactions=[id_ for id_, *_ in mine], how=how)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        storing.store(made, list(wanted.values()), run=None, now=cursor.fetchone()[0])
    _tell(mine, wanted, done)


def _tell(rows: Sequence[tuple[Any, ...]], wanted: dict[str, Arrival], done: Restated) -> None:
    own: set[UUID] = set()
    for id_, destination, _, _, key, *_ in rows:
        for verdict in wanted[key].verdicts:
            if verdict.destination.id == destination and not verdict.withdraws:
                done.replaced[id_] = verdict.transaction
                done.went_on += verdict.state is State.READY
                own.add(verdict.transaction)
    for verdict in (v for a in wanted.values() for v in a.verdicts if v.transaction not in own and _goes(v)):
        counts = done.taken_back if verdict.withdraws else done.sent_along
        counts[verdict.destination.name] += 1


def _goes(verdict: Verdict) -> bool:
    return verdict.state is State.READY
