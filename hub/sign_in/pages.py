"""Pages of signing in, and of one's own sessions."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from exceptions_queue.pages.door import context, page, person
from governance import programs, sessions
from governance.api.scopes import ClientScopes
from governance.rights import opens_administration
from hub.sign_in.browsers import named

CLOSED = (
    "The administration is closed to you: your roles have no work there. An operator who manages users can give you a "
    "role that has, such as Integration admin, or tick “May look at the administration” on the page of your account."
)


class SignIn(LoginView):  # type: ignore[misc]  # allauth carries no types
    """The one page where people sign in."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        """Add the buttons of the providers."""
        apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
        told = [(reverse("openid_connect_login", args=[each["provider_id"]]), each["name"]) for each in apps]
        shown: dict[str, Any] = super().get_context_data(providers=told, **given)
        return shown


def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead from the administration to the one sign-in; somebody whom it refuses is told why."""
    if request.user.is_authenticated and not opens_administration(request.user):
        return render(request, "403.html", {"message": CLOSED}, status=403)
    following = request.GET.get("next") or reverse("admin:index")
    return redirect(f"{reverse('login')}?{urlencode({'next': following})}")


@page
def anew(request: HttpRequest) -> HttpResponse:
    """Ask somebody who came in through a provider to do it again, before something that matters."""
    return render(request, "account/anew.html", context("account"))


@page
def own_sessions(request: HttpRequest) -> HttpResponse:
    """List where somebody is signed in, and which programs act for them."""
    here = request.session.session_key
    rows = [(each, named(each.user_agent), each.session_key == here) for each in sessions.of(person(request))]
    others = sum(not is_here for *_, is_here in rows)
    allowed, words = programs.of(person(request)), ClientScopes().get_all_scopes()
    shown = [(each, [words.get(scope, scope) for scope in each.scopes]) for each in allowed]
    told = context("account", rows=rows, others=others, programs=shown)
    return render(request, "usersessions/sessions.html", told)


@require_POST
@page
def end_session(request: HttpRequest, number: int) -> HttpResponse:
    """End one of one's own sessions."""
    ended = sessions.end(number, by=person(request))
    messages.success(request, f"{named(ended.user_agent)} at {ended.ip} is signed out.")
    return redirect("sessions")


@require_POST
@page
def end_program(request: HttpRequest, number: int) -> HttpResponse:
    """Let a program act for oneself no more."""
    messages.success(request, f"{programs.end(number, by=person(request))} acts for you no more.")
    return redirect("sessions")


@require_POST
@page
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """End all of one's own sessions but this one."""
    count = sessions.end_others(by=person(request), but=request.session.session_key or "")
    places = f"You are signed out in {count} other place{'' if count == 1 else 's'}."
    messages.success(request, f"{places} No program acts for you.")
    return redirect("sessions")
