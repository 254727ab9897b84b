"""A password at the API: counted like at the sign-in, and not enough where the pages ask for more."""

import base64
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
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


def test_password_alone_is_not_enough_with_a_second_factor(ingrid: User) -> None:
    TOTP.activate(ingrid, "A" * 32)
    assert ask(ingrid).status_code == 401


def test_password_alone_is_not_enough_where_a_second_factor_is_demanded(ingrid: User, settings) -> None:
    settings.TOTP_REQUIRED = True
    assert ask(ingrid).status_code == 401
    assert ask(somebody("Farid Amini", Role.FINANCE)).status_code == 404
