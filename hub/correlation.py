"""What joins the lines of a log: the request that somebody sent, the task that a worker does, and what it is about.

A request carries its id in the header X-Request-ID, in and out. The tasks that it leads to carry it on.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, HttpResponse

from governance.identifiers import new_id

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
OF_REQUEST = "throughline.request"  # where a request itself has it
CARRIED = "throughline_request"  # the header of a Celery message that carries the id on
# Arguments of tasks that say what a line is about, by the name under which lines have them.
ABOUT = {"connection_id": "connection", "route_id": "route", "lane": "lane", "stream": "stream"}
NOTHING: Mapping[str, object] = MappingProxyType({})
_facts: ContextVar[Mapping[str, object]] = ContextVar("facts", default=NOTHING)


def facts() -> Mapping[str, object]:
    """Return what is known of the work at hand: request, task, route, connection…"""
    return _facts.get()


def note(**more: object) -> None:
    """Add to what is known of the work at hand, until it ends."""
    _facts.set({**_facts.get(), **more})


class Correlated:
    """Gives each request an id: the caller's when it is well formed, else a new one."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the id in a header."""
        given = request.headers.get(HEADER, "")
        id_ = given if WELL_FORMED.fullmatch(given) else new_id().hex
        request.META[OF_REQUEST] = id_  # Django tells of a bad answer when all this is over
        token = _facts.set({"request": id_})
        try:
            answer = self.respond(request)
        finally:
            _facts.reset(token)
        answer[HEADER] = id_
        return answer


def carry_on(headers: dict[str, Any] | None = None, **_: object) -> None:
    """Put the request's id on a message: Celery's signal before_task_publish."""
    request = _facts.get().get("request")
    if headers is not None and request:
        headers[CARRIED] = request


def begin(task: Any = None, task_id: str = "", args: Any = (), kwargs: Any = None, **_: object) -> None:
    """Note what a task is and what it is about: Celery's signal task_prerun. Each thread of a worker has its own."""
    found: dict[str, object] = {"task": task.name, "task_id": task_id}
    if request := getattr(task.request, CARRIED, None) or (task.request.headers or {}).get(CARRIED):
        found["request"] = str(request)
    try:
        given = inspect.signature(task.run).bind(*args, **(kwargs or {})).arguments
    except (TypeError, ValueError):  # the task itself will say what is wrong with its arguments
        given = {}
    found |= {ours: given[theirs] for theirs, ours in ABOUT.items() if given.get(theirs) is not None}
    _facts.set(found)


def end(**_: object) -> None:
    """Forget it: Celery's signal task_postrun."""
    _facts.set(NOTHING)
