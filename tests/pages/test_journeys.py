"""Journeys of people who clear what is stuck, in a real browser, by keys alone, checked at the simulated target."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from canonical.failure import Category
from exceptions_queue.models import Resolution, State, WorkItem
from routes.models import Failure
from tests.pages.chromium import window
from tests.pages.firm import Firm
from tests.pages.stuck import EACH, Stuck, stuck

pytestmark = pytest.mark.slow  # what is written is committed, so that the hub sees it
ALLOWED = 40  # actions: keys that are pressed, and values that are typed
LINE = "document.activeElement.closest('tr')?.dataset.number"


@pytest.fixture(scope="module")
def four(database: None, fresh_firm: Firm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stuck]:
    with stuck(tmp_path_factory.mktemp("netsuite")) as made:
        yield made


class Person:
    """Somebody at a keyboard; everything that they do is counted."""

    def __init__(self, page: Any, counted: Counter[str], name: str) -> None:
        self.page, self.counted, self.name = page, counted, name

    def press(self, *keys: str) -> None:
        for key in keys:
            self.counted[self.name] += 1
            self.page.keyboard.press(key)

    def type(self, value: str) -> None:
        """Type a value, or paste it: one action."""
        self.counted[self.name] += 1
        self.page.keyboard.insert_text(value)

    def choose(self, words: str) -> None:
        """Type the beginning of a choice: one value, too."""
        self.counted[self.name] += 1
        self.page.keyboard.type(words)

    def to_line(self, item: WorkItem) -> None:
        """Move down the list until the line of an item has the focus."""
        for _ in range(20):
            self.press("j")
            if self.page.evaluate(LINE) == str(item.number):
                return
        pytest.fail(f"{item} is not in the list")

    def open(self, item: WorkItem) -> None:
        self.to_line(item)
        self.press("Enter")
        self.arrive(item)

    def arrive(self, item: WorkItem) -> None:
        self.page.wait_for_url(f"**/queue/{item.number}/")
        self.page.wait_for_load_state()

    def focused(self, name: str) -> None:
        """See that a field has the focus, as one does before typing."""
        self.page.wait_for_function(f"document.activeElement.name === '{name}'")

    def asked(self, *words: str) -> None:
        """Read the question before saying yes."""
        self.page.wait_for_selector("dialog#sure[open]")
        for each in words:
            assert each in self.page.inner_text("dialog#sure")

    def told(self, words: str) -> None:
        """Read what came of it."""
        self.page.wait_for_selector(f"[role=status] >> text={words}")


def of(category: Category) -> WorkItem:
    return WorkItem.objects.open().get(category=category)


def test_four_hundred_entries_of_four_causes_are_cleared_in_under_forty_actions(
    hub: str, fresh_firm: Firm, chromium: Any, four: Stuck
) -> None:
    counted: Counter[str] = Counter()
    assert (len(four.expected), Failure.objects.filter(closed_at=None).count()) == (4 * EACH, 3 * EACH + 1)
    assert four.standing() == {}, "nothing has reached the ERP"
    signing, rate = of(Category.CREDENTIALS), of(Category.UNMAPPED_VALUE)
    parked, closed = of(Category.MISSING_REFERENCE), of(Category.CLOSED_PERIOD)

    with window(chromium, hub, fresh_firm.sessions["farid"]) as page:
        page.set_default_timeout(60_000)
        page.goto(f"{hub}/queue/")
        farid = Person(page, counted, "Farid, of finance")
        _give_to_ingrid(farid, signing)
        with window(chromium, hub, fresh_firm.sessions["ingrid"]) as hers:
            hers.set_default_timeout(60_000)  # NetSuite is tried, with all that can be read of it
            hers.goto(f"{hub}/")
            _enter_the_sign_in(Person(hers, counted, "Ingrid, who knows the sign-in"), signing, four)
        four.work()
        assert len(four.standing()) == EACH, "what only waited for the sign-in is through"
        four.set_the_project_up()

        farid.press("g", "e")
        page.wait_for_url("**/queue/")
        page.wait_for_load_state()
        left = [each for each in WorkItem.objects.open().by_money() if each.pk in {rate.pk, parked.pk, closed.pk}]
        farid.open(left[0])
        for place, item in enumerate(left):
            if place:
                farid.arrive(item)
            {rate.pk: _add_the_rate, parked.pk: _look_for_the_project, closed.pk: _propose_the_next_month}[item.pk](
                farid, last=place == len(left) - 1
            )
        four.work()

    approval = of(Category.APPROVAL_MISSING)
    with window(chromium, hub, fresh_firm.sessions["clara"]) as page:
        page.set_default_timeout(60_000)
        page.goto(f"{hub}/")
        _approve(Person(page, counted, "Clara, the second person"), approval)
    four.work()

    assert sum(counted.values()) < ALLOWED, counted  # some thirty
    _is_there_once(four)
    assert not Failure.objects.filter(closed_at=None).exists()
    for item in (signing, rate, parked, closed, approval):
        item.refresh_from_db()
        assert item.state == State.RESOLVED, item
    assert rate.resolution == Resolution.FIXED


def _is_there_once(four: Stuck) -> None:
    """Check at the ERP that each entry arrived, for its own money, and once."""
    standing = four.standing()
    assert {key: (Decimal(str(x["hours"])), Decimal(str(x["rate"]))) for key, x in standing.items()} == four.expected
    there = sum(Decimal(str(row["hours"])) * Decimal(str(row["rate"])) for row in standing.values())
    assert there == sum(hours * money for hours, money in four.expected.values())
    assert four.effects() == Counter(dict.fromkeys(four.expected, 1)), "each once, and none twice"
    late = {row["tranDate"] for key, row in standing.items() if 201 <= int(key.removeprefix("TE-")) <= 300}
    assert late == {"2026-08-31"}, "in the next open month"


def _give_to_ingrid(farid: Person, signing: WorkItem) -> None:
    """He may not enter sign-ins, so he gives it to somebody who may; the page says who."""
    farid.to_line(signing)
    farid.press("a")
    farid.arrive(signing)
    farid.focused("to")
    assert "Ingrid Solheim can do it" in (farid.page.text_content("#sign-ins") or "")
    farid.choose("Ingrid")
    farid.press("Control+Enter")
    farid.told("Ingrid Solheim works on it from now on.")


def _enter_the_sign_in(ingrid: Person, signing: WorkItem, four: Stuck) -> None:
    ingrid.press("g", "m")
    ingrid.page.wait_for_url("**/queue/?q=*")
    ingrid.page.wait_for_load_state()
    ingrid.open(signing)
    ingrid.press("f")
    ingrid.focused("answer_private_key")
    ingrid.type(four.key)
    ingrid.press("Tab", "Tab")
    ingrid.focused("answer_certificate")
    ingrid.type(four.certificate)
    ingrid.press("Enter")
    ingrid.asked(f"{EACH} transactions", "EUR")
    assert "PRIVATE KEY" not in ingrid.page.inner_text("dialog#sure")
    ingrid.press("Enter")
    ingrid.told("Connected to NetSuite")


def _add_the_rate(farid: Person, *, last: bool) -> None:
    farid.press("f")
    farid.focused("value_rate")
    farid.type("180")
    farid.press("Enter")
    farid.asked(f"Releases {EACH} time entries, ", "180")
    _yes(farid, last, f"{EACH} went on")


def _look_for_the_project(farid: Person, *, last: bool) -> None:
    farid.press("f")
    farid.asked(f"releases {EACH} time entries, ")
    _yes(farid, last, "It is there")


def _propose_the_next_month(farid: Person, *, last: bool) -> None:
    farid.press("f")
    farid.focused("reason")
    farid.type("Approved after the close, agreed with the client")
    farid.press("Control+Enter")
    farid.asked(f"{EACH} time entries, ", "sent once Clara Voss approves")
    _yes(farid, last, "A second person approves")


def _yes(person: Person, last: bool, said: str) -> None:
    """Say yes, and go on to the next exception where there is one."""
    person.press("Enter" if last else "]")
    person.told(said)


def _approve(clara: Person, approval: WorkItem) -> None:
    clara.press("g", "a")
    clara.page.wait_for_url("**/queue/?q=*")
    clara.page.wait_for_load_state()
    clara.open(approval)
    clara.press("f")
    clara.asked(f"{EACH} time entries, ")
    clara.press("Enter")
    clara.told(f"{EACH} approved")
