"""Where clients get tokens (OAuth 2.0), and where people let a client act for them. Nothing else of the library."""

from django.urls import path
from oauth2_provider import views

app_name = "oauth2_provider"  # as the library's own pages call it
urlpatterns = [
    path("authorize/", views.AuthorizationView.as_view(), name="authorize"),
    path("token/", views.TokenView.as_view(), name="token"),
    path("revoke_token/", views.RevokeTokenView.as_view(), name="revoke-token"),
]
