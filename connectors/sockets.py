"""Sockets that ask the guard before they exist and refuse to send once the request's deadline has passed.

A process may be stopped (SIGSTOP, a paused machine) between "the lease is still mine" and the first byte. The check
of the clock therefore stands directly before the system call. It works for kept-alive connections, because each
request puts its own `Flight` on the socket, and for TLS, because asyncio's TLS writes through the same socket.
uvloop does not use Python sockets and would go around it: never install it.
"""

import socket
import time
from collections.abc import Callable
from typing import Any

from connectors.guard import Guard

_send, _now = socket.socket.send, time.monotonic  # looked up once: this runs for every request


class DeadlinePassed(OSError):
    """The sender's time was over before the byte left; nothing was handed to the network by this call."""


class Flight:
    """One request on its way: until when it may send (time.monotonic(); 0 is any time), what it has sent."""

    __slots__ = ("bytes_sent", "deadline", "finished")

    def __init__(self, deadline: float = 0.0) -> None:
        self.deadline = deadline
        self.bytes_sent = 0
        self.finished = False


class GuardedSocket(socket.socket):
    """A socket whose sends belong to a flight; before the first flight (TLS handshake) it sends freely."""

    __slots__ = ("flight",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flight: Flight | None = None

    def send(self, data: Any, flags: int = 0) -> int:
        flight = self.flight
        if flight is None or flight.finished:
            return _send(self, data, flags)
        if flight.deadline and _now() > flight.deadline:
            raise DeadlinePassed("the time in which this request may be sent is over")
        sent = _send(self, data, flags)
        flight.bytes_sent += sent
        return sent

    def sendmsg(self, buffers: Any, *args: Any) -> int:
        flight = self.flight
        if flight is None or flight.finished:
            return super().sendmsg(buffers, *args)
        if flight.deadline and _now() > flight.deadline:
            raise DeadlinePassed("the time in which this request may be sent is over")
        sent = super().sendmsg(buffers, *args)
        flight.bytes_sent += sent
        return sent

    def sendall(self, data: Any, flags: int = 0) -> None:
        raise NotImplementedError("asyncio sends piece by piece; sendall would send past the deadline")


AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


def guarded_factory(guard: Guard) -> Callable[[Any], socket.socket]:
    """Return aiohttp's socket_factory: checks the address that is about to be connected, then makes the socket."""

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        guard.check(str(address[0]), int(address[1]))
        made = GuardedSocket(family, kind, protocol)
        made.setblocking(False)
        return made

    return make
