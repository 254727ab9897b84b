"""The process of the real Tryton server: started, stopped, killed and started again on the same port."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

from hub.supervisor.processes import leash
from tests.erp.places import QUICK, Places

START_SECONDS = 60.0


class TrytonServer:
    """One trytond on the loopback. `port` stays the same over restarts, so a connection of the hub stays right."""

    def __init__(self, places: Places, database: str) -> None:
        self.places = places
        self.database = database
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port; a database's RPC lies at `/<database>/rpc/` below it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the server and wait until it answers; fail with the end of its log when it does not."""
        configuration = self.places.run / f"trytond-{self.port}.conf"
        listen = f"[web]\nlisten = 127.0.0.1:{self.port}\n"
        configuration.write_text(self.places.configuration.read_text() + listen)
        command = [self.places.python, "-W", "ignore", QUICK, "-c", configuration, "-d", self.database]
        with self.places.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.places.run,
                env={key: value for key, value in os.environ.items() if not key.startswith("PYTEST")},
                preexec_fn=leash(signal.SIGKILL),
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End the server in an orderly way."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server at once, whatever it is doing."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start again; sessions live in its database and stay valid."""
        self.stop()
        self.start()

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(20)
            self._process = None

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"Tryton does not start:\n{self.places.log.read_text()[-4000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        body = json.dumps({"id": 0, "method": "common.server.version", "params": []}).encode()
        request = urllib.request.Request(
            f"{self.base_url}/rpc/", data=body, headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(json.load(answer)["result"]).startswith("8.")
        except (OSError, urllib.error.URLError):
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
