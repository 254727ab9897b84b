"""The hub's addresses, and some where it goes wrong, so that the pages of each kind of error can be looked at."""

from collections.abc import Callable
from typing import NoReturn

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from psycopg import OperationalError

from hub import urls

handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500


def _raising(error: Exception) -> Callable[[HttpRequest], NoReturn]:
    def view(request: HttpRequest) -> NoReturn:
        raise error

    return view


def _too_often(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=429)


WAYS: dict[str, tuple[int, Callable[[HttpRequest], HttpResponse]]] = {
    "refused": (400, _raising(SuspiciousOperation("the size"))),
    "explained": (400, _raising(BadRequest("The page cannot be shown: the address was cut off. Open it anew."))),
    "often": (429, _too_often),
    "unforeseen": (500, _raising(RuntimeError("nobody thought of it"))),
    "away": (503, _raising(OperationalError("the database is away"))),
}
urlpatterns = [*(path(f"broken/{name}/", view) for name, (_, view) in WAYS.items()), *urls.urlpatterns]
