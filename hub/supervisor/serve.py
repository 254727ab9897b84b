"""The supervisor: brings the hub up step by step, keeps it up, takes it down.

Everything it starts dies with it, whatever kills it; what survived a kill -9 of an earlier one is stopped first.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType

from governance import keys
from hub.supervisor import left_out, logs, parts, port, terminal
from hub.supervisor.addresses import GIVEN_TO_PROGRAMS, remember
from hub.supervisor.alone import Alone
from hub.supervisor.child import Child
from hub.supervisor.foreign import ask_postgresql, ask_redis
from hub.supervisor.hanging import HUNG_SECONDS, Hanging
from hub.supervisor.options import ROOT, Options
from hub.supervisor.preparation import Preparation
from hub.supervisor.problems import CannotStart, disk_full, of_folder, of_start
from hub.supervisor.processes import leash, marked, wait_until
from hub.supervisor.servers import Servers
from hub.supervisor.signposts import PAGES_ALONE, signposts
from hub.supervisor.stale import forget_signs

LEAST_FREE = 300_000_000  # bytes of disk below which no start is tried: PostgreSQL's log alone needs some 100 MB
KILLED_SECONDS = 20.0  # how long the system may take to end a killed process; a busy one takes some
WEB_SECONDS = 180.0  # how long the web process may take to answer: a busy or small machine takes a minute
WATCH_SECONDS = 0.2
TRY_AGAIN_SECONDS = 5.0  # between two tries to start a server that cannot be started
LOW_FREE = 64_000_000  # bytes of disk below which the database may refuse to write at any moment
DISK_SECONDS = 5.0  # how often that is looked at
LOGS_SECONDS = 60.0  # how often the size of the logs is looked at
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked the supervisor to stop."""


