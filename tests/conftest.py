"""Starts one embedded PostgreSQL and one Redis for the whole test run, before Django reads its settings.

The main process of pytest starts and stops them; with xdist every worker uses the same servers, each its own database.
"""

import gc
import os
import shutil
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from hub import bytecode, garbage
from hub.supervisor.problems import CannotStart
from hub.supervisor.servers import Servers
from tests import order, prepared
from tests.processes import own_database, servers, start_process  # noqa: F401 - fixtures of every test


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers (main process only) and let Django read its settings."""
    bytecode.keep()
    if not hasattr(config, "workerinput"):
        state = prepared.new_folder()
        (state / "static").mkdir()  # the web process warns when nothing was ever collected there
        servers = Servers.below(state)
        config.add_cleanup(lambda: shutil.rmtree(state, ignore_errors=True))
        config.add_cleanup(servers.stop)  # cleanups run in reverse order
        try:
            servers.start()
        except CannotStart as problem:
            pytest.exit(problem.lines(), returncode=1)
        os.environ.update(servers.environment, STATE=str(state), DJANGO_SETTINGS_MODULE="hub.settings")
        if config.getoption("numprocesses", None):  # meanwhile the others read all tests
            preparing = Thread(target=prepared.template, daemon=True)
            preparing.start()
            config.add_cleanup(preparing.join)
        os.environ["CONNECTOR_PATHS"] = str(Path(__file__).resolve().parent.parent / "sandbox" / "connectors")
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["tests.quick_hashing.Quick"]
    from tests import contexts, emptying

    contexts.spare()
    emptying.quicken()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Look for no garbage while all tests are read, nor later among what was read, and then as seldom as the hub does.

    That took a quarter of the time of the first, and a fifteenth of all tests.
    """
    gc.disable()
    order.read_ahead(session.config)
    try:
        return (yield)
    finally:
        gc.enable()
        garbage.spare_what_is_loaded()


@pytest.hookimpl(trylast=True)  # pytest-django has an order of its own, for one process
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put tests in the order in which several processes finish them soonest."""
    order.arrange(items)


def pytest_sessionfinish() -> None:
    """Close what an engine of this process still holds, before the modules go that would log about it."""
    if "connectors.loop" in sys.modules:
        sys.modules["connectors.loop"].stop()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Let processes take tests in that order; those that share something stay in one process."""
    config.option.loadscopereorder = False
    return order.InOrder(config, log)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """Give each process of pytest a copy of a migrated database; Django would look anew whether anything is missing."""
    from django.db import connections

    with django_db_blocker.unblock():
        connections.close_all()
        name = prepared.own_copy(f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}")
        connections.settings["default"]["NAME"] = name
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Address of the run's Redis; with xdist all workers share it, so use keys of your own."""
    return os.environ["REDIS_URL"]


@pytest.fixture(scope="session")
def state() -> Path:
    """The folder STATE of the test run."""
    return Path(os.environ["STATE"])
