"""Totals by day are what the transactions of that day are, however late a change was committed."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from governance.actor import ENGINE
from routes import day_totals
from routes.models import DayCount, DayMark, DayTotal, Transaction
from routes.newest import first_id
from routes.states import State, move
from tests import clocks
from tests.routes.world import World, entry

Make = Callable[..., World]


PATIENCE = 60.0  # seconds; other tests' transactions on the same server hold the horizon up


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look through all that is committed: nothing is under way here, and other tests' databases do not matter."""
    monkeypatch.setattr(day_totals, "HORIZON", day_totals.HORIZON.replace("xmin", "xmax"))


def today() -> dt.date:
    return timezone.now().astimezone(dt.UTC).date()


def by_state(**narrowed: Any) -> dict[str, tuple[int, Decimal | None]]:
    rows = DayTotal.objects.filter(**narrowed).values_list("state").annotate(Sum("count"), Sum("amount"))
    return {state: (count, amount) for state, count, amount in rows}


def age(row: Transaction, days: int) -> UUID:
    """Make a transaction one that came so many days ago."""
    new = UUID(int=(first_id(timezone.now() - dt.timedelta(days=days)).int | row.pk.int & ((1 << 80) - 1)))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_transaction SET id = %s WHERE id = %s", [new, row.pk])
    return new


def test_day_is_counted_by_state_company_and_currency(make_world: Make, alone: None) -> None:
    world = make_world()
    world.take_in(entry(1), entry(2), entry(3, currency="USD"), entry(4, hours="0.00"))
    world.take_in(entry(5) | {"hours": "many"})  # nobody can read this one
    world.deliver()
    assert day_totals.bring_up_to_date() == day_totals.DAYS

    found = by_state()
    assert found["posted"] == (3, Decimal(2400))
    assert found["failed"] == (1, Decimal(0))
    assert found["stopped"][0] == 1
    assert set(DayTotal.objects.values_list("currency", flat=True)) >= {"EUR", "USD"}
    assert set(DayTotal.objects.values_list("day", flat=True)) == {today()}
    assert DayTotal.objects.exclude(state="stopped").aggregate(n=Sum("count"))["n"] == Transaction.objects.count()


def test_only_days_in_which_something_changed_are_counted_again(make_world: Make, alone: None) -> None:
    world = make_world()
    world.take_in(entry(1), entry(2))
    first = Transaction.objects.order_by("key")[0]
    old = age(first, 9)
    day_totals.bring_up_to_date()
    assert by_state(day=today() - dt.timedelta(days=9)) == {"ready": (1, Decimal(800))}
    clocks.later(600)
    assert day_totals.bring_up_to_date() == 0, "nothing has changed"

    move([old], frm=State.READY, to=State.FAILED, by=ENGINE, reason="a test")
    assert day_totals.bring_up_to_date() == 1
    assert by_state(day=today() - dt.timedelta(days=9)) == {"failed": (1, Decimal(800))}
    assert by_state(day=today()) == {"ready": (1, Decimal(800))}


def test_change_that_is_committed_late_is_not_passed_over(make_world: Make) -> None:
    """Another worker's commit began before the count and ended after it."""
    make_world().take_in(entry(1))
    row = Transaction.objects.get()
    day_totals.bring_up_to_date()
    clocks.later(600)
    with psycopg.connect(**_parameters()) as other:
        other.execute(
            "INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason)"
            " VALUES (%s, 'ready', 'failed', now(), 'engine', 'Throughline', 'a test')", [row.pk],
        )  # fmt: skip
        other.execute("UPDATE routes_transaction SET state = 'failed' WHERE id = %s", [row.pk])
        day_totals.bring_up_to_date()
        assert by_state() == {"ready": (1, Decimal(800))}
        clocks.later(600)
        day_totals.bring_up_to_date()
        other.commit()
    end = time.monotonic() + PATIENCE
    while by_state() != {"failed": (1, Decimal(800))}:
        assert time.monotonic() < end, "it was passed over"
        clocks.later(600)
        day_totals.bring_up_to_date()
        time.sleep(0.1)


def _parameters() -> dict[str, Any]:
    given = connection.get_connection_params()
    return {name: given[name] for name in ("dbname", "user", "password", "host", "port") if given.get(name)}


def test_day_that_takes_long_is_counted_less_often(make_world: Make, alone: None) -> None:
    world = make_world()
    world.take_in(entry(1))
    day_totals.bring_up_to_date()
    DayCount.objects.filter(day=today()).update(seconds=30.0)
    world.take_in(entry(2))
    assert day_totals.bring_up_to_date() == 0
    assert DayCount.objects.get(day=today()).stale, "it is known to be late"
    clocks.later(day_totals.SPARING * 30 + 1)
    assert day_totals.bring_up_to_date() == 1
    assert by_state() == {"ready": (2, Decimal(1600))}


def test_days_that_are_past_are_forgotten(make_world: Make, alone: None) -> None:
    world = make_world()
    world.take_in(entry(1))
    day_totals.bring_up_to_date()
    old = today() - dt.timedelta(days=day_totals.DAYS)
    DayTotal.objects.update(day=old)
    DayCount.objects.create(day=old, stale=False)
    clocks.later(600)
    day_totals.bring_up_to_date()
    assert not DayTotal.objects.filter(day=old).exists()
    assert not DayCount.objects.filter(day=old).exists()


def test_after_a_restore_elsewhere_every_day_is_counted_anew(make_world: Make, alone: None) -> None:
    """Another server counts its transactions anew: what was looked through before says nothing there."""
    world = make_world()
    world.take_in(entry(1))
    day_totals.bring_up_to_date()
    DayMark.objects.update(horizon=1 << 60)
    DayCount.objects.update(seconds=0.0)
    clocks.later(600)
    assert day_totals.bring_up_to_date() == day_totals.DAYS


@pytest.mark.parametrize("withdraws", [True, False])
def test_money_of_what_takes_back_is_not_posted_money(make_world: Make, alone: None, withdraws: bool) -> None:
    make_world().take_in(entry(1))
    Transaction.objects.update(withdraws=withdraws)
    day_totals.bring_up_to_date()
    assert by_state() == {"ready": (1, None if withdraws else Decimal(800))}
