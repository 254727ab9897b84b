"""Somebody ends what another one acts on in the same moment: one deed is done, and the other is told in words."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from exceptions_queue import verbs
from exceptions_queue.models import GroupingRule, SavedView
from governance import versions
from governance.models import AuditEntry, User
from governance.rights import Role
from mappings import drafting
from mappings.models import Mapping
from routes.models import Subscription
from routes.outbound import subscribing
from tests.api.test_subscriptions import WANTED, delivery
from tests.api.test_tokens import told
from tests.governance.people import company, person
from tests.outbound.conftest import nudged
from tests.routes.world import INWARD

__all__ = ["nudged"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nudged")]
WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
PROCESS, EXPERIENCE = "/api/process/v1", "/api/experience/v1"
Asked = tuple[str, str, Any]  # method, address, body


@pytest.fixture
def ines() -> User:
    return person("Ines Brandt", Role.INTEGRATION_ADMIN, company("HP-DE"))


@pytest.fixture
def farid() -> User:
    return person("Farid Amini", Role.FINANCE, company("HP-DE"))


def meanwhile(by: User, asked: list[Asked], deed: Callable[[], object], tags: str = "*") -> list[Any]:
    """Return the answers to requests that all came while somebody did a deed, and waited for that to be kept."""

    def send(method: str, place: str, body: Any) -> Any:
        try:
            client = Client(raise_request_exception=False)
            client.force_login(by)
            given = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
            return getattr(client, method)(place, headers={"If-Match": tags}, **given)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(asked)) as several:
        with transaction.atomic():
            deed()
            sent = [several.submit(send, *each) for each in asked]
            until = monotonic() + 60
            while _waiting() + sum(each.done() for each in sent) < len(sent) and monotonic() < until:
                sleep(0.02)
        return [each.result() for each in sent]


def _waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees who waits only once
        cursor.execute(WAITING)
        return int(cursor.fetchone()[0])


def test_who_acts_on_a_subscription_that_is_just_ended_is_told(ines: User) -> None:
    client = Client()
    client.force_login(ines)
    made = client.post(f"{PROCESS}/subscriptions", json.dumps(WANTED), "application/json")
    row, place = Subscription.objects.get(), made["Location"]
    event = delivery(row)
    asked: list[Asked] = [
        ("delete", place, None), ("delete", place, None), ("put", place, WANTED),
        ("post", f"{place}/pauses", {"reason": "close"}), ("post", f"{place}/releases", {}),
        ("post", f"{place}/secrets", {}), ("post", f"{place}/redeliveries", {"since": "2026-01-01T00:00:00Z"}),
        ("post", f"{PROCESS}/deliveries/{event.pk}/redeliveries", {}),
        ("post", f"{PROCESS}/deliveries/{event.pk}/drops", {"reason": "known"}),
    ]  # fmt: skip

    answers = meanwhile(ines, asked, lambda: subscribing.end(row, reason="", by=ines))

    for each, answer in zip(asked, answers, strict=True):
        assert "somebody has deleted it" in told(answer, 404, "not-found")["detail"], each
    entries = AuditEntry.objects.filter(thing_kind="routes.subscription").order_by("at")
    assert list(entries.values_list("verb", flat=True)) == ["subscribe", "end"]


def test_who_acts_on_a_list_that_is_just_thrown_away_is_told(farid: User) -> None:
    row = verbs.keep_view(by=farid, name="Ours", line="is:open", legal_entity=company("HP-DE"))
    place = f"{EXPERIENCE}/work-item-views/{row.pk}"
    body = {"name": "Theirs", "query": "is:open"}
    asked: list[Asked] = [("delete", place, None), ("delete", place, None), ("put", place, body)]

    answers = meanwhile(farid, asked, lambda: verbs.delete_view(row, by=farid, seen=1))

    for answer in answers:
        told(answer, 404, "not-found")
    assert not SavedView.objects.exists()
    assert AuditEntry.objects.filter(thing_kind="exceptions_queue.savedview", verb="delete").count() == 1


def test_who_removes_a_grouping_rule_that_is_just_removed_is_told(farid: User) -> None:
    rule = verbs.keep_grouping_rule(
        GroupingRule(legal_entity=company("HP-DE"), category="unmapped_value", name="New services", table="services"),
        by=farid, reason="one line",
    )  # fmt: skip
    place = f"{EXPERIENCE}/grouping-rules/{rule.pk}"
    asked: list[Asked] = [("delete", place, None), ("delete", place, None)]

    answers = meanwhile(farid, asked, lambda: verbs.remove_grouping_rule(rule, by=farid, reason="x"))

    for answer in answers:
        told(answer, 409, "not-possible")
    rule.name = "Changed from a page that was read before"
    with pytest.raises(versions.WrongState, match="somebody has deleted it"):
        verbs.keep_grouping_rule(rule, by=farid, reason="one line")
    assert not GroupingRule.objects.exists()


def test_who_acts_on_a_draft_of_a_mapping_that_is_just_thrown_away_is_told(ines: User) -> None:
    mapping = Mapping.objects.create(
        key=str(INWARD["name"]), title="Time in", source="ledger time_entries", target="time_entry",
        legal_entity=company("HP-DE"),
    )  # fmt: skip
    draft = drafting.draft(key=mapping.key, content=INWARD, by=ines, legal_entity=mapping.legal_entity)
    place = f"{PROCESS}/mappings/{mapping.key}/versions/{draft.number}"
    asked: list[Asked] = [
        ("put", place, {"content": INWARD, "note": "mine"}), ("post", f"{place}/submissions", {"note": "mine"}),
    ]  # fmt: skip

    answers = meanwhile(ines, asked, lambda: versions.discard(draft, by=ines))

    for answer in answers:
        told(answer, 404, "not-found")
