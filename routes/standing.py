"""Where versions of a record stand already: what a newer version corrects or takes back, and where it is bound to go.

The heads say what is at a target; a transaction that failed, waits or was never sent binds nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection

from routes.arrivals import Arrival, Standing
from routes.plan import Plan
from routes.states import NOT_YET_DELIVERING, State

MAY_BE_THERE = (State.DELIVERING, State.UNKNOWN)
WAS_THERE = (State.POSTED, State.REVERSED, *MAY_BE_THERE)

PAST = """
SELECT r.key, t.destination_id, t.id, t.key, t.snapshot_id, t.withdraws, t.state, h.live_transaction_id,
       h.transaction_id = t.id AND EXISTS (
           SELECT FROM routes_effect e WHERE e.connection_id = h.connection_id AND e.object = h.object
               AND e.key = h.key AND e.state IN ('sent', 'unknown')) AS in_doubt, v.sends, v.reverses_id
FROM routes_record r
JOIN routes_transaction t ON t.record_id = r.id
JOIN routes_destination d ON d.id = t.destination_id
LEFT JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
LEFT JOIN routes_reversal v ON v.transaction_id = t.id
WHERE r.route_id = %s AND r.key = ANY(%s) AND t.state NOT IN ('superseded', 'filtered', 'waived')
ORDER BY t.version, t.id
"""


@dataclass(frozen=True, slots=True)
class _Past:
    """One transaction that a version of a record became at a destination."""

    id: UUID
    key: str
    snapshot: int
    withdraws: bool
    state: str
    live: UUID | None  # whose request stands at the target under its key
    in_doubt: bool | None
    sends: bool | None  # of what a person has taken back: whether it is posted anew by itself
    reverses: UUID | None  # of such a one: what it takes back


def standings(plan: Plan, arrivals: Sequence[Arrival]) -> dict[str, Mapping[int, Standing]]:
    """Return, for keys that came before, where a version stands or is under way, by destination. One query."""
    keys = [a.key for a in arrivals if a.outcome in ("changed", "withdrawn")]
    if not keys:
        return {}
    pasts: dict[str, dict[int, list[_Past]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(PAST, [plan.route_id, keys])
        for key, destination, *past in cursor.fetchall():
            pasts.setdefault(key, {}).setdefault(destination, []).append(_Past(*past))
    found = {key: {to: _standing(past) for to, past in by_destination.items()} for key, by_destination in pasts.items()}
    return {key: {to: s for to, s in by_destination.items() if s is not None} for key, by_destination in found.items()}


def _standing(pasts: Sequence[_Past]) -> Standing | None:
    """Return where the record stands, from its transactions at one destination in order of version."""
    own = {past.id for past in pasts}
    standing: Standing | None = None
    original: int | None = None
    posted = away = False
    for past in pasts:
        if past.withdraws:
            away = past.sends is False and past.live in (None, past.reverses)
            original = None if past.state == State.POSTED else original
            continue
        there = past.live in own or past.in_doubt or past.state in MAY_BE_THERE
        if original is None and (past.state in WAS_THERE or past.in_doubt):
            original = past.snapshot
        if there or past.state in NOT_YET_DELIVERING:
            posted = bool(posted or there)
            standing = Standing(past.key, posted, past.snapshot if original is None else original)
    if away:
        standing = standing or Standing(pasts[-1].key, False, pasts[-1].snapshot)
        return replace(standing, kept_away=True)
    return standing
