"""What nobody foresaw: one item tells a person, nothing is lost, nothing else stops, and it goes on when it works."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import OperationalError, transaction

from connectors.outcome import Page
from governance.actor import ENGINE
from routes import (
    deliver,
    evaluation,
    nudges,
    outcomes,
    piecewise,
    receive,
    releases,
    reprocess,
    retry,
    runs,
    shipments,
    unforeseen,
)  # fmt: skip
from routes.models import Failure, KeyHead, Record, Run, StreamCursor, Transaction
from routes.tasks import sweep
from tests.routes.world import World, entry

Make = Callable[..., World]
SECRET = "sk-live-do-not-show"  # an error's own words may quote anything


def broken(*_: object, **__: object) -> Any:
    raise LookupError(SECRET)


def away(*_: object, **__: object) -> Any:
    raise OperationalError("the server closed the connection")


def spoilt_by(whole: Callable[..., Any], key: str) -> Callable[..., Any]:
    """Return the same work, which something about one record breaks."""

    def work(plan: Any, arrivals: Sequence[Any], *args: Any, **more: Any) -> Any:
        if any(a.key == key and not a.failed for a in arrivals):
            raise LookupError(SECRET)
        return whole(plan, arrivals, *args, **more)

    return work


def set_apart(world: World, *raws: dict[str, Any]) -> receive.Totals:
    """Take in a page, and the records that spoil it alone."""
    with transaction.atomic():
        return piecewise.take_in(world.plan, raws, run=None)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let runs read these pages."""

    def read(*pages: Sequence[dict[str, Any]]) -> None:
        def all_of(run: Run, *_: object) -> Any:
            done = (run.cursor or {}).get("page", 0)
            for number, records in enumerate(pages[done:], done + 1):
                yield Page(list(records), 0, {"page": number}, last=number == len(pages))

        monkeypatch.setattr(runs, "_pages", all_of)

    return read


def work(world: World) -> Run:
    runs.work(world.route.pk)
    return Run.objects.get()


def open_failures() -> list[tuple[str, str, str]]:
    return list(Failure.objects.filter(closed_at=None).values_list("stage", "category", "rule"))


def nothing_told(text: str = SECRET) -> bool:
    """Whether no failure, run or history quotes the error."""
    stored = [str(row) for model in (Failure, Run) for row in model.objects.values_list()]
    return not any(text in each or "Traceback" in each for each in stored)


