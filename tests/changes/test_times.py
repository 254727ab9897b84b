"""A change is put in force at a set time, as mappings are: by the clock, in the name of whoever has set it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from connectors.models import Connection
from governance import second_person
from governance.models import AuditEntry, LegalEntity, ProposedSecrets, RoleGrant, State, User, Version
from hub import tasks
from hub.changes import drafting, publishing, things
from routes.models import Route
from tests.changes.looking import at, browser, go
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import Firm


def at_six() -> datetime:
    return (timezone.now() + timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)


def approved(by: User, second: User, **changes: Any) -> Version:
    document = things.document("route", "time-pushed") | changes
    version = drafting.submit(drafting.draft("route", "time-pushed", document, by=by), by=by, note="x")
    return publishing.approve(version, by=second)


def test_change_waits_for_its_time_and_is_then_in_force_in_the_name_of_who_set_it(
    firm: Firm, asking: LegalEntity, ingrid: User, clara: User
) -> None:
    version, moment = approved(ingrid, clara, compare_days=30), at_six()
    page = browser(ingrid).get(at(version, "publications")).content.decode()
    assert 'type="datetime-local"' in page

    status = go(ingrid, version, "publications", at=f"{moment:%Y-%m-%dT%H:%M}", _seen=version.shown)

    assert status == 302
    version.refresh_from_db()
    assert (version.state, version.publish_at) == (State.APPROVED, moment)
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 0
    words = " ".join(text_of(browser(clara).get(at(version))).split())
    assert f"on {moment:%Y-%m-%d} 06:00 (UTC), Ingrid Solheim" in words
    assert f"in force on {moment:%Y-%m-%d} 06:00 (UTC)" in " ".join(text_of(browser(clara).get("/changes/")).split())
    assert publishing.publish_due() == []

    assert publishing.publish_due(now=moment) == [version]

    version.refresh_from_db()
    assert (version.state, version.published_by) == (State.PUBLISHED, f"person:{ingrid.pk}")
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 30
    entry = AuditEntry.objects.filter(thing_kind="routes.route", verb="change").latest("at")
    assert (entry.actor_name, entry.reason) == ("Ingrid Solheim", "its time has come")
    assert publishing.publish_due(now=moment) == []


def test_clock_puts_changes_in_force(firm: Firm, ingrid: User, clara: User) -> None:
    version = publishing.publish(approved(ingrid, clara, compare_days=30), by=ingrid, at=at_six())
    Version.objects.filter(pk=version.pk).update(publish_at=datetime(2026, 1, 1, tzinfo=UTC))
    tasks.publish_due()
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 30


def test_secret_waits_with_the_draft_and_taking_it_back_ends_the_time(
    firm: Firm, asking: LegalEntity, ingrid: User, iris: User
) -> None:
    document = things.document("connection", "time") | {"concurrency": 2}
    version = drafting.draft("connection", "time", document, by=ingrid, secrets={"signing": "new"})
    version = publishing.approve_and_publish(drafting.submit(version, by=ingrid), by=iris, at=at_six())
    assert ProposedSecrets.objects.exists()
    assert go(ingrid, version, "withdrawals") == 302
    assert publishing.publish_due(now=at_six()) == []
    version = publishing.approve_and_publish(
        drafting.submit(Version.objects.get(pk=version.pk), by=ingrid), by=iris, at=at_six()
    )
    assert publishing.publish_due(now=at_six()) == [version]
    row = Connection.objects.get(slug="time")
    assert (row.concurrency, row.kept_secrets()) == (2, {"signing": "new"})
    assert not ProposedSecrets.objects.exists()


def test_what_cannot_be_put_in_force_at_its_time_changes_nothing_stops_no_other_and_is_said(
    firm: Firm, ingrid: User, iris: User, clara: User
) -> None:
    version = publishing.publish(approved(ingrid, clara, compare_days=30), by=ingrid, at=at_six())
    schedule = {"route": "time-pushed", "every_seconds": 3600}
    other = publishing.publish_alone(drafting.draft("schedule", "time-pushed", schedule, by=ingrid), by=ingrid,
                                     at=at_six() + timedelta(minutes=1))  # fmt: skip
    Route.objects.filter(pk=firm.pushed.pk).update(name="Renamed meanwhile")

    assert publishing.publish_due(now=at_six() + timedelta(hours=1)) == [other]

    version.refresh_from_db()
    assert (version.state, Route.objects.get(pk=firm.pushed.pk).compare_days) == (State.APPROVED, 0)
    Version.objects.filter(pk=version.pk).update(publish_at=datetime(2026, 1, 1, tzinfo=UTC))
    words = " ".join(text_of(browser(iris).get(at(version))).split())
    assert "This time has passed, and it could not be put in force" in words
    assert "What is in force was changed after this draft was written" in words


def test_one_persons_change_waits_where_a_second_person_is_asked_for_by_its_time(
    firm: Firm, ingrid: User, iris: User
) -> None:
    document = things.document("route", "time-pushed") | {"compare_days": 30}
    version = drafting.draft("route", "time-pushed", document, by=ingrid)
    version = publishing.publish_alone(version, by=ingrid, at=at_six())
    second_person.ask(firm.pushed.legal_entity, by=iris)
    assert publishing.publish_due(now=at_six()) == []
    with pytest.raises(second_person.NeedsSecondPerson):
        publishing.publish_alone(drafting.draft("route", "time-pushed", document | {"name": "X"}, by=ingrid),
                                 by=ingrid, at=at_six())  # fmt: skip


def test_change_waits_where_who_set_its_time_has_lost_the_right(firm: Firm, ingrid: User, clara: User) -> None:
    publishing.publish(approved(ingrid, clara, compare_days=30), by=ingrid, at=at_six())
    RoleGrant.objects.filter(user=ingrid).delete()
    assert publishing.publish_due(now=at_six()) == []
    assert Route.objects.get(pk=firm.pushed.pk).compare_days == 0


def test_what_cannot_be_put_in_force_is_given_no_time(firm: Firm, ingrid: User, clara: User) -> None:
    version = approved(ingrid, clara, compare_days=30)
    Route.objects.filter(pk=firm.pushed.pk).update(name="Renamed meanwhile")
    with pytest.raises(publishing.Overtaken):
        publishing.publish(version, by=ingrid, at=at_six())


def test_api_sets_a_time(firm: Firm, ingrid: User, clara: User) -> None:
    version = approved(ingrid, clara, compare_days=30)
    client = Client()
    client.force_login(ingrid)
    place = f"/api/system/v1/configuration/changes/{version.pk}"
    etag = client.get(place)["ETag"]
    done = client.post(f"{place}/publications", {"at": at_six().isoformat()}, content_type="application/json",
                       headers={"If-Match": etag})  # fmt: skip
    assert (done.status_code, done.json()["state"]) == (200, "approved"), done.content
    assert datetime.fromisoformat(done.json()["publish_at"]) == at_six()
