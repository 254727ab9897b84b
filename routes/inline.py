"""Working off what is due in this process, without broker and workers: for commands and tests.

It does what nudged workers do, in the same functions; any number of processes may do it at once, beside real workers.
"""

from typing import Any

from django.db import connection

from routes import deliver, intake, releases, runs

ROUNDS = 1000  # a bound; each round does everything that was due when it began


def work_off() -> int:
    """Work until nothing is due now; return how many rounds had something to do."""
    busy = 0
    for _ in range(ROUNDS):
        if not _one_round():
            break
        busy += 1
    return busy


def _one_round() -> bool:
    releases.arrived_meanwhile()
    releases.rows_available()
    worked = False
    for route in runs.due_routes():
        worked = True
        runs.work(route)
    for waiting in intake.due_routes():
        worked = True
        intake.work(waiting)
    for connection_id, lane, stream in _rows(deliver.DUE):
        done = deliver.deliver(connection_id=connection_id, lane=lane, stream=stream)
        worked = worked or bool(done.claimed)
    return worked


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
