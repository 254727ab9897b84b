"""Where clients get tokens (OAuth 2.0), and where people let a client act for them. Nothing else of the library."""

import re
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from oauth2_provider import views

from governance.models import ApiClient

NO_CODE = re.compile(r"%(?![0-9A-Fa-f]{2})")  # the library ends with an error on them


class WithParameters:
    """Refuses an address whose parameters cannot be decoded, before the library reads them."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Go on with what can be read. Raises BadRequest, which becomes status 400 in words."""
        super().setup(request, *args, **kwargs)  # type: ignore[misc]  # of the view; `dispatch` bears its exemptions
        if NO_CODE.search(request.META.get("QUERY_STRING", "")):
            raise BadRequest("A parameter holds a % that no two hexadecimal digits follow. Write it as %25.")


class AuthorizationView(WithParameters, views.AuthorizationView):  # type: ignore[misc]  # the library carries no types
    """Asks a person whether a client may act for them; says so where the client is no longer there."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Answer what the person has decided, or refuse a client that is not there."""
        if not ApiClient.objects.filter(client_id=form.cleaned_data["client_id"]).exists():
            error = {
                "error": "invalid_client",
                "description": "The client that asks is not known, or is no longer registered.",
            }
            gone: HttpResponse = self.render_to_response({"error": error}, status=400)
            return gone
        answer: HttpResponse = super().form_valid(form)
        return answer


class RevokeTokenView(WithParameters, views.RevokeTokenView):  # type: ignore[misc]  # the library carries no types
    """Ends a token."""


class TokenView(WithParameters, views.TokenView):  # type: ignore[misc]  # the library carries no types
    """Gives tokens by the grants that are offered; that of devices, which is not, the library would answer apart."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a request for a token, or refuse its grant."""
        answer: HttpResponse = self.authorization_flow_token_response(request)
        return answer


app_name = "oauth2_provider"  # as the library's own pages call it
urlpatterns = [
    path("authorize/", AuthorizationView.as_view(), name="authorize"),
    path("token/", TokenView.as_view(), name="token"),
    path("revoke_token/", RevokeTokenView.as_view(), name="revoke-token"),
]
