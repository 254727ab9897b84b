"""The hub's addresses, and some where it goes wrong.

So that the pages of each kind of error can be looked at, and that the walk is seen to find what one person meets.
"""

from collections.abc import Callable
from typing import NoReturn

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import engines
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


FOR_ONE = "Farid Amini"
FAULTS = {
    "word": "<p>RuntimeError</p>",
    "script": "<script>nothing.there()</script>",
    "width": '<p style="width: 3000px">A long way to go</p>',
    "request": '<p hx-get="/nothing/of/the/kind/" hx-trigger="load">Asking…</p>',
}
PAGE = '{% extends "shell.html" %}{% block content %}<h1>A page</h1>{{ more|safe }}{% endblock %}'


def _sound_but_for_one(request: HttpRequest, fault: str) -> HttpResponse:
    more = FAULTS[fault] if request.user.get_full_name() == FOR_ONE else ""
    return HttpResponse(engines["django"].from_string(PAGE).render({"more": more}, request))


WAYS: dict[str, tuple[int, Callable[[HttpRequest], HttpResponse]]] = {
    "refused": (400, _raising(SuspiciousOperation("the size"))),
    "explained": (400, _raising(BadRequest("The page cannot be shown: the address was cut off. Open it anew."))),
    "often": (429, _too_often),
    "unforeseen": (500, _raising(RuntimeError("nobody thought of it"))),
    "away": (503, _raising(OperationalError("the database is away"))),
}
urlpatterns = [
    *(path(f"broken/{name}/", view) for name, (_, view) in WAYS.items()),
    *(path(f"broken/{each}-for-one/", _sound_but_for_one, {"fault": each}, each) for each in FAULTS),
    *urls.urlpatterns,
]
