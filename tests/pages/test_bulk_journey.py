"""A bulk run of five thousand in a real browser: paused, let go on and cancelled half-way, and every number adds up.

The page is pressed, real workers take members on and send them over HTTP, and the simulated target counts.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Error

from canonical.failure import Category
from exceptions_queue.models import BulkRun, BulkState, Result, WorkItem
from routes.models import Effect, Failure, Transaction
from tests.exceptions_queue.bulk import adds_up
from tests.invariants.crew import PIPELINE, QUEUE, Crew, allow
from tests.pages.chromium import window
from tests.pages.firm import Firm
from tests.pages.stuck import Stuck, at_netsuite

pytestmark = pytest.mark.slow  # what is written is committed, so that the hub sees it
MANY, PART = 5000, 1000
LIMIT = 240  # seconds for anything that is waited for, on a machine that does other things, too
PACE = 15_000  # a minute: workers begin sooner than the target answers, so that there is something on its way


@pytest.fixture(scope="module")
def many(database: None, fresh_firm: Firm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stuck]:
    """Let a project's cap of hours keep all entries out of NetSuite, and lift it there: nothing tells the hub."""
    with pytest.MonkeyPatch.context() as patch, at_netsuite(tmp_path_factory.mktemp("netsuite")) as made:
        patch.setattr("django.conf.settings.BULK_PACE", PACE)
        made.cap_the_hours("0.1")
        for first in range(1, MANY + 1, PART):
            made.push(first, PART)
        made.cap_the_hours("")
        yield made


