"""The keys of the queue in a real browser: the whole way without a mouse, and nothing sent that was not asked about."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import intake, keyboard
from exceptions_queue.codes import code_of
from exceptions_queue.models import State, WorkItem
from governance.models import User
from mappings.models import TableRow
from tests.exceptions_queue.situations import trouble, with_rates
from tests.governance.people import company
from tests.pages import looking
from tests.pages.chromium import window
from tests.pages.firm import Firm
from tests.routes.conftest import _maker
from tests.routes.world import World, entry

pytestmark = pytest.mark.slow  # what they write is committed, so that the hub sees it
ROLES = ("Director", "Manager", "Principal", "Analyst", "Architect")
FOCUS = "document.activeElement"
LINE = f"{FOCUS}.closest('tr')?.dataset.number"


@pytest.fixture(scope="module")
def world(database: None, fresh_firm: Firm) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, contextmanager(_maker)(patch) as make:
        yield with_rates(make())


@pytest.fixture
def items(world: World) -> list[WorkItem]:
    """Return open items in the order of the list: for each role, entries without a rate, the most money first."""
    left = {item.table_key[0] for item in WorkItem.objects.open().filter(table="bill_rates")}
    made = iter(range(WorkItem.objects.count() * 100 + 1, 10**6))
    for place, role in enumerate(ROLES):
        if role not in left:
            world.take_in(*(entry(next(made), role=role) for _ in range(9 - place)))
    intake.take_in()
    return list(WorkItem.objects.open().filter(table="bill_rates").by_money())


@pytest.fixture
def page(hub: str, fresh_firm: Firm, chromium: Any, items: list[WorkItem]) -> Iterator[Any]:
    User.objects.update(single_keys=True)
    with window(chromium, hub, fresh_firm.sessions["clara"]) as page:
        page.set_default_timeout(60_000)
        page.sent = []
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: page.sent.append(asked.url) if asked.method == "POST" else None)
        yield page
        assert wrong == []


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def opened(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_load_state()


def question(page: Any) -> str:
    """Return what is asked before something is sent; "" where nothing is."""
    return page.inner_text("dialog#sure") if page.locator("dialog#sure[open]").count() else ""


def test_item_is_worked_from_the_list_to_its_end_without_a_mouse(hub: str, page: Any, world: World, items: Any) -> None:
    second = items[1]
    opened(page, f"{hub}/queue/")
    press(page, "j", "j", "k", "ArrowDown")
    assert page.evaluate(LINE) == str(second.number)
    press(page, "Enter")
    page.wait_for_url(f"**/queue/{second.number}/")
    press(page, "f")
    assert page.evaluate(f"{FOCUS}.name") == "value_rate"
    page.keyboard.type("180")
    press(page, "Enter")

    assert f"{second.members} time entries, " in question(page)
    assert "180" in question(page)
    assert not TableRow.objects.filter(key=second.table_key).exists(), "asked, and not done yet"
    press(page, "Enter")
    page.wait_for_selector("[role=status] .told")
    assert f"{second.members} went on" in page.inner_text("[role=status] .told")
    world.deliver()
    intake.take_in()
    second.refresh_from_db()
    assert (second.state, TableRow.objects.get(key=second.table_key).values["rate"]) == (State.RESOLVED, "180")

    press(page, "Escape")
    page.wait_for_function(f"{LINE} === '{items[2].number}'")  # where the one was that is gone
    assert page.url == f"{hub}/queue/"


def test_escape_leads_back_to_the_same_line_of_the_same_list(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/queue/?q=is%3Aopen+class%3Aunmapped-value")
    press(page, "j", "j", "j", "Enter")
    page.wait_for_url(f"**/queue/{items[2].number}/")
    press(page, "c")
    assert page.evaluate(f"{FOCUS}.name") == "text"
    press(page, "Escape")
    assert page.evaluate(f"{FOCUS}.tagName") == "SUMMARY", "out of the field, and not away"
    press(page, "Escape")
    page.wait_for_function(f"{LINE} === '{items[2].number}'")
    assert "class%3Aunmapped-value" in page.url


def test_keys_are_dead_where_somebody_writes_and_with_other_keys_held(hub: str, page: Any, items: Any) -> None:
    address = f"{hub}/queue/{items[0].number}/"
    opened(page, address)
    everything = "eDfFrRhatpcwx123jk?g/]"
    press(page, "c")
    page.keyboard.type(everything)
    assert page.input_value("#comments-text") == everything
    page.evaluate("""() => {
        const place = document.createElement("div");
        place.contentEditable = "true";
        place.id = "written";
        document.querySelector("main").append(place);
        place.focus();
    }""")
    page.keyboard.type(everything)
    assert page.inner_text("#written").strip() == everything
    page.focus("#assignments summary")
    opens = page.locator("details.remedy[open]").count()
    press(page, *(f"{held}+{key}" for held in ("Alt", "Control", "Meta") for key in ("e", "h", "c", "1", "3")))
    assert page.locator("details.remedy[open]").count() == opens
    assert page.url == address
    assert page.sent == []


def test_who_has_them_off_is_left_alone_and_can_have_them_again(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/queue/{items[0].number}/")
    assert page.get_attribute("#comments summary", "aria-keyshortcuts") == "C"
    press(page, "?")
    page.click("dialog#keys button[type=submit]")
    page.wait_for_load_state()
    assert page.url == f"{hub}/queue/{items[0].number}/"
    assert "do nothing any more" in page.inner_text("[role=status]")
    assert page.locator("[aria-keyshortcuts]:not([data-search]), kbd").count() == 0
    opens = page.locator("details.remedy[open]").count()
    press(page, "?", "c", "f", "r", "j", "Escape", "g", "m")
    assert page.url == f"{hub}/queue/{items[0].number}/"
    assert page.locator("details.remedy[open]").count() == opens
    assert page.locator("dialog[open]").count() == 0
    opened(page, f"{hub}/keyboard/")
    page.click("main form button[type=submit]")
    page.wait_for_load_state()
    opened(page, f"{hub}/queue/{items[0].number}/")
    press(page, "c")
    assert page.evaluate(f"{FOCUS}.name") == "text"


def test_question_is_asked_of_the_keyboard_also_where_keys_are_off(hub: str, page: Any, items: Any) -> None:
    User.objects.update(single_keys=False)
    opened(page, f"{hub}/queue/{items[0].number}/")
    page.fill("#table-rows-value_rate", "180")
    press(page, "Enter")
    assert f"{items[0].members} time entries" in question(page)
    press(page, "Escape")
    assert question(page) == ""
    assert page.evaluate(f"{FOCUS}.name") == "value_rate"
    assert page.sent == []


def test_overlay_tells_only_what_works_here(hub: str, page: Any, items: Any) -> None:
    def told() -> set[str]:
        press(page, "?")
        found = page.eval_on_selector_all(
            "dialog#keys [data-key]", "(all) => all.filter((one) => one.offsetParent).map((one) => one.dataset.key)"
        )
        press(page, "Escape")
        return set(found)

    ways = {"G T", "G M", "G A", "G E", "G H", "/", "?"}
    rows = {"J", "K", "Enter", "X", "Shift+X"}
    opened(page, f"{hub}/runs/")
    assert told() == ways
    opened(page, f"{hub}/queue/")
    assert told() == ways | rows | {"Control+A"} | {key.keys for key in keyboard.ON_ITEM}
    opened(page, f"{hub}/queue/{items[0].number}/")
    here = told()
    assert here >= ways | rows | {"]", "Escape", "F", "R", "Shift+R", "D", "C", "1", "3"}
    assert "Control+A" not in here
    for key in here - ways - rows - {"]", "Escape", "Control+Enter", "1", "D", "Tab"}:  # those stand at no element
        where = page.evaluate(f"""() => [...document.querySelectorAll("[aria-keyshortcuts]")].some((one) =>
            one.getAttribute("aria-keyshortcuts").split(" ").includes("{key}"))""")
        assert where, key


@pytest.mark.parametrize(
    ("keys", "line"),
    [("t", "is:new"), ("m", "is:open assignee:me"), ("a", "is:approvable")],
)
def test_g_leads_to_a_list(hub: str, page: Any, keys: str, line: str) -> None:
    opened(page, f"{hub}/runs/")
    press(page, "g")
    assert "my exceptions" in page.inner_text("[data-keys-said]")
    press(page, keys)
    page.wait_for_url("**/queue/?q=*")
    assert page.input_value("#line") == line
    press(page, "/")
    assert page.evaluate(f"{FOCUS}.id") == "line"


def test_lines_are_chosen_and_something_is_planned_for_them(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/queue/")
    press(page, "j", "x", "j", "j", "Shift+X", "k", "x")
    chosen = page.eval_on_selector_all("[data-member]:checked", "(all) => all.map((one) => one.value)")
    assert chosen == [str(items[0].number), str(items[2].number)]
    press(page, "t")
    page.wait_for_url("**/bulk-runs/new/?items=*")
    page.wait_for_function(f"{FOCUS}.name === 'add'")
    assert "2 exceptions" in page.inner_text(".lead")
    assert page.sent == []


def test_all_that_a_list_holds_is_chosen_by_the_second_time(hub: str, page: Any, items: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("exceptions_queue.pages.items.SIZE", 2)
    opened(page, f"{hub}/queue/?q=is%3Aopen+class%3Aunmapped-value")
    press(page, "Control+a")
    assert page.locator("[data-member]:checked").count() == 2
    press(page, "Control+a")
    assert "further pages" in page.inner_text("[data-keys-said]")
    press(page, "h")
    page.wait_for_url("**/bulk-runs/new/?all=1*")
    page.wait_for_function(f"{FOCUS}.name === 'until'")
    assert page.inner_text(".tile b") == str(len(items))


FIELDS = {
    "F": "value_rate", "H": "until", "A": "to", "T": "tags", "P": "priority", "C": "text",
    "W": "whom", "3": "reason",
}  # fmt: skip


@pytest.mark.parametrize("key", FIELDS)
def test_key_leads_to_the_field_on_the_page_and_from_the_list(hub: str, page: Any, items: Any, key: str) -> None:
    opened(page, f"{hub}/queue/{items[0].number}/")
    press(page, key)
    assert page.evaluate(f"{FOCUS}.name") == FIELDS[key]
    opened(page, f"{hub}/queue/")
    press(page, "j", key)
    page.wait_for_url(f"**/queue/{items[0].number}/")
    page.wait_for_function(f"{FOCUS}.name === '{FIELDS[key]}'")
    assert page.sent == []


def test_configuration_is_chosen_by_keys(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/queue/")
    press(page, "j", "Shift+R")
    page.wait_for_url(f"**/queue/{items[0].number}/configurations/*")
    page.wait_for_function(f"{FOCUS}.name === 'configuration' && {FOCUS}.value === 'now'")
    press(page, "ArrowDown")
    assert page.evaluate(f"{FOCUS}.value === 'then' && {FOCUS}.checked")
    assert page.sent == []


def test_what_needs_nothing_more_is_asked_at_once_and_can_be_left(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/queue/{items[0].number}/")
    press(page, "r")
    assert f"{items[0].members} time entries" in question(page)
    assert page.evaluate(f"{FOCUS}.dataset.sure") == "yes"
    press(page, "r", "f", "3")
    assert page.locator("dialog[open]").count() == 1, "no key works behind a question"
    press(page, "Escape")
    assert page.sent == []


def test_enter_that_is_held_down_answers_no_question(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/queue/{items[0].number}/")
    press(page, "f")
    page.keyboard.type("180")
    page.keyboard.down("Enter")
    page.keyboard.down("Enter")  # as a keyboard repeats it
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert question(page)
    assert page.sent == []


def test_chosen_rows_are_named_in_the_question_with_their_amount(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/queue/{items[0].number}/")
    press(page, "j", "x", "j", "x", "r")
    assert "Only the 2 chosen: 1,600.00 EUR" in question(page)
    press(page, "Escape")


def test_done_and_on_to_the_next(hub: str, page: Any, world: World, items: Any) -> None:
    first, then = items[0], items[1]
    opened(page, f"{hub}/queue/")
    press(page, "j", "Enter")
    page.wait_for_url(f"**/queue/{first.number}/")
    press(page, "f")
    page.keyboard.type("95")
    press(page, "Enter")
    assert question(page)
    press(page, "]")
    page.wait_for_url(f"**/queue/{then.number}/")
    assert f"Exception {first.number}: The row is added. {first.members} went on." in page.inner_text("[role=status]")
    press(page, "c")
    page.keyboard.type("Agreed with the client")
    press(page, "Escape", "]")
    page.wait_for_url(f"**/queue/{items[2].number}/")
    assert then.comments.get().text == "Agreed with the client"
    press(page, "]")
    page.wait_for_url(f"**/queue/{items[3].number}/")
    world.deliver()
    intake.take_in()


def test_no_key_sends_anything_without_a_question(hub: str, page: Any, world: World, items: Any) -> None:
    """Each key on an item of each category and on a line of the list; taking alone is at once, and sends nothing."""
    WorkItem.objects.update(assignee="")
    for category in Category:
        problem = Problem("error", category, "hours", None, "Ledger: this was not accepted.", value="8.00")
        trouble(world, problem)
    zero = entry(900_000 + int(timezone.now().timestamp()) % 1000, hours="0.00")
    world.take_in(zero)
    intake.take_in()
    pressed = [key.keys for key in keyboard.ON_ITEM]
    for item in WorkItem.objects.open().filter(legal_entity=company("HP-DE")).distinct("category").order_by("category"):
        opened(page, f"{hub}/queue/{item.number}/")
        for key in pressed:
            if key in ("1", "D"):
                continue
            press(page, key)
            if page.locator("dialog[open]").count():
                press(page, "Escape")
            page.evaluate("document.activeElement.blur()")
        assert page.url.startswith(f"{hub}/queue/{item.number}/"), item.category
    opened(page, f"{hub}/queue/")
    press(page, "j", "1")
    page.wait_for_function("document.querySelector('[data-keys-said]').textContent.includes('It is yours')")
    assert [url.rpartition("/queue/")[2].partition("/")[2] for url in page.sent] == ["taking/"]


def test_overlay_question_and_page_of_keys_are_sound(hub: str, page: Any, items: Any) -> None:
    opened(page, f"{hub}/keyboard/")
    assert [*looking.at(page), *looking.judged(page, ours=True)] == []
    page.set_viewport_size({"width": 1280, "height": 900})
    opened(page, f"{hub}/queue/")
    press(page, "j", "?")
    assert list(looking.judged(page, ours=True)) == []
    opened(page, f"{hub}/queue/{items[0].number}/")
    press(page, "r")
    assert list(looking.judged(page, ours=True)) == []
    page.set_viewport_size({"width": 390, "height": 800})  # a telephone
    for dialog in ("sure", "keys"):
        right = page.evaluate(f"document.getElementById('{dialog}').getBoundingClientRect().right")
        assert right <= 390, dialog


def test_e_opens_the_failing_field_and_tab_walks_failing_fields_only(hub: str, page: Any, items: Any) -> None:
    member = items[0].failures().order_by("pk")[0]
    opened(page, f"{hub}/queue/{items[0].number}/records/{code_of(member.pk)}/")
    failing = page.eval_on_selector_all("[data-failing]", "(all) => all.map((one) => one.id.replace('field-', ''))")
    assert sorted(failing) == ["currency", "role"], "what the rate is looked up by"
    press(page, "e")
    assert page.evaluate(f"{FOCUS}.id") == f"value-{failing[0]}"
    press(page, "Tab")
    assert page.evaluate(f"{FOCUS}.id") == f"reason-{failing[0]}"
    press(page, "Tab", "Tab")
    assert page.evaluate(f"{FOCUS}.id") == f"value-{failing[1]}", "what stands between them is passed over"
    press(page, "Shift+Tab")
    assert page.evaluate(f"{FOCUS}.textContent.trim()") == "Correct and send again"
    assert page.evaluate(f"{FOCUS}.closest('tr').id") == f"field-{failing[0]}"
    press(page, "Tab", "Tab", "Tab", "Tab")
    assert not page.evaluate(f"!!{FOCUS}.closest('[data-failing]')"), "and behind the last one on through the page"
    press(page, "?")
    told = page.eval_on_selector_all(
        "dialog#keys [data-key]", "(all) => all.filter((one) => one.offsetParent).map((one) => one.dataset.key)"
    )
    assert {"E", "Tab"} <= set(told)
    press(page, "Escape")
    assert [each for each in page.sent if "/checks/" not in each] == []
