"""Nobody is two people: whoever has set what opens an account counts as it, until its owner has it to themselves."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from governance import clients, custody, passwords, provider_links, second_factor, versions
from governance.models import RoleGrant, User, Version
from governance.rights import NotAllowed, Role
from governance.same_person import counted_as
from tests.governance.people import company, person
from tests.governance.test_passwords import choose_own, set_by

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_root(settings: Any, tmp_path: Any) -> None:
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def opia() -> User:
    """Return somebody who manages users, and approves."""
    made = person("Opia Lund", Role.OPERATOR, is_staff=True)
    RoleGrant.objects.create(user=made, role=Role.CONTROLLER, granted_by="engine:engine")
    return made


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


def reference(user: User) -> str:
    return f"person:{user.pk}"


def sent_in(by: User, key: str = "x") -> Version:
    made = versions.draft(kind="mapping", object_key=key, content={}, by=by, legal_entity=company("HP-DE"))
    return versions.submit(made, by=by)


def test_whoever_has_set_a_password_approves_nothing_of_that_account_until_a_third_person_vouches(
    opia: User, ingrid: User
) -> None:
    set_by(opia, ingrid)
    written = sent_in(ingrid)
    with pytest.raises(NotAllowed, match="of which one of you has set the password"):
        versions.approve(written, by=opia)
    choose_own(ingrid)  # whoever has set it could do this, too
    with pytest.raises(NotAllowed):
        versions.approve(sent_in(ingrid, "y"), by=opia)
    passwords.vouch(ingrid, by=person("Clara Voss", Role.CONTROLLER), reason="we spoke")

    with pytest.raises(NotAllowed):
        versions.approve(written, by=opia)  # what was written in between is still theirs
    assert versions.approve(sent_in(ingrid, "z"), by=opia).approved_by == reference(opia)


def test_who_takes_over_a_draft_by_sending_it_in_from_such_an_account_counts_too(opia: User, ingrid: User) -> None:
    iris = person("Iris Berg", Role.INTEGRATION_ADMIN)
    made = versions.draft(kind="mapping", object_key="x", content={}, by=iris, legal_entity=company("HP-DE"))
    set_by(opia, ingrid)
    sent = versions.submit(made, by=User.objects.get(pk=ingrid.pk))
    assert sent.contributors == [reference(iris), reference(opia)]
    with pytest.raises(NotAllowed):
        versions.approve(sent, by=opia)


def test_several_who_have_set_it_are_all_remembered_and_none_of_them_vouches(opia: User, ingrid: User) -> None:
    other = person("Olga Petrenko", Role.OPERATOR, is_staff=True)
    for each in (opia, other):
        set_by(each, ingrid)
    assert counted_as(opia) == {reference(opia), reference(ingrid)}
    assert counted_as(ingrid) == {reference(opia), reference(ingrid), reference(other)}
    User.objects.filter(pk=ingrid.pk).update(password_is_own=True)
    with pytest.raises(NotAllowed, match="Ask a third person"):
        passwords.vouch(ingrid, by=opia, reason="me")


def test_new_account_counts_as_who_made_it(opia: User, client: Any) -> None:
    client.force_login(opia)
    sent = {"username": "nora", "password1": "four candles and a fork", "password2": "four candles and a fork"}
    assert client.post("/admin/governance/user/add/", sent | {"usable_password": "true"}).status_code == 302
    nora = User.objects.get(username="nora")
    assert counted_as(opia) >= {reference(nora)}
    assert counted_as(nora) >= {reference(opia)}


def test_account_counts_through_another_account_and_a_client_of_it(
    opia: User, ingrid: User, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assert counted_as(opia) == {reference(opia)}
    RoleGrant.objects.create(user=ingrid, role=Role.OPERATOR, granted_by="engine:engine")
    client, _ = clients.register(name="Nightly", scopes=["system:write"], by=ingrid)
    assert client.user is not None
    set_by(opia, ingrid)
    everybody = {reference(each) for each in (opia, ingrid, client.user)}
    for each in (opia, ingrid, client.user):
        assert counted_as(each) == everybody
    RoleGrant.objects.create(user=client.user, role=Role.INTEGRATION_ADMIN, granted_by="engine:engine")
    with pytest.raises(NotAllowed):
        versions.approve(sent_in(client.user), by=opia)


def test_two_accounts_that_one_person_has_set_up_are_not_each_other(opia: User, ingrid: User) -> None:
    nora = person("Nora Lind", Role.INTEGRATION_ADMIN)
    for each in (ingrid, nora):
        set_by(opia, each)
    assert counted_as(nora) == {reference(opia), reference(nora)}


def test_whoever_has_reset_a_second_factor_counts_until_it_is_set_up_anew(opia: User, ingrid: User) -> None:
    Authenticator.objects.create(user=ingrid, type=Authenticator.Type.TOTP, data={})
    second_factor.reset(ingrid, by=opia, reason="lost the telephone")
    with pytest.raises(NotAllowed, match="or the second factor"):
        versions.approve(sent_in(ingrid), by=opia)
    custody.is_own_again(ingrid)
    assert counted_as(opia) == {reference(opia)}


def test_whoever_has_set_the_address_counts_once_a_provider_lets_in_by_it(opia: User, ingrid: User) -> None:
    User.objects.filter(pk=ingrid.pk).update(email="opia@elsewhere.example")
    provider_links.email_was_set(User.objects.get(pk=ingrid.pk), by=opia)
    assert reference(ingrid) not in counted_as(opia), "an address alone opens nothing"
    set_by(person("Olga Petrenko", Role.OPERATOR, is_staff=True), ingrid)
    provider_links.link(provider="openid", uid="1", emails=["opia@elsewhere.example"])
    assert reference(ingrid) in counted_as(opia)
    assert User.objects.get(pk=ingrid.pk).password_set_by != reference(opia), "another has set the password"
