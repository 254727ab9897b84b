"""What the hub's rows say of one way: how far it is, what is in doubt, what is with people. Read only.

The database is killed and stopped meanwhile, so every question is asked until it is answered.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, connection, connections

from chaos.firm import Way

T = TypeVar("T")
PATIENCE = 60.0  # seconds of trying: a recovery, or a server that is stopped for longer than a lease

STATES = "SELECT state, count(*) FROM routes_transaction WHERE destination_id = %s GROUP BY state"
RECEIVED = "SELECT count(DISTINCT key) FROM routes_record WHERE route_id = %s"
OPEN_RUNS = "SELECT count(*) FROM routes_run WHERE route_id = %s AND state IN ('waiting', 'running')"
TO_DO = """
WITH mine AS (SELECT %s::bigint AS id)
SELECT (SELECT count(*) FROM routes_keyhead h, mine WHERE h.connection_id = mine.id AND h.due_at IS NOT NULL)
     + (SELECT coalesce(sum(cardinality(c.keys)), 0) FROM routes_consignment c, mine WHERE c.connection_id = mine.id)
"""
# settles_at is set when an outcome became unknown, and never taken away.
UNKNOWNS = """
SELECT count(*), count(*) FILTER (WHERE state IN ('confirmed', 'refused'))
FROM routes_effect WHERE connection_id = %s AND settles_at IS NOT NULL
"""
# With a person is what has an open failure: that is what the queue shows.
WITH_PEOPLE = """
SELECT DISTINCT t.key FROM routes_transaction t JOIN routes_failure f ON f.transaction_id = t.id
WHERE t.destination_id = %s AND f.closed_at IS NULL AND t.state IN ('failed', 'held', 'unknown')
"""
IN_DOUBT = "SELECT DISTINCT key FROM routes_effect WHERE connection_id = %s AND state IN ('sent', 'unknown')"
RUN_ENDS = "SELECT state, message FROM routes_run WHERE route_id = %s ORDER BY created_at"


@dataclass(frozen=True)
class Standing:
    """How far a way is: counts of keys, runs, heads, transactions by state and effects that were ever in doubt."""

    received: int
    open_runs: int
    to_do: int
    states: dict[str, int]
    unknowns: int
    resolved: int

    @property
    def posted(self) -> int:
        """How many transactions are posted now."""
        return self.states.get("posted", 0)


def patiently(ask: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Return what `ask` returns, asking again while the database is away. Raises its last error after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (DatabaseError, InterfaceError):
            connections.close_all()
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


def standing(way: Way) -> Standing:
    """Return how far the way is."""
    return patiently(
        lambda: Standing(
            received=_number(RECEIVED, way.route),
            open_runs=_number(OPEN_RUNS, way.route),
            to_do=_number(TO_DO, way.connection),
            states=dict(_rows(STATES, way.destination)),
            unknowns=_rows(UNKNOWNS, way.connection)[0][0],
            resolved=_rows(UNKNOWNS, way.connection)[0][1],
        )
    )


def keys_with_people(way: Way) -> set[str]:
    """Return the business keys that a person sees in the queue."""
    return patiently(lambda: {row[0] for row in _rows(WITH_PEOPLE, way.destination)})


def keys_in_doubt(way: Way) -> set[str]:
    """Return the business keys with an effect whose outcome the hub does not know."""
    return patiently(lambda: {row[0] for row in _rows(IN_DOUBT, way.connection)})


def runs_of(way: Way) -> list[tuple[str, str]]:
    """Return state and message of the way's runs, oldest first."""
    return patiently(lambda: _rows(RUN_ENDS, way.route))


def _number(query: str, id_: int) -> int:
    return int(_rows(query, id_)[0][0])


def _rows(query: str, id_: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, [id_])
        return list(cursor.fetchall())
