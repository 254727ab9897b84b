"""The tasks that nudges start: what they do when a connection takes no work."""

import datetime as dt

import pytest

from connectors import gate
from connectors.gate import Admission
from routes import ahead, tasks
from routes import deliver as delivering

pytestmark = pytest.mark.django_db


def refuse(monkeypatch, *answers: Admission) -> list[int]:
    """Let the gate refuse with each answer in turn; return the list of the connections it was asked for."""
    asked: list[int] = []
    left = list(answers)

    def admit(connection_id: int, *_: object, **__: object) -> Admission:
        asked.append(connection_id)
        return left.pop(0) if left else Admission(0, reason="paused")

    monkeypatch.setattr(delivering.gate, "admit", admit)
    monkeypatch.setattr(delivering, "_is_more", lambda *_: True)
    return asked


def test_deliver_task_leaves_a_paused_connection_alone(monkeypatch) -> None:
    asked = refuse(monkeypatch)
    tasks.deliver(7, "posting", "entries")
    assert asked == [7]


def test_deliver_task_waits_a_moment_for_a_throttled_target(monkeypatch) -> None:
    soon = gate.database_now() + dt.timedelta(seconds=0.3)
    asked = refuse(monkeypatch, Admission(0, wait_until=soon, reason="throttled"))
    tasks.deliver(8, "posting", "entries")
    assert asked == [8, 8]


def test_deliver_task_leaves_a_long_wait_to_the_sweep(monkeypatch) -> None:
    late = gate.database_now() + dt.timedelta(seconds=30)
    asked = refuse(monkeypatch, Admission(0, wait_until=late, reason="throttled"))
    tasks.deliver(9, "posting", "entries")
    assert asked == [9]


@pytest.mark.parametrize("late", [True, False])
def test_worker_that_reads_leaves_sending_to_others_until_it_is_late(monkeypatch, late: bool) -> None:
    asked = refuse(monkeypatch)
    monkeypatch.setattr(delivering, "is_late", lambda *_: late)
    monkeypatch.setitem(ahead._switch, "on", True)
    with ahead.counted():
        tasks.deliver(12, "posting", "entries")
    assert asked == ([12] if late else [])
    tasks.deliver(12, "posting", "entries")
    assert asked[-1] == 12, "it reads no more"


def test_batch_that_hangs_leaves_room_for_one_more_of_its_stream(monkeypatch) -> None:
    busy: list[int] = []

    def deliver(**_: object) -> delivering.Delivered:
        busy.append(len(busy))
        if len(busy) < 4:
            tasks.deliver(11, "posting", "entries")  # what a nudge would start beside it
        return delivering.Delivered(0, False)

    monkeypatch.setattr(delivering, "deliver", deliver)
    tasks.deliver(11, "posting", "entries")
    assert len(busy) == tasks.DELIVERING
    tasks.deliver(11, "posting", "entries")
    assert len(busy) > tasks.DELIVERING, "places are given back"
