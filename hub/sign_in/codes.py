"""Second factors: secrets encrypted with the hub's keys, forms in our words, and an audit entry for each deed."""

from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView, ViewRecoveryCodesView
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from exceptions_queue.pages.door import context as page_context
from exceptions_queue.pages.door import page, person
from governance import audit, custody, keys, second_factor
from governance.models import User
from hub.sign_in import refusals
from hub.sign_in.account import WORDS

UNREADABLE = (
    "Your second factor cannot be read, because its encryption key is gone. Ask an operator to restore the key, or to "
    "reset your second factor."
)
KEPT = "Your roles demand a second factor, so it cannot be removed. Ask an operator who manages users to reset it."
CODE = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth carries no types
    """Our rules of second factors."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": WORDS["incorrect_code"],
        "cannot_delete_authenticator": KEPT,
    }

    def get_totp_label(self, user: User) -> str:
        """Return what the app on the telephone shows beside our name."""
        return user.get_username()

    def encrypt(self, text: str) -> str:
        """Encrypt a secret with the newest key."""
        return keys.encrypt(text.encode())

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a secret; raises KeyLost."""
        return keys.decrypt(encrypted_text).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Keep what somebody's roles demand."""
        return not second_factor.is_compulsory(authenticator.user)


class _Readable(forms.Form):
    """Asks for a code, and says so when the secret to compare it with cannot be read."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["code"].label = "Code from your app, or a recovery code"
        self.fields["code"].widget.attrs = dict(CODE)

    def clean_code(self) -> str:
        """Compare."""
        try:
            return str(super().clean_code())  # type: ignore[misc]  # of allauth's form beside this one
        except (keys.KeyLost, keys.KeysUnusable):
            raise ValidationError(UNREADABLE) from None


class SignInCodeForm(_Readable, AuthenticateForm):  # type: ignore[misc]  # allauth carries no types
    """The second step of signing in."""


class ConfirmCodeForm(_Readable, ReauthenticateForm):  # type: ignore[misc]  # allauth carries no types
    """Shows again who it is, before something that matters."""


class EnrolForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth carries no types
    """Proves that the app has the secret. Until then the secret waits in the session, encrypted like those in use."""

    def __init__(self, *args: Any, user: User, **given: Any) -> None:
        forms.Form.__init__(self, *args, **given)
        self.user = user
        self.fields["code"].label = "Code that the app shows now"
        self.fields["code"].widget.attrs = dict(CODE)
        self.secret = _pending(context.request, anew=not self.is_bound)


def _pending(request: HttpRequest, *, anew: bool) -> str:
    kept = None if anew else request.session.get(SECRET_SESSION_KEY)
    if kept:
        try:
            return keys.decrypt(kept).decode()
        except (keys.KeyLost, keys.KeysUnusable):
            pass  # a key that went within these minutes: begin anew
    secret = str(generate_totp_secret())
    request.session[SECRET_SESSION_KEY] = keys.encrypt(secret.encode())
    return secret


class Enrolment(ActivateTOTPView):  # type: ignore[misc]  # allauth carries no types
    """Sets up a second factor."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        """Add whether somebody has to, and the secret in parts."""
        compulsory = second_factor.is_compulsory(person(self.request))
        shown: dict[str, Any] = super().get_context_data(**given)
        secret = shown["form"].secret
        parts = [secret[start : start + 4] for start in range(0, len(secret), 4)]  # as people read and type it
        return shown | page_context("account", compulsory=compulsory, parts=parts)

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Set it up, with an audit entry."""
        audit.record(by=person(self.request), verb="enrol_second_factor", thing=person(self.request))
        custody.is_own_again(person(self.request))
        messages.success(self.request, "From now on, signing in asks for a code of your app.")
        answer: HttpResponse = super().form_valid(form)
        return answer


class Removal(DeactivateTOTPView):  # type: ignore[misc]  # allauth carries no types
    """Removes a second factor, and its recovery codes."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        """Add what the shell needs."""
        shown: dict[str, Any] = super().get_context_data(**given)
        return shown | page_context("account")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Remove it, with an audit entry."""
        audit.record(by=person(self.request), verb="remove_second_factor", thing=person(self.request))
        messages.success(self.request, "Signing in asks for your password only. Your recovery codes are void.")
        answer: HttpResponse = super().form_valid(form)
        return answer


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]  # allauth carries no types
    """Shows recovery codes, once."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        """Add what the shell needs; a lost key shows none."""
        try:
            shown: dict[str, Any] = super().get_context_data(**given)
        except (keys.KeyLost, keys.KeysUnusable):
            shown = {"can_view_codes": False, "unreadable": UNREADABLE}
        return page_context("account") | shown


class Renewal(GenerateRecoveryCodesView):  # type: ignore[misc]  # allauth carries no types
    """Makes new recovery codes; the old ones are void."""

    def get_context_data(self, **given: Any) -> dict[str, Any]:
        """Add what the shell needs; how many are left needs a key that may be lost."""
        shown: dict[str, Any] = super(GenerateRecoveryCodesView, self).get_context_data(**given)
        return shown | page_context("account")

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Make them, with an audit entry."""
        audit.record(by=person(self.request), verb="renew_recovery_codes", thing=person(self.request))
        answer: HttpResponse = super().form_valid(form)
        return answer


@page
def overview(request: HttpRequest) -> HttpResponse:
    """Tell whether somebody has a second factor, and what they can do about it."""
    by = person(request)
    found = {each.type: each for each in Authenticator.objects.filter(user=by)}
    shown = {"app": found.get("totp"), "recovery": found.get("recovery_codes")}
    shown["left"] = _codes_left(shown["recovery"])
    compulsory = second_factor.is_compulsory(by)
    return render(request, "mfa/index.html", page_context("account", compulsory=compulsory, **shown))


def _codes_left(recovery: Authenticator | None) -> int | None:
    """Return how many recovery codes still open the account; None where that cannot be read."""
    try:
        return len(recovery.wrap().get_unused_codes()) if recovery else 0
    except (keys.KeyLost, keys.KeysUnusable):
        return None


def refused(sender: object, *, request: HttpRequest, user: User, reauthentication: bool, **_: Any) -> None:
    """Note that a code was wrong: allauth's signal `authentication_failed`."""
    when = "when asked again" if reauthentication else "at the second step"
    refusals.record(user.get_username(), account_adapter().get_client_ip(request), f"wrong code, {when}")
