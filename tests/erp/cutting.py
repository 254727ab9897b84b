"""A proxy that cuts connections: after the target has answered, or before it was asked."""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field


@dataclass
class Cut:
    """Cut the next `times` exchanges whose request holds `needle`; `committed`: after the target did its work."""

    needle: bytes
    times: int
    committed: bool


@dataclass
class CuttingProxy:
    """Forwards bytes between a port of its own and `target_port` until told to cut. `cuts` counts what it cut."""

    target_port: int
    cuts: int = 0
    _orders: list[Cut] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def base_url(self) -> str:
        """Where clients connect."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self, needle: bytes, *, times: int = 1, committed: bool = True) -> None:
        """Order cuts: the client's connection is reset, and with `committed` only once the target has answered."""
        with self._lock:
            self._orders.append(Cut(needle, times, committed))

    def close(self) -> None:
        """Stop accepting."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Carry one exchange after the other: requests of HTTP/1.1 are answered in order on one connection."""
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self.target_port)) as target:
            while request := _message(client):
                order = self._due(request)
                if order and not order.committed:
                    return _reset(client)
                target.sendall(request)
                answer = _message(target)
                if order:
                    return _reset(client)
                if not answer:
                    return None
                client.sendall(answer)
        return None

    def _due(self, request: bytes) -> Cut | None:
        with self._lock:
            for order in self._orders:
                if order.times and order.needle in request:
                    order.times -= 1
                    self.cuts += 1
                    return order
        return None


def _message(source: socket.socket) -> bytes:
    """Read one HTTP message; one without a length (as trytond answers) ends when the connection does."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = source.recv(65536)
        if not received:
            return b""
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    length = _length(head, unknown=1 << 40 if head.startswith(b"HTTP/") else 0)
    while len(body) < length and (received := source.recv(65536)):
        body += received
    return head + b"\r\n\r\n" + body


def _length(head: bytes, unknown: int) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return unknown


def _reset(client: socket.socket) -> None:
    """Close with a reset instead of an orderly end, as a router does that lost its table."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
