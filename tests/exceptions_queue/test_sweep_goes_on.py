"""What the queue does by itself goes on where one step of it meets something unforeseen."""

from typing import Any

import pytest
from django.db import OperationalError

from exceptions_queue import coming_back, intake, releasing, settle, tasks, waking


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the steps that were done."""
    found: list[str] = []

    def step(name: str) -> Any:
        return lambda **_: found.append(name)

    monkeypatch.setattr(settle, "settle_sent_again", step("settled"))
    monkeypatch.setattr(waking, "wake_due", step("woken"))
    monkeypatch.setattr(releasing, "work", step("released"))
    monkeypatch.setattr(coming_back, "sweep", step("come back"))
    return found


def _breaks(error: Exception) -> Any:
    def broken(**_: Any) -> None:
        raise error

    return broken


@pytest.mark.django_db
def test_step_that_breaks_keeps_no_other_from_being_done(
    done: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(intake, "take_in_what_waits", _breaks(KeyError("unforeseen")))
    tasks.sweep()
    assert done == ["settled", "woken", "released", "come back"]
    assert "unforeseen in the sweep of the queue" in caplog.text


@pytest.mark.django_db
def test_database_that_is_away_ends_the_sweep(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "take_in_what_waits", _breaks(OperationalError("the connection is closed")))
    with pytest.raises(OperationalError):
        tasks.sweep()
    assert done == []
