"""Exactly-one groups: none or two chosen is a failure with words; corrections follow where the original was posted."""

from collections.abc import Callable

import pytest

from connectors.models import Connection
from governance.actor import ENGINE
from routes import receive, reprocess
from routes.models import Destination, Effect, Failure, Record, Transaction
from tests.routes.world import World, entry

Make = Callable[..., World]


@pytest.fixture
def cutover(quick_world: Make) -> World:
    """A route to the legacy ERP until the end of September and to the cloud ERP after it."""
    world = quick_world(condition="worked_on <= DATE(2026, 9, 30)", group="erp")
    legacy = world.destination
    cloud = Connection.objects.create(
        slug="cloud", name="Cloud", connector=legacy.connection.connector, environment="sandbox",
        legal_entity=legacy.connection.legal_entity, answers={"base_url": ""},
    )  # fmt: skip
    Destination.objects.create(
        route=world.route, name="Cloud", connection=cloud, stream="entries", mapping=legacy.mapping, group="erp",
        condition="worked_on >= DATE(2026, 10, 1)", correction="update",
    )  # fmt: skip
    return world


def everywhere(world: World) -> None:
    """Deliver to both destinations."""
    from routes import deliver

    for destination in Destination.objects.all():
        for _ in range(5):
            deliver.deliver(connection_id=destination.connection_id, lane="posting", stream="entries")


def places() -> list[tuple[str, str, str]]:
    rows = Transaction.objects.order_by("version", "destination__name").values_list(
        "version", "destination__name", "state"
    )
    return [(version[-1], name, state) for version, name, state in rows]


def test_each_entry_goes_to_the_one_that_its_day_chooses(cutover: World) -> None:
    cutover.take_in(entry(1, worked_on="2026-09-30"), entry(2, worked_on="2026-10-01"))
    everywhere(cutover)
    assert places() == [("1", "Cloud", "posted"), ("1", "Ledger", "posted")]
    assert set(Transaction.objects.values_list("group", flat=True)) == {"erp"}


@pytest.mark.parametrize(
    ("condition", "words"),
    [("worked_on >= DATE(2026, 9, 1)", "choose Ledger and Cloud"), ("worked_on >= DATE(2027, 1, 1)", "choose none")],
)
def test_none_or_two_is_a_failure_in_words_and_nothing_is_sent(cutover: World, condition: str, words: str) -> None:
    Destination.objects.filter(name="Cloud").update(condition=condition)
    day = "2026-09-15" if "and" in words else "2026-10-05"
    cutover.take_in(entry(1, worked_on=day))
    everywhere(cutover)
    assert (cutover.target.requests, Transaction.objects.count()) == ([], 0)
    [failure] = Failure.objects.all()
    assert (failure.category, failure.rule) == ("configuration", "erp")
    assert words in failure.message
    Destination.objects.filter(name="Cloud").update(condition="worked_on >= DATE(2026, 10, 1)")
    stopped = list(Record.objects.filter(state="failed").values_list("pk", flat=True))
    assert reprocess.records(stopped, by=ENGINE, reason="the condition was corrected", how="fixed") == stopped
    everywhere(cutover)
    assert len(cutover.target.commits) == 1


def test_correction_follows_where_the_original_was_posted(cutover: World) -> None:
    cutover.take_in(entry(1, worked_on="2026-09-30"))
    everywhere(cutover)
    Destination.objects.filter(name="Ledger").update(condition="worked_on <= DATE(2026, 8, 31)")
    Destination.objects.filter(name="Cloud").update(condition="worked_on >= DATE(2026, 9, 1)")
    cutover.take_in(entry(1, worked_on="2026-10-02", hours="6.00", version=2))
    everywhere(cutover)
    assert places() == [("1", "Ledger", "posted"), ("2", "Ledger", "posted")]
    assert set(Effect.objects.values_list("destination__name", flat=True)) == {"Ledger"}
    assert cutover.target.net_hours("TE-0000001") == 6
    assert not Failure.objects.exists()


APPROVED = 'AND(approval_status = "approved", worked_on {})'


@pytest.fixture
def approved_cutover(cutover: World) -> World:
    """The cutover, for approved entries only."""
    Destination.objects.filter(name="Ledger").update(condition=APPROVED.format("<= DATE(2026, 9, 30)"))
    Destination.objects.filter(name="Cloud").update(condition=APPROVED.format(">= DATE(2026, 10, 1)"))
    return cutover


