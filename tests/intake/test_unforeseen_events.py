"""Pushed events that meet what nobody foresaw: all but the record to blame go on; a route that breaks waits."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection

from exceptions_queue.models import WorkItem
from exceptions_queue.tasks import sweep
from routes import evaluation, intake
from routes.models import Failure, InboundEvent, Record, Transaction
from tests.intake.firm import Firm
from tests.intake.test_webhooks import push, pushed, signed
from tests.routes.test_unforeseen import SECRET, broken, nothing_told, spoilt_by
from tests.routes.world import entry


def send(*numbers: int, id: str = "ev-1") -> None:
    content = pushed(*(entry(n) for n in numbers), id=id)
    push(content, signed(content))


@pytest.fixture
def later() -> Iterator[Callable[[float], None]]:
    """Let time pass by the database's clock."""
    passed = [0.0]

    def later(seconds: float) -> None:
        passed[0] += seconds
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('throughline.clock_offset', %s, false)", [f"{passed[0]} seconds"])

    yield later
    later(-passed[0])


def test_record_that_spoils_its_event_goes_to_people_alone(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "normalise", spoilt_by(evaluation.normalise, "TE-0000002"))
    send(1, 2, 3)
    send(4, id="ev-2")
    while intake.work(firm.pushed.pk):
        pass
    assert Transaction.objects.filter(state="ready").count() == 3
    kept = Record.objects.get(state="failed")
    assert (kept.key, Failure.objects.get().record_id) == ("TE-0000002", kept.pk)
    events = InboundEvent.objects.order_by("received_at")
    assert [len(e.record_ids) for e in events] == [3, 1]
    assert {r.correlation_id for r in Record.objects.filter(pk__in=events[0].record_ids)} == {events[0].pk}
    assert nothing_told()


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_outage_leaves_events_where_they_are(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def away(*_: object, **__: object) -> None:
        raise error("the server closed the connection")

    send(1)
    monkeypatch.setattr(evaluation, "normalise", away)
    with pytest.raises(error):
        intake.work(firm.pushed.pk)
    assert not Failure.objects.exists()
    assert intake.due_routes() == [firm.pushed.pk]


def test_route_that_breaks_puts_its_events_off_and_closes_its_item_when_it_works_again(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, later: Callable[[float], None]
) -> None:
    known = intake.plan
    monkeypatch.setattr(intake, "plan", broken)
    send(1)
    for _ in range(3):
        assert intake.work(firm.pushed.pk) is False
        assert intake.due_routes() == []
        later(3700)
    sweep()
    item = WorkItem.objects.get()
    assert (item.category, item.is_open, Failure.objects.count()) == ("internal", True, 1)
    assert SECRET not in f"{item.title} {item.cause} {item.hint}"
    monkeypatch.setattr(intake, "plan", known)
    intake.work(firm.pushed.pk)
    sweep()
    item.refresh_from_db()
    assert (item.is_open, item.resolution) == (False, "auto:retry_succeeded")
    assert Record.objects.get().state == "routed"


def test_event_that_is_spoilt_as_a_whole_keeps_its_place_and_holds_up_no_other(
    firm: Firm, monkeypatch: pytest.MonkeyPatch, later: Callable[[float], None]
) -> None:
    whole = evaluation.normalise

    def breaks(plan: Any, arrivals: Sequence[Any], **more: Any) -> None:
        if any(a.key != "TE-0000099" for a in arrivals):
            broken()
        whole(plan, arrivals, **more)

    send(*range(1, 31))
    send(99, id="ev-2")
    monkeypatch.setattr(evaluation, "normalise", breaks)
    for _ in range(3):
        while intake.work(firm.pushed.pk):
            pass
        later(3700)
    assert Record.objects.get().key == "TE-0000099"
    assert Failure.objects.get().category == "internal"
    assert list(InboundEvent.objects.filter(processed_at=None).values_list("problem", flat=True)) == [""]
    monkeypatch.setattr(evaluation, "normalise", whole)
    while intake.work(firm.pushed.pk):
        pass
    sweep()
    assert Record.objects.count() == 31
    assert not Failure.objects.filter(closed_at=None).exists()
