"""`vouch`: an empty firm begins with one superuser and the shell; the page's guard stays for everybody else."""

import pytest

from governance import passwords
from governance.grants import grant
from governance.models import AuditEntry, User
from governance.rights import Right, Role, allowed

pytestmark = pytest.mark.django_db
WHY = ("--reason", "she sat beside me")


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password="four candles and a fork")


@pytest.fixture
def clara(root: User) -> User:
    made = User.objects.create_user("clara", password="a long walk by the sea")
    passwords.was_set(made, by=root)
    grant(user=made, role=Role.CONTROLLER, legal_entity=None, by=root)
    return made


def test_shell_vouches_in_a_firm_of_one_superuser(clara: User, give) -> None:
    passwords.was_set(clara, by=clara)
    assert not allowed(clara, Right.APPROVE, None)

    done = give("vouch", "clara", *WHY)

    assert (done.code, done.err) == (0, "")
    assert allowed(User.objects.get(pk=clara.pk), Right.APPROVE, None)
    entry = AuditEntry.objects.get(verb="vouch")
    assert (entry.actor_name, entry.reason) == ("Command line of the operator", "she sat beside me")


def test_vouch_waits_for_the_owners_own_password(clara: User, give) -> None:
    done = give("vouch", "clara", *WHY)
    assert (done.code, "Ask clara to change it first" in done.err) == (1, True)
    assert "clara: has to change the password first" in give("vouch").out
    assert not allowed(User.objects.get(pk=clara.pk), Right.APPROVE, None)


def test_named_person_is_bound_by_the_rules_of_the_page(clara: User, give) -> None:
    passwords.was_set(clara, by=clara)
    for name in ("root", "clara"):
        assert give("vouch", "clara", "--by", name, *WHY).code == 1
    assert "Ask a third person" in give("vouch", "clara", "--by", "root", *WHY).err
    assert User.objects.get(pk=clara.pk).password_set_by


def test_vouch_asks_for_a_reason_and_an_account(clara: User, give) -> None:
    passwords.was_set(clara, by=clara)
    assert "--reason" in give("vouch", "clara").err
    assert "does not exist" in give("vouch", "klara", *WHY).err
    assert "No account waits" not in give("vouch").out
