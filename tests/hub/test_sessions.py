"""One's own sessions: listed with browser, address and last use, ended one by one or all others at once."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from governance.models import AuditEntry, User
from governance.rights import Role
from hub.sign_in.browsers import named
from tests.hub.browser import FIREFOX, PASSWORD, sign_in, signed_in, somebody, words

pytestmark = pytest.mark.django_db
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Safari/604.1"


@pytest.fixture
def farid() -> User:
    return somebody("Farid Amini", Role.FINANCE)


def on_telephone(user: User) -> Client:
    browser = Client(headers={"user-agent": IPHONE}, REMOTE_ADDR="198.51.100.7")
    sign_in(user, client=browser)
    return browser


def number_of(browser: Client) -> int:
    return UserSession.objects.get(session_key=browser.session.session_key).pk


def test_page_lists_where_one_is_signed_in(farid: User) -> None:
    on_telephone(farid)
    signed_in(somebody("Clara Voss", Role.CONTROLLER))
    page = words(signed_in(farid).get("/sessions/"))
    assert "Firefox on Linux this one 127.0.0.1" in page
    assert "Safari on an iPhone 198.51.100.7" in page
    assert page.count("on Linux") == 1, "another's sessions are not told"


def test_one_session_is_ended(farid: User) -> None:
    here, there = signed_in(farid), on_telephone(farid)
    answer = here.post(f"/sessions/{number_of(there)}/ending/", follow=True)
    assert "Safari on an iPhone at 198.51.100.7 is signed out." in words(answer)
    assert there.get("/runs/").status_code == 302
    assert here.get("/runs/").status_code == 200
    entry = AuditEntry.objects.get(verb="end_session")
    assert (entry.actor_name, entry.before) == ("Farid Amini", {"address": "198.51.100.7", "browser": IPHONE})


def test_all_others_are_ended(farid: User) -> None:
    here, others = signed_in(farid), [on_telephone(farid) for _ in range(2)]
    assert "in 2 other places" in words(here.post("/sessions/others/ending/", follow=True))
    assert [each.get("/runs/").status_code for each in (here, *others)] == [200, 302, 302]
    assert len(AuditEntry.objects.get(verb="end_sessions").before["sessions"]) == 2


def test_anothers_session_is_not_found_and_goes_on(farid: User) -> None:
    clara = signed_in(somebody("Clara Voss", Role.CONTROLLER))
    assert signed_in(farid).post(f"/sessions/{number_of(clara)}/ending/").status_code == 404
    assert clara.get("/runs/").status_code == 200


@pytest.mark.parametrize("address", ["/sessions/1/ending/", "/sessions/others/ending/"])
def test_ending_takes_a_form_from_somebody_who_is_signed_in(farid: User, address: str) -> None:
    assert signed_in(farid).get(address).status_code == 405
    assert Client().post(address).url.startswith("/login/")


def test_last_use_is_kept_to_the_minute(farid: User) -> None:
    browser = signed_in(farid)
    long_ago = timezone.now() - timedelta(hours=1)
    UserSession.objects.update(last_seen_at=long_ago, ip="198.51.100.7")
    browser.get("/second-factor/")
    row = UserSession.objects.get()
    assert row.last_seen_at > long_ago
    assert (row.ip, row.user_agent) == ("127.0.0.1", FIREFOX)
    UserSession.objects.update(last_seen_at=long_ago)
    browser.get("/second-factor/")
    assert UserSession.objects.get().last_seen_at == long_ago, "not with every request"


def test_password_that_is_changed_ends_all_others_and_keeps_this_one_on_the_page(farid: User) -> None:
    here, there = signed_in(farid), on_telephone(farid)
    new = "four candles and a fork"
    here.post("/password/", {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    assert there.get("/runs/").status_code == 302
    page = words(here.get("/sessions/"))
    assert "this one" in page
    assert "iPhone" not in page


def test_account_that_is_closed_is_out_at_once(farid: User) -> None:
    browser = signed_in(farid)
    User.objects.filter(pk=farid.pk).update(is_active=False)
    assert browser.get("/runs/").status_code == 302


@pytest.mark.parametrize(("user_agent", "name"), [
    (FIREFOX, "Firefox on Linux"), (IPHONE, "Safari on an iPhone"), ("curl/8.5.0", "curl"), ("", "A program"),
    ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
])  # fmt: skip
def test_browser_is_named_as_people_do(user_agent: str, name: str) -> None:
    assert named(user_agent) == name
