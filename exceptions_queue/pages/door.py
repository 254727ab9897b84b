"""The door of every page: who is not signed in signs in, and who lacks a right is told which one and from whom."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.models import User
from governance.rights import NotAllowed

Given = ParamSpec("Given")


def page(
    view: Callable[Concatenate[HttpRequest, Given], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Given], HttpResponse]:
    """Let signed-in people in; a right that a verb misses becomes a page that says so (403)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotAllowed as error:
            return render(request, "403.html", {"message": str(error)}, status=403)

    return cast(Callable[Concatenate[HttpRequest, Given], HttpResponse], login_required(guarded))


def person(request: HttpRequest) -> User:
    """Return who is signed in."""
    assert isinstance(request.user, User)
    return request.user


def context(section: str, **more: Any) -> dict[str, Any]:
    """Return what the shell needs, and the page's own."""
    return {"section": section, **more}
