"""Bodies that come slowly, or are not wanted: neither may hold a thread of the web process, nor cost the answer.

A sender that stalls is let go after some seconds; other requests get its thread. A body that is refused unread is taken
off the line before the connection closes, within limits: many senders read the answer only after they have sent it all,
and would see a broken connection instead.
"""

import socket
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from routes.api.refusals import STALLED

DRAINED_BYTES, DRAINED_SECONDS = 64 * 1024 * 1024, 5.0  # of a refused body, at most
WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")


class InTime:
    """Limits how long a request waits for its body."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; what reads the body meets a TimeoutError where it stalls."""
        line: socket.socket | None = request.META.get("gunicorn.socket")
        if line is None or request.method not in WITH_BODY:
            return self.respond(request)
        line.settimeout(settings.BODY_PATIENCE)
        try:
            answer = self.respond(request)
            if answer.status_code >= 400 and answer.status_code != STALLED.status:
                _drain(request, line)
            return answer
        finally:
            line.settimeout(None)


def _drain(request: HttpRequest, line: socket.socket) -> None:
    """Take what is left of a body off the line and drop it."""
    until, left = time.monotonic() + DRAINED_SECONDS, DRAINED_BYTES
    try:
        while left > 0 and (wait := until - time.monotonic()) > 0:
            line.settimeout(wait)
            piece = request.read(min(left, 64 * 1024))
            if not piece:
                return
            left -= len(piece)
    except (OSError, ValueError):  # the sender is gone, stalls, or nothing is left that could be read
        return
