"""Prepare the real ERP: its environment, its database, the firm in it. About 20 s, and 2 s when it was done before.

    python -m tests.erp.prepare

Runs in the background from the moment when pytest knows that a test needs Tryton. DATABASE_URL names the server of
the run, where Tryton gets a database of its own. Prints how long each step took; the facts of the firm are written
last, so whoever sees them sees a finished database.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from hub.supervisor import programs
from hub.supervisor.account import account
from tests.erp.places import CACHE, LOCK_FILE, SEED, Places

DATABASE = "tryton"  # beside the hub's in the same server; tests get copies of it


def prepare(places: Places) -> None:
    """Leave a running-ready database and its facts behind; whoever comes second waits and finds them."""
    places.run.mkdir(parents=True, exist_ok=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    with _alone(CACHE / "lock"), _timed("all"):
        if not (places.environment / "complete").exists():
            with _timed("environment"):
                make_environment(places)
        _configure(places)
        _create_database(DATABASE, "template0")
        facts = places.dump.with_suffix(".json")
        if not facts.exists():
            with _timed("activate and seed"):
                _seed(places)
            with _timed("dump"):
                _keep(places)
        else:
            with _timed("restore"):
                _postgresql("pg_restore", "--no-owner", "--single-transaction", "--dbname", address(), str(places.dump))
                places.facts.with_suffix(".new").write_bytes(facts.read_bytes())
        places.facts.with_suffix(".new").rename(places.facts)


def make_environment(places: Places) -> None:
    """Install the locked packages into a virtual environment; with uv when the hub's own environment has it."""
    unfinished = places.environment.with_name(f"{places.environment.name}.{os.getpid()}")
    installer = Path(sys.prefix) / "bin" / "uv"
    uv = str(installer) if installer.exists() else shutil.which("uv")
    venv.create(unfinished, with_pip=uv is None)
    python = unfinished / "bin" / "python"
    command = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    _run([*command, "--quiet", "--require-hashes", "-r", str(LOCK_FILE)])
    (unfinished / "complete").touch()
    shutil.rmtree(places.environment, ignore_errors=True)
    unfinished.rename(places.environment)  # scripts name the old folder; we only ever start the interpreter


def address(database: str = DATABASE) -> str:
    """Return the address of `database` on the run's server, with the socket's folder written plainly."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return f"postgresql://{parts.netloc}/{database}?{unquote(parts.query)}"


def copy_database(name: str) -> None:
    """Make the database `name` (anew) as a copy of the prepared one."""
    _create_database(name, DATABASE)


def _configure(places: Places) -> None:
    lines = [
        "[database]",
        f"uri = {address('').replace('/?', '?')}",
        "[session]",
        "max_attempt = 100000",  # tests log in wrongly on purpose, and in parallel
        "max_attempt_ip_network = 100000",
        "[password]",
        "length = 8",
        "",
    ]
    places.configuration.write_text("\n".join(lines))


def _create_database(name: str, template: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for command in (
            "DROP DATABASE IF EXISTS {name} WITH (FORCE)",
            "CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'",
            # The firm can be made again; waiting for the disk at each of a thousand commits would only slow the run.
            "ALTER DATABASE {name} SET synchronous_commit = off",
        ):
            names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
            connection.execute(sql.SQL(command).format(**names))


def _seed(places: Places) -> None:
    new = places.facts.with_suffix(".new")
    command = [places.python, "-W", "ignore", SEED, places.configuration, DATABASE, new, places.month.isoformat()]
    _run([str(part) for part in command])


def _keep(places: Places) -> None:
    """Keep the seeded database for the next run; the facts come last, they say that the dump is whole."""
    for old in CACHE.glob("firm-*"):
        old.unlink()
    _postgresql("pg_dump", "--format=custom", "--compress=1", "--no-owner", "--file", str(places.dump), address())
    places.dump.with_suffix(".json").write_bytes(places.facts.with_suffix(".new").read_bytes())


def _postgresql(program: str, *arguments: str) -> None:
    _run([str(programs.postgresql(account()) / program), *arguments])


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _timed(step: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{step}: {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    here = Places.of_this_run()
    try:
        prepare(here)
    except BaseException:
        here.failed.touch()
        raise
