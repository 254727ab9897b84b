"""Signing in through a provider (OpenID Connect): who comes from there is somebody who is known here, or nobody.

On top of allauth: the signature of the token is always verified, the issuer must be the configured one, what the
provider tells about a person must be about the person of the token, and nothing of it is kept but their number.
"""

import logging
from typing import Any

import requests
from allauth.account.adapter import get_adapter as account_adapter
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connectors.guard import AddressRefused
from governance import provider_links
from hub.sign_in import refusals
from hub.sign_in.outbound import GuardedSession

log = logging.getLogger(__name__)
ODD = (KeyError, TypeError, ValueError, AttributeError, ImproperlyConfigured)  # answers that are not as they should be


class Conversation(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth carries no types
    """What the hub asks a provider, step by step; whatever is wrong with an answer is an OAuth2Error."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """Return how the provider describes itself; it must be the one that the operator has named."""
        try:
            config: dict[str, Any] = super().openid_config
            issuer = config["issuer"].rstrip("/")
        except ODD as error:
            raise OAuth2Error("the provider's description cannot be read") from error
        if issuer != self.get_provider().app.settings["server_url"]:
            raise OAuth2Error("the provider's description is that of another issuer")
        return config

    def get_access_token_data(self, *args: Any, **given: Any) -> dict[str, Any]:
        """Return the tokens for the code. That they came from the provider itself does not spare their signature."""
        try:
            data: dict[str, Any] = super().get_access_token_data(*args, **given)
        except ODD as error:
            raise OAuth2Error("the provider's tokens cannot be read") from error
        self.did_fetch_access_token = False
        return data

    def complete_login(self, *args: Any, **given: Any) -> SocialLogin:
        """Return who comes in."""
        try:
            return super().complete_login(*args, **given)
        except ODD as error:
            raise OAuth2Error("what the provider tells about the person cannot be read") from error


class Provider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth carries no types
    """One provider. The address of a request decides nothing about what it is asked."""

    oauth2_adapter_class = Conversation
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Ask for a sign-in, never for a link to the account that is signed in here."""
        given: dict[str, Any] = super().get_redirect_from_request_kwargs(request)
        return given | {"process": AuthProcess.LOGIN}

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Ask for who it is, and nothing else."""
        return list(self.get_scope())

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        """Add nothing."""
        return dict(self.get_auth_params())

    def redirect(self, request: HttpRequest, *args: Any, **given: Any) -> HttpResponse:
        """Send the person to the provider; say so when it cannot be reached."""
        try:
            answer: HttpResponse = super().redirect(request, *args, **given)
        except (requests.RequestException, OAuth2Error, *ODD) as error:
            answer = render_authentication_error(request, self, exception=error)
        return answer

    def sociallogin_from_response(self, request: HttpRequest, response: dict[str, Any]) -> SocialLogin:
        """Return who it is; raises OAuth2Error unless token and description are about the same person."""
        token, described = response.get("id_token"), response.get("userinfo")
        if not token or (described and described["sub"] != token["sub"]):
            raise OAuth2Error("the provider tells about another person than the one in its token")
        return super().sociallogin_from_response(request, response)

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Keep nothing of what the provider tells."""
        return {}


class Arrival(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Our rules for people who come from a provider."""

    def get_requests_session(self) -> GuardedSession:
        """Return what providers are called with."""
        return GuardedSession()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Refuse: accounts are made by those who manage users."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find whose account it is; who is nobody here gets a page that says so."""
        if sociallogin.is_existing:
            return
        account = sociallogin.account
        told = [each.email for each in sociallogin.email_addresses]
        verified = [each.email for each in sociallogin.email_addresses if each.verified]
        try:
            sociallogin.user = provider_links.link(provider=account.provider, uid=account.uid, emails=verified)
        except provider_links.NoAccount as error:
            place = account_adapter().get_client_ip(request)
            refusals.record("", place, str(error), provider=account.provider, told=told)
            shown = {"told": told, "verified": verified, "title": sociallogin.provider.name}
            raise ImmediateHttpResponse(render(request, "account/unknown.html", shown, status=403)) from error

    def on_authentication_error(
        self, request: HttpRequest, provider: Provider, error: Any = None, exception: Any = None, **_: Any
    ) -> None:
        """Note why it did not work; who has cancelled is back where they began."""
        if error == AuthError.CANCELLED:
            messages.info(request, "You have left the sign-in there. Choose how you sign in.")
            raise ImmediateHttpResponse(redirect("login"))
        why = _why(exception)
        log.warning("sign-in through %s failed: %s", provider.sub_id, why)
        refusals.record("", account_adapter().get_client_ip(request), why[:200], provider=provider.sub_id)


def _why(exception: BaseException | None) -> str:
    """Return the reason in words that hold none of what the provider has answered with."""
    if exception is None:
        return "it was begun in another window, took too long, or the provider refused"
    if isinstance(exception, OAuth2Error):
        return str(exception).partition(":")[0]
    inner = [part for arg in exception.args for part in getattr(arg, "args", ()) if isinstance(part, AddressRefused)]
    return str(inner[0] if inner else exception)


def begin(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send somebody to a provider; whoever presses the button all the time must not make the hub do so, too."""
    return ratelimit.consume_or_429(request, action="provider") or _step(OAuth2LoginView, request, provider_id)


def finish(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take somebody in who comes back from a provider."""
    return _step(OAuth2CallbackView, request, provider_id)


def _step(view: Any, request: HttpRequest, provider_id: str) -> HttpResponse:
    if provider_id not in {each["provider_id"] for each in settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]}:
        raise Http404("There is no such provider.")
    answer: HttpResponse = view.adapter_view(Conversation(request, provider_id))(request)
    return answer
