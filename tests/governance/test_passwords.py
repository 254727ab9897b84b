"""Whoever sets another's password gains nothing by it: the account approves nothing until a third person vouches."""

import pytest
from django.test import Client

from governance import passwords
from governance.actor import as_actor
from governance.grants import grant
from governance.models import AuditEntry, User
from governance.rights import ENTRUSTED, NotAllowed, Right, Role, allowed, require
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
SET, OWN = "a long walk by the sea", "four candles and a fork"


@pytest.fixture
def olga() -> User:
    return person("Olga Petrenko", Role.OPERATOR, is_staff=True)


@pytest.fixture
def clara() -> User:
    return person("Clara Voss", Role.CONTROLLER)


def signed_in(user: User) -> Client:
    client = Browser()
    client.force_login(user)
    return client


def set_by(olga: User, user: User) -> User:
    """Let the operator set a password in the admin; return the account as it is then."""
    form = {"password1": SET, "password2": SET, "usable_password": "true"}
    signed_in(olga).post(f"/admin/governance/user/{user.pk}/password/", form)
    user.refresh_from_db()
    assert user.check_password(SET)
    return user


def choose_own(user: User) -> None:
    """Let whoever is at the keyboard choose another password."""
    client = Browser()
    assert client.login(username=user.username, password=SET)
    form = {"old_password": SET, "new_password1": OWN, "new_password2": OWN}
    assert "Your password is changed." in client.post("/password/", form, follow=True).content.decode()
    user.refresh_from_db()


def test_account_whose_password_another_has_set_approves_nothing(olga: User, clara: User) -> None:
    germany = company("HP-DE")
    require(clara, Right.APPROVE, germany)
    set_by(olga, clara)
    for by in (clara, as_actor(clara)):
        assert not any(allowed(by, right, germany) for right in ENTRUSTED)
        assert allowed(by, Right.WAIVE, germany), "what needs no second person goes on"
    with pytest.raises(NotAllowed, match="password is one that somebody else has set"):
        require(clara, Right.APPROVE, germany)
    choose_own(clara)  # the operator could do this too: it proves nothing yet
    assert not allowed(clara, Right.APPROVE, germany)


def test_third_person_vouches_once_the_owner_has_chosen_a_password(olga: User, clara: User) -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    set_by(olga, clara)
    with pytest.raises(NotAllowed, match="Ask Clara Voss to change it first"):
        passwords.vouch(clara, by=ingrid, reason="we spoke")
    choose_own(clara)
    for by in (olga, clara, person("Viktor Lang", Role.VIEWER)):
        with pytest.raises(NotAllowed):
            passwords.vouch(clara, by=by, reason="we spoke")
    with pytest.raises(NotAllowed, match="how you know"):
        passwords.vouch(clara, by=ingrid, reason=" ")
    page = signed_in(ingrid).get("/vouchers/").content.decode()
    assert "Clara Voss" in page
    assert "Olga Petrenko" in page
    signed_in(ingrid).post("/vouchers/", {"user": clara.pk, "reason": "we spoke on the phone"})
    clara.refresh_from_db()
    assert allowed(clara, Right.APPROVE, None)
    told = list(AuditEntry.objects.order_by("pk").values_list("verb", "actor_name", "reason"))
    assert told == [
        ("set_password", "Olga Petrenko", ""), ("change_password", "Clara Voss", ""),
        ("vouch", "Ingrid Solheim", "we spoke on the phone"),
    ]  # fmt: skip


@pytest.mark.parametrize(("reason", "why"), [("   ", "This field is required."), ("x" * 301, "at most 300 characters")])
def test_vouching_without_a_reason_that_is_one_is_refused_beside_it(
    olga: User, clara: User, reason: str, why: str
) -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    for account in (clara, person("Viktor Lang", Role.VIEWER)):
        set_by(olga, account)
        choose_own(account)
    answer = signed_in(ingrid).post("/vouchers/", {"user": clara.pk, "reason": reason})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert page.count(why) == 1
    assert page.index("Clara Voss") < page.index(why) < page.index("Viktor Lang")
    assert f'value="{reason}"' in page
    assert signed_in(ingrid).post("/vouchers/", {"user": "x", "reason": "we spoke"}).status_code == 404


