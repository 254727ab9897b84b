"""A merge that is kept: what is to come comes together, tried before on what was, and removable."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection
from exceptions_queue import grouping, intake, reckoning, verbs
from exceptions_queue.models import GroupingRule, WorkItem
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import NotAllowed
from routes.models import Failure
from tests.api.signing import get, post, token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_intake import write_down
from tests.exceptions_queue.test_merging import stands, stop
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_query import staff
from tests.exceptions_queue.test_worth import close, stopped
from tests.governance.people import company
from tests.routes.world import World

__all__ = ["staff"]
Make = Callable[..., World]
API = "/api/experience/v1/grouping-rules"


@pytest.fixture
def world(quick_world: Make) -> World:
    return quick_world()


def merged(world: World, staff: Staff) -> WorkItem:
    """Return an item that holds what two new tasks of one table stopped."""
    one, other = stop(world, "T-1", 2), stop(world, "T-2")
    return verbs.merge(one, by=staff.farid, items=[other.number], reason="new services")


def keep(item: WorkItem, staff: Staff, **more: Any) -> GroupingRule:
    rule = grouping.drafted(item)
    rule.name = "New services"
    for name, value in more.items():
        setattr(rule, name, value)
    return verbs.keep_grouping_rule(rule, by=staff.farid, reason="one line of services")


def test_rule_of_a_merge_asks_for_what_its_causes_have_in_common(world: World, staff: Staff) -> None:
    item = merged(world, staff)
    rule = grouping.drafted(item)
    assert (rule.category, rule.table, rule.route_id, rule.cause) == (
        "unmapped_value", "tasks", world.route.pk, item.fingerprint,
    )  # fmt: skip
    assert grouping.conditions(rule, ENGINE)[0] == ("Kind", "Value without a translation")
    with pytest.raises(verbs.NotPossible, match="one cause only"):
        grouping.drafted(stop(world, "T-9"))


def test_causes_that_are_to_come_come_to_the_item_and_are_counted(world: World, staff: Staff) -> None:
    item = merged(world, staff)
    rule = keep(item, staff)
    write_down([replace(stopped(world, uuid4(), cause), legal_entity=company("HP-DE").pk) for cause in ("A", "B", "A")])
    intake.take_in()
    assert stands(item)[1] == 6
    assert WorkItem.objects.open().count() == 1
    rule.refresh_from_db()
    assert rule.hits == 3
    assert rule.hit_at
    write_down([stopped(world, uuid4(), "A")])
    intake.take_in()
    assert stands(item)[1] == 6, "another company's causes are its own"


def test_what_is_open_already_stays_where_it_is_until_it_closes(world: World, staff: Staff) -> None:
    item, beside = merged(world, staff), stop(world, "T-3")
    rule = keep(item, staff)
    stop(world, "T-3")
    assert (stands(beside)[1], stands(item)[1]) == (2, 3)
    close("T-3")
    write_down([replace(stopped(world, uuid4(), "T-3"), legal_entity=company("HP-DE").pk)])
    intake.take_in()
    assert (stands(beside)[:2], stands(item)[1]) == (("resolved", 0), 4)
    rule.refresh_from_db()
    assert rule.hits == 1


def test_removed_rule_leaves_what_it_joined_and_lets_new_ones_apart(world: World, staff: Staff) -> None:
    item = merged(world, staff)
    rule = keep(item, staff)
    stop_of_rule(world, "A")
    verbs.remove_grouping_rule(rule, by=staff.clara, reason="they are two lines after all")
    stop_of_rule(world, "A")
    stop_of_rule(world, "T-2")
    assert stands(item)[1] == 5, "what was joined stays, and what a person merged stays merged"
    assert WorkItem.objects.get(table_key=["A"]).members == 1
    assert AuditEntry.objects.filter(verb="delete", thing_kind="exceptions_queue.groupingrule").count() == 1
    with pytest.raises(verbs.NotPossible, match="removed this rule"):
        verbs.remove_grouping_rule(rule, by=staff.clara, reason="again")


def test_connection_that_is_deleted_takes_its_rules_along_and_the_trail_keeps_what_they_said(staff: Staff) -> None:
    germany = company("HP-DE")
    system = Connection.objects.create(slug="old", name="Old ledger", connector="netsuite", legal_entity=germany)
    for name, more in (("Of it", {"connection": system}), ("Of any", {"table": "tasks"})):
        rule = GroupingRule(legal_entity=germany, name=name, category="unmapped_value", **more)
        verbs.keep_grouping_rule(rule, by=staff.farid, reason="one line")
    system.delete()
    assert [each.name for each in GroupingRule.objects.all()] == ["Of any"]
    [entry] = AuditEntry.objects.filter(verb="delete", thing_kind="exceptions_queue.groupingrule")
    assert (entry.thing_name, entry.before["category"], entry.legal_entity_id) == (
        "Of it", "unmapped_value", germany.pk,
    )  # fmt: skip
    assert "Old ledger" in entry.reason


def test_tables_and_fields_are_chosen_by_what_people_call_them(world: World, staff: Staff) -> None:
    page = signed_in(staff.farid).get("/queue/grouping-rules/new/").content.decode()
    assert re.search(r'<option value="time_entry">\s*Time entry', page)
    assert re.search(r'<option value="project_code">\s*project code', page)


def stop_of_rule(world: World, cause: str) -> None:
    write_down([replace(stopped(world, uuid4(), cause), legal_entity=company("HP-DE").pk)])
    intake.take_in()


def test_rule_without_an_item_gathers_in_one_of_its_own(world: World, staff: Staff) -> None:
    rule = GroupingRule(legal_entity=company("HP-DE"), name=" New  tasks ", category="unmapped_value", table="tasks")
    verbs.keep_grouping_rule(rule, by=staff.farid, reason="one line")
    assert rule.name == "New tasks"
    stop_of_rule(world, "A")
    stop_of_rule(world, "B")
    item = WorkItem.objects.get()
    assert (item.members, item.fingerprint, item.gathers) == (2, rule.cause, True)


def test_rule_that_says_most_counts(world: World, staff: Staff) -> None:
    wide = {"category": "unmapped_value", "table": "tasks"}
    rules = [
        verbs.keep_grouping_rule(
            GroupingRule(legal_entity=company("HP-DE"), name=name, **wide, **more), by=staff.farid, reason="x"
        )
        for name, more in (("wide", {}), ("narrow", {"words": "ROW FOR A"}))
    ]
    for cause in ("A-1", "B-1", "A-2"):
        stop_of_rule(world, cause)
    assert {item.fingerprint: item.members for item in WorkItem.objects.all()} == {rules[0].cause: 1, rules[1].cause: 2}


def test_rule_is_tried_on_what_was(world: World, staff: Staff) -> None:
    item = merged(world, staff)
    shared = uuid4()
    stop(world, "T-4", record=shared)
    stop(world, "T-5", record=shared, amount=None)
    rule = grouping.drafted(item)
    close("T-2")
    stop(world, "other", amount=7)
    rule.words = "for T-"
    found = grouping.tried(rule, reckoning.now(), staff.clara)
    assert (found.failures, found.open, found.causes, found.sums, found.without_amount) == (5, 4, 4, {"EUR": 400}, 0)
    assert {each.failures for each in found.examples} == {1, 2}
    assert not GroupingRule.objects.exists()
    old = Failure.objects.filter(table_key=["T-4"]).get()
    assert grouping.tried(rule, old.opened_at.replace(year=old.opened_at.year + 1), staff.clara).failures == 0


def test_rules_that_cannot_be_are_refused(world: World, staff: Staff) -> None:
    given = {"legal_entity": company("HP-DE"), "category": "refused", "field": "hours"}
    for more, words in (
        ({"name": " "}, "Give the rule a name"), ({"name": "n", "field": ""}, "Say more than the kind"),
        ({"name": "n", "category": "nothing"}, "Choose the kind"),
        ({"name": "n", "category": "outcome_unknown"}, "decided one by one"),
    ):  # fmt: skip
        with pytest.raises(verbs.NotPossible, match=words):
            verbs.keep_grouping_rule(GroupingRule(**(given | more)), by=staff.farid, reason="x")
    with pytest.raises(verbs.NotPossible, match="reason"):
        verbs.keep_grouping_rule(GroupingRule(**given, name="n"), by=staff.farid, reason="")
    for user in (staff.viktor, staff.stranger):
        with pytest.raises(NotAllowed):
            verbs.keep_grouping_rule(GroupingRule(**given, name="n"), by=user, reason="x")
    verbs.keep_grouping_rule(GroupingRule(**given, name="n"), by=staff.farid, reason="x")
    with pytest.raises(verbs.NotPossible, match="already"):
        verbs.keep_grouping_rule(GroupingRule(**given, name="n"), by=staff.farid, reason="x")


def test_intake_asks_as_many_queries_for_few_and_many_of_rules_and_merges(world: World, staff: Staff) -> None:
    keep(merged(world, staff), staff)
    counts = []
    for number in (5, 300):
        write_down([
            replace(stopped(world, uuid4(), f"N-{number}-{each}"), legal_entity=company("HP-DE").pk)
            for each in range(number)
        ])  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            assert intake.take_in() == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_page_drafts_tries_and_keeps_what_was_tried(world: World, staff: Staff) -> None:
    item = merged(world, staff)
    browser = signed_in(staff.farid)
    page = browser.get(f"/queue/{item.number}/")
    assert "Its causes" in text_of(page)
    page = browser.get(f"/queue/grouping-rules/new/?item={item.number}")
    given = {name: value for name, value in page.context["form"].initial.items() if value not in (None, "")}
    typed = {"name": "New services", "reason": "one line", **given}
    tried = browser.post("/queue/grouping-rules/new/", typed)
    assert "3 failures of 2 causes would have come together, 300.00 EUR" in text_of(tried)
    assert not GroupingRule.objects.exists()
    stamp = tried.context["tried"]["stamp"]
    changed = browser.post("/queue/grouping-rules/new/", typed | {"words": "other", "keep": stamp})
    assert "You have changed it since you tried it" in text_of(changed)
    assert not GroupingRule.objects.exists()
    browser.post("/queue/grouping-rules/new/", typed | {"keep": stamp})
    rule = GroupingRule.objects.get()
    assert rule.cause == item.fingerprint
    listed = text_of(signed_in(staff.viktor).get("/queue/grouping-rules/"))
    assert "New services" in listed
    assert "Farid Amini" in listed
    assert "Remove it" not in listed
    assert "New services" not in text_of(signed_in(staff.stranger).get("/queue/grouping-rules/"))
    assert signed_in(staff.viktor).get("/queue/grouping-rules/new/").status_code == 403
    place = f"/queue/grouping-rules/{rule.pk}/removals/"
    assert browser.post(place, {"reason": ""}).status_code == 422
    assert signed_in(staff.viktor).post(place, {"reason": "x"}).status_code == 403
    assert signed_in(staff.stranger).post(place, {"reason": "x"}).status_code == 404
    browser.post(place, {"reason": "no more"})
    assert not GroupingRule.objects.exists()


def test_wrong_rules_come_back_with_what_was_typed(world: World, staff: Staff) -> None:
    browser = signed_in(staff.farid)
    typed = {"name": "All refusals", "legal_entity": company("HP-DE").pk, "category": "refused", "reason": "because"}
    answer = browser.post("/queue/grouping-rules/new/", typed)
    assert answer.status_code == 422
    assert "Say more than the kind" in text_of(answer)
    assert "All refusals" in answer.content.decode()
    foreign = browser.post("/queue/grouping-rules/new/", typed | {"legal_entity": company("HP-GB").pk, "words": "x"})
    assert foreign.status_code == 422
    assert not GroupingRule.objects.exists()


def test_api_tries_keeps_and_removes(world: World, staff: Staff) -> None:
    item = merged(world, staff)
    token = token_of(staff.farid, "experience:read", "experience:write")
    wanted = {"legal_entity": "HP-DE", "kind": "unmapped_value", "table": "tasks"}
    tried = post("/api/experience/v1/grouping-rule-trials", token, wanted)
    assert (tried.json()["failures"], tried.json()["causes"], tried.json()["items"]) == (
        3, 2, sorted(WorkItem.objects.values_list("number", flat=True)),
    )  # fmt: skip
    made = post(API, token, wanted | {"name": "New services", "reason": "one line", "item": item.number})
    assert made.status_code == 201, made.content
    assert made.json()["item"] == item.number
    stop_of_rule(world, "A")
    assert get(API, token).json()["items"][0]["hits"] == 1
    assert stands(item)[1] == 4
    for wrong in ({"legal_entity": "HP-GB"}, {"route": "none"}, {"connection": "none"}, {"item": 10**9}):
        assert post(API, token, wanted | {"name": "n", "reason": "x"} | wrong).status_code in (403, 422), wrong
    one = get(f"{API}/{made.json()['id']}", token)
    gone = Client().delete(
        f"{API}/{made.json()['id']}", headers={"Authorization": f"Bearer {token}", "If-Match": one["ETag"]}
    )
    assert gone.status_code == 204
    assert get(f"{API}/{made.json()['id']}", token).status_code == 404


def test_trial_by_words_tells_nobody_what_is_hidden_from_them(world: World, staff: Staff) -> None:
    trouble = replace(stopped(world, uuid4(), "A"), legal_entity=company("HP-DE").pk)
    problem = replace(trouble.problem, field="cost_rate", message="A cost rate of 95.20 is none.", table="", key=())
    write_down([replace(trouble, problem=problem)])
    asked = {"legal_entity": "HP-DE", "kind": "unmapped_value", "words": "95.20"}
    for who, number in ((staff.farid, 0), (staff.clara, 1)):  # she may see pay
        told = post(f"{API[:-1]}-trials", token_of(who), asked)
        assert (told.status_code, told.json()["failures"]) == (200, number), told.content
    by_field = post(f"{API[:-1]}-trials", token_of(staff.farid), asked | {"words": "", "field": "cost_rate"})
    assert by_field.json()["failures"] == 1


@pytest.mark.parametrize(("keeper", "hits"), [("farid", 0), ("clara", 1)])
def test_kept_rule_finds_out_nothing_that_is_hidden_from_its_keeper(
    world: World, staff: Staff, keeper: str, hits: int
) -> None:
    rule = GroupingRule(legal_entity=company("HP-DE"), name="Pay", category="unmapped_value", words="95.20")
    verbs.keep_grouping_rule(rule, by=getattr(staff, keeper), reason="one cause")  # Clara may see pay
    trouble = replace(stopped(world, uuid4(), "A"), legal_entity=company("HP-DE").pk)
    problem = replace(trouble.problem, field="cost_rate", message="A cost rate of 95.20 is none.", table="", key=())
    write_down([replace(trouble, problem=problem)])
    intake.take_in()
    rule.refresh_from_db()
    assert rule.hits == hits
    assert WorkItem.objects.filter(fingerprint=rule.cause).count() == hits
