"""Where clients get tokens (OAuth 2.0), and where people let a client act for them. Nothing else of the library."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from oauth2_provider import views


class TokenView(views.TokenView):  # type: ignore[misc]  # the library carries no types
    """Gives tokens by the grants that are offered; that of devices, which is not, the library would answer apart."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a request for a token, or refuse its grant."""
        answer: HttpResponse = self.authorization_flow_token_response(request)
        return answer


app_name = "oauth2_provider"  # as the library's own pages call it
urlpatterns = [
    path("authorize/", views.AuthorizationView.as_view(), name="authorize"),
    path("token/", TokenView.as_view(), name="token"),
    path("revoke_token/", views.RevokeTokenView.as_view(), name="revoke-token"),
]
