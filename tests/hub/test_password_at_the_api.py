"""A password at the API: counted like at the sign-in, and not enough where the pages ask for more."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from time import sleep
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.test import Client

from governance.models import AuditEntry, User
from governance.rights import Role
from tests.hub.browser import PASSWORD, somebody

pytestmark = pytest.mark.django_db
EVENT = "/api/process/v1/events/0190f3d0-0000-7000-8000-000000000000"


@pytest.fixture
def ingrid() -> User:
    return somebody("Ingrid Solheim", Role.INTEGRATION_ADMIN)


def ask(user: User, password: str = PASSWORD) -> Any:
    both = base64.b64encode(f"{user.username}:{password}".encode()).decode()
    return Client().get(EVENT, headers={"authorization": f"Basic {both}"})


def test_password_opens_the_api(ingrid: User) -> None:
    assert [ask(ingrid).status_code for _ in range(12)] == [404] * 12
    assert not AuditEntry.objects.exists(), "requests are not sign-ins"


def test_wrong_passwords_are_counted_and_kept_in_the_trail(ingrid: User) -> None:
    assert {ask(ingrid, "wrong").status_code for _ in range(10)} == {401}
    assert ask(ingrid).status_code == 401, "the right one, too late"
    assert ask(somebody("Farid Amini", Role.FINANCE)).status_code == 404
    reasons = list(AuditEntry.objects.order_by("pk").values_list("verb", "thing_name", "reason"))
    assert reasons[0] == ("refuse_sign_in", "ingrid", "user name and password differ, at the API")
    assert reasons[-1] == ("refuse_sign_in", "ingrid", "too many tries")


@contextmanager
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield the passwords that are looked at, each for some time, as hashing takes some."""
    found: list[str] = []
    real = ModelBackend.authenticate

    def look(self: ModelBackend, request: Any, username: Any = None, password: Any = None, **more: Any) -> Any:
        found.append(password)
        sleep(0.1)
        return real(self, request, username, password, **more)

    monkeypatch.setattr(ModelBackend, "authenticate", look)
    yield found


def side_by_side(user: User, passwords: list[str]) -> list[int]:
    def one(password: str) -> int:
        try:
            return int(ask(user, password).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(15) as pool:
        return list(pool.map(one, passwords))


@pytest.mark.django_db(transaction=True)
def test_wrong_passwords_side_by_side_are_all_counted(ingrid: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with looked_at(monkeypatch) as found:
        assert set(side_by_side(ingrid, ["wrong"] * 45)) == {401}
        assert len(found) == 10, "no more are looked at than may be wrong"
        assert ask(ingrid).status_code == 401, "the right one, too late"
        assert len(found) == 10


@pytest.mark.django_db(transaction=True)
def test_right_passwords_side_by_side_wait_for_each_other_and_open(
    ingrid: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sign_in.tries.PATIENCE", 300.0)
    with looked_at(monkeypatch):
        assert set(side_by_side(ingrid, [PASSWORD] * 30)) == {404}
        assert {ask(ingrid, "wrong").status_code for _ in range(9)} == {401}
        assert ask(ingrid).status_code == 404, "nothing of those that were right stays counted"


def test_password_alone_is_not_enough_with_a_second_factor(ingrid: User) -> None:
    TOTP.activate(ingrid, "A" * 32)
    assert ask(ingrid).status_code == 401


def test_password_alone_is_not_enough_where_a_second_factor_is_demanded(ingrid: User, settings) -> None:
    settings.TOTP_REQUIRED = True
    assert ask(ingrid).status_code == 401
    assert ask(somebody("Farid Amini", Role.FINANCE)).status_code == 404
