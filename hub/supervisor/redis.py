"""The embedded Redis: carries nudges between processes, keeps nothing, listens on a Unix socket only."""

import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from hub.supervisor import programs
from hub.supervisor.account import Account
from hub.supervisor.places import Places
from hub.supervisor.problems import CannotStart
from hub.supervisor.processes import leash, running_in

START_SECONDS = 15.0


@dataclass
class Redis:
    """The server and, while it runs, its process."""

    places: Places
    account: Account
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def socket(self) -> Path:
        """The socket it listens on."""
        return self.places.sockets / "redis.sock"

    @property
    def url(self) -> str:
        """Return the address in the form that redis-py reads."""
        return f"unix://{self.socket}"

    @property
    def log(self) -> Path:
        """Where the server writes what happens to it."""
        return self.places.logs / "redis.log"

    def start(self) -> None:
        """Stop orphans, start the server and wait until it answers; raise CannotStart in words."""
        if self.running:
            return
        self.stop_orphans()
        self.launch()
        self.wait()

    @property
    def running(self) -> bool:
        """Tell whether the process that we started still runs."""
        return self.process is not None and self.process.poll() is None

    def launch(self) -> None:
        """Start the process without waiting. Nothing is saved: the database is the queue of record."""
        program = programs.redis(self.account) / "redis-server"
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(program), *options],
                cwd=self.places.sockets,
                env={"LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=leash(signal.SIGTERM),
                **self.account.identity,
            )

    def wait(self) -> None:
        """Wait until it answers a PING."""
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self.running or time.monotonic() > end:
                told = self.log.read_text(errors="replace").splitlines()[-1:]
                cause = f"it said: {told[0].strip()}" if told else "it ended without a word."
                raise CannotStart("Redis did not start", cause, f"Read {self.log}.")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Tell whether the server answers."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(2)
            try:
                link.connect(str(self.socket))
                link.sendall(b"PING\r\n")
                return link.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def stop(self, *, signals: tuple[int, ...] = (signal.SIGTERM, signal.SIGKILL)) -> None:
        """Stop the server."""
        if self.process is None:
            return
        for number in signals:
            self.process.send_signal(number)
            try:
                self.process.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        self.socket.unlink(missing_ok=True)

    def stop_orphans(self) -> int:
        """Stop a Redis of an earlier start that still works in our folder; return how many there were."""
        orphans = running_in(self.places.sockets.resolve(), "redis-server")
        for orphan in orphans:
            orphan.stop(signal.SIGTERM, signal.SIGKILL, seconds=5)
        self.socket.unlink(missing_ok=True)
        return len(orphans)