def test_vouching_that_is_refused_says_so_beside_it_and_keeps_what_was_typed(olga: User, clara: User) -> None:
    ingrid, viktor = person("Ingrid Solheim", Role.INTEGRATION_ADMIN), person("Viktor Lang", Role.VIEWER)
    for account in (clara, viktor):
        set_by(olga, account)
    choose_own(clara)
    User.objects.filter(pk=clara.pk).update(email="new@halden-partner.example", email_set_by=as_actor(olga).reference)
    sent = {"user": clara.pk, "reason": "we spoke on the phone", "address": "old@halden-partner.example"}
    answer = signed_in(ingrid).post("/vouchers/", sent)
    page = answer.content.decode()
    assert (answer.status_code, page.count("is another one by now")) == (403, 1)
    assert 'value="we spoke on the phone"' in page
    assert 'value="new@halden-partner.example"' in page, "it is shown, so the next press means it"
    early = signed_in(ingrid).post("/vouchers/", {"user": viktor.pk, "reason": "we spoke on the phone"})
    assert (early.status_code, "Ask Viktor Lang to change it first" in early.content.decode()) == (403, True)
    assert set(User.objects.exclude(password_set_by="")) == {clara, viktor}


def test_an_account_that_was_taken_over_can_neither_vouch_nor_set_passwords(olga: User, clara: User) -> None:
    """Else one operator would take another's account, set the password there, and vouch with their own."""
    other = person("Oskar Lund", Role.OPERATOR, is_staff=True)
    set_by(olga, other)
    choose_own(other)
    signed_in(other).post(f"/admin/governance/user/{clara.pk}/password/", {"password1": SET, "password2": SET})
    clara.refresh_from_db()
    assert not clara.check_password(SET)
    set_by(olga, clara)
    choose_own(clara)
    with pytest.raises(NotAllowed):
        passwords.vouch(clara, by=other, reason="we spoke")


def test_new_account_approves_nothing_until_somebody_vouches(olga: User) -> None:
    form = {"username": "mona", "password1": SET, "password2": SET, "usable_password": "true"}
    assert signed_in(olga).post("/admin/governance/user/add/", form).status_code == 302
    mona = User.objects.get(username="mona")
    grant(user=mona, role=Role.CONTROLLER, legal_entity=None, by=olga)
    assert not allowed(mona, Right.APPROVE, None)
    assert allowed(mona, Right.VIEW, None)


def test_superuser_is_bound_too() -> None:
    root, other = (User.objects.create_superuser(name, password=OWN) for name in ("root", "other"))
    passwords.was_set(root, by=other)
    assert not allowed(root, Right.APPROVE, None)
    assert not allowed(as_actor(root), Right.APPROVE, None)


def test_own_password_changed_keeps_every_right(clara: User) -> None:
    clara.set_password(SET)
    clara.save()
    choose_own(clara)
    assert allowed(clara, Right.APPROVE, None)
    assert signed_in(clara).get("/admin/password_change/").url == "/password/"


def test_every_change_of_an_account_is_in_the_trail_without_the_password(olga: User, clara: User) -> None:
    set_by(olga, clara)
    signed_in(olga).post(f"/admin/governance/user/{clara.pk}/closings/", {"reason": "Has left the firm"})
    grant(user=clara, role=Role.VIEWER, legal_entity=None, by=olga)
    entries = list(AuditEntry.objects.order_by("pk"))
    assert [e.verb for e in entries] == ["set_password", "close_account", "grant"]
    assert (entries[1].before, entries[1].after) == ({"is_active": True}, {"is_active": False})
    clara.refresh_from_db()
    for entry in entries:
        written = f"{entry.before} {entry.after} {entry.reason} {entry.thing_name}"
        assert SET not in written
        assert clara.password not in written


def test_page_of_ones_own_account_leads_to_vouching_those_who_may(olga: User, clara: User) -> None:
    farid, bert = person("Farid Amini", Role.FINANCE), person("Bert Haas", Role.FINANCE)
    set_by(olga, bert)

    page = signed_in(clara).get("/password/").content.decode()

    assert "1 account waits" in " ".join(page.split())
    assert '<a href="/vouchers/">Vouch for somebody</a>' in page
    assert "/vouchers/" not in signed_in(farid).get("/password/").content.decode()
    assert '<a href="/password/">Your account</a>' in signed_in(clara).get("/vouchers/").content.decode()
