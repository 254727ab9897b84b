"""A thing that is given another short name takes its open drafts along."""

from typing import Any

from connectors.models import Connection
from governance.models import AuditEntry, LegalEntity, State, User, Version
from hub.changes import drafting, publishing, putting, things
from routes import schedules
from routes.models import Route
from tests.changes.looking import at, browser, go, newest
from tests.changes.test_other_kinds import NEW
from tests.changes.test_other_kinds import form as connection_form
from tests.changes.test_other_kinds import typed as connection_typed
from tests.changes.test_routes import drafted, form, typed
from tests.exceptions_queue.test_pages import text_of
from tests.governance.people import company
from tests.intake.firm import Firm


def renamed(user: User, route: Route, run: Any, **more: str) -> None:
    with run(execute=True):
        answer = browser(user).post(form(route), typed(route, route.destinations.get(), slug="time-moved", **more))
    assert answer.status_code == 302, text_of(answer)


def test_open_drafts_of_a_route_and_its_schedule_go_on_under_the_new_name(
    firm: Firm, ingrid: User, iris: User, clara: User, django_capture_on_commit_callbacks: Any
) -> None:
    version = drafted(ingrid, firm.pushed, compare_days="30")
    hourly = {"route": "time-pushed", "every_seconds": 3600}
    drafting.submit(drafting.draft("schedule", "time-pushed", hourly, by=ingrid, note="as they asked"), by=ingrid)

    renamed(iris, firm.pushed, django_capture_on_commit_callbacks)

    assert not Version.objects.filter(object_key="time-pushed", state__in=things.OPEN).exists()
    draft, hours = newest("route", "time-moved"), newest("schedule", "time-moved")
    assert (draft.content["slug"], draft.content["compare_days"]) == ("time-moved", 30)
    assert (draft.state, draft.author, draft.contributors) == (State.DRAFT, version.author, version.contributors)
    assert not publishing.is_overtaken(draft, things.here_for(draft))
    assert putting.problems(draft) == []
    assert (hours.content, hours.state, hours.note) == (hourly | {"route": "time-moved"}, "draft", "as they asked")
    words = text_of(browser(ingrid).get(at(draft)))
    assert "Look for deleted records, days back: 0 → 30" in words
    assert "Short name" not in words, "it does not say that the name changes"
    assert {each.actor_name for each in AuditEntry.objects.filter(verb="follow")} == {"Iris Berg"}

    for each in (draft, hours):
        assert (go(ingrid, each, "submissions"), go(clara, each, "approvals"), go(ingrid, each, "publications")) == (
            302, 302, 302,
        )  # fmt: skip
    route = Route.objects.get(pk=firm.pushed.pk)
    assert (route.slug, route.compare_days) == ("time-moved", 30)
    assert schedules.schedule_of(route) is not None
    assert Route.objects.filter(slug="time-pushed").count() == 0


def test_draft_is_overtaken_by_what_was_changed_together_with_the_name(
    firm: Firm, ingrid: User, iris: User, django_capture_on_commit_callbacks: Any
) -> None:
    drafted(ingrid, firm.pushed, compare_days="30")

    renamed(iris, firm.pushed, django_capture_on_commit_callbacks, name="Moved time")

    draft = newest("route", "time-moved")
    assert draft.content["compare_days"] == 30
    assert publishing.is_overtaken(draft, things.here_for(draft))
    assert not publishing.is_overtaken(drafting.take_up(draft, by=ingrid), things.here_for(draft))


def test_draft_of_a_connection_takes_its_secret_along(
    firm: Firm, ingrid: User, iris: User, django_capture_on_commit_callbacks: Any
) -> None:
    row = Connection.objects.get(slug="time")
    answer = browser(ingrid).post(connection_form(row), connection_typed(row, _draft="1", answer_signing=NEW))
    assert answer.status_code == 302, text_of(answer)
    assert putting.secrets_of(newest("connection", row.slug)) == {"signing": NEW}

    with django_capture_on_commit_callbacks(execute=True):
        assert browser(iris).post(connection_form(row), connection_typed(row, slug="moved")).status_code == 302

    draft = newest("connection", "moved")
    assert draft.content["slug"] == "moved"
    assert putting.secrets_of(draft) == {"signing": NEW}
    assert not publishing.is_overtaken(drafting.take_up(draft, by=ingrid), things.here_for(draft))


def test_removal_goes_on_too_and_another_companys_draft_stays(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User, django_capture_on_commit_callbacks: Any
) -> None:
    LegalEntity.objects.update(second_person=False)
    gone = drafting.draft("route", "time-pushed", {}, by=ingrid, note="nobody needs it")
    theirs = Version.objects.create(
        kind="route", object_key="time-pushed", number=50, content={"slug": "time-pushed"}, content_hash="0" * 64,
        legal_entity=company("HP-US"), author="person:1", contributors=["person:1"],
    )  # fmt: skip

    renamed(iris, firm.pushed, django_capture_on_commit_callbacks)

    draft = newest("route", "time-moved")
    assert (draft.content, draft.note, draft.state) == ({}, gone.note, State.DRAFT)
    assert Version.objects.filter(pk=theirs.pk, object_key="time-pushed").exists()
