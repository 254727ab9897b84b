"""Signing in and out: who comes in, who is refused and in which words, how often, and what the trail says of it."""

import os
import re
import subprocess
import sys

import pytest
from django.test import Client

from governance.models import AuditEntry
from governance.rights import Role
from hub.supervisor.options import ROOT
from tests.governance.people import person
from tests.hub.browser import PASSWORD, sign_in, signed_in, somebody, words

pytestmark = pytest.mark.django_db


def entries() -> list[tuple[str, str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "thing_name", "reason"))


def test_sign_in_leads_to_the_page_that_was_asked_for() -> None:
    farid = somebody("Farid Amini", Role.FINANCE)
    _, answer = sign_in(farid, next="/runs/")
    assert (answer.status_code, answer.url) == (302, "/runs/")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor_name, entry.channel) == ("sign_in", "Farid Amini", "page")
    assert entry.after == {"with": "password", "address": "127.0.0.1"}


def test_sign_in_never_leads_to_another_site() -> None:
    _, answer = sign_in(somebody("Farid Amini", Role.FINANCE), next="https://elsewhere.example/")
    assert answer.url == "/"


def test_sign_in_renews_the_sessions_id_and_signing_out_ends_it() -> None:
    farid, browser = somebody("Farid Amini", Role.FINANCE), Client()
    browser.session["kept"] = True
    session = browser.session
    session["something"] = 1
    session.save()
    before = session.session_key
    sign_in(farid, client=browser)
    assert browser.session.session_key != before
    answer = browser.post("/logout/")
    assert (answer.status_code, answer.url) == (302, "/login/")
    assert browser.get("/runs/").status_code == 302
    assert [verb for verb, *_ in entries()] == ["sign_in", "sign_out"]


def test_refusal_is_the_same_for_a_wrong_password_an_unknown_name_and_a_closed_account() -> None:
    farid = somebody("Farid Amini", Role.FINANCE)
    closed = somebody("Bert Haas", Role.FINANCE, is_active=False)
    stranger = type("Stranger", (), {"username": "nobody"})()
    pages = []
    for user, password in ((farid, "wrong"), (closed, PASSWORD), (stranger, PASSWORD)):
        _, answer = sign_in(user, password)
        assert answer.status_code == 200
        assert f'value="{user.username}"' in answer.content.decode()
        pages.append(re.sub(r'value="[^"]*"|"X-CSRFToken": "[^"]*"', "", answer.content.decode()))
    assert pages[0] == pages[1] == pages[2]
    assert [(verb, name) for verb, name, _ in entries()] == [
        ("refuse_sign_in", "farid"), ("refuse_sign_in", "bert"), ("refuse_sign_in", "an unknown user name"),
    ]  # fmt: skip


def test_what_is_typed_as_a_name_by_mistake_is_not_kept() -> None:
    sign_in(type("Mistake", (), {"username": "four candles and a fork"})(), "")
    sign_in(type("Mistake", (), {"username": "four candles and a fork"})(), "x")
    entry = AuditEntry.objects.get()
    assert "candles" not in f"{entry.thing_id} {entry.thing_name} {entry.after} {entry.reason}"


def test_tries_per_account_are_limited_in_words_whatever_host_is_named() -> None:
    farid = somebody("Farid Amini", Role.FINANCE)
    for number in range(5):
        Client().post(
            "/login/", {"username": "farid", "password": "wrong"}, headers={"host": f"localhost:{9000 + number}"}
        )
    _, answer = sign_in(farid)  # the right one, too late
    assert "Too many tries have failed" in words(answer)
    assert 'value="farid"' in answer.content.decode()
    assert PASSWORD not in answer.content.decode()
    sign_in(farid)
    assert [reason for *_, reason in entries()].count("too many tries") == 1, "the trail is not filled by it"
    _, other = sign_in(somebody("Clara Voss", Role.CONTROLLER))
    assert other.status_code == 302


def test_tries_per_address_are_limited() -> None:
    for number in range(20):
        Client().post("/login/", {"username": f"name{number}", "password": "wrong"})
    clara = somebody("Clara Voss", Role.CONTROLLER)
    assert "from your address" in words(sign_in(clara)[1])
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert sign_in(clara, client=elsewhere)[1].status_code == 302


def test_successes_cost_no_tries() -> None:
    farid = somebody("Farid Amini", Role.FINANCE)
    assert [sign_in(farid)[1].status_code for _ in range(8)] == [302] * 8


def test_address_of_a_proxys_list_counts_only_when_the_operator_says_so(settings) -> None:
    farid = somebody("Farid Amini", Role.FINANCE)
    sign_in(farid, client=Client(headers={"x-forwarded-for": "198.51.100.7"}))
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    sign_in(farid, client=Client(headers={"x-forwarded-for": "203.0.113.9, 198.51.100.7"}))
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 3
    sign_in(farid, client=Client(headers={"x-forwarded-for": "198.51.100.7"}))
    found = [entry.after["address"] for entry in AuditEntry.objects.order_by("pk")]
    assert found == ["127.0.0.1", "198.51.100.7", "127.0.0.1"]


@pytest.mark.parametrize("address", ["/signup/", "/password/reset/", "/email/", "/accounts/signup/", "/3rdparty/"])
def test_nobody_signs_up_and_nothing_is_sent_by_mail(address: str) -> None:
    assert Client().get(address).status_code == 404


def test_administration_leads_to_the_same_sign_in() -> None:
    olga = somebody("Olga Petrenko", Role.OPERATOR, is_staff=True)
    browser = Client()
    answer = browser.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/login/?next=%2Fadmin%2F"
    sign_in(olga, client=browser, next="/admin/")
    assert browser.get("/admin/").status_code == 200
    assert browser.post("/admin/logout/").url == "/login/"
    assert browser.get("/admin/").status_code == 302


def test_administration_tells_those_whom_it_refuses_why() -> None:
    answer = signed_in(somebody("Farid Amini", Role.FINANCE)).get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "The administration is closed to you" in words(answer)


def test_cookies_are_for_the_server_only_and_for_https_when_the_site_is() -> None:
    farid = somebody("Farid Amini", Role.FINANCE)
    browser = signed_in(farid)
    cookie = browser.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    assert cookie["max-age"] == "", "it ends with the browser"
    assert 0 < browser.session.get_expiry_age() <= 12 * 3600


def test_operators_choice_of_https_makes_cookies_secure() -> None:
    ask = (
        "from hub import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, bool(s.SECURE_PROXY_SSL_HEADER), s.SESSION_COOKIE_AGE)"
    )
    for chosen, said in (
        ({"HTTPS": "1", "SESSION_HOURS": "0.5"}, "True True True 1800"),
        ({}, "False False False 43200"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", ask], env=os.environ | chosen, cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == said


@pytest.mark.parametrize(("password", "why"), [
    ("short", "at least 12"), ("password1234", "too common"), ("123456789012345", "entirely numeric"),
    ("farid.amini@halden-p", "too similar"),
])  # fmt: skip
def test_weak_password_is_refused_in_words(password: str, why: str) -> None:
    farid = somebody("Farid Amini", Role.FINANCE, email="farid.amini@halden-partner.example")
    form = {"old_password": PASSWORD, "new_password1": password, "new_password2": password}
    answer = signed_in(farid).post("/password/", form)
    assert why in words(answer)
    farid.refresh_from_db()
    assert farid.check_password(PASSWORD)


def test_person_who_never_signed_in_has_no_session() -> None:
    assert person("Viktor Lang", Role.VIEWER).usersession_set.count() == 0
