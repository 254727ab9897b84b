"""What is to be published by time: one that may not be then keeps no other from it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone

from governance import doctor, due, elsewhere, versions
from governance.models import RoleGrant, State, User, Version
from governance.rights import Role
from hub import tasks
from hub.changes import publishing
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def german() -> User:
    """Return who approves in one company alone."""
    return person("Clara Voss", Role.CONTROLLER, company("HP-DE"))


def to_come(key: str, ingrid: User, german: User, hours: int) -> Version:
    made = versions.draft(kind="mapping", object_key=key, content={}, by=ingrid, legal_entity=company("HP-DE"))
    approved = versions.approve(versions.submit(made, by=ingrid), by=german)
    return versions.publish(approved, by=ingrid, at=timezone.now() + timedelta(hours=hours))


def test_version_that_may_not_be_published_at_its_time_keeps_no_other_from_it(ingrid: User, german: User) -> None:
    stuck, other = to_come("a.first", ingrid, german, 1), to_come("b.second", ingrid, german, 2)
    asking = company("HP-GB")
    type(asking).objects.filter(pk=asking.pk).update(second_person=True)

    def answer(version: Version, **_: Any) -> set[int]:
        return {asking.pk} if version.object_key == "a.first" else set()

    elsewhere.asked_about.connect(answer)
    try:
        assert due.publish_due(now=timezone.now() + timedelta(hours=3)) == [other]
        Version.objects.filter(pk=stuck.pk).update(publish_at=timezone.now() - timedelta(hours=1))
        stuck.refresh_from_db()
        assert stuck.state == State.APPROVED
        assert "need a second person too" in due.why_late(stuck, by=ingrid)
        ((thing, cause, remedy),) = doctor.published_in_time()
    finally:
        elsewhere.asked_about.disconnect(answer)
    assert "as Ingrid Solheim has set it" in thing
    assert "need a second person too" in cause
    assert "Ingrid Solheim" in remedy
    assert due.why_late(stuck, by=ingrid) == due.STANDS_STILL


def again(key: str, ingrid: User, clara: User) -> Version:
    made = versions.draft(kind="mapping", object_key=key, content={"n": 2}, by=ingrid, legal_entity=company("HP-DE"))
    return versions.approve(versions.submit(made, by=ingrid), by=clara)


def later(hours: int = 3) -> Any:
    return timezone.now() + timedelta(hours=hours)


def test_newer_version_that_was_put_in_force_meanwhile_stays(ingrid: User, clara: User) -> None:
    planned = to_come("a.first", ingrid, clara, 1)
    urgent = versions.publish(again("a.first", ingrid, clara), by=ingrid)
    assert due.publish_due(now=later()) == []
    with pytest.raises(due.Overtaken, match="version 2 is in force"):
        versions.publish_due_one(planned, due.refuse_unwanted)
    assert versions.published("mapping", "a.first") == urgent
    planned = versions.publish(planned, by=ingrid, at=later(2))  # whoever sets its time once more has seen that
    assert due.publish_due(now=later()) == [planned]
    urgent.refresh_from_db()
    assert urgent.state == State.RETIRED


def test_what_was_taken_out_meanwhile_does_not_come_back_by_itself(ingrid: User, clara: User) -> None:
    there = versions.publish(again("a.first", ingrid, clara), by=ingrid)
    to_come("a.first", ingrid, clara, 1)
    versions.retire(there, by=ingrid, reason="it sends wrong hours")
    assert due.publish_due(now=later()) == []
    assert not Version.objects.in_force().exists()


def test_versions_that_were_planned_one_after_the_other_come_in_their_turn(ingrid: User, clara: User) -> None:
    versions.publish(again("a.first", ingrid, clara), by=ingrid)
    first, second = to_come("a.first", ingrid, clara, 1), to_come("a.first", ingrid, clara, 2)
    assert due.publish_due(now=later()) == [first, second]
    assert versions.published("mapping", "a.first") == second


def test_urgent_version_with_a_time_of_its_own_that_was_set_later_stays(ingrid: User, clara: User) -> None:
    to_come("a.first", ingrid, clara, 2)
    urgent = to_come("a.first", ingrid, clara, 1)
    assert due.publish_due(now=later()) == [urgent]
    assert versions.published("mapping", "a.first") == urgent


def test_version_whose_time_was_set_by_who_may_not_publish_any_more_waits(ingrid: User, clara: User) -> None:
    planned = to_come("a.first", ingrid, clara, 1)
    RoleGrant.objects.filter(user=ingrid).delete()
    assert due.publish_due(now=later()) == []
    planned.refresh_from_db()
    assert planned.state == State.APPROVED


@pytest.mark.parametrize("of", ["mappings", "rows"])
def test_something_unforeseen_with_one_version_keeps_no_other_from_its_time(
    ingrid: User, clara: User, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    stuck, other = to_come("a.first", ingrid, clara, 1), to_come("b.second", ingrid, clara, 2)
    module, one = (due, "publish_due_one") if of == "mappings" else (publishing, "_publish_due_one")
    whole = getattr(module, one)

    def broken(version: Version, *more: Any) -> Any:
        if version.object_key == "a.first":
            raise DataError("value too long")
        return whole(version, *more) if of == "mappings" else [version]

    monkeypatch.setattr(module, one, broken)
    if of == "rows":
        monkeypatch.setattr(publishing, "PUT_INTO_ROWS", {"mapping"})
    assert module.publish_due(now=timezone.now() + timedelta(hours=3)) == [other]
    stuck.refresh_from_db()
    assert stuck.state == State.APPROVED


def test_an_error_with_mappings_does_not_keep_the_rest_from_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[str] = []

    def fall() -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(due, "publish_due", fall)
    monkeypatch.setattr(publishing, "publish_due", lambda: turns.append("changes"))
    with pytest.raises(RuntimeError, match="unforeseen"):
        tasks.publish_due()
    assert turns == ["changes"]
