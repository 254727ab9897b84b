"""Hints for the next one: the narrowest wins, earlier ones stay, nobody overwrites another's unseen."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from exceptions_queue import hints, intake, verbs
from exceptions_queue.models import Hint, WorkItem
from exceptions_queue.models.hint import Scope
from governance.actor import ENGINE
from governance.rights import NotAllowed
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in, text_of, url_of
from tests.routes.world import World, entry

Make = Callable[..., World]
ALL: frozenset[Any] = frozenset()


def text(item: WorkItem) -> str:
    found, _ = hints.shown(item, ALL, ENGINE)
    return found.text if found else ""


def test_narrowest_hint_wins(quick_world: Make, quick_staff: Staff) -> None:
    item, clara = zero_hours(quick_world()), quick_staff.clara
    verbs.write_hint(item, by=clara, text="for the kind, everywhere", scope=Scope.KIND, everywhere=True)  # type: ignore[arg-type]
    assert text(item) == "for the kind, everywhere"
    verbs.write_hint(item, by=clara, text="for the kind, here", scope=Scope.KIND)  # type: ignore[arg-type]
    assert text(item) == "for the kind, here"
    verbs.write_hint(item, by=clara, text="for the rule", scope=Scope.RULE)  # type: ignore[arg-type]
    assert text(item) == "for the rule"
    verbs.write_hint(item, by=clara, text="for this", scope=Scope.CAUSE)  # type: ignore[arg-type]
    assert text(item) == "for this"
    verbs.write_hint(item, by=clara, text="", scope=Scope.CAUSE)  # type: ignore[arg-type]
    assert text(item) == "for the rule"


def test_another_cause_of_the_rule_has_its_hint(quick_world: Make, quick_staff: Staff) -> None:
    world = quick_world()
    item = zero_hours(world)
    verbs.write_hint(item, by=quick_staff.farid, text="Ask the office.", scope=Scope.KIND)  # type: ignore[arg-type]
    world.take_in(entry(3, currency=None))
    intake.take_in()
    other = WorkItem.objects.exclude(pk=item.pk).get()
    assert other.category == item.category
    assert text(other) == "Ask the office."


def test_page_says_who_wrote_it_and_what_stood_there_before(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    browser = signed_in(quick_staff.farid)
    address = f"/queue/{item.number}/handling/hints/"
    browser.post(address, {"scope": "cause", "text": "Call Ann.", "link": "https://wiki.example/hours", "seen": "none"})
    seen = f"cause:{Hint.objects.get().pk}"
    browser.post(address, {"scope": "cause", "text": "Call Bob.", "seen": seen})
    shown = text_of(browser.get(url_of(item)))
    assert "Call Bob." in shown
    assert "Farid Amini" in shown
    assert "What stood there before" in shown
    assert "Call Ann." in shown
    assert "Hint written" in shown, "the item's history"


@pytest.mark.parametrize(
    "link", ["http://wiki.example", "javascript:alert(1)", "https://", "https://a:b@wiki.example", "x"]
)
def test_odd_links_are_refused_beside_what_was_typed(quick_world: Make, quick_staff: Staff, link: str) -> None:
    item = zero_hours(quick_world())
    answer = signed_in(quick_staff.farid).post(
        f"/queue/{item.number}/handling/hints/", {"scope": "cause", "text": "Look there.", "link": link}
    )
    assert answer.status_code == 422
    assert "no address that begins with https://" in text_of(answer)
    assert "Look there." in answer.content.decode()
    assert not Hint.objects.exists()


def test_hint_of_somebody_else_is_shown_and_not_overwritten(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    verbs.write_hint(item, by=quick_staff.clara, text="Call Ann.", seen=0)  # type: ignore[arg-type]
    answer = signed_in(quick_staff.farid).post(
        f"/queue/{item.number}/handling/hints/", {"scope": "cause", "text": "Call Bob.", "seen": "none"}
    )
    assert answer.status_code == 422
    assert "Clara Voss has written “Call Ann.” there meanwhile" in text_of(answer)
    assert text(item) == "Call Ann."


def test_hint_for_all_companies_asks_the_right_for_all(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    with pytest.raises(NotAllowed):
        verbs.write_hint(item, by=quick_staff.farid, text="x", everywhere=True)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed):
        verbs.write_hint(item, by=quick_staff.viktor, text="x")  # type: ignore[arg-type]
    with pytest.raises(verbs.NotPossible, match="no hint to take away"):
        verbs.write_hint(item, by=ENGINE, text=" ")


def test_api_writes_and_tells_it(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    browser = signed_in(quick_staff.farid)
    address = f"/api/experience/v1/work-items/{item.number}"
    body = {"text": "Ask the office.", "scope": "rule"}
    assert browser.post(f"{address}/hints", body, content_type="application/json").status_code == 200
    told = browser.get(address).json()
    assert told["hint"] == "Ask the office."
    for again in (body, body | {"seen": None}, body | {"seen": 0}):
        assert browser.post(f"{address}/hints", again, content_type="application/json").status_code == 409
    right = body | {"seen": told["hint_number"]}
    assert browser.post(f"{address}/hints", right, content_type="application/json").status_code == 200


def test_hint_is_not_put_aside_by_a_form_that_has_seen_none(quick_world: Make, quick_staff: Staff) -> None:
    item = zero_hours(quick_world())
    verbs.write_hint(item, by=quick_staff.clara, text="Call Ann.", seen=0)  # type: ignore[arg-type]
    browser, at = signed_in(quick_staff.farid), f"/queue/{item.number}/handling/hints/"
    for seen in ({}, {"seen": ""}, {"seen": "none"}, {"seen": "cause:0"}):
        answer = browser.post(at, {"scope": "cause", "text": "Call Bob.", **seen})
        assert answer.status_code == 422
        assert "Clara Voss has written “Call Ann.” there meanwhile" in text_of(answer)
        assert text(item) == "Call Ann."


@pytest.mark.parametrize(("way", "typed", "field"), [
    ("hints", {"scope": "cause", "text": "x", "link": "javascript:alert(1)"}, "link"),
    ("tags", {"tags": "fine, not/one"}, "tags"), ("rests", {"until": "2020-01-01", "reason": "x"}, "until"),
    ("comments", {"text": "@Nobody look"}, "text"),
])  # fmt: skip
def test_value_that_does_not_fit_is_told_at_its_field(
    way: str, typed: dict[str, str], field: str, quick_world: Make, quick_staff: Staff
) -> None:
    item = zero_hours(quick_world())
    page = signed_in(quick_staff.farid).post(f"/queue/{item.number}/handling/{way}/", typed)
    assert page.status_code == 422
    invalid = re.search(rf'<(?:input|textarea)[^>]*name="{field}"[^>]*aria-invalid="true"', page.content.decode())
    assert invalid, "it is marked at its field"
