"""The remedies: what each does, who may, and in which legal entity."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import corrected, intake, made_with, releasing, remedies, settle, tasks, verbs
from exceptions_queue.apps import _send_on
from exceptions_queue.models import Release, State, WorkItem, WorkItemEvent
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import NotAllowed
from governance.roles import Right
from mappings import tables
from mappings.models import Approval, CrossReference, LookupTable
from mappings.tables import RowErrors, became_available
from routes.models import Failure, Overlay, Run
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import missing_rate, refused_sign_in, trouble, with_rates, zero_hours
from tests.routes.world import World, entry, refused

Make = Callable[..., World]


def after(world: World) -> WorkItem:
    """Deliver, take in and settle; return the item as it stands then."""
    while releasing.work(seconds=5):
        pass
    world.deliver()
    intake.take_in()
    settle.settle_sent_again()
    return WorkItem.objects.order_by("pk")[0]


def verbs_of(item: WorkItem) -> list[str]:
    return list(WorkItemEvent.objects.filter(item=item).order_by("pk").values_list("verb", flat=True))


def test_missing_row_added_in_place_releases_every_member(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = missing_rate(world, 5)
    with pytest.raises(NotAllowed, match="for all companies"):  # the table serves them all, Farid one
        verbs.add_table_row(item, by=staff.farid, values={"rate": "145.00"})

    added = verbs.add_table_row(item, by=staff.clara, values={"rate": "145.00"}, reason="agreed")

    assert added.release is not None
    done = after(world)
    assert world.states() == ["posted"] * 5
    assert (done.state, done.resolution, done.root_cause) == (State.RESOLVED, "fixed", "mapping")
    assert done.resolved_by == f"person:{staff.clara.pk}"
    assert verbs_of(done) == ["opened", "sent again", "resolved"]
    told = WorkItemEvent.objects.get(item=done, verb="sent again")
    assert (told.actor_name, told.reason) == ("Clara Voss", "a row was added: Bill rates: Consultant / EUR")


def test_row_that_is_wrong_is_refused_with_every_problem(make_world: Make, staff: Staff) -> None:
    item = missing_rate(make_world())
    with pytest.raises(RowErrors, match="rate"):
        verbs.add_table_row(item, by=staff.clara, values={"rate": "a lot"})
    assert after_nothing_changed(item)


def after_nothing_changed(item: WorkItem) -> bool:
    return verbs_of(item) == ["opened"] and not AuditEntry.objects.filter(thing_kind__contains="workitem").exists()


def test_row_above_the_limit_waits_for_a_second_person(make_world: Make, staff: Staff) -> None:
    world = make_world()
    with_rates(world, approval=Approval.ABOVE_AMOUNT, approval_column="rate", approval_amount=Decimal(200))
    world.take_in(entry(1))
    intake.take_in()
    item = WorkItem.objects.get()

    added = verbs.add_table_row(item, by=staff.ingrid, values={"rate": "250.00"})

    item.refresh_from_db()
    assert added.release is None
    assert (item.state, item.waiting_on) == (State.PENDING_APPROVAL, "a second person who approves the row")
    with pytest.raises(NotAllowed):
        verbs.approve_table_row(item, by=staff.ingrid)
    verbs.approve_table_row(item, by=staff.clara)
    assert after(world).resolution == "fixed"


def test_row_added_elsewhere_releases_the_item_too(make_world: Make, staff: Staff) -> None:
    world = make_world()
    missing_rate(world)
    table = LookupTable.objects.get()
    tables.add_rows(table, [tables.NewRow(("Consultant", "EUR"), {"rate": "145"})], by=staff.clara)
    assert after(world).resolution == "fixed"


def refused_rate(world: World, number: int = 2) -> WorkItem:
    """Return the item of entries that the target refuses because a row of the rate card is wrong."""
    with_rates(world)
    tables.add_rows(LookupTable.objects.get(), [tables.NewRow(("Consultant", "EUR"), {"rate": "145"})], by=ENGINE)
    world.target.behave = lambda request, _: (
        refused(Category.REFUSED, "Invalid rate 145.") if b'"rate":145' in request.body else None
    )
    world.take_in(*(entry(each) for each in range(1, number + 1)))
    world.deliver()
    intake.take_in()
    return WorkItem.objects.get()


def test_row_that_an_item_was_made_with_is_corrected_and_everything_goes_on(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_rate(world)
    [read] = made_with.rows_read(item)
    assert (str(read.row), read.named, read.members) == ("Consultant / EUR", True, 2)
    with pytest.raises(verbs.NotPossible, match="needs a reason"):
        verbs.correct_table_row(item, by=staff.clara, row=read.row.pk, values={"rate": "150"}, reason=" ")
    with pytest.raises(NotAllowed, match="for all companies"):
        verbs.correct_table_row(item, by=staff.farid, row=read.row.pk, values={"rate": "150"}, reason="typing error")

    verbs.correct_table_row(item, by=staff.clara, row=read.row.pk, values={"rate": "150"}, reason="typing error")

    assert after(world).resolution == "fixed"
    assert world.states() == ["posted"] * 2
    read.row.refresh_from_db()
    assert read.row.values == {"rate": "145"}, "what was believed stays explained"
    assert LookupTable.objects.get().rows.in_force().get(key=["Consultant", "EUR"]).values == {"rate": "150"}


def test_proposed_correction_is_approved_by_another_person(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_rate(world)
    LookupTable.objects.update(approval=Approval.ALWAYS)
    [read] = made_with.rows_read(item)

    assert not verbs.correct_table_row(item, by=staff.ingrid, row=read.row.pk, values={"rate": "150"}, reason="error")

    item.refresh_from_db()
    assert item.state == State.PENDING_APPROVAL
    verbs.approve_table_row(item, by=staff.clara)
    assert after(world).resolution == "fixed"


@pytest.mark.parametrize("told", [True, False])
def test_proposed_correction_that_is_approved_elsewhere_sends_on_what_waited(
    make_world: Make, staff: Staff, told: bool
) -> None:
    world = make_world()
    item = refused_rate(world)
    table = LookupTable.objects.get()
    LookupTable.objects.update(approval=Approval.ALWAYS)
    table.refresh_from_db()
    [read] = made_with.rows_read(item)
    verbs.correct_table_row(item, by=staff.ingrid, row=read.row.pk, values={"rate": "150"}, reason="error")
    assert corrected.release() == [], "it waits for the second person"
    tables.add_rows(table, [tables.NewRow(("Partner", "GBP"), {"rate": "9"})], by=staff.ingrid)
    partner, proposed = sorted(table.rows.waiting(), key=lambda row: row.key[0] != "Partner")

    tables.approve_rows(table, [partner.pk], by=staff.clara)
    assert not Release.objects.exists(), "another row is nobody's correction"
    if not told:
        became_available.disconnect(dispatch_uid="exceptions_queue.send_on")
    try:
        tables.approve_rows(table, [proposed.pk], by=staff.clara)  # in the administration
    finally:
        became_available.connect(_send_on, dispatch_uid="exceptions_queue.send_on")
    if not told:
        tasks.sweep()

    assert Release.objects.get().item_id == item.pk
    releasing.work(seconds=5)
    assert after(world).resolution == "fixed"
    assert world.states() == ["posted"] * 2


def test_proposed_row_is_replaced_and_refused(make_world: Make, staff: Staff) -> None:
    world = make_world()
    with_rates(world, approval=Approval.ALWAYS)
    world.take_in(entry(1))
    intake.take_in()
    item = WorkItem.objects.get()
    verbs.add_table_row(item, by=staff.ingrid, values={"rate": "5"})
    verbs.add_table_row(item, by=staff.ingrid, values={"rate": "250"})
    [waiting] = LookupTable.objects.get().rows.waiting()
    assert waiting.values == {"rate": "250"}, "the second proposal stands in for the first"
    with pytest.raises(NotAllowed):
        verbs.refuse_table_row(item, by=staff.ingrid, reason="mine")
    with pytest.raises(verbs.NotPossible, match="needs a reason"):
        verbs.refuse_table_row(item, by=staff.clara, reason="")

    verbs.refuse_table_row(item, by=staff.clara, reason="not on the price list")

    item.refresh_from_db()
    assert (item.state, item.waiting_on) == (State.IN_PROGRESS, "")
    assert not LookupTable.objects.get().rows.waiting().exists()
    verbs.add_table_row(item, by=staff.ingrid, values={"rate": "150"})
    verbs.approve_table_row(item, by=staff.clara)
    assert after(world).resolution == "fixed"


def test_link_to_what_exists_there_releases_who_waits(make_world: Make, staff: Staff) -> None:
    world = make_world()
    problem = Problem(
        "error", Category.MISSING_REFERENCE, "project", None, "Project P-881 does not exist yet.", "P-881", "",
        "project", ("P-881",),
    )  # fmt: skip
    item = trouble(world, problem)

    verbs.add_cross_reference(item, by=staff.farid, external_id=" 4711 ", reference="PRJ-4711")

    row = CrossReference.objects.get()
    assert (row.entity, row.canonical_key, row.external_id) == ("project", "P-881", "4711")
    with pytest.raises(verbs.NotPossible, match="id is needed"):
        verbs.add_cross_reference(item, by=staff.farid, external_id=" ")


def test_correction_is_an_overlay_and_sends_again(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world, 2)

    done = verbs.correct_field(item, by=staff.farid, field="hours", value="7.5", reason="as on the slip")
    assert done == (2, "The amount is 0.00 EUR, as before.", "")  # the source gives it: no mapping works it out

    assert Overlay.objects.count() == 2
    assert after(world).resolution == "fixed"
    assert world.target.net_hours("TE-0000001") == Decimal("7.5")


def test_correction_of_chosen_members_leaves_the_others(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world, 3)
    chosen = Failure.objects.order_by("pk")[0]

    verbs.correct_field(item, by=staff.farid, field="hours", value="8", reason="slip", failures=[chosen.pk])

    assert sorted(world.states()) == ["failed", "failed", "ready"]
    assert after(world).members == 2


@pytest.mark.parametrize(
    ("field", "value", "reason", "said"),
    [
        ("hours", "many", "slip", "“many” does not fit hours: It is no plain number. Enter a number from 0 to 744"),
        ("hours", "8", "  ", "needs a reason"),
        ("entry_id", "8", "slip", "cannot be corrected here"),
        ("cost_rate", "8", "slip", "cannot be corrected here"),
        ("nothing", "8", "slip", "cannot be corrected here"),
    ],
)
def test_correction_that_cannot_be_is_said_in_words(
    make_world: Make, staff: Staff, field: str, value: str, reason: str, said: str
) -> None:
    item = zero_hours(make_world())
    with pytest.raises(verbs.NotPossible, match=said):
        verbs.correct_field(item, by=staff.farid, field=field, value=value, reason=reason)
    assert not Overlay.objects.exists()


def test_resubmission_that_stops_again_keeps_the_item(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world, 2)
    verbs.resubmit(item, by=staff.farid, reason="once more")
    done = after(world)
    assert (done.state, done.members) == (State.IN_PROGRESS, 2)
    assert verbs_of(done) == ["opened", "sent again", "stopped again"]
    assert Failure.objects.count() == 4


def test_waiver_needs_a_reason_and_ends_the_item(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world, 2)
    with pytest.raises(verbs.NotPossible, match="needs a reason"):
        verbs.waive(item, by=staff.farid, reason=" ")

    assert verbs.waive(item, by=staff.farid, reason="entered twice by mistake") == 2

    done = after(world)
    assert world.states() == ["waived", "waived"]
    assert (done.state, done.resolution, done.root_cause) == (State.RESOLVED, "waived", "no_action")
    assert AuditEntry.objects.filter(verb="waive", thing_kind="exceptions_queue.workitem").count() == 1


def test_approval_lets_held_transactions_go(make_world: Make, staff: Staff) -> None:
    world = make_world(approval_formula="hours > 10")
    world.take_in(entry(1, hours="12.00"))
    intake.take_in()
    item = WorkItem.objects.get()
    assert (item.state, item.owner) == (State.PENDING_APPROVAL, "manager")
    with pytest.raises(NotAllowed):
        verbs.approve(item, by=staff.farid)

    assert verbs.approve(item, by=staff.clara, reason="agreed with the customer") == 1

    assert after(world).resolution == "fixed"
    with pytest.raises(verbs.NotPossible, match="Nothing of this is open"):
        verbs.approve(item, by=staff.clara)


@pytest.mark.parametrize(("happened", "commits"), [(True, 1), (False, 2)])
def test_write_in_doubt_is_decided_by_a_person(make_world: Make, staff: Staff, happened: bool, commits: int) -> None:
    world = make_world("ledger_blind")
    world.target.behave = lambda request, number: "hung up" if number == 1 else None
    world.take_in(entry(1))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    assert item.category == Category.OUTCOME_UNKNOWN
    member = Failure.objects.get().pk
    with pytest.raises(verbs.NotPossible, match="reference"):
        verbs.decide_unknown(item, by=staff.farid, failure=member, happened=True)

    verbs.decide_unknown(item, by=staff.farid, failure=member, happened=happened, reference="LR-1")

    assert after(world).resolution == "fixed"
    assert world.states() == ["posted"]
    assert len(world.target.commits) == commits
    with pytest.raises(verbs.NotPossible, match="Nothing of what you chose is open"):
        verbs.decide_unknown(item, by=staff.farid, failure=member, happened=happened, reference="LR-1")


@pytest.mark.parametrize(("happened", "told"), [(True, "reversed there"), (False, "not reversed: reversed again")])
def test_reversal_in_doubt_is_asked_for_as_a_reversal(
    make_world: Make, staff: Staff, happened: bool, told: str
) -> None:
    world = make_world("ledger_blind", correction="reverse")
    world.take_in(entry(1))
    world.deliver()
    world.target.behave = lambda request, number: "hung up" if number == 2 else None
    world.take_in(entry(1, hours="6.00", version=2))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    [offer] = remedies.offered(remedies.facts_of(item, staff.farid), frozenset(Right))
    assert offer.form is not None
    assert "It is reversed there" in str(offer.form)

    verbs.decide_unknown(item, by=staff.farid, failure=Failure.objects.get().pk, happened=happened)

    assert told in item.events.latest("pk").reason
    world.later(120)  # nothing more is written there while the first request may still arrive
    assert after(world).resolution == "fixed"
    assert world.states() == ["reversed", "posted"]


def test_system_is_tried_now(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = refused_sign_in(world)
    with pytest.raises(NotAllowed, match="close breakers"):
        verbs.ask_system(item, by=staff.farid)
    verbs.ask_system(item, by=staff.olga)
    world.destination.connection.refresh_from_db()
    assert world.destination.connection.breaker_probe_at is not None


def test_stopped_route_is_read_again(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = trouble(world, Problem("error", Category.SHAPE, "", None, "A page of HTML came instead of data."))
    run = verbs.read_again(item, by=staff.clara)
    assert Run.objects.get() == run
    type(world.route).objects.update(enabled=False)
    with pytest.raises(verbs.NotPossible, match="is switched off and reads nothing"):
        verbs.read_again(item, by=staff.clara)


def test_taking_an_item_makes_it_somebodys(make_world: Make, staff: Staff) -> None:
    item = verbs.take(zero_hours(make_world()), by=staff.farid)
    assert (item.state, item.assignee) == (State.IN_PROGRESS, f"person:{staff.farid.pk}")


def test_record_found_twice_is_told_in_words(make_world: Make, staff: Staff) -> None:
    world = make_world("ledger_blind")
    world.target.behave = lambda request, number: "hung up"
    world.take_in(entry(1), entry(2))
    world.deliver()
    intake.take_in()
    item = WorkItem.objects.get()
    first, second = Failure.objects.order_by("pk")
    verbs.decide_unknown(item, by=staff.farid, failure=first.pk, happened=True, reference="2026/12", external_id="88")

    with pytest.raises(verbs.NotPossible, match=r"88 stands for TE-000000[12] already"):
        verbs.decide_unknown(item, by=staff.farid, failure=second.pk, happened=True, external_id="88")

    assert sorted(world.states()) == ["failed", "posted"]
