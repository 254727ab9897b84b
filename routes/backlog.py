"""What is due and waits to be sent or read: by lane, by connection, and since when. Bounded, however much waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

MOST = 10_000  # that are counted; beyond them nobody needs to know better

# Each part of the index of due heads by itself; behind a part's first ten thousand nothing is counted.
WRITES = """
SELECT part.connection_id, part.lane, part.stream, due.number, due.oldest, later.number, later.next
FROM (SELECT DISTINCT connection_id, lane, stream FROM routes_destination) part
CROSS JOIN LATERAL (
    SELECT count(*) AS number, min(due_at) AS oldest FROM (
        SELECT due_at FROM routes_keyhead h
        WHERE h.connection_id = part.connection_id AND h.lane = part.lane AND h.object = part.stream
          AND h.due_at <= (SELECT hub_now()) ORDER BY due_at LIMIT %(most)s) first) due
CROSS JOIN LATERAL (
    SELECT count(*) AS number, min(due_at) AS next FROM (
        SELECT due_at FROM routes_keyhead h
        WHERE h.connection_id = part.connection_id AND h.lane = part.lane AND h.object = part.stream
          AND h.due_at > (SELECT hub_now()) ORDER BY due_at LIMIT %(most)s) first) later
WHERE %(connections)s::bigint[] IS NULL OR part.connection_id = ANY(%(connections)s)
ORDER BY part.lane, part.connection_id, part.stream
"""
TRAVELLING = """
SELECT c.connection_id, c.lane, c.object, count(*), min(c.due_at) FILTER (WHERE c.due_at <= (SELECT hub_now()))
FROM routes_consignment c
WHERE NOT c.set_apart AND (%(connections)s::bigint[] IS NULL OR c.connection_id = ANY(%(connections)s))
GROUP BY 1, 2, 3
"""


@dataclass(slots=True)
class Backlog:
    """What waits for one write stream of a connection in one lane."""

    connection: int
    lane: str
    stream: str
    due: int = 0  # keys that could go now; at most MOST are counted
    oldest: datetime | None = None  # since when the first of them is due
    later: int = 0  # keys whose time is still to come, or that a worker has taken
    next: datetime | None = None  # when the first of these is due
    consignments: int = 0  # pages of new entries on their way
    waiting_consignment: datetime | None = None  # since when the first of them is due

    @property
    def more(self) -> bool:
        """Whether more is due than was counted."""
        return self.due >= MOST

    @property
    def since(self) -> datetime | None:
        """Return since when the first of all that is due waits."""
        return min((moment for moment in (self.oldest, self.waiting_consignment) if moment), default=None)


def backlogs(connections: Iterable[int] | None = None) -> list[Backlog]:
    """Return what waits at each write stream of these connections, or of all, by lane. Two queries."""
    asked = {"most": MOST, "connections": None if connections is None else list(connections)}
    with connection.cursor() as cursor:
        cursor.execute(WRITES, asked)
        found = {row[:3]: Backlog(*row) for row in cursor.fetchall()}
        cursor.execute(TRAVELLING, asked)
        for connection_id, lane, stream, number, since in cursor.fetchall():
            each = found.setdefault((connection_id, lane, stream), Backlog(connection_id, lane, stream))
            each.consignments, each.waiting_consignment = number, since
    return list(found.values())
