"""How people sign in and out: our words for allauth's steps, and an audit entry for each that ends."""

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from governance import audit, second_factor
from governance.models import User
from hub.sign_in import refusals

WORDS = {
    "username_password_mismatch": "This user name and password do not belong together, or the account is closed. Small "
    "and capital letters count. Try again, or ask an operator for a new password.",
    "too_many_login_attempts": "Too many tries have failed, for this user name or from your address. This one was "
    "not looked at. Wait five minutes and try again, or ask an operator for a new password.",
    "rate_limited": "That was tried too often. Wait a minute and try again.",
    "incorrect_password": "This is not your password. Small and capital letters count.",
    "incorrect_code": "This code is not right, or was used before. Take the one that your app shows now; the clock of "
    "your telephone has to be right.",
}
STEPS = {"totp": "code", "recovery_codes": "recovery code"}  # allauth's names of second factors, and ours


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Our rules of signing in with a user name and a password."""

    error_messages = DefaultAccountAdapter.error_messages | WORDS

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse: accounts are made by those who manage users."""
        return False

    def is_ajax(self, request: HttpRequest) -> bool:
        """Answer with pages only, whatever a request asks for."""
        return False

    def add_message(self, *_: Any, **__: Any) -> None:
        """Say nothing: our pages have their own words."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address of who asks; a proxy's list that is shorter than the operator says is not believed."""
        try:
            return str(super().get_client_ip(request))
        except ImproperlyConfigured:
            return str(request.META["REMOTE_ADDR"])

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try; raise ValidationError when there were too many."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            refusals.record_too_many(credentials.get("username", ""), self.get_client_ip(request))
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note that a password was wrong."""
        refusals.record(credentials.get("username", ""), self.get_client_ip(request), "user name and password differ")

    def post_login(self, request: HttpRequest, user: User, **given: Any) -> HttpResponse:
        """Note who came in, how and from where; then go on."""
        audit.record(by=user, verb="sign_in", thing=user, after={"with": _steps(request, user), **self._place(request)})
        answer: HttpResponse = super().post_login(request, user, **given)
        return answer

    def logout(self, request: HttpRequest) -> None:
        """Note who goes, and let them."""
        assert isinstance(request.user, User)
        audit.record(by=request.user, verb="sign_out", thing=request.user)
        super().logout(request)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Refuse an account that is closed: only who was let in by a provider gets here."""
        refusals.record(user.get_username(), self.get_client_ip(request), "the account is closed")
        return render(request, "account/unknown.html", status=403)

    def is_reauthentication_required(self, *, app: str, **given: Any) -> bool:
        """Ask again who it is, unless they have just signed in."""
        records = get_authentication_records(self.request, self.request.user)
        if records and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **given))

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Ask for a code whoever has a second factor; who has neither that nor a password signs in anew."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if second_factor.is_on(user):
            ways = [each for each in ways if each["id"] == "mfa_reauthenticate"]
        anew = {"id": "anew", "description": "Sign in anew", "url": reverse("sign-in-anew")}
        return ways or [anew]

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # allauth counts per host name as well, which whoever asks may choose: each port would have tries of its own.
        return str(credentials.get("username", "")).casefold()

    def _place(self, request: HttpRequest) -> dict[str, str]:
        return {"address": self.get_client_ip(request)}


def _steps(request: HttpRequest, user: User) -> str:
    """Return in words what somebody has shown: "password, code"."""
    records = get_authentication_records(request, user)
    return ", ".join(STEPS.get(each.get("type", "")) or each.get("provider") or each["method"] for each in records)


def refuse(request: HttpRequest, template: str, **shown: Any) -> ImmediateHttpResponse:
    """Return what ends a sign-in with a page of ours."""
    return ImmediateHttpResponse(render(request, template, shown, status=403))
