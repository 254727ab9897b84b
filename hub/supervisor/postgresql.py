"""The embedded PostgreSQL: one cluster in STATE/postgresql, on a Unix socket only, with durability always on."""

import platform
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from hub.supervisor import problems, programs
from hub.supervisor.account import Account
from hub.supervisor.places import Places
from hub.supervisor.processes import leash, running_in, wait_until

ROLE = "throughline"  # role and database have one name
START_SECONDS = 30.0  # how long a start may take without a word from the server
RECOVERY_SECONDS = 1800.0  # how long recovery after a crash may take: it reports progress in its log

# On the command line, where no configuration file can weaken them.
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
# Written once into the new cluster's postgresql.conf, where the operator may change them.
TUNING = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "min_wal_size": "1GB",  # segments of the log are used again instead of being filled with zeros first
    "max_wal_size": "2GB",  # fewer checkpoints, so fewer full pages in the log
    "checkpoint_timeout": "15min",
    "log_line_prefix": "%m [%p] %a ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def syncs_at_once(kernel: str = platform.release()) -> bool:
    """Tell whether one call may bring all files to the disk before recovery, where thousands would take seconds.

    Linux tells the caller about errors of that call from 5.8 on (syncfs(2)); before, some data could be lost unseen.
    """
    found = re.match(r"(\d+)\.(\d+)", kernel)
    return found is not None and (int(found[1]), int(found[2])) >= (5, 8)


