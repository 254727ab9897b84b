"""What a test run makes once and copies: a migrated database, a migrated cluster, a prepared folder STATE.

Everything lies in memory where there is plenty of it. No test is about what a power cut leaves on a disk; those that
kill find the same files in memory, and the disk is spared some ten gigabytes.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from hub.supervisor import programs
from hub.supervisor.options import ROOT
from hub.supervisor.preparation import Preparation
from hub.supervisor.servers import Servers

MEMORY, PLENTY = Path("/dev/shm"), 6 * 2**30  # bytes; PostgreSQL's log alone may take two
MIGRATED = "migrated"  # name of a database


def new_folder() -> Path:
    """Make a short-named folder into which the servers' own account can walk; in memory where there is plenty."""
    roomy = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= PLENTY
    folder = Path(tempfile.mkdtemp(prefix="tl-", dir=MEMORY if roomy else None))
    folder.chmod(0o711)
    return folder


def new_state() -> Path:
    """Make a folder STATE with a migrated database and all that a start prepares."""
    made, folder = template(), new_folder()
    subprocess.run(["cp", "-a", str(made / "postgresql"), str(made / "run"), str(folder)], check=True)
    subprocess.run(["cp", "-al", str(made / "static"), str(folder)], check=True)
    return folder


def copy_cluster(data: Path) -> None:
    """Copy a migrated and empty cluster to a folder that is not there yet."""
    subprocess.run(["cp", "-a", str(template() / "postgresql"), str(data)], check=True)


def template() -> Path:
    """Return a prepared folder STATE, made once per test run by whoever needs it first. Copy it, and change nothing."""
    folder = Path(os.environ["STATE"]) / "template"
    with _alone("template"):
        if not (folder / "ready").exists():
            folder.mkdir(mode=0o711)
            made = Servers.below(folder)
            made.start()
            source = migrated()
            with _alone("copies"):  # a database that somebody reads cannot be copied
                _copy(source, made)
            _run("prepare", **made.environment, STATE=str(folder))
            (folder / "run").mkdir(exist_ok=True)
            Preparation(folder, made.postgresql.url).remember()
            made.stop()
            shutil.rmtree(made.places.sockets)
            (folder / "ready").touch()
    return folder


def migrated() -> str:
    """Return the name of a migrated database on the run's server, made once per test run, for copies of it."""
    with _alone(MIGRATED), psycopg.connect(address("postgres"), autocommit=True) as server:
        if server.execute("SELECT FROM pg_database WHERE datname = %s", [MIGRATED]).fetchone() is None:
            making = f"{MIGRATED}_making"
            server.execute(f"DROP DATABASE IF EXISTS {making}")
            server.execute(f"CREATE DATABASE {making}")
            kept = _kept()
            if not (kept.exists() and _load(kept, making)):
                server.execute(f"DROP DATABASE {making}")
                server.execute(f"CREATE DATABASE {making}")
                _run("migrate", "-v0", DATABASE_URL=address(making))
                _keep(making, kept)
            server.execute(f"ALTER DATABASE {making} RENAME TO {MIGRATED}")
    return MIGRATED


def own_copy(name: str) -> str:
    """Make a database that is a copy of the migrated one, and return its name."""
    source = migrated()
    with _alone("copies"), psycopg.connect(address("postgres"), autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
    return name


def address(database: str) -> str:
    """Return the address of a database on the run's server."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()


def _kept() -> Path:
    """Return where the dump of a migrated database is kept from one run to the next: to load it is a fifth of the work.

    Its name tells what migrations, models and packages made it; any change of them asks for a new one.
    """
    made_by = hashlib.sha256()
    own = (path for app in ROOT.glob("*/migrations") for path in app.parent.rglob("*.py"))
    schema = {path for path in own if {"migrations", "models", "models.py", "apps.py"} & set(path.parts)}
    for path in sorted({*schema, *(ROOT / "hub").glob("settings*"), ROOT / "requirements.lock"}):
        if path.is_file():
            made_by.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return Path(sys.prefix) / f"migrated-{made_by.hexdigest()[:16]}.sql"


def _keep(database: str, kept: Path) -> None:
    """Keep the dump of a database, and none that was kept before."""
    for old in kept.parent.glob("migrated-*.sql"):
        old.unlink(missing_ok=True)
    unfinished = kept.with_suffix(f".{os.getpid()}")
    subprocess.run([*_dump(), "--dbname", address(database), "--file", unfinished], check=True)
    unfinished.rename(kept)


def _load(kept: Path, database: str) -> bool:
    """Load a dump into an empty database; return whether all of it went in."""
    load: list[str | Path] = [
        _program("psql"),
        *QUIETLY,
        "--single-transaction",
        "--file",
        kept,
        "--dbname",
        address(database),
    ]
    return subprocess.run(load, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _copy(database: str, to: Servers) -> None:
    """Copy a database of the run's server to another server: a fifth of the work of migrating there, too."""
    with subprocess.Popen([*_dump(), "--dbname", address(database)], stdout=subprocess.PIPE) as dumping:
        load: list[str | Path] = [_program("psql"), *QUIETLY, "--dbname", to.postgresql.url]
        subprocess.run(load, stdin=dumping.stdout, check=True)
    assert dumping.returncode == 0


QUIETLY = ("--no-psqlrc", "--quiet", "--variable=ON_ERROR_STOP=1", "--output=/dev/null")


def _dump() -> list[str | Path]:
    return [_program("pg_dump"), "--no-owner", "--no-privileges"]


def _program(name: str) -> Path:
    return programs.postgresql(Servers.below(Path(os.environ["STATE"])).postgresql.account) / name


def _run(*command: str, **env: str) -> None:
    found = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV_"))} | env
    done = subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, env=found, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let no other process of this run do the same meanwhile."""
    with (Path(os.environ["STATE"]) / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
