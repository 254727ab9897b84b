"""Signing in through a provider: known people by a verified address, then by their number; nobody else, and no lies."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client

from governance import passwords, provider_links
from governance.actor import as_actor
from governance.models import AuditEntry, RoleGrant, User
from governance.rights import NotAllowed, Right, Role, allowed
from tests.door import marks
from tests.governance.people import person
from tests.hub import fake_provider
from tests.hub.browser import PASSWORD, signed_in, somebody, words
from tests.hub.fake_provider import FakeProvider

pytestmark = pytest.mark.django_db
MAIL = "clara.voss@halden-partner.example"


@pytest.fixture
def provider(settings, tmp_path) -> Iterator[FakeProvider]:
    """A provider that the operator has named and allowed."""
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    with fake_provider.running() as made:
        app = {"provider_id": "firm", "name": "Halden ID", "client_id": "throughline", "secret": fake_provider.SECRET}
        openid = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
        apps = [app | {"settings": {"server_url": made.url}}]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": openid | {"APPS": apps}}
        settings.OUTBOUND_ALLOWED = [f"127.0.0.1:{made.port}"]
        yield made


@pytest.fixture
def clara() -> User:
    return somebody("Clara Voss", Role.CONTROLLER, email=MAIL)


def begin(provider: FakeProvider, browser: Client, **more: str) -> str:
    """Press the button; return the state that the provider sends back."""
    answer = browser.post("/oidc/firm/login/", more)
    assert answer.status_code == 302, words(answer)
    asked = parse_qs(urlsplit(answer.url).query)
    assert answer.url.startswith(f"{provider.url}/authorize?")
    assert asked["redirect_uri"] == ["http://testserver/oidc/firm/login/callback/"]
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
    assert asked["code_challenge_method"] == ["S256"]
    provider.challenge = asked["code_challenge"][0]
    return asked["state"][0]


def come(provider: FakeProvider, browser: Client | None = None, **more: str) -> tuple[Client, Any]:
    """Sign in through the provider; return the browser and what came of it."""
    browser = browser or Client()
    state = begin(provider, browser, **more)
    return browser, browser.get("/oidc/firm/login/callback/", {"state": state, "code": "the-code"})


def test_page_offers_the_provider_by_its_title(provider: FakeProvider) -> None:
    page = Client().get("/login/?next=/runs/").content.decode()
    assert "Sign in through Halden ID" in page
    assert 'action="/oidc/firm/login/"' in page


def test_known_person_comes_in_by_a_verified_address(provider: FakeProvider, clara: User) -> None:
    provider.person["email"] = MAIL.upper()
    browser, answer = come(provider, next="/runs/")
    assert (answer.status_code, answer.url) == (302, "/runs/")
    assert browser.get("/runs/").status_code == 200
    told = list(AuditEntry.objects.order_by("pk").values_list("verb", "actor_name", "after"))
    assert told == [
        ("link_provider", "Clara Voss", {"provider": "firm"}),
        ("sign_in", "Clara Voss", {"with": "firm", "address": "127.0.0.1"}),
    ]
    clara.refresh_from_db()
    assert clara.check_password(PASSWORD), "the password stays"
    assert SocialAccount.objects.get().extra_data == {}
    assert not SocialToken.objects.exists()


def test_number_of_the_person_counts_after_the_first_time(provider: FakeProvider, clara: User) -> None:
    come(provider)
    provider.person["email"] = "clara.lang@halden-partner.example"
    assert come(provider)[1].url == "/"
    provider.person |= {"sub": "4712", "email": MAIL}  # her old address is another's now
    assert come(provider)[1].status_code == 403
    assert SocialAccount.objects.count() == 1


def test_unknown_person_gets_a_page_in_words_and_nothing_else(provider: FakeProvider, clara: User) -> None:
    provider.person["email"] = "mona.reuter@halden-partner.example"
    browser, answer = come(provider)
    assert answer.status_code == 403
    assert "Halden ID knows you as mona.reuter@halden-partner.example" in words(answer)
    assert "no open account" in words(answer)
    assert browser.get("/runs/").status_code == 302
    assert (User.objects.count(), SocialAccount.objects.count(), RoleGrant.objects.count()) == (1, 0, 1)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.after["told"]) == ("refuse_sign_in", ["mona.reuter@halden-partner.example"])


@pytest.mark.parametrize("verified", [False, None, "no"])
def test_address_that_is_not_verified_opens_nothing(provider: FakeProvider, clara: User, verified: object) -> None:
    provider.person["email_verified"] = verified
    answer = come(provider)[1]
    assert answer.status_code == 403
    assert "does not say that this address is verified" in words(answer)


def test_operator_may_vouch_for_a_providers_addresses(provider: FakeProvider, clara: User, settings) -> None:
    del provider.person["email_verified"]
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["verified_email"] = True
    assert come(provider)[1].url == "/"


def test_address_of_two_accounts_opens_neither(provider: FakeProvider, clara: User) -> None:
    person("Clara2 Voss", Role.VIEWER, email=MAIL)
    assert come(provider)[1].status_code == 403
    assert AuditEntry.objects.get().reason == "several accounts have this address"


def test_account_that_is_closed_stays_closed(provider: FakeProvider, clara: User) -> None:
    come(provider)
    User.objects.update(is_active=False)
    browser, answer = come(provider)
    assert answer.status_code == 403
    assert browser.get("/runs/").status_code == 302


def test_second_factor_is_asked_for_here_too(provider: FakeProvider, clara: User) -> None:
    TOTP.activate(clara, "A" * 32)
    browser, answer = come(provider)
    assert answer.url == "/login/code/"
    assert browser.get("/runs/").status_code == 302


def refused(provider: FakeProvider, why: str) -> None:
    browser, answer = come(provider)
    assert answer.status_code == 401, words(answer)
    assert "gave no answer that can be trusted" in words(answer)
    assert browser.get("/runs/").status_code == 302
    assert why in AuditEntry.objects.get().reason


LIES: dict[str, tuple[Callable[[FakeProvider], object], str]] = {
    "signed by another": (lambda p: setattr(p, "key", fake_provider.key("another")), "Invalid id_token"),
    "signed by an unknown key": (lambda p: setattr(p, "kid", "k9"), "Invalid 'kid'"),
    "signed by no key": (lambda p: setattr(p, "kid", ""), "cannot be read"),
    "for another client": (lambda p: p.claims.update(aud="elsewhere"), "Invalid id_token"),
    "from another issuer": (lambda p: p.claims.update(iss="https://elsewhere.example"), "Invalid id_token"),
    "too old": (lambda p: p.claims.update(exp=1), "Invalid id_token"),
    "about another person": (lambda p: p.described.update(sub="4712"), "another person"),
    "about nobody": (lambda p: p.person.pop("sub"), "cannot be read"),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_token_that_lies_opens_nothing(provider: FakeProvider, clara: User, lie: str) -> None:
    tell, why = LIES[lie]
    tell(provider)
    refused(provider, why)
    assert not SocialAccount.objects.exists()
    assert not AuditEntry.objects.filter(verb__in=["sign_in", "link_provider"]).exists()


@pytest.mark.parametrize("config", [
    {"issuer": "https://elsewhere.example"}, {"issuer": None}, {"token_endpoint": None},
    {"token_endpoint": "http://192.0.2.1/token"},
])  # fmt: skip
def test_description_that_lies_ends_in_words(provider: FakeProvider, clara: User, config: dict[str, Any]) -> None:
    provider.config = config
    browser = Client()
    answer = browser.post("/oidc/firm/login/")
    if answer.status_code == 302:
        provider.challenge = parse_qs(urlsplit(answer.url).query)["code_challenge"][0]
        state = parse_qs(urlsplit(answer.url).query)["state"][0]
        answer = browser.get("/oidc/firm/login/callback/", {"state": state, "code": "the-code"})
    assert answer.status_code == 401
    assert "The sign-in did not work" in words(answer)


def test_answer_without_its_beginning_opens_nothing(provider: FakeProvider, clara: User) -> None:
    state = begin(provider, Client())
    answer = Client().get("/oidc/firm/login/callback/", {"state": state, "code": "the-code"})
    assert answer.status_code == 401
    assert "/token" not in provider.asked


def test_person_who_cancels_is_back_at_the_sign_in(provider: FakeProvider) -> None:
    browser = Client()
    state = begin(provider, browser)
    back = browser.get("/oidc/firm/login/callback/", {"state": state, "error": "access_denied"}, follow=True)
    assert "You have left the sign-in there" in words(back)


def test_signed_in_person_cannot_add_an_account_of_a_provider(provider: FakeProvider, clara: User) -> None:
    browser = signed_in(somebody("Farid Amini", Role.FINANCE))
    come(provider, browser, process="connect")
    assert SocialAccount.objects.get().user == clara, "it is a sign-in, and never a link to who is there"


@pytest.mark.parametrize("name", ["other", "openid_connect", "FIRM"])
def test_provider_that_is_not_named_is_not_there(provider: FakeProvider, name: str) -> None:
    assert Client().post(f"/oidc/{name}/login/").status_code == 404


def test_opening_the_address_asks_first(provider: FakeProvider) -> None:
    answer = Client().get("/oidc/firm/login/")
    assert "Go on to Halden ID" in words(answer)
    assert provider.asked == []


def test_button_cannot_be_pressed_all_the_time(provider: FakeProvider, settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"provider": "2/m/ip"}
    answers = [Client().post("/oidc/firm/login/") for _ in range(3)]
    assert [each.status_code for each in answers] == [302, 302, 429]
    assert "tried too often" in words(answers[-1])


def test_internal_address_is_not_asked_unless_the_operator_allows_it(provider: FakeProvider, settings) -> None:
    settings.OUTBOUND_ALLOWED = []
    answer = Client().post("/oidc/firm/login/")
    assert answer.status_code == 401
    assert provider.asked == []
    assert AuditEntry.objects.get().reason.startswith("refused by the address guard: 127.0.0.1 port")


def test_account_whose_address_another_has_set_approves_nothing_until_a_third_vouches(provider: FakeProvider) -> None:
    """Else whoever manages users would enter an address of their own, come in by it, and approve."""
    clara = somebody("Clara Voss", Role.CONTROLLER, email="old@halden-partner.example")
    olga = somebody("Olga Petrenko", Role.OPERATOR, is_staff=True)
    form = {"username": "clara", "first_name": "Clara", "last_name": "Voss", "email": MAIL, "is_active": "on"}
    browser, address = signed_in(olga), f"/admin/governance/user/{clara.pk}/change/"
    browser.post(address, form | marks(browser, address))
    clara.refresh_from_db()
    assert (clara.email, allowed(clara, Right.APPROVE, None)) == (MAIL, True), "an address alone opens nothing"
    come(provider)
    clara.refresh_from_db()
    assert not allowed(clara, Right.APPROVE, None)
    with pytest.raises(NotAllowed, match="third person"):
        passwords.vouch(clara, by=olga, reason="it is her")
    ingrid = somebody("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    page = signed_in(ingrid).get("/vouchers/").content.decode()
    assert (f"<b>{MAIL}</b> was set by Olga Petrenko" in page, f'value="{MAIL}"' in page) == (True, True)
    with pytest.raises(NotAllowed, match="another one by now"):
        passwords.vouch(clara, by=ingrid, reason="we spoke on the phone", address="old@halden-partner.example")
    passwords.vouch(clara, by=ingrid, reason="we spoke on the phone", address=MAIL)
    clara.refresh_from_db()
    assert allowed(clara, Right.APPROVE, None)
    assert clara.email_set_by == ""
    assert AuditEntry.objects.get(verb="vouch").before == {
        "password set by": "Olga Petrenko", "providers": ["firm"]
    }  # fmt: skip
    come(provider)  # the owner, by the address that is theirs
    assert (allowed(reread(clara), Right.APPROVE, None), reread(clara).credentials_set_by) == (True, [])


def reread(user: User) -> User:
    """Return an account as it is now."""
    return User.objects.get(pk=user.pk)


@pytest.fixture
def addressed(provider: FakeProvider) -> User:
    """Return somebody whose address another has set."""
    clara = somebody("Clara Voss", Role.CONTROLLER, email=MAIL)
    provider_links.email_was_set(clara, by=somebody("Olga Petrenko", Role.OPERATOR, is_staff=True))
    return clara


def test_address_that_nobody_says_is_the_owners_stays_one_that_another_has_set(
    provider: FakeProvider, addressed: User
) -> None:
    """Else whoever set password and address comes in by the address once somebody has vouched for the password."""
    olga, ingrid = User.objects.get(username="olga"), person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    passwords.was_set(addressed, by=olga)
    passwords.was_set(addressed, by=addressed)
    passwords.vouch(addressed, by=ingrid, reason="she sat beside me")
    assert allowed(reread(addressed), Right.APPROVE, None)
    come(provider)
    assert not allowed(reread(addressed), Right.APPROVE, None)
    assert reread(addressed).credentials_set_by == [as_actor(olga).reference]


@pytest.mark.parametrize("ends", ["vouched for", "set by the owner"])
def test_whom_anothers_address_has_let_in_is_let_in_no_more_once_it_ends(
    provider: FakeProvider, addressed: User, ends: str
) -> None:
    come(provider)
    assert SocialAccount.objects.filter(user=addressed).exists()
    if ends == "vouched for":
        passwords.vouch(addressed, by=person("Ingrid Solheim", Role.INTEGRATION_ADMIN), reason="she sat beside me")
        assert not SocialAccount.objects.exists()
        return
    addressed.refresh_from_db()
    addressed.email = "clara@elsewhere.example"
    addressed.save()
    provider_links.email_was_set(addressed, by=addressed)  # whoever set the other one may be at the keyboard
    assert reread(addressed).email_set_by != ""
    User.objects.filter(pk=addressed.pk).update(credentials_set_by=[])
    provider_links.email_was_set(addressed, by=addressed)
    assert reread(addressed).email_set_by == ""
    assert not SocialAccount.objects.exists()


def test_operator_unlinks_somebody_who_got_another_account_there(provider: FakeProvider, clara: User) -> None:
    come(provider)
    provider.person["sub"] = "4712"
    olga = somebody("Olga Petrenko", Role.OPERATOR, is_staff=True)
    address = f"/admin/governance/user/{clara.pk}/provider-unlinkings/"
    signed_in(olga).post(address, {"reason": "new account at the provider"})
    assert come(provider)[1].url == "/"
    assert AuditEntry.objects.get(verb="unlink_provider").before == {"providers": ["firm"]}
    with pytest.raises(NotAllowed):
        provider_links.unlink(clara, by=clara, reason="I would like it")
