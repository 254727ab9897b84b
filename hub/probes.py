"""Whether this process lives, and whether it may be sent requests: for the machinery that starts and watches it.

Asked without a sign-in, by address and before everything else; nothing of it is logged. The answers hold no secret and
no figures.
"""

import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

LIVE, READY = "/live", "/ready"
SECONDS = 2.0  # that one question may take
KEPT_SECONDS = 1.0  # an answer, so that many who ask cost no more than one
_release: frozenset[tuple[str, str]] = frozenset()  # the migrations of this release; read once, from the disk
_kept: tuple[float, dict[str, str]] = (0.0, {})


class Probes:
    """Answers the two addresses; everything else goes on. Stands first: no host name or session is asked for."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        if request.path not in (LIVE, READY):
            return self.respond(request)
        answer = _answer(request)
        answer["Cache-Control"] = "no-store"
        answer["Content-Length"] = str(len(answer.content))  # for who asks for the head alone
        answer._has_been_logged = True  # type: ignore[attr-defined]  # Django logs each 4xx and 5xx without it
        return answer


def _answer(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if request.path == LIVE:
        return JsonResponse({"status": "live"})
    wrong = found()
    told = {name: wrong.get(name, "ok") for name in ("database", "migrations", "broker")}
    return JsonResponse({"status": "not ready" if wrong else "ready", "checks": told}, status=503 if wrong else 200)


def found() -> dict[str, str]:
    """Return what keeps this process from being ready, by the name of the check; nothing when it is."""
    global _kept
    now = time.monotonic()
    if now - _kept[0] > KEPT_SECONDS:
        _kept = (now, _database() | _broker())
    return _kept[1]


def _database() -> dict[str, str]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS * 1000:.0f}"])
            cursor.execute("SELECT app, name FROM django_migrations")
            applied = {(str(app), str(name)) for app, name in cursor.fetchall()}
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) == "42P01":  # it answers, and has no tables yet
            return {"migrations": "none is applied"}
        return {"database": "does not answer"}
    missing = len(_of_release() - applied)
    return {"migrations": f"{missing} are not applied"} if missing else {}


def _of_release() -> frozenset[tuple[str, str]]:
    global _release
    if not _release:
        loader = MigrationLoader(None, ignore_no_migrations=True)
        replaced = {old for each in loader.disk_migrations.values() for old in each.replaces}
        _release = frozenset(set(loader.disk_migrations) - replaced)
    return _release


def _broker() -> dict[str, str]:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=SECONDS, socket_timeout=SECONDS) as link:
            link.ping()
    except (redis.RedisError, OSError):
        return {"broker": "does not answer"}
    return {}
