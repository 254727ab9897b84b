"""A browser of a person for tests of signing in: goes through the pages as people do."""

import re
from typing import Any

from django.test import Client

from governance.models import User
from tests.governance.people import person

PASSWORD = "a long walk by the sea"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def somebody(name: str, *given: Any, **more: Any) -> User:
    """Make one of the staff, with a password of their own."""
    user = person(name, *given, **more)
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def sign_in(user: User, password: str = PASSWORD, client: Client | None = None, **more: str) -> tuple[Client, Any]:
    """Type name and password; return the browser and what came of it."""
    browser = client or Client(headers={"user-agent": FIREFOX})
    return browser, browser.post("/login/", {"username": user.username, "password": password, **more})


def signed_in(user: User) -> Client:
    """Return a browser in which somebody has signed in."""
    browser, answer = sign_in(user)
    assert answer.status_code == 302, words(answer)
    return browser


def words(answer: Any) -> str:
    """Return a page's words, without its markup and with single blanks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))
