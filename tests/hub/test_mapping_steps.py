"""The steps of a mapping's versions on its page: published at a time, taken back, rolled back, taken out of force."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance import due, versions
from governance.models import AuditEntry, User, Version
from governance.rights import Role
from mappings import drafting, shipped
from mappings.models import Mapping
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> str:
    """Return the address of the versions of Harvest's clients."""
    shipped.install()
    return f"/mappings/{Mapping.objects.get(key='harvest.clients').pk}/versions"


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.fixture
def clara() -> User:
    return person("Clara Voss", Role.CONTROLLER)


def approved(name: str, ingrid: User, clara: User) -> Version:
    """Bring a changed mapping to where it may be published."""
    content = versions.published("mapping", "harvest.clients").content | {"name": name}
    row = versions.draft(kind="mapping", object_key="harvest.clients", content=content, by=ingrid, note=name)
    versions.submit(row, by=ingrid, note=name)
    return versions.approve(row, by=clara)


def states() -> list[tuple[int, str]]:
    return list(Version.objects.of("mapping", "harvest.clients").values_list("number", "state"))


def shown(number: int) -> dict[str, str]:
    return {"_seen": Version.objects.of("mapping", "harvest.clients").get(number=number).shown}


def test_nobody_approves_what_was_changed_after_they_opened_it(page: str, ingrid: User, clara: User) -> None:
    content = versions.published("mapping", "harvest.clients").content
    row = versions.draft(kind="mapping", object_key="harvest.clients", content=content | {"name": "One"}, by=ingrid)
    versions.submit(row, by=ingrid)
    client = signed_in(clara)
    (seen,) = re.findall(r'name="_seen" value="([^"]+)"', client.get(f"{page}/2/approvals/").content.decode())
    versions.withdraw(row, by=ingrid)
    versions.submit(versions.revise(row, content=content | {"name": "Two"}, by=ingrid), by=ingrid)

    answer = client.post(f"{page}/2/approvals/", {"reason": "read", "_seen": seen})

    assert (answer.status_code, "has changed this" in text_of(answer)) == (409, True)
    assert states()[0] == (2, "submitted")
    (seen,) = re.findall(r'name="_seen" value="([^"]+)"', answer.content.decode())
    assert client.post(f"{page}/2/approvals/", {"reason": "read", "_seen": seen}).status_code == 302


def test_version_is_published_at_a_later_time_and_not_before(page: str, ingrid: User, clara: User) -> None:
    approved("For the new year", ingrid, clara)
    later, client = timezone.now() + timedelta(days=3), signed_in(ingrid)

    past = client.post(f"{page}/2/publications/", shown(2) | {"at": "2020-01-01T06:00", "reason": ""})
    assert (past.status_code, "has passed" in text_of(past)) == (422, True)
    sent = shown(2) | {"at": f"{later:%Y-%m-%dT%H:%M}", "reason": ""}
    answer = client.post(f"{page}/2/publications/", sent, follow=True)

    assert f"published by itself on {later:%Y-%m-%d at %H:%M} (UTC)" in text_of(answer)
    assert states() == [(2, "approved"), (1, "published")]
    due.publish_due(now=later + timedelta(minutes=1))
    assert states() == [(2, "published"), (1, "retired")]


def test_version_that_waits_for_its_time_is_taken_back_and_is_a_draft_again(
    page: str, ingrid: User, clara: User
) -> None:
    versions.publish(approved("For the new year", ingrid, clara), by=ingrid, at=timezone.now() + timedelta(days=3))

    assert signed_in(clara).post(f"{page}/2/withdrawals/", {"reason": "no"}).status_code == 403
    assert signed_in(ingrid).post(f"{page}/2/withdrawals/", {"reason": "not yet agreed"}).status_code == 302

    row = Version.objects.of("mapping", "harvest.clients").get(number=2)
    assert (row.state, row.publish_at, row.approved_by) == ("draft", None, None)


def test_version_that_waits_beyond_its_time_says_why(page: str, ingrid: User, clara: User) -> None:
    row = versions.publish(approved("Planned", ingrid, clara), by=ingrid, at=timezone.now() + timedelta(hours=1))
    versions.publish(approved("Urgent", ingrid, clara), by=ingrid)
    assert "would take the place of" not in text_of(signed_in(clara).get(f"{page}/"))
    Version.objects.filter(pk=row.pk).update(publish_at=timezone.now() - timedelta(hours=1))
    assert due.publish_due() == []
    told = text_of(signed_in(clara).get(f"{page}/"))
    assert "This time has passed, and it is not in force. What version 2 would take the place of has changed" in told
    assert "version 3 is in force now" in told


