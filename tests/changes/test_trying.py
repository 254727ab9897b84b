"""A draft of a connection is tested before it is approved: with its own secrets, and to no other host than theirs."""

from typing import Any

import pytest
from django.urls import reverse

from connectors import outcome, trying
from connectors.models import Connection
from governance.models import AuditEntry, LegalEntity, User, Version
from hub.changes import drafting, putting, things
from tests.changes.looking import at, browser, go, newest
from tests.changes.test_other_kinds import NEW, form, typed
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import SECRET, Firm

ELSEWHERE = "http://127.0.0.1:10"
Asked = list[tuple[int | None, str, dict[str, Any]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return what the system is asked with: the connection's number, its address, its secrets."""
    found: Asked = []

    def answer(row: Connection, **_: Any) -> outcome.TestReport:
        found.append((row.pk, row.answers["base_url"], row.spec().secrets))
        return outcome.TestReport(False, "Nobody is signed in.", "Look at the secret.")

    monkeypatch.setattr(trying, "_report", answer)
    return found


def new_connection(ingrid: User) -> Version:
    """Draft a connection that is not there yet; return the draft."""
    row = Connection.objects.get(slug="time")
    sent = typed(row, name="Second tool", slug="second", answer_signing=NEW, _draft="1")
    answer = browser(ingrid).post("/admin/connectors/connection/add/?connector=pushing", sent)
    assert answer.status_code == 302, text_of(answer)
    return newest("connection", "second")


def test_draft_of_a_new_connection_is_tested_with_the_secrets_that_came_with_it(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, clara: User, asked: Asked
) -> None:
    version = new_connection(ingrid)
    assert "This draft was not tested yet." in text_of(browser(clara).get(at(version)))

    answer = browser(iris).post(reverse("changes:test", args=[version.pk]), follow=True)

    address = version.content["answers"]["base_url"]
    assert asked == [(None, address, {"signing": NEW})]
    words = text_of(answer)
    assert "it does not work yet Nobody is signed in. Look at the secret." in words
    assert "Iris Berg tested the connection" in words
    assert not Connection.objects.filter(slug="second").exists()
    page = text_of(browser(clara).get(at(version)))
    assert "Nobody is signed in." in page
    assert "Iris Berg. Who edits configuration here can test it." in page
    assert "Test connection" not in page, "who only approves sees what was found, and asks nothing"
    assert "changed after that" not in page
    go(ingrid, version, "submissions")
    assert "Nobody is signed in." in text_of(browser(clara).get(at(version, "approvals"))), "where it is agreed to"
    go(ingrid, version, "withdrawals")
    version = drafting.revise(version, version.content | {"name": "Third tool"}, by=ingrid)
    assert "The draft was changed after that: test it again." in text_of(browser(clara).get(at(version)))


def test_page_shows_what_was_found_as_soon_as_it_is_there(firm: Firm, ingrid: User, asked: Asked) -> None:
    version = new_connection(ingrid)
    part = browser(ingrid).post(reverse("changes:test", args=[version.pk]), headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "Nobody is signed in." in text_of(part)
    assert "<h1" not in part.content.decode()


def test_form_of_a_new_connections_draft_is_tested_as_it_is_typed(
    firm: Firm, asking: LegalEntity, ingrid: User, asked: Asked
) -> None:
    version = new_connection(ingrid)
    place = reverse("changes:trial", args=[version.pk])
    page = browser(ingrid).get(reverse("changes:edit", args=[version.pk])).content.decode()
    assert f'hx-post="{place}?' in page
    assert "/connection/trials/" not in page, "the number in the form was undone"
    address = version.content["answers"]["base_url"]
    sent = typed(Connection.objects.get(slug="time"), name="Second tool", slug="second", auth="")

    same, other = browser(ingrid).post(place, sent), browser(ingrid).post(place, sent | {"answer_signing": "other"})

    assert (same.status_code, other.status_code) == (200, 200)
    assert "Nobody is signed in." in text_of(same)
    assert asked == [(None, address, {"signing": NEW}), (None, address, {"signing": "other"})]
    assert putting.secrets_of(Version.objects.get(pk=version.pk)) == {"signing": NEW}, "nothing is kept"
    page = text_of(browser(ingrid).get(at(version)))
    assert "This draft was not tested yet." in page, "what was typed is not what is drafted"
    assert "Ingrid Solheim tested what stood in its form, and was not kept" in page


def test_secret_of_a_draft_is_tested_at_no_other_host(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, asked: Asked
) -> None:
    version = new_connection(ingrid)
    place = reverse("changes:trial", args=[version.pk])
    sent = typed(Connection.objects.get(slug="time"), slug="second", answer_base_url=ELSEWHERE)

    answer = browser(iris).post(place, sent)

    assert asked == []
    assert "Signing secret: Enter it again: the address has changed." in text_of(answer)
    browser(iris).post(place, sent | {"answer_signing": "of-iris"})
    assert asked == [(None, ELSEWHERE, {"signing": "of-iris"})]


def test_kept_secret_of_the_connection_is_tested_at_no_other_host_by_a_draft(
    firm: Firm, asking: LegalEntity, ingrid: User, asked: Asked
) -> None:
    moved = things.document("connection", "time") | {"answers": {"base_url": ELSEWHERE}}
    version = drafting.draft("connection", "time", moved, by=ingrid)
    words = text_of(browser(ingrid).post(reverse("changes:test", args=[version.pk]), follow=True))
    assert "Enter it again: the address has changed." in words
    sent = typed(Connection.objects.get(slug="time"), answer_base_url=ELSEWHERE)
    browser(ingrid).post(reverse("changes:trial", args=[version.pk]), sent)
    assert asked == []


def test_draft_of_a_connection_in_use_is_tested_with_its_new_secret_and_the_others_of_before(
    firm: Firm, asking: LegalEntity, ingrid: User, asked: Asked
) -> None:
    row = Connection.objects.get(slug="time")
    browser(ingrid).post(form(row), typed(row, answer_signing=NEW))
    version = newest("connection", "time")
    browser(ingrid).post(reverse("changes:test", args=[version.pk]))
    browser(ingrid).post(reverse("changes:trial", args=[version.pk]), typed(row))
    assert asked == [(row.pk, row.answers["base_url"], {"signing": NEW})] * 2
    row.refresh_from_db()
    assert row.kept_secrets() == {"signing": SECRET}
    entries = AuditEntry.objects.filter(verb="test")
    assert {(each.thing_kind, each.thing_id) for each in entries} == {("governance.version", str(version.pk))}
    assert not any(NEW in str(each.after) for each in entries)


def test_what_is_no_open_draft_of_a_connection_is_not_tested(
    firm: Firm, ingrid: User, clara: User, asked: Asked
) -> None:
    route = drafting.draft(
        "route", "time-pushed", things.document("route", "time-pushed") | {"name": "Time"}, by=ingrid
    )
    assert "Test of the connection" not in text_of(browser(ingrid).get(at(route)))
    words = text_of(browser(ingrid).post(reverse("changes:test", args=[route.pk]), follow=True))
    assert "no draft of a connection" in words
    version = new_connection(ingrid)
    assert browser(clara).post(reverse("changes:test", args=[version.pk])).status_code == 403
    assert browser(clara).post(reverse("changes:trial", args=[version.pk])).status_code == 403
    go(ingrid, version, "publications-at-once")
    assert "Test of the connection" not in text_of(browser(ingrid).get(at(version)))
    browser(ingrid).post(reverse("changes:test", args=[version.pk]))
    assert asked == []
