"""Bodies that come slowly, or are not wanted: neither may hold a thread of the web process, nor cost the answer.

A sender that stalls, or lets its body drip, is let go after some seconds; other requests get its thread. A body that
is refused unread is taken off the line before the connection closes, within limits: many senders read the answer only
after they have sent it all, and would see a broken connection instead.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from governance.api.refusals import STALLED

WHOLE = 3  # a whole body may take so many times the patience for its next byte
DRAINED_BYTES, DRAINED_SECONDS = 64 * 1024 * 1024, 5.0  # of a refused body, at most


class InTime:
    """Limits how long a request waits for its body."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; what reads the body meets a TimeoutError where it does not come in time."""
        with _line_of(request) as line:
            answer = self.respond(request)
            if line is not None and answer.status_code >= 400 and answer.status_code != STALLED.status:
                _drain(request, line)
            return answer


class _Line:
    """The connection as the web server reads a body from it: each piece waits a while, and all of them not for long.

    A time limit of the socket's own counts anew with every byte, and the server reads until it has all that was asked.
    """

    def __init__(self, line: socket.socket) -> None:
        self._line, self._until = line, time.monotonic() + WHOLE * settings.BODY_PATIENCE

    def hurry(self, seconds: float) -> None:
        """Wait no longer than this from now on."""
        self._until = time.monotonic() + seconds

    def recv(self, size: int) -> bytes:
        """Return what has come; raises TimeoutError."""
        left = min(self._until - time.monotonic(), settings.BODY_PATIENCE)
        if left <= 0:
            raise TimeoutError("the body did not come in time")
        self._line.settimeout(left)
        try:
            return self._line.recv(size)
        finally:
            self._line.settimeout(None)


@contextmanager
def _line_of(request: HttpRequest) -> Iterator[_Line | None]:
    """Put the time limits between gunicorn and its connection; None where something else serves, as in tests."""
    source: Any = getattr(getattr(request.META.get("wsgi.input"), "reader", None), "unreader", None)
    if not isinstance(getattr(source, "sock", None), socket.socket):
        yield None
        return
    whole = source.sock
    source.sock = line = _Line(whole)
    try:
        yield line
    finally:
        source.sock = whole


def _drain(request: HttpRequest, line: _Line) -> None:
    """Take what is left of a body off the line and drop it."""
    line.hurry(DRAINED_SECONDS)
    left = DRAINED_BYTES
    try:
        while left > 0 and (piece := request.read(min(left, 64 * 1024))):
            left -= len(piece)
    except (OSError, ValueError):  # the sender is gone, stalls, or nothing is left that could be read
        return
