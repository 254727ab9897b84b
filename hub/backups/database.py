"""The database that is backed up or restored: the operator's own, or the embedded one, which is started where it rests.

PostgreSQL's own programs do the work; the embedded server's package brings them.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo

from hub.backups.archive import PIECE
from hub.backups.refused import Refused
from hub.environment import declared
from hub.settings import GIVEN, OURS
from hub.settings import _database as as_django
from hub.supervisor import ownership, programs
from hub.supervisor.account import Account
from hub.supervisor.alone import Alone
from hub.supervisor.places import DATA
from hub.supervisor.problems import CannotStart
from hub.supervisor.servers import Servers
from hub.unanswered import whence

# A server process notices only when it next gets the processor that its client has hung up.
LEAVING_SECONDS = 3.0


@dataclass(frozen=True)
class Database:
    """Where it is. The password never stands on a command line."""

    parameters: dict[str, Any]

    @property
    def place(self) -> str:
        """Say where it is: the embedded one by its folder."""
        if not GIVEN[declared.DATABASE_URL]:
            return f"in {Path(settings.STATE) / DATA}"
        return f"{self.parameters.get('dbname', '')} at {self.parameters.get('host') or 'this machine'}"

    def connect(self) -> "psycopg.Connection[Any]":
        """Return a connection; raises Refused."""
        try:
            return psycopg.connect(**self.parameters, connect_timeout=10)
        except psycopg.Error as error:
            told = " ".join(str(error).split())[:300]
            raise Refused("The database does not answer", told, "Start it, or check DATABASE_URL.") from error

    def dump(self, snapshot: str) -> Iterator[bytes]:
        """Yield pg_dump's own form of everything, as that snapshot sees it; raises Refused."""
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        with tempfile.TemporaryFile() as said:
            dumping = self._start("pg_dump", options, stdout=subprocess.PIPE, stderr=said)
            try:
                while piece := dumping.stdout.read(PIECE):
                    yield piece
            finally:
                dumping.stdout.close()
                code = dumping.wait()
            if code:
                raise Refused("The backup was not made", f"pg_dump said: {_last(said)}", "Mend that and begin again.")

    def load(self, pieces: Iterable[bytes], *, first: str) -> None:
        """Run `first`, then everything that a dump holds, in one transaction: all of it or nothing. Raises Refused."""
        with tempfile.TemporaryFile() as said:
            script = self._start_plain("pg_restore", ["--file=-", "--no-owner", "--no-privileges"], said)
            options = ["--no-psqlrc", "--quiet", "--variable=ON_ERROR_STOP=1", "--output=/dev/null"]
            loading = self._start("psql", options, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
            feeding = Thread(target=_feed, args=(script.stdin, pieces), daemon=True)
            feeding.start()
            broken = False
            try:
                loading.stdin.write(f"BEGIN;\n{first}\n".encode())
                while piece := script.stdout.read(PIECE):
                    loading.stdin.write(piece)
                feeding.join()
                if script.wait() == 0:  # without this word everything is taken back
                    loading.stdin.write(b"\nCOMMIT;\n")
            except BrokenPipeError:  # psql stopped at an error
                broken = True
                script.kill()
            except BaseException:  # Ctrl-C: nothing is kept
                loading.kill()
                script.kill()
                raise
            finally:
                script.stdout.close()
                with suppress(BrokenPipeError):
                    loading.stdin.close()
            feeding.join()
            if loading.wait() or script.wait() or broken:
                cause = f"PostgreSQL said: {_last(said)}"
                raise Refused(
                    "The backup was not restored, the database is as it was", cause, "Mend that, begin again."
                )

    def _start(self, program: str, options: list[str], **streams: Any) -> Any:
        """Start a program that talks to the database."""
        plain = {name: value for name, value in self.parameters.items() if name != "password"}
        env = os.environ | {"PGPASSWORD": str(self.parameters.get("password", "")), "PGOPTIONS": "", "LC_ALL": "C"}
        return subprocess.Popen(  # noqa: S603 - ours, never through a shell
            [_program(program), *options, f"--dbname={make_conninfo(**plain)}"], env=env, **streams
        )

    def _start_plain(self, program: str, options: list[str], said: IO[bytes]) -> Any:
        """Start a program that turns one stream into another."""
        return subprocess.Popen(  # noqa: S603 - ours, never through a shell
            [_program(program), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
        )


@contextmanager
def reachable(*, alone: bool) -> Iterator[Database]:
    """Yield the hub's database; with `alone` nobody else of the hub may work with it. Raises Refused.

    What root has made meanwhile below a STATE of somebody else's belongs to them afterwards.
    """
    try:
        with _reached(alone=alone) as found:
            yield found
    finally:
        ownership.give_back(Path(settings.STATE))


@contextmanager
def _reached(*, alone: bool) -> Iterator[Database]:
    if GIVEN[declared.DATABASE_URL]:
        found = Database(_parameters())
        if alone:
            _refuse_company(found)
        yield found
        return
    lock = Alone(Path(settings.STATE) / "run")
    if lock.held:
        if alone:
            raise _running()
        yield Database(_parameters())
        return
    if not alone:
        _refuse_nothing_here(Path(settings.STATE))
    with _started(lock) as found:
        yield found


def _refuse_nothing_here(state: Path) -> None:
    """Refuse a folder without a database of the hub: starting the embedded server would make an empty one there."""
    if not (state / DATA / "PG_VERSION").exists():
        raise Refused(
            f"There is no hub in {state}",
            f"{whence()}, and it holds no database. Nothing was made there.",
            "Give the folder that the hub was started with, as in STATE=/srv/hub manage.py backup FILE; or "
            "DATABASE_URL, where the database is your own.",
        )


@contextmanager
def _started(lock: Alone) -> Iterator[Database]:
    """Start the embedded server for the time being, and keep the hub from starting."""
    servers = None
    try:
        servers = Servers.below(Path(settings.STATE))
        lock.take()
        servers.postgresql.start()
    except CannotStart as problem:
        lock.release()
        raise Refused(problem.thing, problem.cause, problem.remedy) from problem
    try:
        connection.close()
        connection.settings_dict.update(as_django(servers.postgresql.url))
        yield Database(_parameters())
        connection.close()
    finally:
        servers.postgresql.stop()
        lock.release()


def _parameters() -> dict[str, Any]:
    given = connection.get_connection_params()
    unwanted = ("options", "connect_timeout", "application_name")
    return {name: value for name, value in given.items() if isinstance(value, str | int) and name not in unwanted}


def _refuse_company(database: Database) -> None:
    """Refuse while anything of the hub is connected. Who has just hung up has time to leave."""
    connection.close()
    until = time.monotonic() + LEAVING_SECONDS
    with database.connect() as link:
        while _company(link):
            if time.monotonic() > until:
                raise _running()
            time.sleep(0.05)


def _company(link: psycopg.Connection[Any]) -> bool:
    asked = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND (application_name = %(ours)s OR starts_with(application_name, %(ours)s || ' '))"
        " AND pid <> pg_backend_pid())"
    )
    return bool((link.execute(asked, {"ours": OURS}).fetchone() or (False,))[0])


def _running() -> Refused:
    return Refused(
        "The hub runs",
        "its web process, workers or clock work with the database that is to be replaced.",
        "Stop all of them (Ctrl-C where make run runs; docker compose stop), then restore.",
    )


def _program(name: str) -> str:
    return str(programs.postgresql(Account(os.geteuid(), os.getegid(), dropped=False)) / name)


def _feed(stream: IO[bytes], pieces: Iterable[bytes]) -> None:
    try:
        for piece in pieces:
            stream.write(piece)
    except BrokenPipeError:
        pass  # it has ended, and says why by itself
    finally:
        with suppress(BrokenPipeError):
            stream.close()


def _last(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    return next((line for line in lines if "ERROR" in line or "error" in line), lines[-1] if lines else "nothing")[:300]
