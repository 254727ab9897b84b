"""Bulk runs as the tests need them: made, worked at until nothing is due, and counted."""

from collections.abc import Mapping
from typing import Any

from exceptions_queue.bulk import planning, running, steering
from exceptions_queue.bulk.choices import by_name
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.bulk.totals import Totals, totals
from exceptions_queue.models import BulkRun, BulkState, Result, WorkItem
from governance.actor import ENGINE
from tests import clocks

WHY = {"reason": "agreed with the project manager"}
AGAIN = {"configuration": "now", "reason": "the rates are right now"}


def planned(by: Any, name: str, data: Mapping[str, Any], *items: WorkItem, **more: Any) -> BulkRun:
    """Return a plan that is worked out."""
    choice = by_name(name)
    assert choice is not None
    selection = more.pop("selection", None) or Selection(items=tuple(item.number for item in items))
    run = planning.plan(selection, by=by, choice=choice, data=data, **more)
    work(run)
    return fresh(run)


def started(run: BulkRun, by: Any) -> BulkRun:
    """Start a plan, and do nothing of it yet."""
    return steering.start(run, by=by, seen=run.plan_hash)


def work(run: BulkRun) -> BulkRun:
    """Let a worker do what is due."""
    running.work(seconds=20, run=run.pk)
    return fresh(run)


def later(run: BulkRun, seconds: float = 5) -> BulkRun:
    """Let time pass, and let a worker do what is due then."""
    clocks.later(seconds)
    return work(run)


def fresh(run: BulkRun) -> BulkRun:
    """Return a run as it stands now, after looking whether its numbers add up."""
    found = BulkRun.objects.get(pk=run.pk)
    adds_up(found)
    return found


def adds_up(run: BulkRun) -> Totals:
    """Check that every member, and all the money, stands in exactly one line."""
    found = totals(run, ENGINE)
    parts = [found.of(result) for result in Result if result != Result.NONE]
    assert sum(part.members for part in parts) == found.planned.members
    assert found.planned.members == (run.planned if run.state != BulkState.PLANNING else found.planned.members)
    assert found.planned.members + found.left.members + found.outcomes.get("", found.of(Result.NONE)).members == (
        run.chosen
    )
    for currency in found.planned.sums:
        assert sum(part.sums.get(currency, 0) for part in parts) == found.planned.sums[currency]
    assert sum(part.unknown for part in parts) == found.planned.unknown
    if run.is_over:
        assert found.of(Result.WAITING).members == found.of(Result.UNDER_WAY).members == 0
    return found


def results(run: BulkRun) -> dict[str, int]:
    """Return how many members have each result."""
    found = adds_up(run)
    return {str(result): worth.members for result, worth in found.results.items() if worth.members}
