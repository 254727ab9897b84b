"""New accounts and passwords set for others, as the administration asks for them: in words, each at its field."""

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from governance.models import User
from governance.rights import Role
from tests.governance.people import person

PAGE = "/admin/governance/user/add/"
RIGHT = "Rose-4711-garden"


@pytest.mark.parametrize(
    ("typed", "said"),
    [("short", "at least 12 characters"), ("123456789012345", "numeric"), ("mona.mona.123", "too similar")],
)
def test_refused_password_is_said_where_it_is_typed(operator: Client, typed: str, said: str) -> None:
    form = {"username": "mona.mona", "usable_password": "true", "password1": typed, "password2": typed}
    errors = operator.post(PAGE, form).context["adminform"].form.errors
    assert said in str(errors["password1"])
    assert "password2" not in errors


def test_password_for_another_that_is_refused_is_said_where_it_is_typed(operator: Client) -> None:
    account = person("Mona Berg", Role.VIEWER, None)
    answer = operator.post(
        f"/admin/governance/user/{account.pk}/password/", {"password1": "short", "password2": "short"}
    )
    assert "at least 12 characters" in str(answer.context["form"].errors["password1"])


def test_page_says_whose_password_it_is_and_what_comes_next(operator: Client) -> None:
    shown = operator.get(PAGE).content.decode()
    assert "Your password" not in shown
    assert "At least 12 characters" in shown
    assert "Names, address and roles come on the next page." in shown
    assert "User name" in shown


def test_superuser_is_told_as_one_in_the_list(operator: Client) -> None:
    User.objects.create_superuser("root", password=RIGHT)
    assert "superuser: may do everything" in operator.get("/admin/governance/user/").content.decode()


@pytest.mark.django_db
def test_first_account_is_refused_a_password_that_the_policy_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "short")
    with pytest.raises(CommandError, match="at least 12 characters"):
        call_command("createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_first_account_is_made_with_a_password_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", RIGHT)
    call_command("createsuperuser", "--noinput", "--username", "root", "--email", "root@example.com", verbosity=0)
    assert User.objects.get().check_password(RIGHT)
