"""A worker keeps its connections to the database from task to task, and replaces those that are broken."""

import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from tests.invariants.crew import Crew

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
THREADS = 4  # of a worker, as the crew starts it


@pytest.fixture
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    made = Crew(tmp_path_factory.mktemp("crew"), {}, room=3, size=1)
    yield made
    made.end()


def backends() -> set[int]:
    """Return the server's processes that serve this database's other clients."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return {pid for (pid,) in cursor.fetchall()}


def sweeps(crew: Crew, number: int) -> None:
    for _ in range(number):
        crew.sweep()
        time.sleep(0.1)


def until(holds: Callable[[], bool], crew: Crew) -> None:
    crew.until(holds, seconds=30, what="the worker has connections")


def test_tasks_share_connections_and_outlive_broken_ones(crew: Crew) -> None:
    before = backends()
    until(lambda: bool(backends() - before), crew)
    sweeps(crew, 3 * THREADS)
    kept = backends() - before
    sweeps(crew, 3 * THREADS)

    now = backends() - before
    assert kept <= now, "a task let go of its thread's connection"
    assert len(now) <= THREADS + 1, "each thread has one, and the loop that takes messages"  # threads begin when needed

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS w(pid)", [list(kept)])
    until(lambda: bool(backends() - before - kept), crew)
    sweeps(crew, 3 * THREADS)

    assert "Traceback" not in crew.output()
