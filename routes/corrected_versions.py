"""Sending a correction wherever the record goes: it becomes the record's newest version, as if the source had said it.

A route with several destinations may have posted the same record at one while it stopped at another. What a newer
version meets there, what it takes back and where it goes for the first time is decided as for any other version. What a
person has waived at a destination stays waived there: the source has said nothing new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from governance.actor import By, as_actor
from routes import (
    consignments,
    corrected_places,
    evaluation,
    heads,
    legal_entities,
    meeting,
    new_heads,
    overlays,
    storing,
)
from routes.arrivals import Arrival, Origin, decode
from routes.corrected_places import Places
from routes.models import Route
from routes.plan import Plan, current, plan
from routes.receive import later
from routes.standing import standings
from routes.worked_out import STOPPED

WAIVED = "a person decided that it is not delivered there"


@dataclass(slots=True)
class Restated:
    """What became of stopped transactions whose records have a version of the correction now."""

    handled: list[UUID] = field(default_factory=list)  # the stopped transactions
    worth: list[UUID] = field(default_factory=list)  # the records' new versions: what the members come to now
    places: Places = field(default_factory=Places)


# Only the newest version of a record is corrected, and nothing whose outcome is in doubt.
LOAD = """
SELECT t.id, d.id AS destination, r.key, r.correlation_id, r.changed_at, h.version, h.content_hash, r.id AS record,
       s.body, ARRAY(
           SELECT last.destination_id FROM (
               SELECT DISTINCT ON (w.destination_id) w.destination_id, w.state
               FROM routes_record p JOIN routes_transaction w ON w.record_id = p.id
               WHERE p.route_id = r.route_id AND p.key = r.key
               ORDER BY w.destination_id, w.version DESC, w.id DESC) last
           WHERE last.state = 'waived') AS waived
FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_record r ON r.id = t.record_id
JOIN routes_sourcehead h ON h.route_id = r.route_id AND h.key = r.key AND h.record_id = r.id AND NOT h.withdrawn
CROSS JOIN LATERAL routes_body(r.source_payload_id) s
WHERE t.id = ANY(%s) AND d.route_id = %s AND t.state = ANY(%s) AND NOT t.withdraws
  AND NOT EXISTS (
    SELECT FROM routes_effectlink l JOIN routes_effect e ON e.id = l.effect_id
    WHERE l.transaction_id = t.id AND e.state IN ('sent', 'unknown'))
ORDER BY r.key, t.id
"""
BESIDE = """
SELECT other.id FROM routes_transaction t JOIN routes_transaction other ON other.record_id = t.record_id
WHERE t.id = ANY(%s)
"""


def store(stopped: Sequence[UUID], *, by: By, reason: str, how: str) -> Restated:
    """Store a version of the corrected records of stopped transactions, where their route has other destinations, too.

    Called in the commit that corrects them. Left alone, for `routes.reprocess`: records that are only ever added to
    (streams in order), made of others or pushed in our words, that stop before a destination is chosen, and those that
    no destination would want any more. Raises ValueError where a key would be another record's: nothing is stored then.
    """
    done = Restated()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT d.route_id FROM routes_transaction t JOIN routes_destination d ON d.id = t.destination_id"
            " WHERE t.id = ANY(%s) ORDER BY 1",
            [list(stopped)],
        )
        routes = [route for (route,) in cursor.fetchall()]
    origin = Origin(as_actor(by), reason, reason, how)
    for route in routes:
        made = plan(current(Route.objects.get(pk=route)).pk)
        if len(made.destinations) > 1 and made.normalise is not None and made.upstream_id is None and not made.in_order:
            _store(made, _load(made, stopped), origin, done)
    return done


def _load(made: Plan, stopped: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return the stopped transactions as they are once nobody else can move them or their records' others."""
    meeting.hold_route(made.route_id)
    new_heads.hold_streams(made)
    with connection.cursor() as cursor:
        cursor.execute(BESIDE, [list(stopped)])
        heads.lock_of([id_ for (id_,) in cursor.fetchall()])
        cursor.execute(LOAD, [list(stopped), made.route_id, [str(s) for s in STOPPED]])
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _store(made: Plan, rows: Sequence[dict[str, Any]], origin: Origin, done: Restated) -> None:
    found: dict[str, Arrival] = {}
    for row in rows:
        if row["key"] not in found:
            arrival = Arrival(decode(row["body"]), row["body"], bytes(row["content_hash"]), row["key"])
            arrival.version, arrival.outcome, arrival.previous = later(row["version"]), "changed", row["record"]
            arrival.correlation, arrival.changed_at = row["correlation_id"], row["changed_at"]
            found[arrival.key] = arrival
    consignments.unpack_records(made.route_id, list(found))
    _work_out(made, list(found.values()), {row["key"]: row["waived"] for row in rows})
    wanted = {a.key: a for a in found.values() if not a.failed and any(not v.withdraws for v in a.verdicts)}
    if not wanted:
        return
    mine = [row for row in rows if row["key"] in wanted]
    stand = corrected_places.standing(wanted.values())
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        storing.store(made, list(wanted.values()), run=None, now=cursor.fetchone()[0], origin=origin)
    refused = next((a.problems[-1].message for a in wanted.values() if a.failed), "")
    if refused:
        raise ValueError(refused)
    done.handled += [row["id"] for row in mine]
    done.worth += [arrival.record for arrival in wanted.values()]
    done.places.add(wanted, [(row["key"], row["destination"]) for row in mine], stand)


def _work_out(made: Plan, found: Sequence[Arrival], waived: dict[str, list[int]]) -> None:
    evaluation.normalise(made, found, entities=legal_entities.by_code())
    overlays.apply(made, found)
    placed = standings(made, found)
    evaluation.evaluate(made, found, standing=lambda a: placed.get(a.key, {}))
    for arrival in found:
        for verdict in [v for v in arrival.verdicts if v.destination.id in waived[arrival.key]]:
            arrival.verdicts.remove(verdict)
            arrival.not_chosen[str(verdict.destination.id)] = WAIVED
