"""The hub, as a browser reaches it: with files that it may keep, as those of a hub at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import axe_playwright_python
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.http import HttpRequest, HttpResponse
from pytest_django.live_server_helper import LiveServer

AXE = "/static/axe.min.js"


class Kept(StaticFilesHandler):
    """Serves what is static, and axe-core beside it, which a browser then reads and compiles once."""

    def get_response(self, request: HttpRequest) -> HttpResponse:
        answer = _axe() if request.path == AXE else super().get_response(request)
        answer["Cache-Control"] = "max-age=31536000, immutable"
        return answer


@contextmanager
def served() -> Iterator[str]:
    """Serve the hub, and return its address."""
    server = LiveServer("127.0.0.1", start=False)
    server.thread.static_handler = Kept
    server.start()
    yield server.url
    server.stop()


def _axe() -> HttpResponse:
    script = Path(axe_playwright_python.__file__).parent / "axe.min.js"
    return HttpResponse(script.read_bytes(), content_type="text/javascript")
