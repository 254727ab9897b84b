"""Checks passwords: for the sign-in page, and for the API, where no second step can follow."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from governance import second_factor
from governance.models import User
from hub.sign_in import refusals
from hub.sign_in.tries import Try

API = "/api/"


class Passwords(ModelBackend):
    """User names and passwords. A password alone opens the API only for accounts that need no second factor.

    The sign-in page counts its own tries. At the API each request brings its password, so that here only the wrong
    ones are counted.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **more: Any
    ) -> User | None:
        """Return whose name and password these are; None when they are wrong, or not enough."""
        if request is None or not request.path.startswith(API):
            return super().authenticate(request, username, password, **more)
        name, address = username or "", get_adapter().get_client_ip(request)
        tried = Try(name, address)
        if not tried.begins():
            refusals.record_too_many(name, address)
            return None
        user, wrong = None, False
        try:
            user = super().authenticate(request, username, password, **more)
            wrong = user is None
        finally:
            tried.ends(wrong=wrong)
        if user is None:
            refusals.record(name, address, "user name and password differ, at the API")
        elif second_factor.is_on(user) or second_factor.is_missing(user):
            refusals.record(name, address, "a password alone does not open the API for this account")
            return None
        return user
