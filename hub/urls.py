"""Addresses of the hub's pages and API."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from hub.passwords import OwnPassword, vouchers
from hub.sign_in import SignInForm

handler400 = "hub.problems.bad_request"
handler404 = "hub.problems.not_found"
handler500 = "hub.problems.server_error"
SIGN_IN = LoginView.as_view(authentication_form=SignInForm, redirect_authenticated_user=True)
urlpatterns = [
    path("admin/password_change/", RedirectView.as_view(pattern_name="own-password")),  # one page, one audit entry
    path("admin/", admin.site.urls),
    path("password/", OwnPassword.as_view(), name="own-password"),
    path("vouchers/", vouchers, name="vouchers"),
    path("login/", SIGN_IN, name="login"),
    path("logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("", include("exceptions_queue.urls")),
    path("", include("hub.pages.urls")),
    path("", include("routes.api.urls")),
]
