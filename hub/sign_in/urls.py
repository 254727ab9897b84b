"""Addresses of signing in and of one's own account. Of allauth's pages only these exist."""

from allauth.account.views import LogoutView, ReauthenticateView
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.base.views import ReauthenticateView as CodeAgainView
from django.urls import URLPattern, path

from hub.sign_in import codes, pages, provider

SIGN_IN, SIGN_OUT = pages.SignIn.as_view(), LogoutView.as_view()
urlpatterns: list[URLPattern] = [
    path("admin/login/", pages.admin_sign_in, name="admin-sign-in"),
    path("admin/logout/", SIGN_OUT, name="admin-sign-out"),
    path("login/", SIGN_IN, name="account_login"),  # the names by which allauth finds its steps
    path("login/", SIGN_IN, name="login"),
    path("login/code/", AuthenticateView.as_view(), name="mfa_authenticate"),
    path("logout/", SIGN_OUT, name="account_logout"),
    path("logout/", SIGN_OUT, name="logout"),
    path("confirmation/", ReauthenticateView.as_view(), name="account_reauthenticate"),
    path("confirmation/code/", CodeAgainView.as_view(), name="mfa_reauthenticate"),
    path("confirmation/anew/", pages.anew, name="sign-in-anew"),
    path("second-factor/", codes.overview, name="mfa_index"),
    path("second-factor/enrolment/", codes.Enrolment.as_view(), name="mfa_activate_totp"),
    path("second-factor/removal/", codes.Removal.as_view(), name="mfa_deactivate_totp"),
    path("second-factor/recovery-codes/", codes.RecoveryCodes.as_view(), name="mfa_view_recovery_codes"),
    path("second-factor/recovery-codes/renewal/", codes.Renewal.as_view(), name="mfa_generate_recovery_codes"),
    path("sessions/", pages.own_sessions, name="sessions"),
    path("sessions/<int:number>/ending/", pages.end_session, name="session-end"),
    path("sessions/programs/<int:number>/ending/", pages.end_program, name="program-end"),
    path("sessions/others/ending/", pages.end_other_sessions, name="sessions-end"),
    path("oidc/<slug:provider_id>/login/", provider.begin, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", provider.finish, name="openid_connect_callback"),
]
