"""A world per test, whose target answers in this process: what goes over the wire is tested elsewhere."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def make_world(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Return a maker of worlds whose rows are really committed, for tests with processes beside this one."""
    yield from _maker(monkeypatch)


@pytest.fixture
def quick_world(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Return a maker of worlds inside one transaction that is rolled back: a tenth of the time."""
    yield from _maker(monkeypatch)


@pytest.fixture
def billing(quick_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return a maker of worlds whose posted hours become invoices; see billing.py."""
    from routes import shipments
    from tests.routes import billing as bills

    def make(time: dict[str, Any] | None = None, **more: Any) -> Any:
        made = bills.make(quick_world(**time or {}), **more)

        def target(connection: Any) -> Any:
            return made.books if connection.slug == "books" else made.time.target

        monkeypatch.setattr(shipments, "send_requests", lambda c, d, requests, n: target(c).write(requests))
        monkeypatch.setattr(shipments, "ask_requests", lambda c, d, requests, n: target(c).look_up(requests))
        return made

    return make


def _maker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    from routes import plan, shipments  # the first conftest to load is read before Django's settings are
    from tests import clocks
    from tests.routes import world as worlds

    plan.plan.cache_clear()

    def make(*args: Any, **kwargs: Any) -> Any:
        made = worlds.make(*args, **kwargs)
        monkeypatch.setattr(shipments, "send_requests", lambda c, d, requests, n: made.target.write(requests))
        monkeypatch.setattr(shipments, "ask_requests", lambda c, d, requests, n: made.target.look_up(requests))
        return made

    yield make
    clocks.set_right()
