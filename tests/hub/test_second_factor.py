"""Second factors: set up, asked for, replaced by recovery codes, demanded by roles, reset by an operator."""

import base64
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import call_command
from django.test import Client

from governance import keys, rotation, second_factor
from governance.grants import revoke
from governance.models import AuditEntry, User
from governance.rights import NotAllowed, Role
from tests.governance.people import person
from tests.hub.browser import PASSWORD, sign_in, signed_in, somebody, words

pytestmark = pytest.mark.django_db
ENROL, RECOVERY = "/second-factor/enrolment/", "/second-factor/recovery-codes/"


@pytest.fixture(autouse=True)
def own_state(settings, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    settings.STATE = tmp_path  # with keys of its own
    monkeypatch.delenv(keys.ENVIRONMENT, raising=False)


@pytest.fixture
def clara() -> User:
    return somebody("Clara Voss", Role.CONTROLLER)


def code(secret: str) -> str:
    """Return what an app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def wrong(secret: str) -> str:
    """Return a code that is none of those of this minute."""
    near = {format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)) for step in range(-3, 4)}
    return next(each for each in ("000000", "111111", "222222", "333333") if each not in near)


def secret_on(answer: Any) -> str:
    return re.search(r"<code>([A-Z2-7 ]{39})</code>", answer.content.decode())[1].replace(" ", "")


def enrol(browser: Client) -> tuple[str, list[str]]:
    """Set up a second factor; return its secret and the recovery codes."""
    secret = secret_on(browser.get(ENROL))
    answer = browser.post(ENROL, {"code": code(secret)})
    assert (answer.status_code, answer.url) == (302, RECOVERY), words(answer)
    return secret, re.findall(r"<code>(\d{8})</code>", browser.get(RECOVERY).content.decode())


def verbs() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))


def test_enrolment_shows_a_picture_the_secret_and_recovery_codes_once(clara: User) -> None:
    browser = signed_in(clara)
    page = browser.get(ENROL).content.decode()
    picture = base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)[1]).decode()
    assert "<svg" in picture
    secret, codes = enrol(browser)
    assert len(set(codes)) == 10
    again = browser.get(RECOVERY).content.decode()
    assert "shown once" in again
    assert not any(each in again for each in codes)
    assert verbs() == ["sign_in", "enrol_second_factor"]
    assert secret not in str(list(AuditEntry.objects.values_list("after", "before", "reason")))


def test_wrong_code_sets_nothing_up_and_keeps_the_secret_on_the_page(clara: User) -> None:
    browser = signed_in(clara)
    secret = secret_on(browser.get(ENROL))
    answer = browser.post(ENROL, {"code": wrong(secret)})
    assert "not right" in words(answer)
    assert secret_on(answer) == secret
    assert not second_factor.is_on(clara)


def test_sign_in_asks_for_the_code_and_opens_nothing_before(clara: User) -> None:
    secret, _ = enrol(signed_in(clara))
    browser, answer = sign_in(clara, next="/runs/")
    assert answer.url == "/login/code/"
    assert browser.get("/runs/").url == "/login/?next=/runs/"
    refused = browser.post("/login/code/", {"code": wrong(secret)})
    assert "not right" in words(refused)
    answer = browser.post("/login/code/", {"code": code(secret)})
    assert (answer.status_code, answer.url) == (302, "/runs/")
    assert browser.get("/runs/").status_code == 200
    last = AuditEntry.objects.order_by("pk").last()
    assert (last.verb, last.after["with"]) == ("sign_in", "password, code")
    assert AuditEntry.objects.filter(verb="refuse_sign_in", reason="wrong code, at the second step").count() == 1


def test_code_works_once(clara: User) -> None:
    secret, _ = enrol(signed_in(clara))
    shown = code(secret)
    assert sign_in(clara)[0].post("/login/code/", {"code": shown}).status_code == 302
    assert "used before" in words(sign_in(clara)[0].post("/login/code/", {"code": shown}))


def test_codes_cannot_be_guessed(clara: User) -> None:
    secret, _ = enrol(signed_in(clara))
    browser, _ = sign_in(clara)
    for _ in range(5):
        browser.post("/login/code/", {"code": wrong(secret)})
    assert "Too many tries" in words(browser.post("/login/code/", {"code": code(secret)}))


def test_recovery_code_opens_once(clara: User) -> None:
    _, codes = enrol(signed_in(clara))
    assert sign_in(clara)[0].post("/login/code/", {"code": codes[3]}).status_code == 302
    assert AuditEntry.objects.order_by("pk").last().after["with"] == "password, recovery code"
    assert "not right" in words(sign_in(clara)[0].post("/login/code/", {"code": codes[3]}))


def test_page_says_how_many_recovery_codes_are_left(clara: User) -> None:
    browser = signed_in(clara)
    _, codes = enrol(browser)
    sign_in(clara)[0].post("/login/code/", {"code": codes[3]})
    assert browser.get("/second-factor/").context["left"] == len(codes) - 1
    Authenticator.objects.filter(type="recovery_codes").update(data={"seed": "v1:gone:gone", "used_mask": 0})
    assert browser.get("/second-factor/").context["left"] is None, "a page that only tells opens all the same"


def test_new_recovery_codes_make_the_old_ones_void(clara: User) -> None:
    browser = signed_in(clara)
    _, old = enrol(browser)
    assert browser.post(RECOVERY + "renewal/").url == RECOVERY
    new = re.findall(r"<code>(\d{8})</code>", browser.get(RECOVERY).content.decode())
    assert len(new) == 10
    assert not set(new) & set(old)
    assert "not right" in words(sign_in(clara)[0].post("/login/code/", {"code": old[0]}))
    assert "renew_recovery_codes" in verbs()


def test_removal_asks_again_after_a_while_and_then_removes(clara: User) -> None:
    browser = signed_in(clara)
    secret, _ = enrol(browser)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - 3600}]
    session.save()
    answer = browser.get("/second-factor/removal/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/confirmation/code/")
    assert browser.post(answer.redirect_chain[-1][0], {"code": code(secret)}).url == "/second-factor/removal/"
    browser.post("/second-factor/removal/")
    assert not Authenticator.objects.exists()
    assert verbs()[-1] == "remove_second_factor"


def test_password_is_asked_again_before_a_second_factor_is_set_up_late(clara: User) -> None:
    browser = Client()
    browser.force_login(clara)
    answer = browser.get(ENROL, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/confirmation/?next=")
    assert "not your password" in words(browser.post("/confirmation/?next=" + ENROL, {"password": "wrong"}))
    assert browser.post("/confirmation/?next=" + ENROL, {"password": PASSWORD}).url == ENROL
    enrol(browser)


def test_person_without_a_password_signs_in_anew_first() -> None:
    clara = person("Clara Voss", Role.CONTROLLER)
    clara.set_unusable_password()
    clara.save()
    browser = Client()
    browser.force_login(clara)
    assert "sign out, come in again" in words(browser.get(ENROL, follow=True))
    assert "no password" in words(browser.get("/password/"))


def test_database_holds_no_secret_in_clear_even_while_one_is_set_up(clara: User) -> None:
    browser = signed_in(clara)
    pending = secret_on(browser.get(ENROL))
    assert pending not in str(browser.session.items())
    secret, _ = enrol(browser)
    for row in Authenticator.objects.all():
        sealed = row.data.get("secret") or row.data["seed"]
        assert keys.can_read(sealed)
        assert secret not in sealed


def test_rotation_reaches_second_factors_and_changes_nothing_else(clara: User) -> None:
    secret, codes = enrol(signed_in(clara))
    sign_in(clara)[0].post("/login/code/", {"code": codes[0]})
    before = {row.type: row.data for row in Authenticator.objects.all()}
    call_command("rotate_keys", "--drop-old", verbosity=0)
    after = {row.type: row.data for row in Authenticator.objects.all()}
    assert not any(keys.can_read(data.get("secret") or data["seed"]) for data in before.values())
    assert after["recovery_codes"]["used_mask"] == before["recovery_codes"]["used_mask"] == 1
    assert AuditEntry.objects.get(verb="rotate").after == {"rotated": 2, "lost": 0}
    assert sign_in(clara)[0].post("/login/code/", {"code": code(secret)}).status_code == 302
    assert sign_in(clara)[0].post("/login/code/", {"code": codes[1]}).status_code == 302


def test_lost_key_is_said_in_words_and_named_to_the_operator(clara: User, tmp_path) -> None:
    secret, _ = enrol(signed_in(clara))
    (tmp_path / "keys").unlink()
    answer = sign_in(clara)[0].post("/login/code/", {"code": code(secret)})
    assert "its encryption key is gone" in words(answer)
    assert {each.field for each in rotation.lost_secrets()} == {"data"}


def test_setting_leads_those_who_approve_or_administer_to_it_before_all_else(settings, clara: User) -> None:
    settings.TOTP_REQUIRED = True
    browser = signed_in(clara)
    assert browser.get("/runs/").url == ENROL
    assert browser.get("/runs/", headers={"HX-Request": "true"}).headers["HX-Redirect"] == ENROL
    refused = browser.get("/api/process/v1/events/0190f3d0-0000-7000-8000-000000000000")
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/problem+json")
    assert "Your roles demand a second factor" in words(browser.get(ENROL))
    enrol(browser)
    assert browser.get("/runs/").status_code == 200
    kept = browser.post("/second-factor/removal/")
    assert "cannot be removed" in words(kept)
    assert second_factor.is_on(clara)


def test_setting_leaves_others_alone(settings) -> None:
    settings.TOTP_REQUIRED = True
    assert signed_in(somebody("Farid Amini", Role.FINANCE)).get("/runs/").status_code == 200
    root = User.objects.create_superuser("root", password=PASSWORD)
    assert signed_in(root).get("/runs/").url == ENROL


def test_operator_resets_anothers_and_their_sessions_end(clara: User) -> None:
    theirs = signed_in(clara)
    enrol(theirs)
    olga = somebody("Olga Petrenko", Role.OPERATOR, is_staff=True)
    browser, address = signed_in(olga), f"/admin/governance/user/{clara.pk}/second-factor-resets/"
    assert "Reset second factor" in words(browser.get(f"/admin/governance/user/{clara.pk}/change/"))
    assert browser.post(address, {"reason": ""}).status_code == 422
    answer = browser.post(address, {"reason": "we spoke on the phone"}, follow=True)
    assert "done" in words(answer)
    assert theirs.get("/runs/").status_code == 302
    assert sign_in(clara)[1].url == "/"
    entry = AuditEntry.objects.get(verb="reset_second_factor")
    assert (entry.actor_name, entry.thing_name, entry.reason) == ("Olga Petrenko", "clara", "we spoke on the phone")


def test_reset_is_refused_to_others_and_for_oneself(clara: User) -> None:
    olga = person("Olga Petrenko", Role.OPERATOR)
    root = User.objects.create_superuser("root", password=PASSWORD)
    cases = [
        (clara, person("Ingrid Solheim", Role.INTEGRATION_ADMIN), "may not reset"),
        (olga, olga, "cannot be reset by yourself"),
        (root, olga, "may not reset"),
        (clara, olga, "how you know"),
    ]
    for user, by, why in cases:
        with pytest.raises(NotAllowed, match=why):
            second_factor.reset(user, by=by, reason=" ")
    with pytest.raises(ValueError, match="nothing to reset"):
        second_factor.reset(clara, by=olga, reason="we spoke")


def test_role_that_is_taken_ends_the_demand(settings, clara: User) -> None:
    settings.TOTP_REQUIRED = True
    assert second_factor.is_missing(clara)
    olga = person("Olga Petrenko", Role.OPERATOR)
    revoke(user=clara, role=Role.CONTROLLER, legal_entity=None, by=olga)
    assert not second_factor.is_missing(clara)
