"""The address /metrics, for whoever has the token of METRICS_TOKEN. Without one there is no such address."""

import hmac
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

ADDRESS = "/metrics"


class Figures:
    """Answers the address; everything else goes on. Stands before all that asks for a host's name or a session."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        if request.path != ADDRESS or not settings.METRICS_TOKEN:
            return self.respond(request)
        answer = _answer(request)
        answer["Cache-Control"] = "no-store"
        answer._has_been_logged = True  # type: ignore[attr-defined]  # Django logs each 4xx and 5xx without it
        return answer


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(errors="replace"), wanted):
        refused = "The figures need the token of METRICS_TOKEN: send it as Authorization: Bearer …\n"
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return HttpResponse(refused, status=401, content_type="text/plain; charset=utf-8", headers=headers)
    return HttpResponse(exposed(), content_type="text/plain; version=0.0.4; charset=utf-8")


def exposed() -> bytes:
    """Return all figures in Prometheus' text form."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    from hub.figures import counted
    from hub.figures.alive import Alive
    from hub.figures.stored import Stored

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(counted.folder()))  # type: ignore[no-untyped-call]
    registry.register(Stored())
    registry.register(Alive())
    return generate_latest(registry)
