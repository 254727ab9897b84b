"""Checks passwords: for the sign-in page, and for the API, where no second step can follow."""

import hashlib
import time
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from django.http import HttpRequest

from governance import second_factor
from governance.models import User
from hub.sign_in import refusals

API = "/api/"
MOST, SECONDS = {"name": 10, "address": 30}, 300  # wrong passwords at the API, until none is looked at for a while


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
        tries = _tries(name, address)
        if any(count >= MOST[of] for of, count in tries.values()):
            refusals.record_too_many(name, address)
            return None
        user = super().authenticate(request, username, password, **more)
        if user is None:
            for key, (_, count) in tries.items():
                cache.set(key, count + 1, SECONDS)
            refusals.record(name, address, "user name and password differ, at the API")
        elif second_factor.is_on(user) or second_factor.is_missing(user):
            refusals.record(name, address, "a password alone does not open the API for this account")
            return None
        return user


def _tries(name: str, address: str) -> dict[str, tuple[str, int]]:
    """Return how many passwords were wrong lately, for the name and from the address, by the key of each count."""
    window = int(time.time() // SECONDS)
    keys = {
        f"sign-in:api:{of}:{window}:{hashlib.sha256(value.encode()).hexdigest()}": of
        for of, value in (("name", name.casefold()), ("address", address))
    }
    known = cache.get_many(keys)
    return {key: (of, int(known.get(key, 0))) for key, of in keys.items()}