@pytest.fixture(scope="module")
def crew(many: Stuck, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    env = {"BULK_PACE": str(PACE), **allow(many.simulator)}
    made = Crew(tmp_path_factory.mktemp("crew"), env, room=3, sweeps=(*PIPELINE, *QUEUE))
    yield made
    made.end()


def test_five_thousand_are_paused_and_cancelled_half_way_and_every_number_adds_up(
    hub: str, fresh_firm: Firm, chromium: Any, many: Stuck, crew: Crew
) -> None:
    [item] = WorkItem.objects.open()
    assert (item.category, item.members, many.standing()) == (Category.REFUSED, MANY, {})
    with window(chromium, hub, fresh_firm.sessions["farid"]) as page:
        page.set_default_timeout(60_000)
        run = _planned(hub, page, item, crew)
        _approved(chromium, page, fresh_firm)
        pressed(page, "5,000")
        crew.until(lambda: done(run) >= MANY // 5, seconds=LIMIT, what="a fifth is there")
        _paused(page, run, many, crew)

        pressed(page, "Go on")
        crew.until(lambda: done(run) >= MANY // 2 - 100, seconds=LIMIT, what="half of it is there", every=0.05)
        many.simulator.set_faults(latency=1.0)  # whatever is sent now is on its way when somebody cancels
        crew.until(lambda: Effect.objects.filter(state="sent").exists(), seconds=LIMIT, what="something is on its way")
        pressed(page, "Cancel it")
        begun = count(run) - count(run, Result.NOT_REACHED)
        assert done(run) < begun < MANY
        assert "some outcomes are still to come" in page.inner_text("#bulk")
        assert state_of(run) == BulkState.CANCELLING
        many.simulator.set_faults()
        crew.until(lambda: state_of(run) == BulkState.CANCELLED, seconds=LIMIT, what="what was on its way is there")
        assert done(run) == begun, "nothing new, and nothing forgotten"
        _adds_up(hub, page, run, many)


def _planned(hub: str, page: Any, item: WorkItem, crew: Crew) -> BulkRun:
    page.goto(f"{hub}/bulk-runs/new/?items={item.number}")
    page.click("#resubmissions summary")
    page.fill("#resubmissions textarea[name=reason]", "The cap is lifted")
    page.click("#resubmissions button[type=submit]")
    page.wait_for_url(re.compile(r"/bulk-runs/\d+/$"))
    run = BulkRun.objects.get()
    crew.until(lambda: state_of(run) == BulkState.PLANNED, seconds=LIMIT, what="the plan is worked out")
    renewed(page)
    assert "A second person has to approve this" in page.inner_text("#bulk")
    return run


def _approved(chromium: Any, page: Any, firm: Firm) -> None:
    address = page.url
    with window(chromium, "/".join(address.split("/")[:3]), firm.sessions["clara"]) as hers:
        hers.set_default_timeout(60_000)
        hers.goto(address)
        pressed(hers, "Approve this plan: 5,000")


def _paused(page: Any, run: BulkRun, many: Stuck, crew: Crew) -> None:
    """What was begun comes to its end, and nothing new is begun, however often workers look."""
    pressed(page, "Pause")
    assert state_of(run) == BulkState.PAUSED
    begun = count(run) - count(run, Result.WAITING)
    crew.until(lambda: not count(run, Result.UNDER_WAY), seconds=LIMIT, what="what was begun has ended")
    for _ in range(5):
        crew.sweep()
    many.work()
    assert (count(run) - count(run, Result.WAITING), done(run), len(many.standing())) == (begun, begun, begun)


def _adds_up(hub: str, page: Any, run: BulkRun, many: Stuck) -> None:
    """Compare the page, the API, the database and the simulator."""
    adds_up(BulkRun.objects.get(pk=run.pk))
    reached = done(run)
    rest = MANY - reached
    assert count(run, Result.NOT_REACHED) == rest > 0
    shown = results_on(page)
    assert (shown["Done"], shown["Not reached"], shown["Planned"]) == (reached, rest, MANY)
    told = page.request.get(f"{hub}/api/experience/v1/bulk-runs/{run.pk}").json()
    assert {each["result"]: each["members"] for each in told["results"]} == {"done": reached, "not_reached": rest}
    standing, effects = many.standing(), many.effects()
    assert set(effects.values()) == {1}, "none twice"
    members = run.members.filter(result=Result.DONE).values_list("key", flat=True)
    assert set(standing) == set(members) == set(effects)
    assert len(standing) == Transaction.objects.filter(state="posted").count() == reached
    many.work()
    [item] = WorkItem.objects.open()
    assert Failure.objects.filter(closed_at=None).count() == item.members == rest
    assert item.owner, "it is somebody's"
    page.goto(f"{hub}/queue/{item.number}/")
    assert f"{rest:,}" in page.inner_text("main")


def state_of(run: BulkRun) -> str:
    return str(BulkRun.objects.values_list("state", flat=True).get(pk=run.pk))


def count(run: BulkRun, *results: Result) -> int:
    """Return how many members have one of some results; of all that are planned without any."""
    return run.members.filter(result__in=results).count() if results else run.members.exclude(result="").count()


def done(run: BulkRun) -> int:
    return count(run, Result.DONE)


def renewed(page: Any) -> None:
    """Load the page again."""
    patiently(page, page.reload)


def results_on(page: Any) -> dict[str, int]:
    """Return how many members have each result, by the table of the page."""

    def rows() -> list[str]:
        page.reload()
        return list(page.locator("[aria-label=Results] tbody tr").all_inner_texts())

    told = [re.split(r"\s*\t\s*|\n", row.strip()) for row in patiently(page, rows)]
    return {parts[0]: next(int(p.replace(",", "")) for p in parts[1:] if re.fullmatch(r"[\d,]+", p)) for parts in told}


def patiently(page: Any, act: Callable[[], Any]) -> Any:
    """Do what must have the page to itself: what was pressed last, or the run's end, may be loading it now."""
    for left in range(9, -1, -1):
        try:
            return act()
        except Error as error:
            if not left or not any(each in str(error) for each in ("ERR_ABORTED", "context was destroyed")):
                raise
            page.wait_for_timeout(200)
            page.wait_for_load_state()
    raise AssertionError("the last try returns or raises")


def pressed(page: Any, button: str) -> None:
    renewed(page)
    page.click(f".steer button:has-text('{button}')")
    page.wait_for_load_state()
