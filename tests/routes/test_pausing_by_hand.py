"""Pausing a connection by hand and letting it go on: by whom, with what reason, and what happens to what waits."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from connectors.models import BreakerState, Connection
from governance.models import AuditEntry, User
from governance.rights import NotAllowed, Role
from routes import nudges, pausing_by_hand
from tests.governance.people import company, person
from tests.routes.world import World, entry

Make = Callable[..., World]


@pytest.fixture
def olga(db: None) -> User:
    return person("Olga Petrenko", Role.OPERATOR)


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Return what workers were told, in order."""
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(nudges, "delivery", lambda *args: told.append(args))
    return told


def ledger(world: World) -> Connection:
    return Connection.objects.select_related("legal_entity").get(pk=world.destination.connection_id)


def test_what_comes_while_it_is_paused_waits_and_goes_on(
    quick_world: Make, olga: User, nudged: list[tuple[Any, ...]]
) -> None:
    world = quick_world()
    pausing_by_hand.pause(ledger(world), reason="Year-end close", by=olga)
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["ready"]
    assert world.target.requests == []

    pausing_by_hand.resume(ledger(world), reason="", by=olga)

    assert nudged == [(world.destination.connection_id, "posting", "entries")]
    world.later(120)
    world.deliver()
    assert world.states() == ["posted"]


def test_both_are_in_the_audit_trail_with_the_reason(quick_world: Make, olga: User) -> None:
    row = ledger(quick_world())
    pausing_by_hand.pause(row, reason=" Year-end close ", by=olga)
    row.refresh_from_db()
    assert (row.paused, row.paused_reason) == (True, "Year-end close")
    pausing_by_hand.resume(row, reason="", by=olga)
    entries = AuditEntry.objects.filter(thing_name=row.name).order_by("at")
    assert [(e.verb, e.reason) for e in entries] == [("pause", "Year-end close"), ("resume", "")]


@pytest.mark.parametrize("role", [Role.FINANCE, Role.CONTROLLER, Role.VIEWER])
def test_others_may_neither_pause_nor_resume(quick_world: Make, role: Role) -> None:
    row, other = ledger(quick_world()), person("Farid Amini", role)
    with pytest.raises(NotAllowed):
        pausing_by_hand.pause(row, reason="because", by=other)
    with pytest.raises(NotAllowed):
        pausing_by_hand.resume(row, reason="", by=other)
    with pytest.raises(NotAllowed):
        pausing_by_hand.try_again(row, by=other)


def test_operator_of_another_company_may_not(quick_world: Make) -> None:
    row, other = ledger(quick_world()), person("Grace Field", Role.OPERATOR, company("HP-US"))
    with pytest.raises(NotAllowed):
        pausing_by_hand.pause(row, reason="because", by=other)


def test_second_press_is_told(quick_world: Make, olga: User) -> None:
    row = ledger(quick_world())
    with pytest.raises(ValueError, match="is not paused"):
        pausing_by_hand.resume(row, reason="", by=olga)
    pausing_by_hand.pause(row, reason="Year-end close", by=olga)
    with pytest.raises(ValueError, match="is paused already"):
        pausing_by_hand.pause(row, reason="Once more", by=olga)


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_reason_is_needed_and_fits(quick_world: Make, olga: User, reason: str) -> None:
    row = ledger(quick_world())
    with pytest.raises(ValueError, match="reason"):
        pausing_by_hand.pause(row, reason=reason, by=olga)
    row.refresh_from_db()
    assert not row.paused


def test_what_the_hub_leaves_alone_is_tried_at_once(quick_world: Make, olga: User) -> None:
    row = ledger(quick_world())
    with pytest.raises(ValueError, match="is not leaving"):
        pausing_by_hand.try_again(row, by=olga)
    Connection.objects.filter(pk=row.pk).update(
        breaker_state=BreakerState.OPEN, breaker_opened_at=timezone.now(),
        breaker_probe_at=timezone.now() + timezone.timedelta(hours=1),
    )  # fmt: skip
    pausing_by_hand.try_again(row, by=olga)
    row.refresh_from_db()
    assert row.breaker_probe_at <= timezone.now()
