"""What keeps the hub from starting is said in words: the thing, the cause, the remedy. Never a traceback."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.supervisor import environment, foreign, port, serve
from hub.supervisor.account import Account, account
from hub.supervisor.alone import Alone
from hub.supervisor.child import Child
from hub.supervisor.options import ROOT, Options
from hub.supervisor.places import LONGEST_SOCKET, places
from hub.supervisor.problems import CannotStart
from hub.supervisor.processes import Seen
from hub.supervisor.serve import Supervisor, main
from hub.supervisor.servers import Servers

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path, open to the servers' account."""
    folder = Path(tempfile.mkdtemp(prefix="tl-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this very process listens."""
    with socket.create_server((port.HOST, 0)) as listening:
        yield listening.getsockname()[1]


def test_port_taken_names_who_has_it_and_a_free_one(taken: int) -> None:
    with pytest.raises(CannotStart) as refused:
        port.claim(taken)
    assert refused.value.thing == f"Port {taken} is taken"
    assert f"process {os.getpid()}" in refused.value.cause
    assert "make run PORT=" in refused.value.remedy


@pytest.mark.parametrize(
    ("text", "mode", "environment", "says"),
    [
        ("x" * 44, 0o600, {}, "is not a key"),
        ("", 0o600, {}, "There is no key"),
        ("any", 0o644, {}, "can be read by others"),
        ("any", 0o600, {"THROUGHLINE_KEYS": "abc"}, "THROUGHLINE_KEYS must be keys of"),
    ],
)
def test_keys_that_cannot_be_used_stop_the_start_before_anything_runs(
    short: Path, start_process, text: str, mode: int, environment: dict[str, str], says: str
) -> None:
    file = short / "keys"
    file.write_text(text)
    file.chmod(mode)
    env = {"STATE": str(short), "PORT": "0", "DEMO": "0"} | environment
    started = start_process(["python", "-m", "hub.supervisor"], env)
    assert started.wait() == 1
    assert "cannot be used" in started.output
    assert says in " ".join(started.output.split())
    assert "Traceback" not in started.output
    assert not (short / "postgresql").exists()


def test_main_says_it_in_words_and_ends_with_1(short: Path, taken: int, start_process) -> None:
    env = {"STATE": str(short), "PORT": str(taken), "DEMO": "0"}
    started = start_process(["python", "-m", "hub.supervisor"], env)
    assert started.wait() == 1
    assert f"Port {taken} is taken" in started.output
    assert "Traceback" not in started.output


@pytest.mark.parametrize("text", ["eighty", "-1", "70000", "８０", "1.5"])
def test_port_that_is_no_number_is_refused_by_name(text: str) -> None:
    with pytest.raises(CannotStart, match="PORT must be a whole number"):
        Options.of({"PORT": text})


def test_state_below_a_file_is_refused(short: Path) -> None:
    (short / "file").touch()
    with pytest.raises(CannotStart, match="a part of the path is a file") as refused:
        Servers.below(short / "file" / "state")
    assert "STATE=" in refused.value.remedy


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "this account has no permission there"),
        (errno.EROFS, "mounted read-only"),
        (errno.ENOSPC, "is full"),
        (errno.EDQUOT, "is full"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_state_that_cannot_be_written_says_why(number: int, words: str, short: Path, monkeypatch) -> None:
    def fail(self: Path, data: bytes) -> int:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(CannotStart, match=words):
        places(short, account())


def test_disk_almost_full_is_refused_before_anything_starts(short: Path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - 1000, 1000))
    options = Options.of({"STATE": str(short), "PORT": "0", "DEMO": "0"})
    supervisor = Supervisor(options)
    with pytest.raises(CannotStart, match="is full"):
        supervisor._check_disk()


def test_disk_full_is_read_from_what_postgresql_said(short: Path) -> None:
    servers = Servers.below(short)
    told = 'PANIC:  could not write to file "pg_wal/xlogtemp.1": No space left on device'
    assert "is full" in servers.postgresql._failure("PostgreSQL did not start", told).thing


def test_orphan_that_survives_its_killing_stops_the_start(short: Path, monkeypatch) -> None:
    """A process that waits for a disk ends when the disk answers, whatever it is sent."""
    stuck = Seen(os.getpid(), 1)
    monkeypatch.setattr(Seen, "alive", True)
    monkeypatch.setattr(Seen, "stop", lambda self, *signals, seconds: None)
    monkeypatch.setattr(serve, "marked", lambda mark: [stuck])
    monkeypatch.setattr(serve, "wait_until", lambda condition, seconds: False)
    supervisor = Supervisor(Options.of({"STATE": str(short), "PORT": "0", "DEMO": "0"}))
    with pytest.raises(CannotStart, match=f"{os.getpid()} still run after they were killed"):
        supervisor._stop_orphans()


def test_web_process_that_ends_is_not_waited_for(short: Path) -> None:
    supervisor = Supervisor(Options.of({"STATE": str(short), "PORT": "0", "DEMO": "0"}))
    web = Child("web", ["false"], {"PATH": os.environ["PATH"]}, short, short)
    supervisor.children.append(web)
    web.start()
    with pytest.raises(CannotStart, match="The web process has ended") as refused:
        supervisor._wait_for_web("http://127.0.0.1:9/")
    assert str(short / "web.log") in str(refused.value)


def test_data_of_another_release_are_refused_with_the_way_out(short: Path) -> None:
    servers = Servers.below(short)
    servers.postgresql.data.mkdir()
    (servers.postgresql.data / "PG_VERSION").write_text("16\n")
    with pytest.raises(CannotStart, match=r"PostgreSQL 16 made it.*brings PostgreSQL 18.*pg_dump"):
        servers.start()
    assert not servers.redis.running


def test_torso_of_a_cluster_is_refused_and_left_as_it_is(short: Path) -> None:
    servers = Servers.below(short)
    (servers.postgresql.data / "base").mkdir(parents=True)
    with pytest.raises(CannotStart, match=r"PG_VERSION is missing.*manage\.py restore"):
        servers.start()
    assert [each.name for each in servers.postgresql.data.iterdir()] == ["base"]
    assert not servers.redis.running


def test_broken_configuration_is_told_in_postgresqls_own_words(servers: Servers) -> None:
    servers.stop()
    with (servers.postgresql.data / "postgresql.conf").open("a") as file:
        file.write("\nmax_connections = many\n")
    with pytest.raises(CannotStart, match=r"PostgreSQL did not start.*(max_connections|contains errors)"):
        servers.start()


def test_folder_of_sockets_that_a_stranger_made_is_refused(short: Path) -> None:
    (short / "state").mkdir()
    (short / "elsewhere").mkdir()
    (short / "state" / "sockets").symlink_to(short / "elsewhere")
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        places(short / "state", account())


def test_state_with_a_long_path_has_its_sockets_elsewhere(short: Path) -> None:
    state = short / ("long" * 30)
    found = places(state, account())
    try:
        assert not found.sockets.is_relative_to(state)
        assert len(str(found.sockets)) < LONGEST_SOCKET
        assert found.sockets.stat().st_mode & 0o777 == 0o700
    finally:
        found.sockets.rmdir()


@pytest.mark.processes
def test_state_below_a_closed_folder_works(short: Path) -> None:
    """Below root's home, which is closed to others: the servers' own account still gets at its files."""
    closed = short / "home"
    closed.mkdir(mode=0o700)
    servers = Servers.below(closed / "state")
    try:
        servers.start()
        assert servers.redis.answers()
        servers.kill_postgresql()
        servers.start()
    finally:
        servers.stop()
        shutil.rmtree(servers.places.sockets, ignore_errors=True)


@pytest.mark.processes
def test_programs_below_a_closed_folder_run_from_a_copy(short: Path, monkeypatch) -> None:
    """A clone below root's home: the virtual environment, too, is closed to the servers' own account."""
    can_enter = Account.can_enter
    monkeypatch.setattr("hub.supervisor.account.PROGRAMS", short / "copies")
    monkeypatch.setattr(Account, "can_enter", lambda self, path: path.name != "site-packages" and can_enter(self, path))
    servers = Servers.below(short / "state")
    try:
        servers.start()
        assert str(short / "copies") in Seen.at(servers.postgresql.process.pid).command
        assert str(short / "copies") in Seen.at(servers.redis.process.pid).command
    finally:
        servers.stop()


def test_lock_lets_one_in_and_says_who(short: Path) -> None:
    first, second = Alone(short), Alone(short)
    first.take()
    first.say(web="http://127.0.0.1:8000/")
    with pytest.raises(CannotStart, match=r"already runs at http://127\.0\.0\.1:8000/"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_second_start_waits_until_the_first_has_said_who_it_is(short: Path, monkeypatch) -> None:
    first, second = Alone(short), Alone(short)
    monkeypatch.setattr(first, "say", lambda: None)  # it has the lock, and has not come to its next line
    first.take()
    monkeypatch.undo()
    said = threading.Timer(0.2, first.say)
    said.start()
    with pytest.raises(CannotStart, match=rf"process {os.getpid()}, since 20"):
        second.take()
    said.join()
    first.release()


def test_old_python_is_refused_in_words(monkeypatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(environment.Refused) as refused:
        environment.check_python()
    assert "3.11 or newer" in refused.value.args[1]


def test_make_without_a_python_says_what_to_install() -> None:
    done = subprocess.run(["make", "environment", "PYTHON="], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "no Python 3.11 or newer was found" in done.stderr
    assert "apt-get install" in done.stderr


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES: HASHES DO NOT MATCH", "differs from what requirements.lock"),
        ("error: dns error: failed to lookup address", "package index cannot be reached"),
        ("ERROR: something else", "it said: ERROR: something else"),
    ],
)
def test_failed_installation_says_why(told: str, words: str) -> None:
    assert words in environment.in_words(told).args[1]


@pytest.mark.parametrize(
    ("ask", "url"),
    [
        (foreign.ask_postgresql, "postgresql://hub@127.0.0.1:1/hub"),
        (foreign.ask_postgresql, "not an address"),
        (foreign.ask_redis, "redis://127.0.0.1:1/0"),
        (foreign.ask_redis, "http://127.0.0.1:1/0"),
    ],
)
def test_servers_of_the_operator_that_do_not_answer_are_named(ask, url: str) -> None:
    with pytest.raises(CannotStart, match="does not answer") as refused:
        ask(url)
    assert "embedded one" in refused.value.remedy


def test_servers_of_the_operator_that_answer_are_taken(redis_url: str, monkeypatch) -> None:
    asked: list[str] = []
    connect, ping = foreign.psycopg.connect, foreign.redis.Redis.ping
    monkeypatch.setattr(foreign.psycopg, "connect", lambda *a, **k: asked.append("database") or connect(*a, **k))
    monkeypatch.setattr(foreign.redis.Redis, "ping", lambda self: asked.append("broker") or ping(self))
    foreign.ask_postgresql(os.environ["DATABASE_URL"])  # raises where it does not answer
    foreign.ask_redis(redis_url)
    assert asked == ["database", "broker"], "nothing is taken unasked"


def test_unforeseen_lack_of_room_is_still_said_in_words(monkeypatch, capsys) -> None:
    def fail(options: Options) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/state/run/supervisor.json")

    monkeypatch.setattr("hub.supervisor.serve.Supervisor", fail)
    assert main() == 1
    assert "is full" in capsys.readouterr().out


def test_main_prints_no_traceback_for_a_bad_port(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PORT", "eighty")
    assert main() == 1
    assert "PORT must be a whole number" in capsys.readouterr().out
