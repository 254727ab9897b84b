"""What is noted of the running processes is of those that run, also once one of them was started anew."""

import errno
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from hub.supervisor import serve
from hub.supervisor.alone import Alone, told
from hub.supervisor.child import Child
from hub.supervisor.options import Options
from hub.supervisor.problems import CannotStart
from hub.supervisor.serve import Supervisor

WITHIN = 20.0  # seconds


def test_process_that_was_started_anew_is_noted_with_its_own_number(tmp_path: Path) -> None:
    alone = Alone(tmp_path)
    alone.take()
    since = told(alone.path)["since"]
    supervisor = Supervisor.__new__(Supervisor)
    supervisor.alone, supervisor._url = alone, "http://127.0.0.1:8000/"
    child = Child("web", [sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path, tmp_path)
    child.start()
    supervisor.children = [child]
    supervisor._say_who_runs()
    first = told(alone.path)
    assert child.process is not None
    assert first["children"] == {"web": child.process.pid}
    child.end()
    end = time.monotonic() + WITHIN
    while told(alone.path)["children"] in (first["children"], {}) and time.monotonic() < end:
        supervisor._keep_children()
        time.sleep(0.05)
    noted = told(alone.path)
    child.end()
    child.process.wait(WITHIN)
    alone.release()
    assert noted["children"] == {"web": child.process.pid} != first["children"]
    assert (noted["web"], noted["since"]) == ("http://127.0.0.1:8000/", since)


def test_program_whose_log_cannot_be_written_keeps_no_other_from_being_started_anew(tmp_path: Path) -> None:
    supervisor = Supervisor.__new__(Supervisor)
    supervisor.alone, supervisor._url = Alone(tmp_path), ""
    supervisor.alone.take()
    first, second = (
        Child(name, [sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path, tmp_path)
        for name in ("web", "beat")
    )
    first.log.mkdir()  # no program can write there
    supervisor.children = [first, second]
    with pytest.raises(IsADirectoryError):
        supervisor._keep_children()
    running = second.running
    second.end()
    supervisor.alone.release()
    assert running
    assert first.process is None


def test_server_that_cannot_be_started_for_want_of_memory_is_tried_again(tmp_path: Path, monkeypatch, capsys) -> None:
    starts = []

    def start() -> None:
        starts.append(1)
        if len(starts) < 3:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(serve, "TRY_AGAIN_SECONDS", 0)
    supervisor = Supervisor.__new__(Supervisor)
    supervisor._told = {}
    supervisor.options = SimpleNamespace(database_url="", redis_url="elsewhere")
    dead = SimpleNamespace(running=False, start=start)
    supervisor.servers = SimpleNamespace(postgresql=dead, redis=dead, places=SimpleNamespace(logs=tmp_path))
    for _ in range(3):
        supervisor._keep_servers()
    said = capsys.readouterr()
    assert (said.out + said.err).count("Resource temporarily unavailable") == 1
    assert "PostgreSQL is back" in said.out + said.err


def test_program_that_cannot_be_started_is_told_once(tmp_path: Path, monkeypatch, capsys) -> None:
    class Watched:
        turns = 4

        @property
        def lost(self) -> bool:
            self.turns -= 1
            return self.turns < 0

    child = Child("web", ["true"], {}, tmp_path, tmp_path)
    child.log.mkdir()
    supervisor = Supervisor(Options.of({"STATE": str(tmp_path / "state"), "DEMO": "0"}))
    supervisor.alone, supervisor.children = Watched(), [child]
    supervisor.servers = SimpleNamespace(
        postgresql=SimpleNamespace(running=True), redis=SimpleNamespace(running=True),
        places=SimpleNamespace(logs=tmp_path),
    )  # fmt: skip
    monkeypatch.setattr(supervisor, "_end_what_hangs", lambda: None)
    with pytest.raises(CannotStart, match="was removed or replaced"):
        supervisor._watch()
    said = capsys.readouterr()
    assert (said.out + said.err).count("the system says: ") == 1
