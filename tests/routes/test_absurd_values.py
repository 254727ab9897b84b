"""Values that no column holds: a problem of their own record, never a page that cannot be stored."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from routes.arrivals import Unreadable, moment_of, version_of
from routes.models import Failure
from tests.routes.world import World, entry

NOW = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize("value", ["²", "١٢", 10**30, "9" * 5000, -1, Decimal("1.5"), None, True])
def test_version_that_is_no_number_of_30_digits_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable, match="whole number"):
        version_of({"v": value}, number=("v",), changed_at=None, content=b"", arrived=NOW)


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0999-01-01", "soon", 5])
def test_time_that_cannot_be_sorted_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable, match="not a time"):
        moment_of(value, ("changed_at",))


@pytest.mark.parametrize(
    "more", [{"amount": Decimal("1e15")}, {"amount": Decimal("99999999999999.99999")}, {"hours": Decimal("1e400")}]
)
def test_absurd_number_stops_its_own_record_only(make_world: Callable[..., World], more: dict[str, Any]) -> None:
    world = make_world()
    world.take_in(entry(1) | more, entry(2))
    assert world.states() == ["ready"]
    failure = Failure.objects.get()
    assert failure.category in ("shape", "validation")
    assert failure.field in more


def test_currency_that_is_none_stops_its_own_record_only(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.take_in(entry(1, currency="EUROS"), entry(2))
    assert world.states() == ["ready"]
    assert Failure.objects.get().field == "currency"


@pytest.mark.parametrize("key", ["   ", "\u00a0", "\t"])
def test_key_of_blanks_is_unreadable(quick_world: Callable[..., World], key: str) -> None:
    world = quick_world()
    totals = world.take_in(entry(1, key=key))
    assert (totals.new, totals.unreadable) == (0, 1)
    assert "has no key" in Failure.objects.get().message
