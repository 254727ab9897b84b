"""Nobody becomes more than they are through somebody else's account: each way is tried by who manages some users."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from governance import accounts, custody, passwords, provider_links, second_factor
from governance.actor import as_actor
from governance.grants import grant
from governance.models import LegalEntity, RoleGrant, User
from governance.rights import NotAllowed, Right, Role, allowed
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
WHY = {"reason": "we spoke on the phone"}
VERBS: dict[str, Callable[..., Any]] = {
    "set the password": lambda user, by: passwords.was_set(user, by=by),
    "close": lambda user, by: accounts.close(user, by=by, **WHY),
    "open": lambda user, by: accounts.open_again(user, by=by, **WHY),
    "reset the second factor": lambda user, by: second_factor.reset(user, by=by, **WHY),
    "unlink providers": lambda user, by: provider_links.unlink(user, by=by, **WHY),
    "set the e-mail address": lambda user, by: provider_links.email_was_set(user, by=by),
}


@pytest.fixture
def germany() -> LegalEntity:
    return company("HP-DE")


@pytest.fixture
def america() -> LegalEntity:
    return company("HP-US")


@pytest.fixture
def olga(germany: LegalEntity) -> User:
    """Return who manages users in Germany, and nowhere else."""
    return person("Olga Petrenko", Role.OPERATOR, germany, is_staff=True)


def signed_in(user: User) -> Client:
    client = Browser(raise_request_exception=False)
    client.force_login(user)
    return client


def ready(account: User) -> User:
    """Give an account what the verbs take away."""
    Authenticator.objects.create(user=account, type=Authenticator.Type.TOTP, data={})
    SocialAccount.objects.create(user=account, provider="firm", uid=str(account.pk))
    return account


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("place", ["HP-DE", "HP-US", "", "both"])
def test_account_is_acted_on_by_who_manages_users_wherever_it_has_a_role(
    verb: str, place: str, olga: User, germany: LegalEntity, america: LegalEntity
) -> None:
    viktor = ready(person("Viktor Lang", Role.VIEWER, {"HP-US": america, "": None}.get(place, germany)))
    if place == "both":
        RoleGrant.objects.create(user=viktor, role=Role.VIEWER, legal_entity=america, granted_by="engine:engine")
    everywhere = person("Oskar Lund", Role.OPERATOR)
    if place == "HP-DE":
        VERBS[verb](viktor, olga)
        return
    for by in (olga, as_actor(olga)):
        if isinstance(by, User) or verb not in ("reset the second factor", "unlink providers"):
            with pytest.raises(NotAllowed, match=r"You may not .* Viktor Lang. Ask an operator who manages users in"):
                VERBS[verb](viktor, by)
    VERBS[verb](viktor, everywhere)


@pytest.mark.parametrize("verb", VERBS)
def test_account_without_roles_opens_nothing_and_may_be_acted_on(verb: str, olga: User, america: LegalEntity) -> None:
    nora = ready(person("Nora Nobody"))
    with pytest.raises(NotAllowed):
        VERBS[verb](nora, person("Viktor Lang", Role.VIEWER, america))
    VERBS[verb](nora, olga)


@pytest.mark.parametrize("verb", VERBS)
def test_superuser_is_acted_on_by_a_superuser_alone(verb: str) -> None:
    root = ready(person("Root Solheim", is_superuser=True))
    with pytest.raises(NotAllowed, match="Ask a superuser"):
        VERBS[verb](root, person("Oskar Lund", Role.OPERATOR))
    closed = person("Rosa Root", is_superuser=True, is_active=False)
    with pytest.raises(NotAllowed):
        VERBS[verb](root, closed)
    VERBS[verb](root, person("Ruth Root", is_superuser=True))


def test_closed_account_with_a_role_elsewhere_is_not_opened(olga: User, america: LegalEntity) -> None:
    """Whoever set its password while it was nobody's would come back in as what it became."""
    mona = person("Mona Berg")
    passwords.was_set(mona, by=olga)
    grant(user=mona, role=Role.CONTROLLER, legal_entity=america, by=person("Oskar Lund", Role.OPERATOR))
    User.objects.filter(pk=mona.pk).update(is_active=False)
    with pytest.raises(NotAllowed, match="open the account of Mona Berg"):
        accounts.open_again(mona, by=olga, **WHY)
    User.objects.filter(pk=mona.pk).update(is_active=True)
    assert not allowed(mona, Right.APPROVE, america), "the password is still one that Olga has set"


def test_two_of_one_company_do_not_open_what_another_company_trusts(olga: User, america: LegalEntity) -> None:
    mona = person("Mona Berg")
    passwords.was_set(mona, by=olga)
    passwords.was_set(mona, by=mona)  # chosen anew by whoever is at the keyboard
    grant(user=mona, role=Role.CONTROLLER, legal_entity=america, by=person("Oskar Lund", Role.OPERATOR))
    with pytest.raises(NotAllowed, match="has a role where you may neither approve nor give roles"):
        passwords.vouch(mona, by=person("Clara Voss", Role.CONTROLLER, company("HP-DE")), **WHY)
    passwords.vouch(mona, by=person("Carl Hart", Role.CONTROLLER, america), **WHY)
    mona.refresh_from_db()
    assert allowed(mona, Right.APPROVE, america)


