"""Connections (with secrets), schedules and calendars go the same way as routes."""

import re
from typing import Any

from django.urls import reverse

from connectors.models import Connection
from governance import second_person
from governance.models import BusinessCalendar, LegalEntity, ProposedSecrets, State, User, Version
from hub.changes import drafting, putting, things
from routes import schedules
from tests.changes.looking import at, browser, go, newest
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import SECRET, Firm

NEW = "another-s3cret"


def typed(row: Connection, **more: str) -> dict[str, Any]:
    return {
        "name": row.name, "slug": row.slug, "connector": row.connector, "environment": row.environment,
        "legal_entity": str(row.legal_entity_id), "auth": row.auth, "concurrency": "8",
        "answer_base_url": row.answers["base_url"], "windows-TOTAL_FORMS": "0", "windows-INITIAL_FORMS": "0",
    } | more  # fmt: skip


def form(row: Connection) -> str:
    return f"/admin/connectors/connection/{row.pk}/change/"


def test_secret_typed_for_a_draft_is_kept_encrypted_until_it_is_in_force_and_never_shown(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    row = Connection.objects.get(slug="time")
    window = {
        "windows-TOTAL_FORMS": "1", "windows-0-reason": "Sunday", "windows-0-weekday": "6",
        "windows-0-from_time": "10:00", "windows-0-minutes": "60", "windows-0-time_zone": "UTC",
        "windows-0-connection": str(row.pk),
    }  # fmt: skip

    answer = browser(ingrid).post(form(row), typed(row, answer_signing=NEW, concurrency="4", **window))

    assert answer.status_code == 302, text_of(answer)
    version = newest("connection", "time")
    row.refresh_from_db()
    assert (row.concurrency, row.secrets["signing"]) == (8, SECRET)
    assert NEW not in str(version.content)
    assert putting.secrets_of(version) == {"signing": NEW}
    words = text_of(browser(iris).get(at(version)))
    assert "Requests at once: 8 → 4" in words
    assert "Signing secret: entered anew; secrets are never shown" in words
    assert "Sunday" in words
    assert NEW not in browser(iris).get(at(version)).content.decode()
    page = browser(ingrid).get(reverse("changes:edit", args=[version.pk]))
    assert 'value="Sunday"' in page.content.decode()
    assert NEW not in page.content.decode()

    assert (go(ingrid, version, "submissions"), go(iris, version, "publications-after-approval")) == (302, 302)

    row.refresh_from_db()
    assert (row.concurrency, row.secrets["signing"], row.windows.get().reason) == (4, NEW, "Sunday")
    assert not ProposedSecrets.objects.exists()


def test_secret_follows_to_no_other_host_in_a_draft_either(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    row = Connection.objects.get(slug="time")

    refused = browser(ingrid).post(form(row), typed(row, answer_base_url="http://127.0.0.1:10"))

    assert refused.status_code == 200
    assert "Enter it again" in text_of(refused)
    moved = things.document("connection", "time") | {"answers": {"base_url": "http://127.0.0.1:10"}}
    version = drafting.draft("connection", "time", moved, by=ingrid)
    assert any("Enter it again" in each for each in putting.problems(version))
    assert go(ingrid, version, "submissions") == 409


def test_draft_whose_secret_has_to_be_entered_again_is_opened_and_finished_in_its_form(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    row = Connection.objects.get(slug="time")
    before = things.in_force("connection", "time")
    assert before is not None
    elsewhere = "http://127.0.0.1:10"
    with second_person.agreed():
        row.answers = {**row.answers, "base_url": elsewhere}
        row.save()
    assert things.in_force("connection", "time") != before
    assert go(ingrid, before, "rollbacks") == 302
    version = newest("connection", "time")
    assert version.state == State.DRAFT
    words = text_of(browser(ingrid).get(at(version)))
    assert "Signing secret: Enter it again: the address has changed." in words
    place = reverse("changes:edit", args=[version.pk]) + f"?seen={version.content_hash}"

    page = browser(ingrid).get(place)

    assert page.status_code == 200
    assert text_of(page).count("Enter it again: the address has changed.") == 2, "above, and beside the question"
    assert f'value="{before.content["answers"]["base_url"]}"' in page.content.decode()
    assert Connection.objects.get(slug="time").answers["base_url"] == elsewhere, "what is shown was undone"
    sent = typed(row, answer_base_url=before.content["answers"]["base_url"])
    missing = browser(ingrid).post(place, sent)
    assert missing.status_code == 200, "it is needed"
    assert putting.problems(Version.objects.get(pk=version.pk)), "the stored secret follows to no other host"

    version.refresh_from_db()
    place = reverse("changes:edit", args=[version.pk]) + f"?seen={version.content_hash}"
    done = browser(ingrid).post(place, sent | {"answer_signing": SECRET})

    assert done.status_code == 302, text_of(done)
    version = Version.objects.get(pk=version.pk)
    assert putting.secrets_of(version) == {"signing": SECRET}, "the same secret counts as entered, too"
    assert putting.problems(version) == []
    assert (go(ingrid, version, "submissions"), go(iris, version, "publications-after-approval")) == (302, 302)
    assert Connection.objects.get(slug="time").answers["base_url"] == before.content["answers"]["base_url"]
    assert Connection.objects.get(slug="time").secrets["signing"] == SECRET


def test_draft_that_its_form_cannot_show_whole_says_why(firm: Firm, ingrid: User) -> None:
    wrong = things.document("connection", "time") | {"windows": [{"reason": "x", "minutes": 60, "time_zone": "UTC"}]}
    version = drafting.draft("connection", "time", wrong, by=ingrid)

    answer = browser(ingrid).get(reverse("changes:edit", args=[version.pk]), follow=True)

    assert answer.redirect_chain
    words = text_of(answer)
    assert "As it stands it cannot be put in force" in words
    assert "window 1: A maintenance window is either once" in words
    assert "is violated" not in words


def test_problem_of_a_whole_calendar_does_not_begin_with_a_colon(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    document = {"legal_entity": "HP-DE", "country": "XX", "time_zone": "UTC", "hours": {}, "days": []}
    version = drafting.draft("calendar", "HP-DE", document, by=ingrid)

    wrong = putting.problems(version)

    assert wrong
    assert not any(each.startswith(":") for each in wrong), wrong


def seen_at(user: User, place: str) -> dict[str, str]:
    return dict(re.findall(r'name="(_seen)" value="([0-9a-f]+)"', browser(user).get(place).content.decode()))


def test_schedule_is_set_and_taken_away_by_drafts(firm: Firm, asking: LegalEntity, ingrid: User, iris: User) -> None:
    place = f"/admin/routes/route/{firm.pushed.pk}/schedules/"
    hourly = {"how": "every", "number": "1", "unit": "hours", "reason": "the target asks for it"}

    assert browser(ingrid).post(place, hourly | seen_at(ingrid, place)).status_code == 302

    version = newest("schedule")
    assert version.note == "the target asks for it"
    assert schedules.schedule_of(firm.pushed) is None
    words = text_of(browser(ingrid).get(at(version)))
    assert "Runs by itself: only when somebody asks for it → every hour" in words
    assert 'value="1"' in browser(ingrid).get(reverse("changes:edit", args=[version.pk])).content.decode()
    assert (
        browser(ingrid)
        .post(reverse("changes:edit", args=[version.pk]), hourly | {"number": "2", "reason": ""})
        .status_code
        == 302
    )
    version.refresh_from_db()
    assert version.note == "the target asks for it"
    assert version.content["every_seconds"] == 7200
    assert (go(ingrid, version, "submissions"), go(iris, version, "publications-after-approval")) == (302, 302)
    task = schedules.schedule_of(firm.pushed)
    assert task is not None
    assert task.interval is not None
    assert task.interval.every == 7200

    assert browser(ingrid).post(place, {"how": "never", "reason": ""} | seen_at(ingrid, place)).status_code == 302
    gone = newest("schedule")
    assert gone.content == {}
    assert (go(ingrid, gone, "submissions"), go(iris, gone, "publications-after-approval")) == (302, 302)
    assert schedules.schedule_of(firm.pushed) is None


def test_calendar_is_changed_by_a_draft_with_its_hours_and_days(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    calendar = BusinessCalendar.objects.create(legal_entity=asking, country="DE", time_zone="UTC")
    sent = {
        "legal_entity": str(asking.pk), "country": "DE", "subdivision": "", "time_zone": "Europe/Berlin",
        "weekday_hours-TOTAL_FORMS": "1", "weekday_hours-INITIAL_FORMS": "0", "weekday_hours-0-weekday": "0",
        "weekday_hours-0-opens_at": "09:00", "weekday_hours-0-closes_at": "17:00",
        "days-TOTAL_FORMS": "1", "days-INITIAL_FORMS": "0", "days-0-on": "2026-12-24", "days-0-name": "Christmas Eve",
    }  # fmt: skip

    answer = browser(ingrid).post(f"/admin/governance/businesscalendar/{calendar.pk}/change/", sent)

    assert answer.status_code == 302, text_of(answer)
    version = newest("calendar", "HP-DE")
    words = text_of(browser(iris).get(at(version)))
    assert "Time zone: “UTC” → “Europe/Berlin”" in words
    assert "Christmas Eve" in words
    place = reverse("changes:edit", args=[version.pk])
    page = browser(ingrid).get(place)
    ids = {
        f"{inline.formset.prefix}-0-id": str(inline.formset.initial_forms[0].instance.pk)
        for inline in page.context["inline_admin_formsets"]
    }
    again = sent | ids | {"weekday_hours-INITIAL_FORMS": "1", "days-INITIAL_FORMS": "1", "days-0-name": "Holy Night"}
    assert browser(ingrid).post(place, again).status_code == 302
    version.refresh_from_db()
    assert version.content["days"] == [{"day": "2026-12-24", "name": "Holy Night", "working": False}]
    assert (go(ingrid, version, "submissions"), go(iris, version, "publications-after-approval")) == (302, 302)
    calendar.refresh_from_db()
    assert (calendar.time_zone, calendar.days.get().name) == ("Europe/Berlin", "Holy Night")


def test_draft_that_is_thrown_away_takes_its_secrets_along(firm: Firm, asking: LegalEntity, ingrid: User) -> None:
    row = Connection.objects.get(slug="time")
    browser(ingrid).post(form(row), typed(row, answer_signing=NEW))
    version = newest("connection", "time")
    assert version.state == State.DRAFT
    assert go(ingrid, version, "discards") == 302
    assert not Version.objects.filter(pk=version.pk).exists()
    assert not ProposedSecrets.objects.exists()
