"""Settling: how long ago a doubt began, in seconds that have truly passed.

The hub's clock may jump; the seconds that a machine counts since its start only pass. So a settle time is over when one
machine has counted all of its seconds. A machine that did not see the doubt begin, because another one wrote it down or
because it was started anew, begins to count when it first hears of it: it may wait too long, and never too short.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from routes import clock
from routes.bulk import array


def begin(effects: Sequence[UUID], *, seconds: float) -> None:
    """Count from now on, whatever was counted before; in the commit that puts the effects in doubt."""
    if not effects:
        return
    with connection.cursor() as cursor:
        cursor.execute(FORGET, [array(effects)])
        if seconds > 0:
            cursor.execute(
                "INSERT INTO routes_doubt (effect_id, begun, machine, since, seconds)"
                " SELECT id, %s, %s, %s, %s FROM unnest(%s::uuid[]) AS w(id) ORDER BY id",
                [uuid4(), clock.machine(), clock.uptime(), seconds, array(effects)],
            )


FORGET = """
WITH mine AS (
    SELECT effect_id, begun, machine FROM routes_doubt WHERE effect_id = ANY(%s::uuid[])
    ORDER BY effect_id, begun, machine FOR UPDATE
)
DELETE FROM routes_doubt d USING mine
WHERE d.effect_id = mine.effect_id AND d.begun = mine.begun AND d.machine = mine.machine
"""


def settled(effects: Sequence[UUID]) -> set[UUID]:
    """Return the effects whose settle time is over; ask before the question whose answer is to count."""
    if not effects:
        return set()
    _count(array(effects))
    with connection.cursor() as cursor:
        cursor.execute("SELECT effect_id FROM routes_doubt WHERE effect_id = ANY(%s::uuid[])", [array(effects)])
        return set(effects) - {row[0] for row in cursor.fetchall()}


def sweep() -> None:
    """Forget what has settled, and begin to count what other machines have put in doubt."""
    _count(None)


def _count(effects: str | None) -> None:
    wanted: dict[str, Any] = {"effects": effects, "machine": clock.machine()}
    with connection.cursor() as cursor:
        cursor.execute(UNKNOWN_HERE, wanted)
        begun = [row[0] for row in cursor.fetchall()]
        if begun:  # they began before now, however long this process was stopped since it was asked
            cursor.execute(TAKE_OVER, wanted | {"begun": begun, "uptime": clock.uptime()})
        cursor.execute(FORGET_PROVED, wanted | {"uptime": clock.uptime()})


UNKNOWN_HERE = """
SELECT DISTINCT begun FROM routes_doubt
WHERE %(effects)s::uuid[] IS NULL OR effect_id = ANY(%(effects)s::uuid[])
GROUP BY effect_id, begun HAVING bool_and(machine <> %(machine)s)
"""
TAKE_OVER = """
INSERT INTO routes_doubt (effect_id, begun, machine, since, seconds)
SELECT effect_id, begun, %(machine)s, %(uptime)s, max(seconds) FROM routes_doubt
WHERE begun = ANY(%(begun)s) AND (%(effects)s::uuid[] IS NULL OR effect_id = ANY(%(effects)s::uuid[]))
GROUP BY effect_id, begun ORDER BY effect_id, begun
ON CONFLICT DO NOTHING
"""
# A row that somebody else holds stays, and its effect with it: one that waits too long is asked for again.
FORGET_PROVED = """
WITH proved AS (
    SELECT effect_id, begun, machine FROM routes_doubt WHERE (effect_id, begun) IN (
        SELECT effect_id, begun FROM routes_doubt
        WHERE machine = %(machine)s AND since + seconds <= %(uptime)s
          AND (%(effects)s::uuid[] IS NULL OR effect_id = ANY(%(effects)s::uuid[]))
    ) FOR UPDATE SKIP LOCKED
)
DELETE FROM routes_doubt d USING proved
WHERE d.effect_id = proved.effect_id AND d.begun = proved.begun AND d.machine = proved.machine
"""


def quiet(heads: Sequence[int]) -> dict[int, float]:
    """Return the heads at whose target an earlier request may still arrive late, and for how many seconds more."""
    if not heads:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(OF_HEADS, [array(heads)])
        found = cursor.fetchall()
        over = settled([effect for _, effect in found])
        head_of = {effect: head for head, effect in found if effect not in over}
        cursor.execute(
            "SELECT effect_id, max(since + seconds - %s) FROM routes_doubt"
            " WHERE machine = %s AND effect_id = ANY(%s::uuid[]) GROUP BY effect_id",
            [clock.uptime(), clock.machine(), array(list(head_of))],
        )
        return {head_of[effect]: max(seconds, AT_LEAST) for effect, seconds in cursor.fetchall()}


AT_LEAST = 0.5  # seconds until a head is looked at again
OF_HEADS = """
SELECT DISTINCT h.id, e.id FROM routes_keyhead h
JOIN routes_effect e ON e.connection_id = h.connection_id AND e.object = h.object AND e.key = h.key
JOIN routes_doubt d ON d.effect_id = e.id
WHERE h.id = ANY(%s::bigint[])
"""