def test_superuser_is_vouched_for_by_who_is_trusted_in_all_companies() -> None:
    root, ruth = person("Root Solheim", is_superuser=True), person("Ruth Root", is_superuser=True)
    passwords.was_set(root, by=ruth)
    passwords.was_set(root, by=root)
    with pytest.raises(NotAllowed):
        passwords.vouch(root, by=person("Clara Voss", Role.CONTROLLER, company("HP-DE")), **WHY)
    passwords.vouch(root, by=person("Carl Hart", Role.CONTROLLER), **WHY)


def test_role_taken_from_an_account_is_one_of_ones_own_companies(
    olga: User, germany: LegalEntity, america: LegalEntity
) -> None:
    """Else the role that protects an account would be taken first."""
    from governance.grants import revoke

    clara = person("Clara Voss", Role.CONTROLLER, america)
    for place in (america, None):
        with pytest.raises(NotAllowed):
            revoke(user=clara, role=Role.CONTROLLER, legal_entity=place, by=olga)
        with pytest.raises(NotAllowed):
            grant(user=olga, role=Role.CONTROLLER, legal_entity=place, by=clara)
    with pytest.raises(NotAllowed, match="Ask another operator"):
        grant(user=olga, role=Role.CONTROLLER, legal_entity=germany, by=olga)


def test_pages_offer_and_do_nothing_to_an_account_of_another_company(olga: User, america: LegalEntity) -> None:
    clara = person("Clara Voss", Role.CONTROLLER, america)
    clara.set_password("four candles and a fork")
    clara.save()
    admin, page = signed_in(olga), f"/admin/governance/user/{clara.pk}"

    shown = admin.get(f"{page}/change/").content.decode()
    answers = {
        place: admin.post(f"{page}/{place}/", sent)
        for place, sent in (
            ("change", {"username": "clara", "email": "olga@halden.example", "is_staff": "on"}),
            ("password", {"password1": "a long walk by the sea", "password2": "a long walk by the sea"}),
            ("closings", WHY), ("second-factor-resets", WHY), ("provider-unlinkings", WHY),
        )
    }  # fmt: skip

    assert {place: answer.status_code for place, answer in answers.items()} == dict.fromkeys(answers, 403)
    words = "perator who manages users in every company where this account has a role"
    assert words in shown
    assert words in answers["password"].content.decode()
    assert f"{page}/closings/" not in shown
    assert "Save" not in shown
    clara.refresh_from_db()
    assert (clara.email, clara.is_staff, clara.is_active) == ("", False, True)
    assert clara.check_password("four candles and a fork")


def test_role_in_ones_own_company_is_given_to_somebody_of_another(
    olga: User, germany: LegalEntity, america: LegalEntity
) -> None:
    clara, admin = person("Clara Voss", Role.CONTROLLER, america), signed_in(olga)
    page = f"/admin/governance/user/{clara.pk}"
    assert f"{page}/roles/" in admin.get(f"{page}/change/").content.decode()
    admin.post(f"{page}/roles/", {"role": "viewer", "legal_entity": germany.pk, "reason": "Looks on"})
    refused = admin.post(f"{page}/roles/", {"role": "viewer", "legal_entity": "everywhere", "reason": "Looks on"})
    assert "legal_entity" in refused.context["form"].errors, "not offered to who manages the users of one company"
    assert set(clara.grants.values_list("role", "legal_entity__code")) == {("viewer", "HP-DE"), ("controller", "HP-US")}


def test_companies_are_named_to_who_manages_users_in_them(
    olga: User, germany: LegalEntity, america: LegalEntity
) -> None:
    viktor = person("Viktor Lang", Role.VIEWER, germany)
    RoleGrant.objects.create(user=viktor, role=Role.VIEWER, legal_entity=america, granted_by="engine:engine")
    assert "HP-US" not in custody.who_may(viktor, seen_by=olga)
    both = person("Oskar Lund", Role.OPERATOR)
    assert custody.who_may(viktor, seen_by=both) == "an operator who manages users in HP-DE and HP-US"


def test_own_form_stays_open(olga: User, america: LegalEntity) -> None:
    """Their own name and address are theirs, wherever else they have roles."""
    RoleGrant.objects.create(user=olga, role=Role.VIEWER, legal_entity=america, granted_by="engine:engine")
    page = f"/admin/governance/user/{olga.pk}/change/"
    sent = {"username": olga.username, "first_name": "Olha", "last_name": "Petrenko", "email": ""}
    token = signed_in(olga).get(page).context["adminform"].form
    sent |= {name: token[name].value() for name in token.fields if name not in sent and token[name].value() is not None}
    assert signed_in(olga).post(page, sent).status_code == 302
    olga.refresh_from_db()
    assert olga.first_name == "Olha"
