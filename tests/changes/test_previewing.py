"""A route's next run is seen with its draft, beside what it would do as it is: the same records, nothing kept."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connectors import sampling
from connectors.models import Connection
from governance import versions
from governance.models import AuditEntry, LegalEntity, RoleGrant, User, Version
from governance.rights import NotAllowed, Role
from hub.changes import drafting, previewing, things
from hub.changes.putting import NotPossible
from routes import preview
from routes.models import Record, Route, Run, Snapshot, Transaction
from tests.changes.looking import at, browser
from tests.exceptions_queue.test_pages import text_of
from tests.intake.firm import Firm
from tests.routes.world import entry


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    found = [entry(1), entry(2, status="draft"), entry(3)]
    monkeypatch.setattr(sampling, "read", lambda *_, **__: found)
    return found


def drafted(by: User, **changes: Any) -> Version:
    document = things.document("route", "time-pushed")
    ends = [each | changes.pop("destination", {}) for each in document["destinations"]]
    return drafting.draft("route", "time-pushed", document | {"destinations": ends} | changes, by=by)


def test_preview_shows_of_the_same_records_what_the_draft_would_change_and_keeps_nothing(
    firm: Firm, asking: LegalEntity, ingrid: User, clara: User, records: list[dict[str, Any]]
) -> None:
    version = drafted(ingrid, destination={"condition": 'approval_status = "draft"'})
    snapshots = Snapshot.objects.count()
    assert "Preview the next run" in text_of(browser(ingrid).get(at(version)))

    answer = browser(ingrid).post(reverse("changes:preview", args=[version.pk]))

    assert answer.status_code == 200
    words = text_of(answer)
    assert "would be taken in and sent on 2 1" in words
    assert "would be taken in and left out by every condition 1 2" in words
    assert "0 would come to the same as now. These would not:" in words
    assert [(each["key"] in words) for each in records] == [True] * 3
    for model in (Record, Transaction, Run):
        assert not model.objects.exists()
    assert Snapshot.objects.count() <= snapshots + 1, "the plan with the draft was undone"
    assert "approved" in Route.objects.get(pk=firm.pushed.pk).destinations.get().condition
    entry_ = AuditEntry.objects.get(verb="preview")
    assert (entry_.thing_id, entry_.after) == (str(version.pk), {"records": 3})
    assert browser(clara).post(reverse("changes:preview", args=[version.pk])).status_code == 403
    assert "Preview the next run" not in text_of(browser(clara).get(at(version)))


def test_preview_of_a_draft_that_changes_nothing_for_these_records_says_so(
    firm: Firm, ingrid: User, records: list[dict[str, Any]]
) -> None:
    version = drafted(ingrid, compare_days=30)
    part = browser(ingrid).post(
        reverse("changes:preview", args=[version.pk]), headers={"HX-Request": "true"}
    )  # fmt: skip
    assert "The draft changes nothing for these records." in text_of(part)
    assert "<h1" not in part.content.decode()


def test_preview_of_a_new_route_stands_alone(firm: Firm, ingrid: User, records: list[dict[str, Any]]) -> None:
    document = things.document("route", "time-pushed") | {"slug": "second", "name": "Second route"}
    version = drafting.draft("route", "second", document, by=ingrid)
    words = text_of(browser(ingrid).post(reverse("changes:preview", args=[version.pk])))
    assert "It is new: there is nothing yet to compare with." in words
    assert "would be taken in and sent on 2" in words
    assert "As it is now" not in words


def test_preview_of_what_cannot_be_put_in_force_says_why(
    firm: Firm, ingrid: User, records: list[dict[str, Any]]
) -> None:
    version = drafted(ingrid, destination={"condition": "hours >"})
    with pytest.raises(NotPossible):
        previewing.of_draft(version, by=ingrid)
    answer = browser(ingrid).post(reverse("changes:preview", args=[version.pk]))
    assert answer.status_code == 422


def test_preview_reads_no_connection_that_the_person_does_not_see(
    firm: Firm, ingrid: User, records: list[dict[str, Any]]
) -> None:
    from tests.governance.people import company

    version = drafted(ingrid, connection="ledger", stream="entries")
    Connection.objects.filter(slug="ledger").update(legal_entity=company("HP-US"))  # since it was drafted
    with pytest.raises((NotAllowed, NotPossible)):
        previewing.of_draft(version, by=ingrid)


def test_preview_through_the_api_has_both(firm: Firm, ingrid: User, records: list[dict[str, Any]]) -> None:
    version = drafted(ingrid, destination={"condition": 'approval_status = "draft"'})
    client = Client()
    client.force_login(ingrid)
    place = f"/api/system/v1/configuration/changes/{version.pk}/previews"
    told = client.post(place, data="{}", content_type="application/json").json()
    assert told["why"] == ""
    sent_on = "would be taken in and sent on"
    assert [{each["words"]: each["count"] for each in told[side]["totals"]}[sent_on] for side in ("now", "then")] == [
        2, 1,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["condition", "approval_formula"])
@pytest.mark.parametrize("formula", ["cost_rate > 70", 'LEN(cost_rate & "") > 1', "NOT(ISBLANK(cost_rate))"])
def test_preview_compares_no_pay_for_who_may_not_see_it(
    firm: Firm, ingrid: User, clara: User, records: list[dict[str, Any]], name: str, formula: str
) -> None:
    content = Version.objects.of("mapping", "ledger-time-in").in_force().get().content
    fields = [*(each for each in content["fields"] if each["to"] != "cost_rate"), {"to": "cost_rate", "from": "cost"}]
    versions.install(kind="mapping", object_key="ledger-time-in", content=content | {"fields": fields})
    records[:] = [entry(1, cost="71.5"), entry(2, cost="10")]
    version = drafted(ingrid, destination={name: formula})

    found = previewing.of_draft(version, by=ingrid).then

    assert {str((line.goes_to, line.left_out, line.problems)) for line in found.lines} == {
        str(([], [], [preview.UNTOLD]))
    }
    assert found.totals == [("would be decided by what you may not see", 2)]
    RoleGrant.objects.create(user=clara, role=Role.INTEGRATION_ADMIN, granted_by="engine:engine")
    assert not any(line.is_untold for line in previewing.of_draft(version, by=clara).then.lines)