def test_run_that_met_something_unforeseen_keeps_its_place_and_tells_once(
    quick_world: Make, reads: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world()
    reads([entry(1)], [entry(2)], [entry(3)])
    runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    known, calls = runs._page_done, itertools.count(1)
    monkeypatch.setattr(runs, "_page_done", lambda *a, **m: broken() if next(calls) > 1 else known(*a, **m))
    for _ in range(4):
        run = work(world)
        world.later(3700)
    assert (run.state, run.pages, run.attempts, run.cursor) == ("running", 1, 4, {"page": 1})
    assert StreamCursor.objects.get().cursor == {"page": 1}
    assert open_failures() == [("receive", "internal", "LookupError at routes.runs._store_page")]
    assert nothing_told()
    monkeypatch.setattr(runs, "_page_done", known)
    run = work(world)
    assert (run.state, run.read, run.attempts, run.message) == ("done", 3, 0, "")
    assert open_failures() == []
    assert Failure.objects.get().closed_how == "auto:retry_succeeded"


def test_run_is_tried_again_slowly_and_with_a_cap(
    quick_world: Make, reads: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world()
    reads([entry(1)])
    runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    monkeypatch.setattr(runs, "plan", broken)
    assert work(world).attempts == 1
    assert work(world).attempts == 1, "it is not due again at once"
    world.later(61)
    assert work(world).attempts == 2
    assert all(retry.slowly(attempt) <= 3600 for attempt in (1, 10, 100, 10_000))
    assert retry.slowly(1) >= 30


@pytest.mark.parametrize("name", ["prepare", "take_in_arrivals"])
def test_outage_of_the_database_in_a_run_is_no_failure(
    quick_world: Make, reads: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world = quick_world("ledger_idempotent")
    reads([entry(1)])
    runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    monkeypatch.setattr(receive, name, away)
    with pytest.raises(OperationalError):
        work(world)
    assert not Failure.objects.exists()


def test_outage_of_the_database_in_a_lane_is_no_failure(quick_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = quick_world("ledger_idempotent")
    world.take_in(entry(2))
    monkeypatch.setattr(shipments, "send_requests", away)
    with pytest.raises(OperationalError):
        world.deliver()
    assert not Failure.objects.exists()


@pytest.mark.parametrize("place", ["normalise", "evaluate"])
def test_poisonous_record_goes_to_people_and_its_page_goes_on(
    quick_world: Make, reads: Callable[..., None], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    world = quick_world()
    reads([entry(n) for n in range(1, 20)], [entry(20)])
    runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    whole = getattr(evaluation, place)
    monkeypatch.setattr(evaluation, place, spoilt_by(whole, "TE-0000007"))
    run = work(world)
    assert (run.state, run.read, run.new, run.unreadable) == ("done", 20, 20, 0)
    assert Transaction.objects.filter(state="ready").count() == 19
    kept = Record.objects.get(state="failed")
    assert (kept.key, kept.legal_entity_id) == ("TE-0000007", world.route.legal_entity_id)
    failure = Failure.objects.get()
    assert (failure.category, failure.record_id, failure.closed_at) == ("internal", kept.pk, None)
    assert failure.rule.startswith("LookupError at routes.")
    assert nothing_told()
    monkeypatch.setattr(evaluation, place, whole)
    assert reprocess.records([kept.pk], by=ENGINE, reason="the hub is put right", how="fixed") == [kept.pk]
    assert Transaction.objects.filter(state="ready").count() == 20
    assert open_failures() == []


def test_record_that_cannot_even_be_written_as_it_came_is_kept_as_text(
    quick_world: Make, reads: Callable[..., None]
) -> None:
    world = quick_world()
    reads([entry(1), entry(2, notes="lone \ud800 half"), entry(3)])
    runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    run = work(world)
    assert (run.state, run.read, run.new + run.unreadable) == ("done", 3, 3)
    assert Transaction.objects.filter(state="ready").count() == 2
    assert [category for _, category, _ in open_failures()] == ["internal"]


def test_page_that_is_spoilt_by_all_its_records_keeps_its_place(
    quick_world: Make, reads: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world()
    reads([entry(n) for n in range(1, 31)])
    runs.ask_for_run(world.route, by=ENGINE, trigger="schedule")
    whole = evaluation.normalise
    monkeypatch.setattr(evaluation, "normalise", broken)
    run = work(world)
    assert (run.state, run.read, run.attempts) == ("running", 0, 1)
    assert not Record.objects.exists()
    assert len(open_failures()) == 1
    monkeypatch.setattr(evaluation, "normalise", whole)
    world.later(61)
    assert (work(world).state, Record.objects.count(), open_failures()) == ("done", 30, [])


@pytest.mark.parametrize("connector", ["ledger_idempotent", "ledger_look_up", "ledger_blind"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_head_that_spoils_its_batch_waits_alone_and_is_written_once(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch, connector: str, place: str
) -> None:
    world = quick_world(connector)
    world.take_in(*(entry(n) for n in range(1, 8)))
    module, name = (deliver, "_ship") if place == "before" else (outcomes, "_move_posted")
    whole = getattr(module, name)

    def spoilt(*args: Any) -> Any:
        keys = [args[1].key] if place == "before" else [s.claim.key for s, _ in args[0]]
        return broken() if "TE-0000003" in keys else whole(*args)

    monkeypatch.setattr(module, name, spoilt)
    for _ in range(4):
        world.deliver()
        world.later(70)
    others = [t.state for t in world.transactions() if t.key != "TE-0000003"]
    blind = connector == "ledger_blind" and place == "after"
    assert others == ["failed" if blind and state == "failed" else "posted" for state in others]
    if blind:  # nobody can be asked whether it happened, so a person says for each of its window
        assert {f.category for f in Failure.objects.filter(closed_at=None)} == {"outcome_unknown"}
    else:
        assert others == ["posted"] * 6
        failure = Failure.objects.get(closed_at=None)
        assert (failure.category, failure.stage) == ("internal", "deliver")
        assert failure.transaction_id == Transaction.objects.get(key="TE-0000003").pk
        assert failure.amount == 800
    assert nothing_told()
    monkeypatch.setattr(module, name, whole)
    for _ in range(4):
        world.later(4000)
        world.deliver()
    if not blind:
        assert world.states() == ["posted"] * 7
        assert open_failures() == []
    keys = [commit.key for commit in world.target.commits]
    assert sorted(keys) == sorted(set(keys))


def test_lane_that_is_spoilt_as_a_whole_keeps_its_place_and_is_tried_slowly(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world("ledger_look_up")
    world.take_in(*(entry(n) for n in range(1, 41)))
    whole = deliver._write_down
    tries: list[Any] = []
    monkeypatch.setattr(deliver, "_write_down", lambda *a: tries.extend(a[1]) or (broken() if a[1] else whole(*a)))
    world.deliver(1)
    assert not KeyHead.objects.extra(where=["due_at <= hub_now()"]).exists()
    before = len(tries)
    world.deliver()
    assert len(tries) == before, "it is not due again at once"
    assert len({f.fingerprint for f in Failure.objects.all()}) == 1
    assert {t.state for t in world.transactions()} == {"ready", "retrying"}
    for _ in range(3):
        world.later(4000)
        world.deliver(1)
    waits = KeyHead.objects.extra(select={"wait": "extract(epoch FROM due_at - hub_now())"}).values_list("wait")
    assert max(wait for (wait,) in waits) <= 3600
    monkeypatch.setattr(deliver, "_write_down", whole)
    world.later(4000)
    world.deliver()
    assert world.states() == ["posted"] * 40
    assert len(world.target.commits) == 40
    assert open_failures() == []


def test_lane_without_a_working_gate_tells_a_person(quick_world: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = quick_world()
    world.take_in(entry(1))
    monkeypatch.setattr(deliver.gate, "admit", broken)
    world.deliver(1)
    assert open_failures() == [("deliver", "internal", "LookupError at routes.deliver._admitted")]


def test_poisonous_release_goes_to_people_and_the_sweep_goes_on(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world(condition='approval_status = "approved"')
    world.take_in(*(entry(n) for n in range(1, 5)))
    ids = list(Transaction.objects.order_by("key").values_list("pk", flat=True))
    Transaction.objects.update(state="parked", return_to="normalised")
    whole = evaluation.translate

    def translate(plan: Any, destination: Any, waiting: Sequence[Any], **more: Any) -> None:
        if any(a.key == "TE-0000002" for a, _ in waiting):
            broken()
        whole(plan, destination, waiting, **more)

    monkeypatch.setattr(evaluation, "translate", translate)
    monkeypatch.setattr(releases, "waiting_for", lambda *_, **__: ids)
    assert releases.parents_arrived("project", world.destination.connection_id, ["P-001"]) == 3
    assert sorted(world.states()) == ["failed", "ready", "ready", "ready"]
    failure = Failure.objects.get()
    assert (failure.category, failure.transaction_id, failure.amount) == ("internal", ids[1], 800)


def test_sweep_nudges_what_is_due_though_a_step_of_it_breaks(
    quick_world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = quick_world()
    world.take_in(entry(1))
    nudged: list[Any] = []
    monkeypatch.setattr(nudges, "delivery", lambda *args: nudged.append(args))
    monkeypatch.setattr("routes.tasks.releases.arrived_meanwhile", broken)
    sweep()
    assert nudged == [(world.destination.connection_id, "posting", "entries")]


def test_one_kind_of_error_at_one_place_is_one_cause_whatever_it_says() -> None:
    def caused(attempt: Any) -> str:
        with pytest.raises(TypeError) as caught:
            retry.slowly(attempt)
        return unforeseen.cause(caught.value)

    assert caused("a") == caused(SECRET) == "TypeError at routes.retry._spread"
    assert unforeseen.cause(KeyError(SECRET)) == "KeyError at an unknown place"
