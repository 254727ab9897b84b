"""Programs that act for people: with the second factor that is asked for, and only until what lets them is ended."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_grant_model, get_refresh_token_model

from governance import accounts, passwords, programs, second_factor, sessions
from governance.grants import grant
from governance.models import ApiClient, AuditEntry, LegalEntity, User
from governance.rights import Role
from tests.api.conftest import Staff
from tests.api.signing import code_of, get, program_of_people, redeem, refresh, token_of, tokens_for
from tests.api.test_tokens import RUNS, told
from tests.hub.browser import words

MISSING = "Your roles demand a second factor"


@pytest.fixture
def program(staff: Staff) -> ApiClient:
    return program_of_people()


def signed_in(user: Any) -> Client:
    made = Client(raise_request_exception=False)
    made.force_login(user)
    return made


def refused(answer: Any, why: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant"), answer.content
    assert why in answer.json().get("error_description", "")


def test_token_opens_nothing_without_the_second_factor_that_is_demanded(
    settings: Any, staff: Staff, program: ApiClient
) -> None:
    tokens, code = tokens_for(staff.clara, program), code_of(signed_in(staff.clara), program, "process:read")
    settings.TOTP_REQUIRED = True
    assert MISSING in told(get(RUNS, tokens["access_token"]), 403, "not-allowed")["detail"]
    refused(refresh(program, tokens["refresh_token"]), MISSING)
    refused(redeem(program, code), MISSING)
    page = signed_in(staff.clara).get("/oauth/authorize/")
    assert (page.status_code, page["Location"]) == (302, "/second-factor/enrolment/")
    Authenticator.objects.create(user=staff.clara, type=Authenticator.Type.TOTP, data={})
    assert get(RUNS, tokens["access_token"]).status_code == 200
    assert refresh(program, tokens["refresh_token"]).status_code == 200


def test_role_that_demands_a_second_factor_ends_what_was_let_before(
    settings: Any, staff: Staff, program: ApiClient
) -> None:
    settings.TOTP_REQUIRED = True
    tokens = tokens_for(staff.farid, program)
    assert get(RUNS, tokens["access_token"]).status_code == 200
    germany = LegalEntity.objects.get(code="HP-DE")
    grant(user=staff.farid, role=Role.CONTROLLER, legal_entity=germany, by=staff.olga)
    told(get(RUNS, tokens["access_token"]), 403, "not-allowed")
    refused(refresh(program, tokens["refresh_token"]), MISSING)


def test_client_of_its_own_needs_no_second_factor(settings: Any, staff: Staff) -> None:
    settings.TOTP_REQUIRED = True
    assert get(RUNS, token_of(staff.clara)).status_code == 200


def _own_password(staff: Staff) -> None:
    passwords.was_set(staff.farid, by=staff.farid)


def _anothers_password(staff: Staff) -> None:
    passwords.was_set(staff.farid, by=staff.olga)


def _others(staff: Staff) -> None:
    sessions.end_others(by=staff.farid, but="")


def _second_factor(staff: Staff) -> None:
    Authenticator.objects.create(user=staff.farid, type=Authenticator.Type.TOTP, data={})
    second_factor.reset(staff.farid, by=staff.olga, reason="we spoke on the phone")


def _closed(staff: Staff) -> None:
    accounts.close(staff.farid, by=staff.olga, reason="has left")
    accounts.open_again(staff.farid, by=staff.olga, reason="is back")


@pytest.mark.parametrize(
    ("deed", "verb"),
    [(_own_password, "change_password"), (_anothers_password, "set_password"), (_others, "end_sessions"),
     (_second_factor, "reset_second_factor"), (_closed, "close_account")],
)  # fmt: skip
def test_deed_ends_what_programs_may(
    staff: Staff, program: ApiClient, deed: Callable[[Staff], None], verb: str
) -> None:
    tokens, other = tokens_for(staff.farid, program), tokens_for(staff.clara, program)
    code = code_of(signed_in(staff.farid), program, "process:read")
    deed(staff)
    told(get(RUNS, tokens["access_token"]), 401, "sign-in-needed")
    refused(refresh(program, tokens["refresh_token"]), "")
    refused(redeem(program, code), "")
    for model in (get_access_token_model(), get_refresh_token_model(), get_grant_model()):
        assert not model.objects.filter(user=staff.farid).exists()
    assert AuditEntry.objects.get(verb=verb).before["programs"] == ["Spreadsheet"]
    assert get(RUNS, other["access_token"]).status_code == 200, "another person's goes on"


def test_account_that_is_closed_past_the_verb_gets_no_new_tokens(staff: Staff, program: ApiClient) -> None:
    tokens = tokens_for(staff.farid, program)
    User.objects.filter(pk=staff.farid.pk).update(is_active=False)
    refused(refresh(program, tokens["refresh_token"]), "is closed")


def test_tokens_are_not_made_from_what_was_ended_meanwhile(
    staff: Staff, program: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = tokens_for(staff.farid, program)
    from governance.api import token_rules

    fits = token_rules._fits

    def late(request: Any) -> bool:
        passwords.was_set(staff.farid, by=staff.farid)
        return fits(request)

    monkeypatch.setattr(token_rules, "_fits", late)
    answer = refresh(program, tokens["refresh_token"])
    assert (answer.status_code, json.loads(answer.content)["error"]) == (400, "invalid_grant")
    assert "has ended" in json.loads(answer.content)["error_description"]
    assert not get_access_token_model().objects.filter(user=staff.farid).exists()


def test_page_tells_which_programs_act_for_somebody(staff: Staff, program: ApiClient) -> None:
    tokens_for(staff.clara, program_of_people(name="Planner"))
    token = tokens_for(staff.farid, program, "process:read", "entity:HP-DE")["access_token"]
    long_ago = timezone.now() - timedelta(days=2)
    get_access_token_model().objects.filter(user=staff.farid).update(updated=long_ago)
    assert programs.of(staff.farid)[0].last_used == long_ago
    get(RUNS, token)
    assert programs.of(staff.farid)[0].last_used > long_ago
    page = words(signed_in(staff.farid).get("/sessions/"))
    assert "Spreadsheet read routes, runs, transactions" in page
    assert "HP-DE" in page
    assert "Planner" not in page


def test_page_tells_that_a_program_reaches_all_when_one_of_its_tokens_does(staff: Staff, program: ApiClient) -> None:
    tokens_for(staff.farid, program, "process:read", "entity:HP-DE")
    tokens_for(staff.farid, program, "experience:read")
    assert programs.of(staff.farid)[0].companies == ()
    assert set(programs.of(staff.farid)[0].scopes) == {"process:read", "experience:read"}


def test_program_that_can_do_nothing_any_more_is_not_listed(staff: Staff, program: ApiClient) -> None:
    tokens_for(staff.farid, program)
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(days=1))
    assert len(programs.of(staff.farid)) == 1, "it may ask for new tokens"
    get_access_token_model().objects.update(expires=timezone.now() - timedelta(days=15))
    assert programs.of(staff.farid) == []


def test_person_ends_one_program_and_nobody_elses(staff: Staff, program: ApiClient) -> None:
    other = program_of_people(name="Planner")
    mine, kept, clara = (
        tokens_for(staff.farid, program),
        tokens_for(staff.farid, other),
        tokens_for(staff.clara, program),
    )
    browser = signed_in(staff.farid)
    address = f"/sessions/programs/{program.pk}/ending/"
    assert browser.get(address).status_code == 405
    assert Client().post(address).url.startswith("/login/")
    assert "Spreadsheet acts for you no more." in words(browser.post(address, follow=True))
    told(get(RUNS, mine["access_token"]), 401, "sign-in-needed")
    refused(refresh(program, mine["refresh_token"]), "")
    assert [get(RUNS, each["access_token"]).status_code for each in (kept, clara)] == [200, 200]
    entry = AuditEntry.objects.get(verb="end_program")
    assert (entry.actor_name, entry.before) == ("Farid Amini", {"program": "Spreadsheet"})
    assert browser.post(address).status_code == 404
    assert signed_in(staff.viktor).post(f"/sessions/programs/{other.pk}/ending/").status_code == 404


def test_page_tells_since_when_a_program_may_whatever_was_renewed_and_cleaned_away(
    staff: Staff, program: ApiClient
) -> None:
    tokens = tokens_for(staff.farid, program)
    begun = timezone.now() - timedelta(days=40)
    for model in (get_access_token_model(), get_refresh_token_model()):
        model.objects.update(created=begun)

    for _ in range(2):
        tokens = refresh(program, tokens["refresh_token"]).json()
        get_refresh_token_model().objects.exclude(revoked=None).delete()  # as the clock does once they are old
        newest = get_access_token_model().objects.latest("pk")
        get_access_token_model().objects.exclude(pk=newest.pk).delete()

    (one,) = programs.of(staff.farid)
    assert one.since == begun
    assert get(RUNS, tokens["access_token"]).status_code == 200
