"""The embedded servers after kill -9: the next start works, and what was committed is there."""

import json
import os
import signal

import psycopg
import pytest
from django.contrib.auth import get_user_model

from hub.supervisor.postgresql import syncs_at_once
from hub.supervisor.processes import Seen, running_in
from hub.supervisor.servers import Servers

pytestmark = pytest.mark.processes


def test_postgresql_killed_starts_again_with_what_was_committed(servers: Servers) -> None:
    with psycopg.connect(servers.postgresql.url) as link:
        link.execute("CREATE TABLE kept (n int)")
        link.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    servers.kill_postgresql()
    servers.start()
    with psycopg.connect(servers.postgresql.url) as link:
        assert link.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_lock_file_that_names_a_stranger_does_not_hinder_the_start(servers: Servers) -> None:
    servers.stop()
    lock = servers.postgresql.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{servers.postgresql.data}\n0\n5432\n{servers.places.sockets}\n\n")
    servers.start()
    with psycopg.connect(servers.postgresql.url) as link:
        assert link.execute("SELECT 1").fetchone() == (1,)


def test_orphans_are_stopped_by_the_next_start(servers: Servers) -> None:
    orphans = servers.postgresql.process, servers.redis.process
    servers.postgresql.process = servers.redis.process = None  # as if another supervisor, now dead, had started them
    servers.start()
    assert [each.wait(10) is not None for each in orphans if each] == [True, True]
    assert len(running_in(servers.postgresql.data, "bin/postgres")) == 1


def test_servers_die_with_the_process_that_started_them(servers: Servers, start_process) -> None:
    servers.stop()
    script = (
        "import json, sys, time; from pathlib import Path; from hub.supervisor.servers import Servers;"
        "s = Servers.below(Path(sys.argv[1])); s.start();"
        "print(json.dumps([s.postgresql.process.pid, s.redis.process.pid, 'up']), flush=True); time.sleep(60)"
    )
    parent = start_process(["python", "-c", script, str(servers.places.state)])
    parent.wait_for("up")
    postgresql, redis, _ = json.loads(parent.output)
    parent.signal(signal.SIGKILL)
    parent.wait()
    servers.start()
    assert [Seen.at(postgresql), Seen.at(redis)] == [None, None]


def test_django_in_the_test_uses_the_servers_of_its_own(own_database: Servers) -> None:
    get_user_model().objects.create_user("olga.petrenko")
    own_database.kill_postgresql()
    own_database.start()
    with psycopg.connect(own_database.postgresql.url) as link:
        assert link.execute("SELECT username FROM governance_user").fetchall() == [("olga.petrenko",)]


def test_process_of_a_test_uses_the_servers_of_its_own(servers: Servers, start_process) -> None:
    shell = "from governance.models import User; print('people:', User.objects.count())"
    started = start_process(["python", "manage.py", "shell", "-v0", "-c", shell])
    assert started.wait() == 0
    assert "people: 0" in started.output


@pytest.mark.parametrize(
    ("kernel", "wanted"),
    [("6.1.0-28-amd64", True), ("5.8", True), ("5.7.19", False), ("4.18.0-553.el8", False), ("", False)],
)
def test_files_are_brought_to_the_disk_at_once_only_where_errors_are_told(kernel: str, wanted: bool) -> None:
    assert syncs_at_once(kernel) is wanted
