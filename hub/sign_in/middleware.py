"""What holds for every request of somebody who is signed in: a second factor that is due, and when they were seen."""

import threading
import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from governance import second_factor
from governance.api import refusals
from hub.problems import problem

# Addresses that lead to a second factor, and out.
OPEN = {
    "mfa_activate_totp", "mfa_view_recovery_codes", "account_reauthenticate", "mfa_reauthenticate", "sign-in-anew",
    "own-password", "login", "account_login", "logout", "account_logout", "admin-sign-out", "mfa_authenticate",
}  # fmt: skip
SEEN_SECONDS = 60  # how exact "last used" is: each request would else write a row


class SecondFactorFirst:
    """Leads those who must have a second factor, and have none, to where it is set up; nothing else opens."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on; the question is asked when the view is known."""
        return self.respond(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Return the way to the second factor; None when nothing is due."""
        if not settings.TOTP_REQUIRED or not request.user.is_authenticated:
            return None
        name = request.resolver_match.url_name if request.resolver_match else ""
        if name in OPEN or not second_factor.is_missing(request.user):
            return None
        if request.path.startswith("/api/"):
            return problem(refusals.NOT_ALLOWED, second_factor.MISSING)
        if request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(reverse("mfa_activate_totp"))
        return redirect("mfa_activate_totp")


class LastUse:
    """Keeps when and from where each session was last used, to the minute."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self.respond = respond
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note it, and go on."""
        session = request.session
        key = session.session_key
        if key and AUTHENTICATION_METHODS_SESSION_KEY in session and self._is_due(key):
            place = {"ip": get_adapter().get_client_ip(request), "user_agent": _browser(request)}
            UserSession.objects.filter(session_key=key).update(last_seen_at=timezone.now(), **place)
        return self.respond(request)

    def _is_due(self, key: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._seen.get(key, -SEEN_SECONDS) < SEEN_SECONDS:
                return False
            if len(self._seen) > 10_000:  # of sessions that ended long ago
                self._seen = {each: at for each, at in self._seen.items() if now - at < SEEN_SECONDS}
            self._seen[key] = now
            return True


def _browser(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[: UserSession._meta.get_field("user_agent").max_length]
