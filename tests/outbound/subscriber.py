"""A subscriber of a test's own: it takes events over HTTP, and says no when the test wants it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str]]


@dataclass
class Heard:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Subscriber:
    """What came, in order; `answer` decides about each (None: 204)."""

    port: int = 0
    heard: list[Heard] = field(default_factory=list)
    answer: Callable[[Heard], Answer | None] = lambda heard: None
    taken: list[Heard] = field(default_factory=list)  # those that it said yes to

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/events"

    def told(self) -> list[tuple[str, str]]:
        """Return the last word of each type, with its subject, of what was taken."""
        return [(each.event["type"].rpartition(".")[2], each.event["subject"]) for each in self.taken]

    def says(self, status: int, **headers: str) -> None:
        """Answer everything alike from now on."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = lambda heard: (status, named)


@contextmanager
def listening() -> Iterator[Subscriber]:
    """Serve on a free port of this machine."""
    made = Subscriber()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard = Heard({name.lower(): value for name, value in self.headers.items()}, body)
            made.heard.append(heard)
            status, headers = made.answer(heard) or (204, {})
            if 200 <= status < 300:
                made.taken.append(heard)
            self.send_response(status)
            for name, value in ({"Content-Length": "0"} | headers).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join(5)
