"""A program that runs and gives no sign of life: told by doctor, page and figures, and started anew."""

import os
import sys
import time
from pathlib import Path

import pytest
from django.test import Client

from governance.rights import Role
from hub import in_service, pulse, signs
from hub.figures import alive
from hub.supervisor import hanging
from hub.supervisor.child import Child
from hub.supervisor.hanging import HUNG_SECONDS, Hanging
from tests.governance.people import person


@pytest.fixture
def state(settings, tmp_path: Path) -> Path:
    settings.STATE = tmp_path
    return tmp_path


def age(name: str, seconds: float) -> Path:
    pulse.beat(name)
    path = signs.place(pulse.settings.STATE, name)
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_doctor_names_a_clock_and_a_worker_that_hang(state: Path) -> None:
    pulse.beat("worker-2")
    assert list(in_service.signs_of_life()) == []
    path = age("beat", 90)
    age("worker-1", 200)
    (clock, _, remedy), (worker, _, _) = in_service.signs_of_life()
    assert clock.startswith("The clock (beat) on ")
    assert "no sign of life for 90 s" in clock
    assert str(path) in remedy
    assert worker.startswith("The worker worker-1 on ")


def test_program_that_is_gone_since_yesterday_is_not_looked_for(state: Path) -> None:
    age("worker-7", 90_000)
    assert list(in_service.signs_of_life()) == []


def test_clock_that_ends_in_order_takes_its_sign_away(state: Path) -> None:
    pulse.beat("beat")
    pulse.end("beat")
    pulse.end("beat")
    assert list(signs.signs(state)) == []


def test_web_that_does_not_answer_is_told(state: Path, monkeypatch) -> None:
    assert list(in_service.pages_answer()) == []
    monkeypatch.setattr(in_service.Alone, "held", True)
    monkeypatch.setattr(in_service, "told", lambda path: {"web": "http://127.0.0.1:9/"})
    ((thing, _, remedy),) = in_service.pages_answer()
    assert thing == "The web process at http://127.0.0.1:9/ does not answer"
    assert "web.log" in remedy


@pytest.mark.django_db
def test_page_of_lanes_shows_the_clocks_last_sign(state: Path, client: Client, crew: None) -> None:
    client.force_login(person("Olga Petrenko", Role.OPERATOR))
    assert "No clock has given a sign of life" in client.get("/lanes/workers/").text
    age("beat", 20)
    text = client.get("/lanes/workers/").text
    assert "last sign of life at" in text
    assert "hangs" not in text
    age("beat", 100)
    assert "The clock hangs" in client.get("/lanes/workers/").text
    assert "The clock hangs" in client.get("/lanes/workers/?by=lane").text


def test_figures_tell_the_oldest_sign_of_each_program(state: Path) -> None:
    age("beat", 100)
    pulse.beat("worker-1")
    (family,) = alive.Alive().collect()
    found = {sample.labels["program"]: sample.value for sample in family.samples}
    assert found["beat"] >= 100
    assert found["worker-1"] < 100


@pytest.fixture
def now(monkeypatch) -> list[float]:
    times = [1000.0]
    monkeypatch.setattr(hanging.time, "monotonic", lambda: times[0])
    return times


@pytest.fixture
def clock(state: Path):
    child = Child("beat", [sys.executable, "-c", "import time; time.sleep(60)"], {}, state, state)
    child.start()
    yield child
    child.ask_to_stop()
    child.stop()


def pass_by(watch: Hanging, child: Child, now: list[float], seconds: float, *, answers: bool = True) -> bool:
    found = False
    for _ in range(int(seconds / 10)):
        now[0] += 10
        found = found or list(watch.find([child], lambda: answers)) == [child]
    return found


def test_program_without_a_sign_for_minutes_is_found(state: Path, clock: Child, now: list[float]) -> None:
    age("beat", 5000)
    watch = Hanging(state)
    assert not pass_by(watch, clock, now, 2 * HUNG_SECONDS), "it has given no sign since it began: that is start-up"
    age("beat", 0)
    assert not pass_by(watch, clock, now, HUNG_SECONDS)
    assert pass_by(watch, clock, now, 30)
    clock.process.kill()
    clock.process.wait()
    assert not pass_by(watch, clock, now, 100), "what has ended is started anew by itself"


def test_machine_that_slept_makes_nobody_hang(state: Path, clock: Child, now: list[float]) -> None:
    watch = Hanging(state)
    pass_by(watch, clock, now, 20)
    age("beat", 0)
    pass_by(watch, clock, now, 20)
    now[0] += 8 * 3600
    assert not pass_by(watch, clock, now, HUNG_SECONDS - 50)
    assert pass_by(watch, clock, now, 100)


def test_nobody_hangs_while_the_broker_is_away(state: Path, clock: Child, now: list[float]) -> None:
    watch = Hanging(state)
    pass_by(watch, clock, now, 20)
    age("beat", 0)
    assert not pass_by(watch, clock, now, 3 * HUNG_SECONDS, answers=False)
    assert pass_by(watch, clock, now, HUNG_SECONDS + 30)
