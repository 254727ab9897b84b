"""Exactly-one groups: none or two chosen is a failure with words; corrections follow where the original was posted."""

from collections.abc import Callable

import pytest

from connectors.models import Connection
from governance.actor import ENGINE
from routes import reprocess
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


def test_approval_rule_that_cannot_be_worked_out_lets_nothing_through(quick_world: Make) -> None:
    world = quick_world(approval_formula="amount / (hours - 8) > 100")
    world.take_in(entry(1), entry(2, hours="6.00"))
    world.deliver()
    assert world.states() == ["failed", "posted"]
    assert Failure.objects.get().transaction_id == world.transactions()[0].pk
    assert set(Record.objects.values_list("state", flat=True)) == {"routed"}
