"""The door of every page: who is not signed in signs in, and who lacks a right is told which one and from whom."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from governance.made_twice import looked_again
from governance.models import User
from governance.rights import NotAllowed
from governance.still_there import Gone

Given = ParamSpec("Given")


def page(
    view: Callable[Concatenate[HttpRequest, Given], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Given], HttpResponse]:
    """Let signed-in people in; a right that a verb misses becomes a page that says so (403), and so does a form's
    address that is opened like a page (405).
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        try:
            answer = looked_again(lambda: view(request, *args, **kwargs))
        except NotAllowed as error:
            return render(request, "403.html", {"message": str(error)}, status=403)
        except Gone as error:
            return render(request, "404.html", {"message": str(error)}, status=404)
        if isinstance(answer, HttpResponseNotAllowed):
            answer.content = render(request, "405.html", {"back": _page_of(request)}).content
        return answer

    return cast(Callable[Concatenate[HttpRequest, Given], HttpResponse], guarded)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send to the sign-in, and from there to a page: an address that only takes forms would be a dead end."""
    if request.headers.get("HX-Request"):  # a part of a page must not be replaced by a whole one
        return HttpResponseClientRedirect(redirect_to_login(_page_of(request)).url)
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path())
    messages.error(request, "You are signed out, so nothing was changed. Sign in, and do it again.")
    return redirect_to_login(_page_of(request))


def _page_of(request: HttpRequest) -> str:
    """Return the address of the page that a form, or a part of a page, belongs to."""
    number = request.resolver_match.kwargs.get("number") if request.resolver_match else None
    return reverse("queue:item", args=[number]) if number else reverse("queue:home")


def person(request: HttpRequest) -> User:
    """Return who is signed in."""
    assert isinstance(request.user, User)
    return request.user


def context(section: str, **more: Any) -> dict[str, Any]:
    """Return what the shell needs, and the page's own."""
    return {"section": section, **more}
