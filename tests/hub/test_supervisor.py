"""The supervisor with real processes: everything may be killed at any time, and the next start simply works."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.supervisor import parts
from hub.supervisor.processes import Seen, marked, running_in, wait_until
from tests import prepared
from tests.processes import Started, StartProcess

pytestmark = [pytest.mark.processes, pytest.mark.slow]

Up = Callable[..., Started]

# An orphan that neither the end of its parent nor a friendly word reaches. (The kernel itself wakes the frozen children
# of a supervisor that dies, and sends them SIGHUP: how many of them the next start still finds is a matter of luck.)
DEAF = """
import signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
print("deaf", flush=True)
while True:
    time.sleep(60)
"""


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder STATE with a migrated database; whatever still works in it at the end is killed."""
    folder = prepared.new_state()
    yield folder
    for each in everything_of(folder):
        each.stop(signal.SIGKILL, seconds=10)
    shutil.rmtree(folder, ignore_errors=True)


def everything_of(state: Path) -> list[Seen]:
    own = marked(f"{parts.MARK}={state}")
    return own + running_in(state / "postgresql", "postgres") + running_in(state / "sockets", "redis-server")


@pytest.fixture
def begin(state: Path, start_process: StartProcess) -> Up:
    """Start the supervisor on `state`, without waiting."""
    env = {"STATE": str(state), "PORT": "0", "DEMO": "0", "DATABASE_URL": "", "REDIS_URL": ""}
    env |= {"COLUMNS": "200", "WORKERS": "posting,master,analytics,intake"}  # one worker: a start takes less time
    return lambda **more: start_process(["python", "-m", "hub.supervisor"], env | more)


@pytest.fixture
def up(begin: Up) -> Up:
    """Start the supervisor and wait until it says that it runs."""

    def start() -> Started:
        started = begin()
        started.wait_for("Throughline is running", 300)
        return started

    return start


def answers(supervisor: Started) -> bool:
    url = re.search(r"http://127.0.0.1:\d+/", supervisor.output)[0]
    try:
        urllib.request.urlopen(url, timeout=3).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def test_start_after_kill_9_of_the_supervisor_and_then_of_everything(
    up: Up, begin: Up, state: Path, start_process: StartProcess
) -> None:
    shutil.rmtree(state / "run")  # this hub prepares itself; the others find all as it should be
    shutil.rmtree(state / "static")
    first = up()
    assert (state / "run" / "prepared.json").exists()
    second = stops_orphans_that_do_not_notice(first, up, state, start_process)
    for each in [Seen.at(second.pid), *everything_of(state)]:
        with contextlib.suppress(ProcessLookupError):  # some die of the death of others
            os.kill(each.pid, signal.SIGKILL)
    second.wait()
    third = starts_pages_alone_and_forgets_programs_that_are_gone(begin, state)
    assert wait_until(lambda: answers(third), 30)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):  # somebody is impatient
        third.signal(number)
    assert third.wait() == 0
    assert "Traceback" not in third.output
    assert everything_of(state) == []


def stops_orphans_that_do_not_notice(first: Started, up: Up, state: Path, start_process: StartProcess) -> Started:
    """Kill a supervisor while some of its programs are frozen, others not, and one is deaf; return the next one."""
    awake = ("celery", "worker")
    frozen = [each for each in everything_of(state) if not all(word in each.command for word in awake) and froze(each)]
    assert len(frozen) > 3
    deaf = start_process(["python", "-c", DEAF], {parts.MARK: str(state)})
    deaf.wait_for("deaf")
    first.signal(signal.SIGKILL)
    first.wait()
    for each in frozen:
        if "postgres" in each.command or "celery" in each.command:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGCONT)
    second = up()
    assert "an earlier start had left behind" in second.output
    assert [each for each in frozen if each.alive] == []
    assert deaf.wait(0) == -signal.SIGKILL
    assert wait_until(lambda: answers(second), 30)
    return second


def starts_pages_alone_and_forgets_programs_that_are_gone(begin: Up, state: Path) -> Started:
    run = state / "run"
    ours, theirs, old = (run / f"pulse-worker-9@{name}" for name in (socket.gethostname(), "another", "third"))
    for sign in (ours, theirs, old):
        sign.touch()
    os.utime(old, (1, 1))
    started = begin(WORKERS="none")
    started.wait_for("Throughline is running", 300)
    assert set(json.loads((run / "supervisor.json").read_text())["children"]) == {"web"}
    assert "no workers and no clock (WORKERS=none): nothing is read or sent" in " ".join(started.output.split())
    assert [sign for sign in (ours, theirs, old) if sign.exists()] == [theirs]
    return started


def froze(process: Seen) -> bool:
    """Stop a process, so that it cannot end by itself when its parent dies; PostgreSQL's come and go meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGSTOP)
        return process.alive
    return False


def test_running_hub_is_alone_starts_again_what_dies_and_stops_when_its_folder_is_removed(
    up: Up, begin: Up, state: Path
) -> None:
    supervisor = up()  # one hub for all three: a start takes longer than what is asked of it
    turns_a_second_start_away_and_listens_only_with_its_web(supervisor, begin, state)
    starts_again_what_dies(supervisor, state)
    stops_and_says_so_when_its_folder_is_removed(supervisor, state)


def turns_a_second_start_away_and_listens_only_with_its_web(first: Started, begin: Up, state: Path) -> None:
    second = begin()
    assert second.wait() == 1
    assert "Throughline already runs at http://127.0.0.1:" in second.output
    assert f"process {first.pid}" in second.output
    assert str(state) in second.output
    assert "Traceback" not in second.output
    port = int(re.search(r"http://127.0.0.1:(\d+)/", first.output)[1])
    assert listening(Seen.at(first.pid), *everything_of(state)) == {f"0100007F:{port:04X}"}


def starts_again_what_dies(supervisor: Started, state: Path) -> None:
    children = json.loads((state / "run" / "supervisor.json").read_text())["children"]
    postgresql = int((state / "postgresql" / "postmaster.pid").read_text().split()[0])
    (redis,) = running_in(state / "sockets", "redis-server")
    for pid in [*children.values(), postgresql, redis.pid]:
        os.kill(pid, signal.SIGKILL)
    supervisor.wait_for("PostgreSQL is back")
    supervisor.wait_for("Redis is back")
    for name in children:
        supervisor.wait_for(f"{name} was killed (SIGKILL); it starts again")
    assert wait_until(lambda: answers(supervisor), 60)
    assert set(children) == {"web", "worker-1", "beat"}


def stops_and_says_so_when_its_folder_is_removed(supervisor: Started, state: Path) -> None:
    left = everything_of(state)
    subprocess.run(["rm", "-rf", str(state)], check=False)  # the hub may remove its own files meanwhile
    assert supervisor.wait() == 1
    assert "was removed or replaced while the hub ran" in supervisor.output
    assert "Traceback" not in supervisor.output
    assert [each for each in left if each.alive] == []


def listening(*processes: Seen) -> set[str]:
    """Return the internet addresses, as the kernel writes them, on which `processes` listen."""
    links = [link for each in processes for link in Path(f"/proc/{each.pid}/fd").iterdir()]
    sockets = {os.readlink(link) for link in links if link.is_symlink()}
    rows = {name: Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6", "udp", "udp6")}
    split = [(name, line.split()) for name, lines in rows.items() for line in lines]
    waiting = [row for name, row in split if row[3] == "0A" or name.startswith("udp")]
    return {row[1] for row in waiting if f"socket:[{row[9]}]" in sockets}
