"""Starts one embedded PostgreSQL and one Redis for the whole test run, before Django reads its settings.

The main process of pytest starts and stops them; with xdist every worker uses the same servers, each its own database.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub import bytecode
from hub.supervisor.problems import CannotStart
from hub.supervisor.servers import Servers
from tests.processes import own_database, servers, start_process  # noqa: F401 - fixtures of every test


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers (main process only) and let Django read its settings."""
    bytecode.keep()
    if not hasattr(config, "workerinput"):
        state = Path(tempfile.mkdtemp(prefix="tl-"))
        state.chmod(0o711)  # the servers' own account walks through
        (state / "static").mkdir()  # the web process warns when nothing was ever collected there
        servers = Servers.below(state)
        config.add_cleanup(lambda: shutil.rmtree(state, ignore_errors=True))
        config.add_cleanup(servers.stop)  # cleanups run in reverse order
        try:
            servers.start()
        except CannotStart as problem:
            pytest.exit(problem.lines(), returncode=1)
        os.environ.update(servers.environment, STATE=str(state), DJANGO_SETTINGS_MODULE="hub.settings")
        os.environ["CONNECTOR_PATHS"] = str(Path(__file__).resolve().parent.parent / "sandbox" / "connectors")
    from django.conf import settings

    assert settings.DATABASES


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Address of the run's Redis; with xdist all workers share it, so use keys of your own."""
    return os.environ["REDIS_URL"]


@pytest.fixture(scope="session")
def state() -> Path:
    """The folder STATE of the test run."""
    return Path(os.environ["STATE"])


@pytest.fixture(autouse=True)
def empty_partitioned_tables(
    request: pytest.FixtureRequest, django_db_blocker: pytest.FixtureRequest
) -> Iterator[None]:
    """Empty what Django does not manage after a test that really committed; its own emptying knows only the rest."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (marker is not None and marker.kwargs.get("transaction")):
        from django.db import connection

        from routes import partitions

        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(partitions.TABLES)}")
            connection.close()
