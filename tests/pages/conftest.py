"""A browser, a hub that it can reach, and a firm in it: made once for the tests of a file, which only look."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


# Whatever imports Django's settings is imported inside the fixtures: this file is read before Django is set up.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Return the browser."""
    from django.db import connections

    from tests.pages.chromium import launched

    with pytest.MonkeyPatch.context() as patch, launched() as browser:
        # The browser's driver keeps a loop of its own in this thread; Django would take that for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield browser
        connections.close_all()  # those of that loop, which nobody finds again once it is gone


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Let rows be really committed while the tests of a file run, and empty the database when they are done."""
    from django.core.management import call_command

    with django_db_blocker.unblock():
        yield
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture(scope="module")
def hub(database: None) -> Iterator[str]:
    """Return the address at which the hub answers."""
    from tests.pages.serving import served

    with served() as address:
        yield address


@pytest.fixture(scope="module")
def firm(database: None) -> Iterator[Any]:
    """Return a firm with something of everything."""
    from tests.pages.firm import furnished
    from tests.routes.conftest import _maker

    with pytest.MonkeyPatch.context() as patch, contextmanager(_maker)(patch) as make:
        yield furnished(make)


@pytest.fixture(scope="module")
def fresh_firm(database: None) -> Any:
    """Return a firm in which nothing has happened yet."""
    from tests.pages.firm import empty

    return empty()
