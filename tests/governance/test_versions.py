"""A version goes its way with two persons, and a published one never changes, whoever tries."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

from governance import due, versions
from governance.actor import ENGINE
from governance.models import AuditEntry, RoleGrant, State, User, Version
from governance.rights import NotAllowed, Role
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def drafted(by: User, content: object = None) -> Version:
    return versions.draft(kind="mapping", object_key="harvest.time_entry", content=content or {"fields": []}, by=by)


def approved(ingrid: User, clara: User, content: object = None) -> Version:
    version = versions.submit(drafted(ingrid, content), by=ingrid)
    return versions.approve(version, by=clara)


def test_version_goes_from_draft_to_published_with_an_audit_entry_each(ingrid: User, clara: User) -> None:
    version = versions.publish(approved(ingrid, clara), by=ingrid)

    assert versions.published("mapping", "harvest.time_entry") == version
    assert list(AuditEntry.objects.order_by("at").values_list("verb", flat=True)) == [
        "draft",
        "submit",
        "approve",
        "publish",
    ]


def test_publishing_retires_the_one_before(ingrid: User, clara: User) -> None:
    first = versions.publish(approved(ingrid, clara, {"v": 1}), by=ingrid)
    second = versions.publish(approved(ingrid, clara, {"v": 2}), by=ingrid)
    first.refresh_from_db()

    assert (first.state, first.number, second.number) == (State.RETIRED, 1, 2)
    assert versions.published("mapping", "harvest.time_entry") == second


def test_nobody_approves_what_they_wrote_edited_or_sent_in(ingrid: User, clara: User) -> None:
    farid = person("Farid Amini", Role.INTEGRATION_ADMIN)
    version = versions.revise(drafted(ingrid), content={"fields": [1]}, by=farid)
    olga = person("Olga Petrenko", Role.INTEGRATION_ADMIN)
    version = versions.submit(version, by=olga)

    for maker in (ingrid, farid, olga):
        with pytest.raises(NotAllowed, match="Ask another person"):
            versions.approve(version, by=maker)
    assert versions.approve(version, by=clara).state == State.APPROVED


def test_verbs_ask_for_rights(ingrid: User, clara: User) -> None:
    viktor = person("Viktor Lang", Role.VIEWER)
    version = versions.submit(drafted(ingrid), by=ingrid)

    with pytest.raises(NotAllowed, match="edit connections, mappings and routes"):
        drafted(viktor)
    with pytest.raises(NotAllowed, match="approve configuration"):
        versions.approve(version, by=viktor)
    with pytest.raises(NotAllowed, match="publish configuration"):
        versions.publish(versions.approve(version, by=clara), by=clara)


def test_verbs_count_in_the_legal_entity_of_the_version(ingrid: User) -> None:
    germany = company("HP-DE")
    farid = person("Farid Amini", Role.INTEGRATION_ADMIN, germany)

    versions.draft(kind="route", object_key="de", content={}, by=farid, legal_entity=germany)
    with pytest.raises(NotAllowed, match="routes for a company that you do not see"):
        versions.draft(kind="route", object_key="gb", content={}, by=farid, legal_entity=company("HP-GB"))


def test_verbs_refuse_a_wrong_state_with_the_remedy(ingrid: User, clara: User) -> None:
    version = drafted(ingrid)

    with pytest.raises(versions.WrongState, match=r"it is draft\. Another person has to approve it first"):
        versions.publish(version, by=ingrid)
    with pytest.raises(versions.WrongState, match="submitted first"):
        versions.approve(version, by=clara)


def test_sending_back_voids_the_approval(ingrid: User, clara: User) -> None:
    version = versions.send_back(approved(ingrid, clara), by=clara, reason="the tax code is missing")

    assert (version.state, version.approved_by, version.submitted_by) == (State.DRAFT, None, None)


def test_scheduled_version_is_published_when_its_time_has_come(ingrid: User, clara: User) -> None:
    soon = timezone.now() + timedelta(hours=1)
    version = versions.publish(approved(ingrid, clara), by=ingrid, at=soon)

    assert version.state == State.APPROVED
    assert due.publish_due() == []
    assert due.publish_due(now=soon) == [version]
    assert versions.published("mapping", "harvest.time_entry").published_by == f"person:{ingrid.pk}"
    assert due.publish_due(now=soon) == []


def test_publishing_a_scheduled_version_at_once_names_the_one_who_did(ingrid: User, clara: User) -> None:
    farid = person("Farid Amini", Role.INTEGRATION_ADMIN)
    version = versions.publish(approved(ingrid, clara), by=ingrid, at=timezone.now() + timedelta(hours=1))

    assert versions.publish(version, by=farid).published_by == f"person:{farid.pk}"


def test_author_withdraws_to_go_on_editing(ingrid: User, clara: User) -> None:
    version = versions.withdraw(approved(ingrid, clara), by=ingrid)

    assert versions.revise(version, content={"fields": [2]}, by=ingrid).content == {"fields": [2]}
    assert (version.state, version.approved_by) == (State.DRAFT, None)


def test_history_keeps_who_wrote_what_in_a_draft(ingrid: User, clara: User) -> None:
    version = versions.revise(drafted(ingrid, {"v": 1}), content={"v": 2}, by=clara_as_admin(clara))

    assert [(row.content, row.history_user) for row in version.history.order_by("history_id")] == [
        ({"v": 1}, ingrid),
        ({"v": 2}, clara),
    ]


def test_roll_back_brings_the_old_content_as_a_new_version(ingrid: User, clara: User) -> None:
    first = versions.publish(approved(ingrid, clara, {"v": 1}), by=ingrid)
    versions.publish(approved(ingrid, clara, {"v": 2}), by=ingrid)

    back = versions.roll_back(first, by=ingrid, reason="wrong tax code")

    assert (back.number, back.content, back.rolls_back_to) == (3, {"v": 1}, first)
    assert versions.published("mapping", "harvest.time_entry") == back


def test_retired_without_a_successor_nothing_is_in_force(ingrid: User, clara: User) -> None:
    versions.retire(versions.publish(approved(ingrid, clara), by=ingrid), by=ingrid, reason="the system was sold")

    with pytest.raises(Version.DoesNotExist, match="publish one"):
        versions.published("mapping", "harvest.time_entry")


def test_install_puts_what_is_shipped_in_force_once() -> None:
    first = versions.install(kind="mapping", object_key="harvest.time_entry", content={"v": 1})
    again = versions.install(kind="mapping", object_key="harvest.time_entry", content={"v": 2})

    assert first == again
    assert (first.state, first.author, first.approved_by) == (State.PUBLISHED, ENGINE.reference, "rule:shipped")


def clara_as_admin(clara: User) -> User:
    RoleGrant.objects.create(user=clara, role=Role.INTEGRATION_ADMIN, granted_by=ENGINE.reference)
    return clara


CHANGES = {
    "content": "content = '{}'",
    "hash": "content_hash = 'x'",
    "back to draft": "state = 'draft', submitted_by = NULL, submitted_at = NULL, approved_by = NULL,"
    " approved_at = NULL, published_by = NULL, published_at = NULL",
    "approver": "approved_by = 'person:0'",
    "time of publication": "published_at = now()",
    "note": "note = 'x'",
    "number": "number = 9",
    "key": "object_key = 'other'",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("retired", [False, True])
def test_database_refuses_to_change_a_published_version(ingrid: User, clara: User, change: str, retired: bool) -> None:
    version = versions.publish(approved(ingrid, clara, {"v": 1}), by=ingrid)
    if retired:
        versions.retire(version, by=ingrid, reason="the system was sold")

    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(f"UPDATE governance_version SET {CHANGES[change]}")


def test_database_refuses_to_delete_anything_but_a_draft(ingrid: User, clara: User) -> None:
    draft = drafted(ingrid)
    version = versions.publish(approved(ingrid, clara), by=ingrid)
    draft.delete()

    with pytest.raises(IntegrityError, match="only drafts can"):
        version.delete()


NONSENSE = {
    "unknown state": {"state": "live"},
    "submitted without a person": {"state": "submitted", "submitted_at": timezone.now()},
    "submitted without a time": {"state": "submitted", "submitted_by": "person:1"},
    "draft with an approval": {"approved_by": "person:9", "approved_at": timezone.now()},
    "published out of nowhere": {"state": "published", "published_by": "person:1", "published_at": timezone.now()},
    "schedule without a person": {"publish_at": timezone.now()},
    "author who did not contribute": {"contributors": ["person:5"]},
}


@pytest.mark.parametrize("name", NONSENSE)
def test_database_refuses_nonsense(name: str) -> None:
    row = {"kind": "mapping", "object_key": "x", "number": 1, "content": {}, "content_hash": "", "author": "person:1",
           "contributors": ["person:1"], **NONSENSE[name]}  # fmt: skip

    with pytest.raises(IntegrityError):
        Version.objects.create(**row)


@pytest.mark.parametrize("approver", ["person:1", "person:2", "person:3"])
def test_database_refuses_an_approval_by_somebody_involved(approver: str) -> None:
    now = timezone.now()
    row = {"kind": "mapping", "object_key": "x", "number": 1, "content": {}, "content_hash": "", "author": "person:1",
           "contributors": ["person:1", "person:2"], "state": "approved", "submitted_by": "person:3",
           "submitted_at": now, "approved_by": approver, "approved_at": now}  # fmt: skip

    with pytest.raises(IntegrityError, match=r"version_approved_by_another|version_contributors_named"):
        Version.objects.create(**row)


@pytest.mark.django_db(transaction=True)
def test_many_drafts_and_publications_at_once_stay_in_order(ingrid: User, clara: User) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(3):
                versions.publish(approved(ingrid, clara), by=ingrid)
        except BaseException as error:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(error)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert sorted(Version.objects.values_list("number", flat=True)) == list(range(1, 13))
    assert Version.objects.in_force().count() == 1


def test_a_failed_verb_leaves_no_audit_entry(ingrid: User) -> None:
    version = drafted(ingrid)
    before = AuditEntry.objects.count()

    with pytest.raises(versions.WrongState), transaction.atomic():
        versions.publish(version, by=ingrid)
    assert AuditEntry.objects.count() == before


def test_version_that_was_thrown_away_meanwhile_takes_no_step(ingrid: User) -> None:
    version = drafted(ingrid)
    versions.discard(Version.objects.get(pk=version.pk), by=ingrid)

    for step in (versions.discard, versions.submit):
        with pytest.raises(versions.WrongState, match="was thrown away meanwhile"):
            step(version, by=ingrid)
