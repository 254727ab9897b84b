"""A world whose history is told: committed rows, a subscriber on this machine, and a person who may subscribe it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.routes.conftest import make_world, quick_world  # noqa: F401 - fixtures of these tests too

# Whatever imports Django's settings is imported inside the fixtures: this file is read before Django is set up.


@pytest.fixture
def subscriber() -> Iterator[Any]:
    """Return a subscriber that listens."""
    from tests.outbound.subscriber import listening

    with listening() as made:
        yield made


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the subscriptions that workers were told of; no broker is asked."""
    from routes import nudges

    told: list[int] = []
    monkeypatch.setattr(nudges, "subscription", told.append)
    return told


@pytest.fixture
def subscribe(subscriber: Any, settings: Any, nudged: list[int]) -> Callable[..., Any]:
    """Return a maker of subscriptions to the subscriber; the secret is kept at `.secret`."""
    from connectors import loop
    from governance.actor import ENGINE
    from routes.outbound import subscribing
    from routes.outbound.wishes import Wishes

    settings.OUTBOUND_ALLOWED = ["127.0.0.1:*"]
    loop.stop()  # a loop that an earlier test of this process has left may hold sessions to what is gone

    def make(name: str = "Data warehouse", *, by: Any = ENGINE, **more: Any) -> Any:
        wanted = Wishes(name, more.pop("address", subscriber.address), **more)
        made, secret = subscribing.subscribe(wanted, by=by)
        made.secret = secret
        return made

    yield make
    loop.stop()


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all be ended that was committed: other tests' transactions on the same server hold up nothing here."""
    from routes.outbound import tap

    def ended() -> tuple[int, int]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
            (newest,) = cursor.fetchone()
        return newest, newest

    monkeypatch.setattr(tap, "_ended", ended)
    monkeypatch.setattr(tap, "OPEN", tap.OPEN.replace("pg_snapshot_xmin", "pg_snapshot_xmax"))


@pytest.fixture
def carried(alone: None) -> Callable[..., None]:
    """Return what tells and carries until nothing is due."""
    from routes.outbound import carrying, tap

    def work(*, telling: bool = True) -> None:
        while telling and tap.tell():
            pass
        for subscription in carrying.due():
            while carrying.carry(subscription):
                pass

    return work