@dataclass
class Postgresql:
    """One cluster and, while it runs, its process."""

    places: Places
    account: Account
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Return the address of the hub's database on this server."""
        return self.url_of(ROLE)

    def url_of(self, database: str) -> str:
        """Return the address of `database` on this server."""
        return f"postgresql://{ROLE}@/{quote(database)}?host={quote(str(self.places.sockets), safe='')}"

    @property
    def data(self) -> Path:
        """The folder of the cluster."""
        return self.places.postgresql

    def start(self) -> None:
        """Stop orphans, make the cluster if there is none, start it and wait until it accepts connections.

        Raises:
            CannotStart: the disk is full, the data are of another release, or the server gave up; in words.
        """
        if self.running:
            return
        self.stop_orphans()
        if not (self.data / "PG_VERSION").exists():
            self._refuse_a_torso()
            self._make_cluster()
        self._check_release()
        self.launch()
        self.wait()
        self._make_database()

    @property
    def running(self) -> bool:
        """Tell whether the process that we started still runs."""
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        """Start the process without waiting."""
        where, here = self._seen_by_server(self.data)
        settings = DURABLE | {
            "listen_addresses": "",
            "unix_socket_directories": str(self.places.sockets),
            "unix_socket_permissions": "0700",
        }
        if syncs_at_once():
            settings["recovery_init_sync_method"] = "syncfs"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self._program("postgres"), "-D", where, *options],
                cwd=here,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=leash(signal.SIGINT),  # fast shutdown when we die
                **self.account.identity,
            )

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return self.places.logs / "postgresql.log"

    def wait(self) -> None:
        """Wait until connections are accepted; recovery after a crash is given its time."""
        began = time.monotonic()
        while True:
            state = self._state()
            if state == "ready":
                return
            if not self.running:
                raise self._gave_up()
            if time.monotonic() - began > (RECOVERY_SECONDS if state == "recovering" else START_SECONDS):
                raise self._gave_up()
            time.sleep(0.1 if state == "recovering" else 0.03)  # each question costs the server a process

    def _state(self) -> str:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            return "recovering" if "starting up" in str(error) or "recovery" in str(error) else "down"
        return "ready"

    def stop(self, *, signals: tuple[int, ...] = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)) -> None:
        """Stop the server: fast, then at once, then by force; each step is durable."""
        if self.process is None:
            return
        for number in signals:
            self.process.send_signal(number)
            try:
                self.process.wait(20)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        self.stop_orphans()

    def stop_orphans(self) -> int:
        """Stop what still runs on this cluster from an earlier start, and remove the files it left; return how many.

        A process counts when it is a PostgreSQL that works in this very folder. Then, and only then, a lock file is
        stale whatever pid it names: the pid may belong to a stranger by now, and PostgreSQL would refuse to start.
        """
        orphans = running_in(self.data.resolve(), "postgres")
        for orphan in orphans:
            orphan.stop(signal.SIGCONT, seconds=0)  # the first of them ends when all others have
        for orphan in sorted(orphans, key=lambda each: each.pid):
            orphan.stop(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL, seconds=20)
        wait_until(lambda: not running_in(self.data.resolve(), "postgres"), 20)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for left in self.places.sockets.glob(".s.PGSQL.*"):
            left.unlink()
        return len(orphans)

    def _refuse_a_torso(self) -> None:
        """Refuse a folder with files but without the one that every cluster has: nothing is made over it."""
        if self.data.is_dir() and any(self.data.iterdir()):
            raise problems.CannotStart(
                f"The database in {self.data} cannot be opened",
                "There are files in it, and its PG_VERSION is missing: a part of it was removed or never copied.",
                f"Copy the whole folder again; or move it away (mv {self.data} {self.data}.damaged) and put the newest "
                "backup back with: manage.py restore FILE. Without either, moving it away starts anew and empty.",
            )

    def _make_cluster(self) -> None:
        """Make the cluster beside its place and move it there when complete: a crash leaves no half cluster."""
        unfinished = self.data.with_name("postgresql.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self.account.own(unfinished)
        where, here = self._seen_by_server(unfinished)
        command = [self._program("initdb"), "-D", where, "-U", ROLE, "-A", "trust", "-E", "UTF8", "--no-instructions"]
        # sorts alike on every machine, whatever locales it has
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command += [part for name, value in TUNING.items() for part in ("--set", f"{name}={value}")]
        done = subprocess.run(
            command,
            cwd=here,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            **self.account.identity,
        )
        if done.returncode:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self._failure("The database could not be made", done.stdout + done.stderr)
        if self.data.exists():
            self.data.rmdir()  # only an empty folder can be in the way here
        unfinished.rename(self.data)

    def _seen_by_server(self, folder: Path) -> tuple[str, Path]:
        """Return how the server's account names `folder`, and where to start it.

        Below a folder that the account may not enter (root's home), the server still reaches its own working folder.
        """
        return (str(folder) if self.account.can_enter(folder) else "/proc/self/cwd"), folder

    def _program(self, name: str) -> str:
        return str(programs.postgresql(self.account) / name)

    def _check_release(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        version = subprocess.run(
            [self._program("postgres"), "--version"],
            capture_output=True,
            text=True,
            check=True,
            **self.account.identity,
            cwd="/",
        )
        ours = re.findall(r"\d+", version.stdout)[0]
        if found != ours:
            raise problems.CannotStart(
                f"The database in {self.data} cannot be opened",
                f"PostgreSQL {found} made it, and this release of the hub brings PostgreSQL {ours}.",
                "Start the release of the hub that made it, dump with pg_dump, and load the dump into a new STATE.",
            )

    def _make_database(self) -> None:
        try:
            with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]).fetchone():
                    connection.execute(f"CREATE DATABASE {ROLE}")
        except psycopg.Error as error:
            raise self._failure("The database could not be made", f"error: {error}") from error

    def _gave_up(self) -> problems.CannotStart:
        told = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        if self.running:
            self.stop()
        return self._failure("PostgreSQL did not start", "\n".join(told[-20:]))

    def _failure(self, thing: str, told: str) -> problems.CannotStart:
        """Turn what the server said into words for a person."""
        if "No space left" in told or "disk quota" in told.lower():
            return problems.disk_full(self.data)
        if "Permission denied" in told:
            return problems.CannotStart(
                thing,
                f"its account may not read or write {self.data}.",
                f"Give the folder back to the account that made it: chown -R {self.account.uid} {self.data}",
            )
        said = [line for line in told.splitlines() if re.search(r"FATAL|PANIC|error:", line)] or told.splitlines()
        cause = f"it said: {said[-1].strip()}" if said else "it ended without a word."
        return problems.CannotStart(thing, cause, f"Read {self.log}; the lines before its end say more.")
