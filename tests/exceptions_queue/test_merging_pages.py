"""Merging and splitting by page and API: what is shown first, who may, and each cause with its own remedies."""

from collections.abc import Callable

import pytest

from exceptions_queue import intake, verbs
from exceptions_queue.codes import code_of
from exceptions_queue.models import Release, WorkItem
from exceptions_queue.parts import parts_of
from routes.models import Failure
from tests.api.signing import get, post, token_of
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_merging import rated, stands, stop
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.exceptions_queue.test_query import staff
from tests.governance.people import company
from tests.routes.world import World

__all__ = ["staff"]
Make = Callable[..., World]
API = "/api/experience/v1/work-items"


@pytest.fixture
def world(quick_world: Make) -> World:
    return quick_world()


def test_list_merges_what_is_ticked_and_shows_first_what_would_be_one(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1", 2), stop(world, "T-2")
    browser = signed_in(staff.farid)
    page = browser.get("/queue/merges/", {"items": [one.number, other.number]})
    assert "300 EUR at stake in 2 causes" in text_of(page)
    typed = {"items": [one.number, other.number], "into": other.number, "reason": ""}
    refused = browser.post("/queue/merges/", typed)
    assert refused.status_code == 422
    assert "A reason is missing" in text_of(refused)
    assert stands(one)[1] == 2
    done = browser.post("/queue/merges/", typed | {"reason": "the same service"})
    assert done["Location"] == f"/queue/{other.number}/"
    assert (stands(one)[1], stands(other)[1]) == (0, 3)
    assert f"exception {other.number}" in text_of(browser.get(f"/queue/{one.number}/"))
    again = browser.get("/queue/merges/", {"items": [one.number, other.number]}, follow=True)
    assert "Tick two or more" in text_of(again)
    for user in (staff.viktor, staff.stranger):
        answer = signed_in(user).post("/queue/merges/", typed | {"reason": "x"}, follow=True)
        assert "Tick two or more" in text_of(answer)


def test_one_cause_of_a_merged_one_is_tried_and_sent_alone(world: World, staff: Staff) -> None:
    items = rated(world, "Architect", "Coach")
    one = verbs.merge(items["Architect"], by=staff.farid, items=[items["Coach"].number], reason="both are new roles")
    found = {part.item.table_key[0]: part for part in parts_of(one)}
    code, browser = found["Coach"].code, signed_in(staff.farid)
    page = browser.get(f"/queue/{one.number}/", {"cause": code}).content.decode()
    for name in ("trials", "configurations"):
        assert f'/queue/{one.number}/{name}/?cause={code}"' in page
        told = text_of(browser.get(f"/queue/{one.number}/{name}/", {"cause": code}))
        assert ("Coach" in told, "Architect" in told) == (True, False), name
        gone = browser.get(f"/queue/{one.number}/{name}/", {"cause": "f" * 12}, follow=True)
        assert "Nothing of that cause is open any more" in text_of(gone)
    assert (
        f"resubmissions/?cause={code}"
        in browser.get(f"/queue/{one.number}/configurations/", {"cause": code}).content.decode()
    )
    token = token_of(staff.farid)
    tried = post(f"{API}/{one.number}/trials?cause={code}", token, {}).json()
    assert (tried["members"], len(tried["trials"])) == (2, 2)
    assert post(f"{API}/{one.number}/configurations?cause={code}", token, {}).json()["tried"] == 2
    assert post(f"{API}/{one.number}/trials?cause={'f' * 12}", token, {}).status_code == 409
    done = browser.post(f"/queue/{one.number}/resubmissions/?cause={code}", {"reason": "x", "configuration": "now"})
    assert done.status_code == 302
    assert Release.objects.get().asked == 2


def test_one_key_counts_for_each_cause_by_itself(world: World, staff: Staff) -> None:
    first, *others = rated(world, "Architect", "Coach", "Painter").values()
    one = verbs.merge(first, by=staff.farid, items=[each.number for each in others], reason="all are new roles")
    token, why = token_of(staff.farid), {"reason": "not billable"}
    for part in parts_of(one)[:2]:
        place = f"{API}/{one.number}/waivers?cause={part.code}"
        done, again = (post(place, token, why, Idempotency_Key="month-end") for _ in range(2))
        assert (done.status_code, "Idempotency-Replayed" in done.headers) == (200, False), done.content
        assert (again.content, again["Idempotency-Replayed"]) == (done.content, "true")
    assert Failure.objects.filter(closed_at=None).count() == 2, "of the third cause"


def test_what_is_of_several_companies_stays_in_sight(world: World, staff: Staff) -> None:
    one, other, third = stop(world, "T-1"), stop(world, "T-2"), stop(world, "T-3")
    WorkItem.objects.filter(pk=other.pk).update(legal_entity=company("HP-GB"))
    items = {"items": [one.number, other.number]}
    refused = signed_in(staff.clara).get("/queue/merges/", items, follow=True)
    told = text_of(refused)
    assert "Nothing was merged: these are exceptions of HP-DE and HP-GB" in told
    lines = refused.content.decode()
    assert f'href="/queue/{one.number}/"' in lines
    assert f'href="/queue/{other.number}/"' in lines
    assert f'href="/queue/{third.number}/"' not in lines


def test_item_page_merges_and_takes_apart(world: World, staff: Staff) -> None:
    one, other = stop(world, "T-1", 2), stop(world, "T-2")
    browser = signed_in(staff.farid)
    wrong = browser.post(f"/queue/{one.number}/handling/merges/", {"numbers": "17, x", "reason": "r"})
    assert "“x” is no number of an exception" in text_of(wrong)
    browser.post(f"/queue/{one.number}/handling/merges/", {"numbers": f"#{other.number}", "reason": "r"})
    assert stands(one)[1] == 3
    browser.post(f"/queue/{other.number}/handling/separations/", {"reason": "no"})
    assert (stands(one)[1], stands(other)[1]) == (2, 1)


def test_item_page_splits_what_is_ticked(world: World, staff: Staff) -> None:
    item = stop(world, "T-1", 3)
    one = item.failures().first()
    assert one
    world.take_in()
    browser = signed_in(staff.farid)
    refused = browser.post(f"/queue/{item.number}/splits/", {"reason": "r"})
    assert "Choose the rows below that are split off" in text_of(refused)
    browser.post(f"/queue/{item.number}/splits/", {"reason": "r", "failures": [code_of(one.pk)]})
    new = WorkItem.objects.get(split_from=item)
    assert (new.members, stands(item)[1]) == (1, 2)
    assert f"exception {new.number}" in text_of(browser.get(f"/queue/{item.number}/"))
    assert f"exception {item.number}" in text_of(browser.get(f"/queue/{new.number}/"))


def test_page_of_a_merged_one_offers_for_all_and_for_each_cause(world: World, staff: Staff) -> None:
    items = rated(world, "Architect", "Coach")
    one = verbs.merge(items["Architect"], by=staff.farid, items=[items["Coach"].number], reason="new roles")
    browser = signed_in(staff.clara)
    page = browser.get(f"/queue/{one.number}/")
    assert {each.name for each in page.context["remedies"]} == {"splits", "resubmissions", "fetches", "waivers"}
    part = next(each for each, title in page.context["causes"] if "Coach" in title)
    assert browser.post(f"/queue/{one.number}/table-rows/", {"value_rate": "120"}).status_code == 302
    assert stands(one)[1] == 4, "without a cause nothing of one cause is done"
    page = browser.get(f"/queue/{one.number}/?cause={part.code}")
    assert "table-rows" in {each.name for each in page.context["remedies"]}
    assert "releases 2 time entries" in text_of(page).lower()
    assert f"/queue/{one.number}/table-rows/?cause={part.code}" in page.content.decode()
    assert len(page.context["members"].members) == 2
    typed = {"value_rate": "120.00", "reason": "new"}
    answer = browser.post(f"/queue/{one.number}/table-rows/?cause={part.code}", typed)
    assert answer.status_code == 302, text_of(answer)
    intake.take_in()
    assert stands(one)[1] == 2
    gone = browser.get(f"/queue/{one.number}/?cause={part.code}", follow=True)
    assert "Nothing of that cause is open any more" in text_of(gone)


def test_api_merges_splits_and_means_one_cause(world: World, staff: Staff) -> None:
    items = rated(world, "Architect", "Coach")
    one, other = items["Architect"], items["Coach"]
    token = token_of(staff.clara, "experience:read", "experience:write")
    done = post(f"{API}/{one.number}/merges", token, {"items": [other.number], "reason": "new roles"})
    assert done.status_code == 200, done.content
    assert done.json()["said"] == "It holds 4 time entries now."
    told = get(f"{API}/{one.number}", token).json()
    assert [(each["members"], each["kind"]) for each in told["causes"]] == [(2, "unmapped_value")] * 2
    assert "table-rows" not in {each["name"] for each in told["remedies"]}
    cause = next(each["cause"] for each in told["causes"] if "Coach" in each["title"])
    alone = get(f"{API}/{one.number}?cause={cause}", token).json()
    assert "table-rows" in {each["name"] for each in alone["remedies"]}
    assert alone["table_key"] == ["Coach", "EUR"]
    members = get(f"{API}/{one.number}/members?cause={cause}", token).json()["items"]
    assert len(members) == 2
    refused = post(f"{API}/{one.number}/table-rows", token, {"values": {"rate": "120"}})
    assert refused.status_code == 409
    split = post(f"{API}/{one.number}/splits", token, {"failures": [members[0]["id"]], "reason": "another contract"})
    assert split.status_code == 200, split.content
    new = WorkItem.objects.get(split_from=one)
    assert (new.table_key, new.members, stands(one)[1]) == (["Coach", "EUR"], 1, 3)
    apart = post(f"{API}/{other.number}/separations", token, {"reason": "no"})
    assert apart.status_code == 200, apart.content
    assert (stands(one)[1], stands(other)[1], stands(new)[1]) == (2, 1, 1)
    nothing = post(f"{API}/{one.number}/waivers?cause=000000000000", token, {"reason": "x"})
    assert nothing.status_code == 409