def test_entry_that_loses_its_approval_is_taken_back_from_the_member_that_has_it(approved_cutover: World) -> None:
    world = approved_cutover
    world.take_in(entry(1, worked_on="2026-09-30"))
    everywhere(world)
    world.take_in(entry(1, worked_on="2026-09-30", version=2, status="unsubmitted"))
    everywhere(world)
    assert places() == [("1", "Ledger", "reversed"), ("2", "Ledger", "posted")]
    assert Transaction.objects.get(version__endswith="2").withdraws
    assert world.target.net_hours("TE-0000001") == 0
    world.take_in(entry(1, worked_on="2026-10-02", version=3))
    everywhere(world)
    assert places()[-1] == ("3", "Cloud", "posted")
    assert not Failure.objects.exists()


def test_entry_without_approval_is_left_out_in_words_and_chosen_once_it_is_approved(approved_cutover: World) -> None:
    world = approved_cutover
    world.take_in(entry(1, worked_on="2026-09-30", status="submitted"))
    record = Record.objects.get()
    assert (record.state, set((record.not_chosen or {}).values())) == (
        "routed", {APPROVED.format("<= DATE(2026, 9, 30)"), APPROVED.format(">= DATE(2026, 10, 1)")},
    )  # fmt: skip
    assert not Failure.objects.exists()
    world.take_in(entry(1, worked_on="2026-09-30", version=2))
    everywhere(world)
    assert places() == [("2", "Ledger", "posted")]


def test_approved_entry_that_no_member_wants_stays_a_failure(approved_cutover: World) -> None:
    Destination.objects.filter(name="Cloud").update(condition=APPROVED.format(">= DATE(2027, 1, 1)"))
    approved_cutover.take_in(entry(1, worked_on="2026-10-05"))
    assert "choose none" in Failure.objects.get().message


@pytest.mark.parametrize("stops", ["failed", "parked", "ready"])
def test_version_that_was_never_posted_binds_nobody(cutover: World, stops: str) -> None:
    hours = "0.00" if stops == "failed" else "8.00"
    cutover.take_in(entry(1, worked_on="2026-09-30", hours=hours))
    if stops == "parked":
        Transaction.objects.update(state="parked", return_to="normalised")
    assert [state for *_, state in places()] == [stops]
    cutover.take_in(entry(1, worked_on="2026-10-02", hours="6.00", version=2))
    everywhere(cutover)
    assert places() == [("1", "Ledger", "superseded"), ("2", "Cloud", "posted"), ("2", "Ledger", "filtered")]
    assert len(cutover.target.commits) == 1


def test_version_in_doubt_binds_the_next_one(cutover: World) -> None:
    cutover.target.behave = lambda request, number: "hung up" if number == 1 else None
    cutover.take_in(entry(1, worked_on="2026-09-30"))
    everywhere(cutover)
    cutover.take_in(entry(1, worked_on="2026-10-02", hours="6.00", version=2))
    assert places() == [("1", "Ledger", "unknown"), ("2", "Ledger", "ready")]


def test_approval_rule_that_cannot_be_worked_out_lets_nothing_through(quick_world: Make) -> None:
    world = quick_world(approval_formula="amount / (hours - 8) > 100")
    world.take_in(entry(1), entry(2, hours="6.00"))
    world.deliver()
    assert world.states() == ["failed", "posted"]
    assert Failure.objects.get().transaction_id == world.transactions()[0].pk
    assert set(Record.objects.values_list("state", flat=True)) == {"routed"}


@pytest.mark.parametrize("correction", ["update", "reverse", "delta"])
@pytest.mark.parametrize("how", ["unapproved", "deleted"])
def test_entry_that_was_changed_and_taken_back_goes_where_its_day_points_when_it_returns(
    approved_cutover: World, correction: str, how: str
) -> None:
    world = approved_cutover
    Destination.objects.update(correction=correction)
    world.take_in(entry(1, worked_on="2026-09-30"))
    everywhere(world)
    world.take_in(entry(1, worked_on="2026-09-30", version=2, hours="6.00"))
    everywhere(world)
    if how == "deleted":
        receive.withdraw_missing(world.plan, ["TE-0000001"], run=None)
    else:
        world.take_in(entry(1, worked_on="2026-09-30", version=3, status="unsubmitted"))
    everywhere(world)
    assert world.target.net_hours("TE-0000001") == 0
    world.take_in(entry(1, worked_on="2026-10-02", version=4, hours="5.00"))
    everywhere(world)
    assert places()[-1] == ("4", "Cloud", "posted")
    assert not Failure.objects.exists()
