"""What happens becomes events: which, what they say, once each, for whom; and nothing where nobody listens."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from canonical.failure import Category
from governance.actor import ENGINE
from governance.models import LegalEntity
from routes import decisions
from routes.models import Delivery, OutboundEvent, Record, Route, Run, RunEnding, Subscription, Tap
from routes.outbound import subscribing, tap
from routes.states import State, move
from tests import clocks
from tests.invariants.test_accounted import begin, take_in
from tests.routes.world import World, entry, refused

Make = Callable[..., World]
POUNDS = {"legal_entity": "HP-GB", "currency": "GBP"}
pytestmark = pytest.mark.usefixtures("alone")


def told() -> list[tuple[str, str]]:
    """Return what was told, in order: the type without its first word, and the business key."""
    events = OutboundEvent.objects.order_by("number")
    return [(event.type.removeprefix("throughline."), event.subject) for event in events]


def body(index: int = 0) -> dict[str, Any]:
    return json.loads(OutboundEvent.objects.order_by("number")[index].body)


@pytest.mark.parametrize("travels", [False, True], ids=["queued", "in a consignment"])
def test_posting_is_told_with_amount_and_reference(make_world: Make, subscribe: Any, travels: bool) -> None:
    world = make_world("ledger_idempotent")
    world.travels = travels
    subscribe()
    world.take_in(entry(1))
    world.deliver()
    assert world.states() == ["posted"]

    assert tap.tell() is False

    assert told() == [("transaction.posted", "TE-0000001")]
    event = body()
    assert (event["specversion"], event["type"]) == ("1.0", "throughline.transaction.posted")
    assert (event["source"], event["subject"]) == ("/legal-entities/HP-DE/routes/time-to-ledger", "TE-0000001")
    assert event["datacontenttype"] == "application/json"
    assert datetime.fromisoformat(event["time"]).tzinfo == UTC
    said = event["data"]
    assert (said["amount"], said["currency"], said["hours"]) == ("800.00", "EUR", "8")
    assert (said["posting_reference"], said["external_id"]) == ("LR-1", "X1")
    assert (said["state"], said["previous_state"], said["destination"]) == ("posted", "delivering", "Ledger")
    assert said["reason"] == "confirmed by the target"


def test_failing_is_told_by_its_category_without_the_words_of_others(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    words = "Worker Ada Lovelace, IBAN DE02, has no contract"
    world.target.behave = lambda request, number: refused(Category.REFUSED, words)
    world.take_in(entry(1))
    world.deliver()
    tap.tell()
    assert told() == [("transaction.failed", "TE-0000001")]
    said = body()["data"]
    assert said["category"] == "refused"
    assert said["reason"].startswith("Refused by the target.")
    assert "Lovelace" not in OutboundEvent.objects.get().body


def test_rule_that_stops_an_entry_is_told_with_its_field(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, hours="0.00"))
    tap.tell()
    assert told() == [("transaction.failed", "TE-0000001")]
    assert (body()["data"]["category"], body()["data"]["field"]) == ("validation", "hours")


def test_record_that_cannot_be_read_is_told(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, bill_rate="many"))
    tap.tell()
    assert [type_ for type_, _ in told()] == ["record.failed"]
    assert "many" not in OutboundEvent.objects.get().body


def test_record_that_stopped_and_is_waived_before_it_was_told_is_told_in_that_order(
    make_world: Make, subscribe: Any
) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, bill_rate="many"))
    decisions.waive_records([Record.objects.get().pk], by=ENGINE, reason="entered twice")
    tap.tell()
    assert [type_ for type_, _ in told()] == ["record.failed", "record.waived"]
    assert body(0)["partitionkey"] == body(1)["partitionkey"]


@pytest.mark.parametrize("set_back", [0, -3600], ids=["", "though the clock goes back"])
def test_versions_of_a_record_that_stops_are_told_in_their_order(
    make_world: Make, subscribe: Any, set_back: int
) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, bill_rate="many"))
    clocks.jump(set_back)
    world.take_in(entry(1, version=2, bill_rate="very many"))
    world.take_in(entry(1, version=3))
    tap.tell()
    records = list(Record.objects.order_by("sequence").values_list("pk", flat=True))
    found = [(each["type"].split(".", 1)[1], each["data"]["record"]) for each in map(body, range(len(told())))]
    assert found == [
        ("record.failed", str(records[0])), ("record.superseded", str(records[0])),
        ("record.failed", str(records[1])), ("record.superseded", str(records[1])),
    ]  # fmt: skip


@pytest.mark.parametrize("set_back", [0, -3600], ids=["", "though the clock goes back"])
def test_versions_of_an_entry_that_fails_are_told_in_their_order(
    make_world: Make, subscribe: Any, set_back: int
) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, hours="0.00"))
    clocks.jump(set_back)
    world.take_in(entry(1, version=2, hours="0.00"))
    world.take_in(entry(1, version=3, hours="0.00"))
    tap.tell()
    first, second, third = (str(each.pk) for each in world.transactions())
    found = [(each["type"].split(".")[-1], each["data"]["transaction"]) for each in map(body, range(len(told())))]
    assert found == [
        ("failed", first), ("superseded", first), ("failed", second), ("superseded", second), ("failed", third),
    ]  # fmt: skip


def test_what_goes_on_after_many_other_rows_is_told_all_the_same(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    for number in range(1, 8):
        world.take_in(entry(number, hours="0.00"))
    [first, *_] = world.transactions()
    move([first.pk], frm=State.FAILED, to=State.WAIVED, by=ENGINE, reason="not any more")
    while tap.tell(most=2):
        pass
    assert len(told()) == 8


def test_reason_that_somebody_typed_is_not_told(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, hours="0.00"))
    [row] = world.transactions()
    from canonical import codec
    from routes import bodies

    record = Record.objects.get()
    kept = codec.loads(_time_entry(), str(bodies.read([record.canonical_payload_id])[record.canonical_payload_id]))
    _rewrite(record.canonical_payload_id, codec.dumps(kept | {"worker_name": "Ada Lovelace"}))
    move([row.pk], frm=State.FAILED, to=State.WAIVED, by=ENGINE, reason="Ada Lovelace was ill that day")
    tap.tell()
    assert told()[-1] == ("transaction.waived", "TE-0000001")
    assert body(-1 + len(told()))["data"]["reason"] == "a person gave a reason, which stands in the hub"
    assert "Lovelace" not in body(-1 + len(told()))["data"]["reason"]


def _time_entry() -> Any:
    from canonical.entities import ENTITIES

    return ENTITIES["time_entry"]


def _rewrite(payload: Any, content: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_payload SET bodies = %s, ends = ARRAY[%s]::int[], hit_ends = ARRAY[0] WHERE id = %s",
            [content, len(content), payload],
        )


def test_everything_is_told_once(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1), entry(2))
    world.deliver()
    for _ in range(3):
        tap.tell()
    assert sorted(told()) == [("transaction.posted", "TE-0000001"), ("transaction.posted", "TE-0000002")]
    assert Delivery.objects.count() == 2


def test_changes_of_one_entry_keep_their_order_though_the_clock_goes_back(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, hours="0.00"))
    [row] = world.transactions()
    clocks.jump(-3600)
    move([row.pk], frm=State.FAILED, to=State.PARKED, by=ENGINE, reason="waits", return_to=State.NORMALISED)
    clocks.jump(-3600)
    move([row.pk], frm=State.PARKED, to=State.WAIVED, by=ENGINE, reason="not any more")
    tap.tell()
    assert [type_ for type_, _ in told()] == ["transaction.failed", "transaction.parked", "transaction.waived"]


def test_many_rows_are_told_in_several_commits(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    for number in range(6):
        world.take_in(entry(number, hours="0.00"))
    rounds = 1
    while tap.tell(most=3):
        rounds += 1
    assert rounds > 2
    assert [subject for _, subject in told()] == [f"TE-{number:07d}" for number in range(6)]


def test_commit_that_is_larger_than_a_round_is_told_whole(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(*(entry(number, hours="0.00") for number in range(10)))
    while tap.tell(most=3):
        pass
    assert len(told()) == 10


def test_end_of_a_run_is_told_with_its_totals(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe()
    now = timezone.now()
    run = Run.objects.create(
        route=world.route, legal_entity=world.route.legal_entity, trigger="person", requested_by="Farid Amini",
        created_at=now, state="running", read=3, new=3,
    )  # fmt: skip
    Run.objects.filter(pk=run.pk).update(pages=1)
    Run.objects.filter(pk=run.pk).update(state="done", ended_at=now)
    tap.tell()
    assert told() == [("run.done", "time-to-ledger")]
    said = body()["data"]
    assert (said["read"], said["new"], said["state"]) == (3, 3, "done")
    assert "Farid" not in OutboundEvent.objects.get().body


def test_totals_of_a_run_that_read_for_several_companies_are_for_who_hears_of_them_all(
    make_world: Make, subscribe: Any
) -> None:
    world, germany = make_world(), LegalEntity.objects.get(code="HP-DE")
    Route.objects.filter(pk=world.route.pk).update(legal_entity=germany)
    world.route.refresh_from_db()
    subscribe("All")
    subscribe("Germany", legal_entity=germany)
    mixed, own = _ended_run(world, entry(1), entry(2, **POUNDS)), _ended_run(world, entry(3), entry(4))
    tap.tell()

    def said(name: str, run: Run) -> Any:
        bodies = Delivery.objects.filter(subscription__name=name).values_list("event__body", flat=True)
        (found,) = (data for each in bodies if (data := json.loads(each)["data"]).get("run") == str(run.pk)
                    and "read" in data)  # fmt: skip
        return found

    assert (said("All", mixed)["read"], said("All", mixed)["holds_more"]) == (2, False)
    told_less = said("Germany", mixed)
    assert told_less["holds_more"] is True
    assert [told_less[name] for name in ("read", "new", "changed", "unchanged", "unreadable")] == [None] * 5
    assert told_less["state"] == "done"
    assert (said("Germany", own)["read"], said("Germany", own)["holds_more"]) == (2, False)
    numbers = Delivery.objects.filter(event__type="throughline.run.done").values_list("event", flat=True)
    assert len(numbers) == 4, "each subscriber hears of each run once"


def _ended_run(world: World, *records: Any) -> Run:
    """Return a run that has read records and is done."""
    run = begin(world)
    take_in(world, run, *records)
    Run.objects.filter(pk=run.pk).update(state="done", ended_at=timezone.now())
    return run


def test_filters_decide_who_hears(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    us = LegalEntity.objects.get(code="HP-US")
    subscribe("All")
    subscribe("Germany", legal_entity=LegalEntity.objects.get(code="HP-DE"))
    subscribe("America", legal_entity=us)
    subscribe("Postings", types=("throughline.transaction.posted",))
    subscribe("This route", routes=(world.route.pk,))
    subscribe("This destination", destinations=(world.destination.pk,))
    subscribe("Rules", categories=("validation",))
    subscribe("Periods", categories=("closed_period",))
    world.take_in(entry(1, hours="0.00"))
    tap.tell()
    heard = Delivery.objects.order_by("subscription__name").values_list("subscription__name", flat=True)
    assert list(heard) == ["All", "Germany", "Rules", "This destination", "This route"]


def test_event_that_nobody_asks_for_is_not_kept(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    subscribe(types=("throughline.run.done",))
    world.take_in(entry(1, hours="0.00"))
    tap.tell()
    assert OutboundEvent.objects.count() == 0


def test_without_a_subscription_no_history_is_read(make_world: Make) -> None:
    world = make_world()
    world.take_in(entry(1))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert tap.is_open() is False
        assert tap.tell() is False
    assert not any("routes_transition" in query["sql"] or "routes_transaction" in query["sql"] for query in asked)


def test_tap_closes_with_the_last_subscription_and_the_next_begins_at_its_own_moment(
    make_world: Make, subscribe: Any
) -> None:
    world = make_world()
    first = subscribe()
    subscribing.end(first, reason="no longer needed", by=ENGINE)
    tap.tell()
    assert not tap.is_open()
    world.take_in(entry(1, hours="0.00"))
    subscribe("Second")
    world.take_in(entry(2, hours="0.00"))
    tap.tell()
    assert [subject for _, subject in told()] == ["TE-0000002"]


def test_run_that_was_open_in_the_backup_is_told_when_it_ends_and_one_that_had_ended_is_not(
    make_world: Make, subscribe: Any
) -> None:
    world = make_world()
    begin(world)
    subscribe()
    open_ = begin(world)  # which ends the first
    RunEnding.objects.update(xid=10**12)
    Tap.objects.update(horizon=10**12)
    tap.tell()  # begins anew
    RunEnding.objects.update(xid=Tap.objects.get().horizon, at=timezone.now() - timedelta(hours=1))
    Run.objects.filter(pk=open_.pk).update(state="done")
    tap.tell()
    assert [json.loads(event.body)["data"]["run"] for event in OutboundEvent.objects.all()] == [str(open_.pk)]


def test_paused_subscription_is_kept_for(make_world: Make, subscribe: Any) -> None:
    world = make_world()
    made = subscribe()
    Subscription.objects.filter(pk=made.pk).update(state="paused", state_reason="Year-end close")
    world.take_in(entry(1, hours="0.00"))
    tap.tell()
    assert Delivery.objects.filter(subscription=made, done_at=None).count() == 1


def test_database_restored_to_another_server_begins_anew(make_world: Make, subscribe: Any, caplog: Any) -> None:
    world = make_world()
    subscribe()
    world.take_in(entry(1, hours="0.00"))
    Tap.objects.update(horizon=10**12)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_transaction SET xid = xid + 1000")  # ids that the new server gives out one day
    tap.tell()
    assert "begin_anew" in caplog.text
    with connection.cursor() as cursor:
        cursor.execute("UPDATE routes_transaction SET xid = (SELECT horizon FROM routes_tap)")
    world.take_in(entry(2, hours="0.00"))
    tap.tell()
    assert [subject for _, subject in told()] == ["TE-0000002"]
