"""Letting runs go on at once that wait for a connection: it was edited, or it works again."""

from django.db import connection as database

from routes import nudges

RUNS = """
UPDATE routes_run r SET due_at = (SELECT hub_now())
FROM routes_route s
WHERE s.id = r.route_id AND s.connection_id = %s AND r.state IN ('waiting', 'running') AND r.lease_owner IS NULL
  AND r.due_at > (SELECT hub_now())
RETURNING r.route_id
"""


def runs_of(connection_id: int) -> None:
    """Make the runs due that wait for this connection; its gate is asked again. One statement."""
    with database.cursor() as cursor:
        cursor.execute(RUNS, [connection_id])
        for (route,) in cursor.fetchall():
            nudges.run(route)
