"""Starts a simulator as a process of its own and speaks to its admin endpoints: for tests, chaos and bench.

with Simulator.start("ledger", state=tmp_path, mode="look_up") as ledger:
    ledger.set_faults({"fault": "commit_and_hang_up", "probability": 0.05}, seed=7)
    ...
    ledger.log()
"""

import contextlib
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox import journal

START_SECONDS = 60  # the firm's first start makes months of time entries
ROOT = Path(__file__).resolve().parent.parent


class Simulator:
    """A running simulator; `port` is that of the system asked for, `ports` holds those of all systems in it."""

    def __init__(self, system: str, state: Path, options: dict[str, Any]) -> None:
        self.system, self.state, self.options = system, state, options
        self.ports: dict[str, int] = {}
        self.process: subprocess.Popen[str] | None = None

    @classmethod
    def start(cls, system: str, *, state: Path, **options: Any) -> Self:
        """Start `python -m sandbox <system>`; options become its arguments (`seed=3` is `--seed 3`).

        Raises RuntimeError with what the process said when it does not come up.
        """
        simulator = cls(system, state, options)
        simulator.run()
        return simulator

    @property
    def port(self) -> int:
        """The loopback port."""
        return self.ports.get(self.system) or next(iter(self.ports.values()))

    @property
    def url(self) -> str:
        """The address without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Start the process, on the same port as before when it is started again."""
        options = dict(self.options)
        if self.system == "all":
            options |= {f"{name}_port": port for name, port in self.ports.items()}
        elif self.ports:
            options["port"] = self.port
        arguments = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        self.process = subprocess.Popen(  # noqa: S603 - our own module, arguments from tests
            [sys.executable, "-m", "sandbox", self.system, f"--state={self.state}", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"The simulator {self.system} ended at once with code {self.process.wait()}.")
        self.ports = json.loads(line)["listening"]

    def kill(self) -> None:
        """End the process at once, as `kill -9` does; `run` starts it again with its memory."""
        self._end(hard=True)

    def stop(self) -> None:
        """End the process in good order."""
        self._end(hard=False)

    def _end(self, *, hard: bool) -> None:
        if self.process is None:
            return
        if hard:
            self.process.kill()
        else:
            self.process.terminate()
        self.process.wait(timeout=15)
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None

    def admin(self, method: str, path: str, body: Any = None, *, system: str = "") -> Any:
        """Call /_sandbox/<path>; return its JSON. Raises RuntimeError with the answer when it is not 200."""
        status, raw = self.request(method, f"/_sandbox/{path}", body, system=system)
        if status != http.client.OK:
            raise RuntimeError(f"/_sandbox/{path} answered {status}: {raw.decode()}")
        return json.loads(raw) if raw else None

    def request(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, system: str = ""
    ) -> tuple[int, bytes]:
        """Send one plain request, JSON in; return status and body."""
        port = self.ports[system] if system else self.port
        connection = self.connect(port)
        with contextlib.closing(connection):
            data = None if body is None else json.dumps(body).encode()
            sent = {"Content-Type": "application/json"} if data is not None else {}
            connection.request(method, path, data, {**sent, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def connect(self, port: int = 0) -> http.client.HTTPConnection:
        """Return a connection to the simulator, for requests that `request` is too plain for."""
        return http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=60)

    def set_faults(self, *rules: dict[str, Any], seed: int = 1, latency: float = 0.0, system: str = "") -> None:
        """Replace the fault plan; no rules: everything works again. See `sandbox.faults.FaultRule`."""
        plan = {"rules": list(rules), "seed": seed, "latency_seconds": latency}
        self.admin("POST", "faults", plan, system=system)

    def log(self, name: str = "ledger.jsonl") -> Iterator[dict[str, Any]]:
        """Yield the lines of a log in the state folder, also while the process is dead."""
        return journal.read(self.state / name)

    def wait_until_settled(self, seconds: float = 30.0) -> None:
        """Wait until no late commit is under way any more."""
        end = time.monotonic() + seconds
        while self.admin("GET", "state")["pending"]:
            if time.monotonic() > end:
                raise RuntimeError(f"Late commits are still under way after {seconds} s.")
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