class Supervisor:
    """One run of the hub, from start to stop."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.began = time.monotonic()
        self.servers = Servers.below(options.state)
        self.alone = Alone(self.servers.places.run)
        self.children: list[Child] = []
        self.listening: socket.socket | None = None  # held as long as we run: each new web process inherits it
        self.hanging = Hanging(options.state)
        self._stopping = False
        self._full = False  # whether it was told that the disk is full
        self._left_out: dict[str, str] = {}  # what does not run although it usually does, and why
        self._told: dict[str, str] = {}  # the last trouble with the servers and the programs, so that it is told once
        self._url = ""  # where the pages are

    def run(self) -> None:
        """Bring the hub up and keep it up until Ctrl-C, SIGTERM or SIGHUP; raise CannotStart in words."""
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
                signal.signal(number, self._stop)
        try:
            self._up()
            self._watch()
        except Stopped:
            terminal.step("Stopping…")
        finally:
            self._down()

    def _up(self) -> None:
        self.alone.take()
        self._check_disk()
        self._check_keys()
        self._stop_orphans()
        forget_signs(self.servers.places.run)
        self.listening = port.claim(self.options.port)
        url = f"http://{port.HOST}:{self.listening.getsockname()[1]}/"
        self.alone.say(web=url)
        ports = self._start_sandbox() if self.options.demonstration else dict  # needs no server, so it loads meanwhile
        self._start_servers()
        self._prepare()
        if self.options.demonstration and (why := left_out.why_at(self._addresses()["DATABASE_URL"])):
            ports = self._leave_demonstration_out(why)
        env = parts.environment(self.options, self._addresses(), ports())
        given = {name: env[name] for name in GIVEN_TO_PROGRAMS}
        remember(self.servers.places.run, self._addresses() | given)
        self._start(parts.web(self.servers.places, env, self.listening.fileno()))
        workers = parts.workers(self.options, self.servers.places, env)
        for child in [*workers, parts.beat(self.servers.places, env)] if workers else []:
            self._start(child)
        if not workers:
            self._left_out["Workers"] = PAGES_ALONE
        if self.options.demonstration:
            self._demonstrate(env)  # its program loads while the others do
        self._wait_for_web(url)
        self._url = url
        self._say_who_runs()
        signs = signposts(url, self.options, self.servers.places.logs) | self._left_out
        terminal.ready(url, signs, time.monotonic() - self.began)

    def _check_disk(self) -> None:
        if shutil.disk_usage(self.options.state).free < LEAST_FREE:
            raise disk_full(self.options.state)

    def _check_keys(self) -> None:
        try:
            keys.check(self.options.state)
        except keys.KeysUnusable as error:
            cause, _, remedy = str(error).partition(". ")
            raise CannotStart("The encryption keys cannot be used", f"{cause}.", remedy) from error

    def _stop_orphans(self) -> None:
        """Stop programs of an earlier supervisor of this STATE. We hold the lock, so nobody else owns them."""
        orphans = marked(f"{parts.MARK}={self.options.state}")
        for orphan in orphans:
            orphan.stop(signal.SIGTERM, seconds=0)
        wait_until(lambda: not any(orphan.alive for orphan in orphans), 5)
        for orphan in orphans:
            orphan.stop(signal.SIGKILL, seconds=KILLED_SECONDS)
        if left := [str(orphan.pid) for orphan in orphans if orphan.alive]:
            raise CannotStart(
                "Processes of an earlier start do not end",
                f"{', '.join(left)} still run after they were killed; most likely they wait for a disk.",
                f"Look at them with: ps -o pid,stat,args -p {','.join(left)}; start again when they are gone.",
            )
        if orphans:
            terminal.step(f"Stopped {len(orphans)} processes that an earlier start had left behind")

    def _start_servers(self) -> None:
        """Start the embedded servers, each only when the operator names no other, which is then asked for an answer."""
        terminal.step("Starting PostgreSQL and Redis (after a crash this includes recovery)")
        if self.options.redis_url:
            ask_redis(self.options.redis_url)
        else:
            self.servers.redis.start()
        if self.options.database_url:
            ask_postgresql(self.options.database_url)
        else:
            self.servers.postgresql.start()
        remember(self.servers.places.run, self._addresses())

    def _addresses(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.options.database_url or self.servers.postgresql.url,
            "REDIS_URL": self.options.redis_url or self.servers.redis.url,
        }

    def _prepare(self) -> None:
        """Bring schema and static files up to date, unless they are what the last start left."""
        preparation = Preparation(self.options.state, self._addresses()["DATABASE_URL"])
        if preparation.done:
            return
        terminal.step("Bringing the database's schema up to date")
        self._manage(parts.environment(self.options, self._addresses(), {}), "prepare")
        preparation.remember()

    def _start_sandbox(self) -> Callable[[], dict[str, int]]:
        """Start the simulated systems; return what waits for them and tells their ports."""
        child = parts.sandbox(self.options, self.servers.places, parts.environment(self.options, {}, {}))
        since = child.log.stat().st_size if child.log.exists() else 0
        self._start(child)

        def ports() -> dict[str, int]:
            wait_until(lambda: bool(parts.listening(child.log, since)) or not child.running, 30)
            if not parts.listening(child.log, since):
                raise CannotStart(
                    "The simulated systems did not start",
                    "they said: " + (child.log.read_text(errors="replace").strip().splitlines() or ["nothing"])[-1],
                    f"Read {child.log}; other ports can be chosen with: make run SANDBOX_PORT=9600",
                )
            return parts.listening(child.log, since)

        return ports

    def _leave_demonstration_out(self, why: str) -> Callable[[], dict[str, int]]:
        """Stop the simulated systems again: this hub is somebody's, and `why` says by what that was seen."""
        for child in self.children:
            child.ask_to_stop()
            child.stop()
        self.children = []
        self.options = replace(self.options, demonstration=False)
        self._left_out["Demonstration"] = f"left out: {why}. Nothing of it was changed; DEMO=0 says so from the start."
        return dict

    def _start(self, child: Child) -> None:
        terminal.step(f"Starting {child.name}")
        child.start()
        self.children.append(child)

    def _demonstrate(self, env: dict[str, str]) -> None:
        """Load the demonstration firm and run the main job; when that fails the hub still runs."""
        try:
            self._manage(env, "first_run")
        except CannotStart as problem:
            terminal.refuse(problem)

    def _manage(self, env: dict[str, str], command: str) -> None:
        """Run a command of manage.py in the terminal; raise CannotStart when it fails."""
        ours = [sys.executable, "manage.py", command]
        done = subprocess.run(ours, cwd=ROOT, env=env, check=False, preexec_fn=leash(signal.SIGTERM))
        if done.returncode:
            raise CannotStart(
                f"The step {command} failed",
                "what it said stands above.",
                "Mend that and start again: what was done already is kept.",
            )

    def _wait_for_web(self, url: str) -> None:
        web = next(child for child in self.children if child.name == "web")
        wait_until(lambda: _answers(url) or not web.running, WEB_SECONDS)
        if _answers(url):
            return
        read = f"Read {web.log}."
        if not web.running:
            raise CannotStart("The web process has ended", "it said why in its log.", read)
        raise CannotStart("The web process does not answer", f"no reply from {url} in {WEB_SECONDS:.0f} s.", read)

    def _watch(self) -> None:
        logs_due = disk_due = 0.0
        while not self.alone.lost:
            if time.monotonic() > disk_due:
                self._look_at_disk()
                disk_due = time.monotonic() + DISK_SECONDS
            self._keep_servers()
            try:
                self._end_what_hangs()
                self._keep_children()
                if time.monotonic() > logs_due:
                    logs.trim(self.servers.places.logs)
                    logs_due = time.monotonic() + LOGS_SECONDS
                self._told.pop("programs", None)
            except OSError as error:
                self._tell_once("programs", of_start(self.servers.places.logs, error))
            time.sleep(WATCH_SECONDS)
        raise CannotStart(
            f"The folder {self.options.state} was removed or replaced while the hub ran",
            "the hub keeps everything in it and must not touch what stands there now.",
            "Start again. Next time stop the hub before you remove its folder.",
        )

    def _look_at_disk(self) -> None:
        """Say once that the disk is full while the hub runs, and that there is room again."""
        try:
            free = shutil.disk_usage(self.options.state).free
        except OSError:  # it was removed: that is told by itself
            return
        if free < LOW_FREE and not self._full:
            terminal.refuse(disk_full(self.options.state))
        elif self._full and free >= LOW_FREE:
            terminal.step("There is room on the disk again; work goes on where it was")
        self._full = free < LOW_FREE

    def _end_what_hangs(self) -> None:
        for child in self.hanging.find(self.children, self._broker_answers):
            terminal.trouble(f"{child.name} has given no sign of life for {HUNG_SECONDS / 60:g} minutes; it is ended")
            child.end()

    def _broker_answers(self) -> bool:
        try:
            ask_redis(self._addresses()["REDIS_URL"])
        except CannotStart:
            return False
        return True

    def _keep_children(self) -> None:
        before = [child.process for child in self.children]
        unwatched: OSError | None = None
        for child in self.children:  # one that cannot be started, say for its log, keeps no other from it
            try:
                said = child.watch()
            except OSError as error:
                unwatched = unwatched or error
                continue
            if said:
                terminal.trouble(said)
        if before != [child.process for child in self.children]:
            self._say_who_runs()
        if unwatched:
            raise unwatched

    def _say_who_runs(self) -> None:
        """Note the processes as they are: the number of one that has ended may be another's by now."""
        running = {child.name: child.process.pid for child in self.children if child.process}
        self.alone.say(web=self._url, children=running)

    def _keep_servers(self) -> None:
        """Start a dead server anew; while it cannot be, say why once and try again."""
        try:
            for name, server, foreign in (
                ("PostgreSQL", self.servers.postgresql, self.options.database_url),
                ("Redis", self.servers.redis, self.options.redis_url),
            ):
                if not foreign and not server.running:
                    if "servers" not in self._told:
                        terminal.trouble(f"{name} ended; it starts again, and work continues where it was")
                    server.start()
                    terminal.step(f"{name} is back")
            self._told.pop("servers", None)
        except CannotStart as problem:
            self._tell_once("servers", problem)
            time.sleep(TRY_AGAIN_SECONDS)
        except OSError as error:  # short of memory, which has ended the server, nothing else can be started either
            self._tell_once("servers", of_start(self.servers.places.logs, error))
            time.sleep(TRY_AGAIN_SECONDS)

    def _tell_once(self, of: str, problem: CannotStart) -> None:
        if str(problem) != self._told.get(of):
            terminal.refuse(problem)
        self._told[of] = str(problem)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if not self._stopping:  # asked twice, it stops no sooner
            self._stopping = True
            raise Stopped

    def _down(self) -> None:
        self._stopping = True
        for child in reversed(self.children):
            child.ask_to_stop()
        for child in reversed(self.children):
            child.stop()
        self.servers.stop()
        if self.listening:
            self.listening.close()
        self.alone.release()


def _answers(url: str) -> bool:
    """Tell whether the web answers at all; any status will do. Proxies of the environment are not asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(url, timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def main() -> int:
    """Run the supervisor; return the exit code."""
    try:
        os.umask(0o022)
        Supervisor(Options.of(os.environ)).run()
    except CannotStart as problem:
        terminal.refuse(problem)
        return 1
    except OSError as error:  # the disk filled up, or STATE went away, at a moment that nobody foresaw
        terminal.refuse(of_folder(Path(error.filename or os.environ.get("STATE") or ROOT), error))
        return 1
    return 0
