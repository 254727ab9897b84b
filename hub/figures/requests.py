"""Counts web requests, by view and status: a view is a name of ours, never an address that somebody typed."""

import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse

from hub.figures import counted

DOORS = (("/admin/", "admin"), ("/api/", "api"), ("/hooks/", "hooks"), ("/static/", "static"))


class Counted:
    """Counts each request when it is answered; is left out where nobody asks for figures."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer and count."""
        began = time.perf_counter()
        answer = self.respond(request)
        door = next((door for path, door in DOORS if request.path.startswith(path)), "page")
        counted.request(_view(request, door), door, answer.status_code, time.perf_counter() - began)
        return answer


def _view(request: HttpRequest, door: str) -> str:
    match = request.resolver_match
    if match is None:
        return door if door == "static" else "none"
    return match.view_name or match.route
