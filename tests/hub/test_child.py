"""A supervised program: started anew after a growing pause, stopped for certain."""

import signal
import sys
import time
from pathlib import Path

from hub.supervisor import child as module
from hub.supervisor import logs
from hub.supervisor.child import Child
from hub.supervisor.processes import Seen, wait_until


def program(tmp_path: Path, code: str) -> Child:
    return Child("worker", [sys.executable, "-c", code], {}, tmp_path, tmp_path, grace=0.5)


def test_child_that_ends_is_started_again_after_a_growing_pause(tmp_path: Path, monkeypatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    child = program(tmp_path, "import sys; sys.exit(3)")
    pauses = []
    for _ in range(8):
        child.start()
        child.process.wait()
        assert "worker ended with code 3" in child.watch()
        pauses.append(child.due - now[0])
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_child_that_dies_all_night_is_started_again_all_the_same(tmp_path: Path) -> None:
    child = program(tmp_path, "import sys; sys.exit(3)")
    child.deaths = 5000
    child.start()
    child.process.wait()
    assert "it starts again in 30 s" in child.watch()


def test_child_that_a_signal_without_a_name_has_killed_is_told(tmp_path: Path) -> None:
    number = signal.SIGRTMIN + 1
    child = program(tmp_path, f"import os; os.kill(os.getpid(), {number})")
    child.start()
    child.process.wait()
    assert f"worker was killed (signal {number})" in child.watch()


def test_child_is_not_started_before_its_pause_is_over(tmp_path: Path, monkeypatch) -> None:
    child = program(tmp_path, "")
    child.start()
    child.process.wait()
    child.watch()
    child.watch()
    assert child.process is None
    child.due = 0
    child.watch()
    assert child.process is not None
    child.stop()


def test_child_that_ran_long_earns_its_first_pause_back(tmp_path: Path) -> None:
    child = program(tmp_path, "")
    child.deaths = 6
    child.start()
    child.process.wait()
    child._began = time.monotonic() - 61
    child.watch()
    assert child.deaths == 1


def test_child_that_does_not_listen_is_killed_after_its_grace(tmp_path: Path) -> None:
    child = program(
        tmp_path, "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child.start()
    assert wait_until(lambda: "deaf" in child.log.read_text(), 10)
    process = child.process
    child.ask_to_stop()
    child.stop()
    assert process.returncode == -signal.SIGKILL


def test_large_log_is_put_aside_while_its_writer_goes_on(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 10)
    with (tmp_path / "web.log").open("a") as writer:
        writer.write("x" * 11)
        writer.flush()
        logs.trim(tmp_path)
        writer.write("next")
    assert (tmp_path / "web.log.1").read_text() == "x" * 11
    assert (tmp_path / "web.log").read_text() == "next"


def test_process_that_was_stopped_still_ends_by_a_plain_signal(start_process) -> None:
    sleeper = start_process(["python", "-c", "import time; print('up', flush=True); time.sleep(60)"])
    sleeper.wait_for("up")
    sleeper.signal(signal.SIGSTOP)
    Seen.at(sleeper.pid).stop(signal.SIGTERM, seconds=5)
    assert sleeper.wait(1) == -signal.SIGTERM