def test_approved_version_is_not_hidden_by_a_draft_above_it(page: str, ingrid: User, clara: User) -> None:
    row = approved("Agreed", ingrid, clara)
    versions.draft(kind="mapping", object_key="harvest.clients", content=row.content, by=ingrid, note="the next")

    assert f"{page}/2/publications/" in signed_in(ingrid).get(f"{page}/").content.decode()
    assert signed_in(ingrid).post(f"{page}/2/publications/", shown(2) | {"reason": ""}).status_code == 302
    assert states() == [(3, "draft"), (2, "published"), (1, "retired")]


def test_published_version_is_taken_out_of_force_with_a_reason(page: str, ingrid: User) -> None:
    client = signed_in(ingrid)
    assert "a work item says so" in text_of(client.get(f"{page}/1/retirements/"))
    assert client.post(f"{page}/1/retirements/", {"reason": ""}).status_code == 422
    assert client.post(f"{page}/1/retirements/", {"reason": "no longer used"}).status_code == 302
    assert states() == [(1, "retired")]


def test_steps_are_refused_to_who_lacks_the_right(page: str, ingrid: User, clara: User) -> None:
    approved("Agreed", ingrid, clara)
    viktor: Client = signed_in(person("Viktor Lang", Role.VIEWER))
    assert "/publications/" not in viktor.get(f"{page}/").content.decode()
    for step in ("2/publications", "2/returns", "2/withdrawals", "1/retirements"):
        assert viktor.post(f"{page}/{step}/", {"reason": "no"}).status_code == 403, step
    assert states() == [(2, "approved"), (1, "published")]


def test_version_that_was_not_published_at_its_time_says_so_and_who_set_it(
    page: str, ingrid: User, clara: User
) -> None:
    row = versions.publish(approved("Later", ingrid, clara), by=ingrid, at=timezone.now() + timedelta(days=1))
    assert "This time has passed" not in signed_in(ingrid).get(f"{page}/").content.decode()

    Version.objects.filter(pk=row.pk).update(publish_at=timezone.now() - timedelta(hours=1))

    words = text_of(signed_in(ingrid).get(f"{page}/"))
    assert "(UTC), Ingrid Solheim" in words
    assert "This time has passed, and it is not in force. The clock (beat) or the worker" in words


def test_draft_is_thrown_away_as_it_was_shown(page: str, ingrid: User) -> None:
    content = Version.objects.get(object_key="harvest.clients", number=1).content
    drafting.draft(key="harvest.clients", content=content, by=ingrid, legal_entity=None, note="a try")
    client = signed_in(ingrid)
    assert "Throw away" in client.get(f"{page}/").content.decode()
    seen = shown(2)
    drafting.revise(Version.objects.get(number=2), content=content | {"meaning": "other"}, by=ingrid)
    assert client.post(f"{page}/2/discards/", seen | {"reason": ""}).status_code == 409
    assert client.post(f"{page}/1/discards/", shown(1) | {"reason": ""}).status_code == 409
    assert client.post(f"{page}/2/discards/", shown(2) | {"reason": "not needed"}).status_code == 302
    assert states() == [(1, "published")]
    assert Mapping.objects.filter(key="harvest.clients").exists()
    assert AuditEntry.objects.get(verb="discard").reason == "not needed"


def test_mapping_that_was_only_ever_a_draft_goes_with_it(page: str, ingrid: User) -> None:
    content = Version.objects.get(object_key="harvest.clients", number=1).content
    drafting.draft(key="halden.try", content=content, by=ingrid)
    row = Mapping.objects.get(key="halden.try")
    at = f"/mappings/{row.pk}/versions/1/discards/"
    version = Version.objects.get(object_key="halden.try")
    done = signed_in(ingrid).post(at, {"_seen": version.shown, "reason": ""})
    assert (done.status_code, done.headers["Location"]) == (302, "/mappings/")
    assert not Mapping.objects.filter(key="halden.try").exists()
