"""Two people at one exception, and a write of which nobody knows what became of it: by keys, in a real browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from canonical.failure import Category
from connectors.outcome import LookUp
from exceptions_queue import intake, settle
from exceptions_queue.models import State, WorkItem
from routes.models import KeyHead, Transaction
from tests.exceptions_queue.test_finding_out import in_doubt
from tests.pages.chromium import window
from tests.pages.firm import Firm
from tests.routes.conftest import _maker
from tests.routes.world import World, entry, refused

pytestmark = pytest.mark.slow  # what is written is committed, so that the hub sees it


@pytest.fixture(scope="module")
def world(database: None, fresh_firm: Firm) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, contextmanager(_maker)(patch) as make:
        yield make()


@contextmanager
def at_their_keyboard(chromium: Any, hub: str, firm: Firm, who: str, item: WorkItem) -> Iterator[Any]:
    with window(chromium, hub, firm.sessions[who]) as page:
        page.set_default_timeout(60_000)
        page.goto(f"{hub}/queue/{item.number}/")
        yield page


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def told(page: Any, words: str) -> None:
    page.wait_for_selector(f"main >> text={words}")


def test_unknown_outcome_is_probed_and_linked_and_nothing_is_sent_again(
    hub: str, fresh_firm: Firm, chromium: Any, world: World
) -> None:
    item = in_doubt(world, committed=True)
    sent = len(world.target.requests)
    with at_their_keyboard(chromium, hub, fresh_firm, "farid", item) as page:
        press(page, "f")
        page.wait_for_selector("dialog#sure[open]")
        assert "1 time entry, 800.00 EUR" in page.inner_text("dialog#sure")
        press(page, "Enter")
        told(page, "it is there as X-TE-0000001, and posted")
    world.target.behave = lambda request, number: None
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    item.refresh_from_db()
    assert item.state == State.RESOLVED
    assert (world.states(), len(world.target.requests), len(world.target.commits)) == (["posted"], sent, 1)
    assert KeyHead.objects.get().live_external_id == "X-TE-0000001"


def test_second_one_to_take_it_is_told_who_has_it(hub: str, fresh_firm: Firm, chromium: Any, world: World) -> None:
    item = against_a_rule(world, 10)
    with (
        at_their_keyboard(chromium, hub, fresh_firm, "farid", item) as his,
        at_their_keyboard(chromium, hub, fresh_firm, "clara", item) as hers,
    ):
        press(his, "1")
        told(his, "It is yours.")
        press(hers, "1")
        told(hers, "Farid Amini")
        assert hers.locator("[role=status] .error").count() == 1
    item.refresh_from_db()
    assert item.assignee == f"person:{fresh_firm.people['farid'].pk}"


def test_second_one_to_send_it_again_sends_nothing(hub: str, fresh_firm: Firm, chromium: Any, world: World) -> None:
    item = against_a_rule(world, 20)
    before, item_holds = len(world.target.commits), item.members
    with (
        at_their_keyboard(chromium, hub, fresh_firm, "farid", item) as his,
        at_their_keyboard(chromium, hub, fresh_firm, "clara", item) as hers,
    ):
        press(his, "e")
        his.wait_for_function("document.activeElement.closest('#corrections')")
        his.fill("#corrections-value", "7.50")
        his.fill("#corrections-reason", "Asked the consultant")
        press(his, "Control+Enter")
        his.wait_for_selector("dialog#sure[open]")
        press(hers, "r")
        hers.wait_for_selector("dialog#sure[open]")
        press(his, "Enter")
        told(his, f"Corrected. {item.members} went on.")
        press(hers, "Enter")  # asked about what was open when she looked
        told(hers, "can no longer be done here")
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    item.refresh_from_db()
    assert item.state == State.RESOLVED
    assert len(world.target.commits) == before + item_holds
    assert world.target.net_hours("TE-0000020") == 7.5


def against_a_rule(world: World, number: int) -> WorkItem:
    """Return the item of an entry without hours; each test has its own, for the one before is resolved or another's."""
    world.take_in(entry(number, hours="0.00"))
    while intake.take_in():
        pass
    return WorkItem.objects.open().latest("number")


def test_record_that_stands_at_the_target_is_linked_by_its_typed_id_with_keys_alone(
    hub: str, fresh_firm: Firm, chromium: Any, world: World
) -> None:
    world.target.behave = lambda request, number: refused(Category.DUPLICATE, "exists already")
    world.take_in(entry(30), entry(31))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.open().get(category=Category.DUPLICATE)
    two, sent = Transaction.objects.filter(key__in=["TE-0000030", "TE-0000031"]), len(world.target.requests)
    body = {"hours": 7, "project": "P-001"}
    world.target.look_up = lambda asked: [LookUp(True, "X-77", "LR-77", body=body) for _ in asked]  # type: ignore[method-assign]
    with at_their_keyboard(chromium, hub, fresh_firm, "farid", item) as page:
        press(page, "j", "x")  # which of the two records it is
        press(page, "f")
        page.wait_for_function("document.activeElement.name === 'external_id'")
        page.keyboard.type("X-77")
        press(page, "Tab")
        page.keyboard.type("LR-77")
        press(page, "Tab")
        page.keyboard.type("Posted by hand")
        press(page, "Control+Enter")
        page.wait_for_selector("dialog#sure[open]")
        press(page, "Enter")
        told(page, "Under our key the target has LR-77")
        assert "hours: 7 there, 8" in page.inner_text("main")
        assert ({*two.values_list("state", flat=True)}, len(world.target.requests)) == ({"failed"}, sent)
        page.wait_for_function("document.activeElement.matches('[data-wrong]')")  # read first
        press(page, "Control+Enter")
        page.wait_for_selector("dialog#sure[open]")
        assert "LR-77" in page.inner_text("dialog#sure")
        press(page, "Enter")
        told(page, "it counts as posted, and nothing was sent")
    intake.take_in()
    settle.settle_sent_again()
    assert sorted(two.values_list("state", flat=True)) == ["failed", "posted"]
    assert len(world.target.requests) == sent
    linked = KeyHead.objects.get(live_external_id="X-77")
    assert linked.key in ("TE-0000030", "TE-0000031")
    assert "as LR-77: Posted by hand" in item.events.get(verb="linked").reason
