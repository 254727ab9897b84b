"""Hours on invoices: each stands there once, as its newest posted version says, whatever changes afterwards."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from exceptions_queue import intake
from exceptions_queue.models import WorkItem
from governance import versions
from governance.actor import ENGINE
from governance.rights import Role
from mappings import tables
from routes import accounting, decisions, dry_run, linking, reprocess
from routes.models import Effect, EffectLink, KeyHead, Record, Transaction
from tests.governance.people import company, person
from tests.routes.billing import Billing
from tests.routes.test_invariants import misbehaving
from tests.routes.world import OUTWARD, entry, refused, unknown

Make = Callable[..., Billing]
ONE, TWO = "TE-0000001", "TE-0000002"
FIRST = "P-001/1"


@pytest.mark.parametrize("time", ["update", "reverse", "delta"])
@pytest.mark.parametrize("correction", ["update", "reverse"])
def test_changed_hour_changes_the_posted_invoice_in_the_destinations_own_way(
    billing: Make, correction: str, time: str
) -> None:
    made = billing({"correction": time}, correction=correction)
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, hours="6.00", version=2))
    made.bill()
    made.bill()

    assert list(made.invoices().values()) == [{ONE: Decimal(600), TWO: Decimal(800)}]


def test_withdrawn_hour_leaves_the_invoice(billing: Make) -> None:
    made = billing()
    made.take_in(entry(1), entry(2))
    made.bill()
    made.vanish(ONE)
    made.bill()
    assert list(made.invoices().values()) == [{TWO: Decimal(800)}]
    made.vanish(TWO)
    made.bill()
    assert made.invoices() == {}


def test_difference_is_an_invoice_of_its_own(billing: Make) -> None:
    made = billing(correction="delta")
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, hours="6.00", version=2))
    made.bill()
    made.vanish(TWO)
    made.bill()
    assert made.invoices() == {
        FIRST: {ONE: Decimal(800), TWO: Decimal(800)}, "P-001/1.1": {ONE: Decimal(-200)}, "P-001/1.2": {TWO: -800},
    }  # fmt: skip
    made.vanish(ONE)
    made.bill()
    assert (made.billed(ONE), made.billed(TWO)) == (None, None)


def test_hour_whose_amount_alone_has_changed_changes_the_invoice_too(billing: Make) -> None:
    """The ledger holds no amount of an hour, so nothing is sent there; the new version is posted all the same."""
    without = [field for field in cast("list[dict[str, str]]", OUTWARD["fields"]) if field["to"] != "amount"]
    versions.install(kind="mapping", object_key="ledger-time-out", content=OUTWARD | {"fields": without})
    made = billing()
    made.take_in(entry(1))
    made.bill()
    made.take_in(entry(1, version=2, amount=Decimal(720), bill_rate=Decimal(90)))
    made.bill()
    assert len(made.time.target.requests) == 1
    assert list(made.invoices().values()) == [{ONE: Decimal(720)}]


def test_hour_that_moves_to_another_project_moves_to_its_invoice(billing: Make) -> None:
    made = billing()
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, version=2, project_code="P-002"))
    made.bill()
    assert made.invoices() == {"P-001/1.1": {TWO: Decimal(800)}, "P-002/1": {ONE: Decimal(800)}}


def test_hour_that_comes_back_goes_on_an_invoice_of_its_own(billing: Make) -> None:
    made = billing()
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, version=2, status="unsubmitted"))
    made.bill()
    made.take_in(entry(1, version=3, hours="5.00"))
    made.bill()
    assert made.invoices() == {"P-001/1.1": {TWO: Decimal(800)}, "P-001/2": {ONE: Decimal(500)}}


def test_change_before_the_invoice_is_sent_supersedes_it(billing: Make) -> None:
    made = billing()
    made.take_in(entry(1), entry(2))
    made.group()
    made.take_in(entry(1, hours="6.00", version=2))
    made.bill()
    assert made.states() == {FIRST: ["superseded", "posted"]}
    assert made.invoices() == {FIRST: {ONE: Decimal(600), TWO: Decimal(800)}}
    assert len(made.books.requests) == 1


def test_change_supersedes_an_invoice_that_failed_and_closes_its_failure(billing: Make) -> None:
    made = billing()
    made.take_in(entry(1, amount=Decimal(0)))
    made.bill()
    [told] = made.told()
    assert (told.category, made.states()) == ("validation", {FIRST: ["failed"]})
    made.take_in(entry(1, version=2))
    made.bill()
    assert made.states() == {FIRST: ["superseded", "posted"]}
    assert (made.told(), made.invoices()) == ([], {FIRST: {ONE: Decimal(800)}})


@pytest.mark.parametrize("committed", [True, False])
def test_change_waits_for_an_invoice_in_doubt(billing: Make, committed: bool) -> None:
    made = billing()
    made.books.behave = lambda request, number: ("hung up" if committed else unknown()) if number == 1 else None
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, hours="6.00", version=2))
    made.bill()
    assert made.states() == {FIRST: ["unknown", "ready"]}
    for seconds in (20, 60, 60):
        made.time.later(seconds)
        made.send()
    assert list(made.invoices().values()) == [{ONE: Decimal(600), TWO: Decimal(800)}]
    assert stands_for(made, FIRST) == {ONE, TWO}


def stands_for(made: Billing, key: str) -> set[str]:
    """Return the hours that the newest effect on an invoice stands for."""
    newest = Effect.objects.filter(key=key, connection__slug="books").order_by("-number")[0]
    linked = EffectLink.objects.filter(effect_id=newest.pk).values("transaction_id")
    rows = Transaction.objects.filter(pk__in=linked, destination=made.time.destination)
    return {row.key for row in rows}


def test_corrected_invoice_stands_for_its_hours(billing: Make) -> None:
    made = billing(correction="update")
    made.take_in(entry(1), entry(2), entry(3))
    made.bill()
    assert stands_for(made, FIRST) == {ONE, TWO, "TE-0000003"}
    made.vanish("TE-0000003")
    made.take_in(entry(1, hours="6.00", version=2))
    made.bill()
    assert stands_for(made, FIRST) == {ONE, TWO}


def test_invoice_that_is_linked_stands_for_its_hours(billing: Make) -> None:
    """Somebody has made it in the books by hand, and says so."""
    made = billing()
    made.take_in(entry(1), entry(2))
    made.books.behave = lambda request, number: refused(Category.DUPLICATE)
    made.bill()
    [invoice] = Transaction.objects.filter(destination=made.route.destinations.get())

    linking.link(invoice.pk, by=ENGINE, external_id="INV-7", reference="", reason="made by hand")

    assert stands_for(made, FIRST) == {ONE, TWO}
    assert KeyHead.objects.get(key=FIRST, connection__slug="books").live_external_id == "INV-7"


def test_invoice_that_cannot_be_corrected_is_one_item_that_says_what_has_changed(billing: Make) -> None:
    made = billing(correction="none")
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, hours="6.00", version=2))
    made.vanish(TWO)
    made.bill()

    [told] = made.told()
    assert told.category == "amount_mismatch"
    for word in (FIRST, "LR-1", "EUR 1,600.00", "EUR 600.00", f"{ONE} (8", f"{TWO} (8", "→ nothing", "credit note"):
        assert word in told.message
    made.take_in(entry(1, hours="5.00", version=3))
    made.bill()
    [newer] = made.told()
    assert newer.fingerprint == told.fingerprint, "it is the same item, with its history"
    assert (ONE in newer.message, "EUR 500.00" in newer.message) == (True, True)
    assert made.states() == {FIRST: ["posted", "superseded", "failed"]}
    assert made.invoices() == {FIRST: {ONE: Decimal(800), TWO: Decimal(800)}}

    decisions.waive([newer.transaction_id], by=person("Clara Voss", Role.CONTROLLER), reason="credited by hand")
    made.bill()
    assert (made.told(), made.group().read) == ([], 0)


def test_invoice_all_of_whose_hours_are_gone_and_that_cannot_be_undone_waits_for_a_person(billing: Make) -> None:
    made = billing(correction="none")
    made.take_in(entry(1))
    made.bill()
    made.vanish(ONE)
    made.bill()
    [told] = made.told()
    assert "should be nothing" in told.message


def test_item_names_the_invoice_and_who_decides(billing: Make) -> None:
    made = billing(correction="none")
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, hours="6.00", version=2))
    made.bill()
    intake.take_in()
    [item] = WorkItem.objects.all()
    assert (item.owner, item.members) == ("finance", 1)
    assert (
        item.title
        == "Books: Invoice P-001/1 stands there as LR-1 with EUR 1,600.00, but should be EUR 1,400.00 "
        + ("since hours on it have changed: TE-0000001 (8.00 h, EUR 800.00) → (6.00 h, EUR 600.00)")
    )


def test_hour_without_a_group_by_now_leaves_its_invoice_and_is_told(billing: Make) -> None:
    made = billing(group_by='IF(project_code = "P-009", "", project_code)')
    made.take_in(entry(1), entry(2))
    made.bill()
    made.take_in(entry(1, version=2, project_code="P-009"))
    made.bill()
    [told] = made.told()
    assert (told.category, told.value) == ("configuration", ONE)
    assert list(made.invoices().values()) == [{TWO: Decimal(800)}]
    made.take_in(entry(1, version=3))
    made.bill()
    assert (made.told(), made.billed(ONE), made.billed(TWO)) == ([], 800, 800)


def test_hour_without_a_group_is_sent_again_in_vain_until_it_has_one(billing: Make) -> None:
    made = billing(group_by='IF(project_code = "P-009", "", project_code)')
    made.take_in(entry(1, project_code="P-009"), entry(2))
    made.bill()
    [told] = made.told()
    assert told.record_id is not None
    ids = [told.record_id]
    [tried] = dry_run.records(ids, configuration="now")
    assert (tried.state, "gives no group" in tried.reason) == ("failed", True)

    assert reprocess.records(ids, by=ENGINE, reason="again", how="fixed") == []
    made.send()
    assert list(made.invoices().values()) == [{TWO: Decimal(800)}]
    assert [each.pk for each in made.told()] == [told.pk]

    made.route.group_by = "project_code"
    made.route.save()
    [tried] = dry_run.records(ids, configuration="now")
    assert (tried.state, "the next run" in tried.reason) == ("failed", True)
    assert reprocess.records(ids, by=ENGINE, reason="the formula is right now", how="fixed") == ids
    made.send()
    assert made.billed(ONE) is None
    made.bill()
    assert (made.told(), made.billed(ONE), made.billed(TWO)) == ([], 800, 800)
    assert Record.objects.get(pk=told.record_id).state == "superseded"


def test_group_with_any_sign_in_its_name_gets_its_second_document(billing: Make) -> None:
    made = billing()
    for sign in ("R\\D", "100%", "a_b"):
        made.take_in(entry(1, key=f"{sign}-1", project_code=sign))
        made.bill()
        made.take_in(entry(2, key=f"{sign}-2", project_code=sign))
        made.bill()
        assert {f"{sign}/1", f"{sign}/2"} <= set(made.invoices())


def test_repost_under_way_is_waited_for(billing: Make) -> None:
    """Between the reversal of an hour and its new posting nothing stands; the invoice does not lose it meanwhile."""
    made = billing({"correction": "reverse"})
    made.take_in(entry(1), entry(2))
    made.bill()
    made.time.target.behave = lambda request, number: (
        None if request.operation == "reverse" else refused(Category.VALIDATION, "no")
    )
    made.take_in(entry(1, hours="6.00", version=2))
    made.bill()
    assert made.invoices() == {FIRST: {ONE: Decimal(800), TWO: Decimal(800)}}
    made.vanish(TWO)  # another change of the same invoice meanwhile
    made.bill()
    assert list(made.invoices().values()) == [{ONE: Decimal(800)}]


def test_run_counts_changed_invoices(billing: Make) -> None:
    made = billing()
    made.take_in(entry(1), entry(2), entry(3, project_code="P-002"))
    made.run()
    made.send()
    made.take_in(entry(1, hours="6.00", version=2), entry(4))
    made.vanish("TE-0000003")
    run = made.run()
    assert (run.read, run.new, run.changed) == (3, 1, 2)
    books = accounting.books(run)
    assert books.balanced
    made.send()
    assert accounting.books(run).balanced
    assert accounting.unexplained() == []


def test_queries_do_not_grow_with_the_hours_that_changed(billing: Make) -> None:
    made = billing(correction="update")
    made.take_in(*(entry(n, project_code=f"P-{n:03d}") for n in range(1, 31)))
    made.bill()
    counts = []
    for first, last in ((1, 3), (4, 30)):
        made.take_in(*(entry(n, hours="6.00", version=2, project_code=f"P-{n:03d}") for n in range(first, last)))
        with CaptureQueriesContext(connection) as queries:
            assert made.group().changed == last - first
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("correction", ["update", "reverse", "delta", "none"])
@pytest.mark.parametrize("seed", range(2))
def test_random_histories_leave_each_hour_on_invoices_as_it_is_posted(
    billing: Make, correction: str, seed: int
) -> None:
    random_ = random.Random(f"{correction}-{seed}")
    made = billing({"correction": ["update", "reverse", "delta"][seed % 3]}, correction=correction)
    made.books.behave = misbehaving(random_)
    play(made, random_)
    settle(made)

    restated = {word for failure in made.told() for word in failure.message.split() if word.startswith("TE-")}
    for key, wanted in posted(made).items():
        billed = made.billed(key)
        assert billed == wanted or key in restated, f"{key}: {billed} on invoices, {wanted} is posted"
    if correction != "none":
        assert made.told() == []
    assert accounting.unexplained() == []


def play(made: Billing, random_: random.Random) -> None:
    """Let hours come, change, move and go, and invoices be grouped and sent, in random order."""
    versions_: dict[int, int] = {}
    for _ in range(60):
        deed = random_.random()
        if deed < 0.55:
            number = random_.randint(1, 6)
            versions_[number] = versions_.get(number, 0) + 1
            made.take_in(
                entry(
                    number, version=versions_[number], hours=f"{random_.randint(1, 9)}.00",
                    project_code=random_.choice(["P-001", "P-001", "P-002"]),
                    status="unsubmitted" if random_.random() < 0.2 else "approved",
                )
            )  # fmt: skip
        elif deed < 0.8:
            made.group()
        else:
            made.send(rounds=random_.randint(1, 3))
        if random_.random() < 0.3:
            made.time.later(random_.choice([1, 5, 20]))


def settle(made: Billing) -> None:
    """Let the books be well and time pass until nothing is left to do."""
    made.books.behave = lambda request, number: None
    for _ in range(40):
        made.bill()
        made.time.later(120)
        if not KeyHead.objects.filter(due_at__isnull=False).exists() and not made.group().read:
            return


def posted(made: Billing) -> dict[str, Decimal | None]:
    """Return what the time ledger holds of each hour, as amounts; None when it was taken back."""
    keys = {commit.key.split(".")[0] for commit in made.time.target.commits}
    return {key: made.time.target.net_hours(key) * 100 or None for key in keys}


def test_hours_are_put_together_by_the_tables_of_their_own_company(billing: Make) -> None:
    """The route belongs to one company; what a table of another one says of its hours counts for them."""
    for owner, says in ((None, "all"), (company("HP-GB"), "British")):
        table = tables.create_table(
            name="accounts", title="Accounts", key_columns=["project_code"], value_columns={"account": "text"},
            by=ENGINE, legal_entity=owner,
        )  # fmt: skip
        row: tables.NewRow = tables.NewRow(("P-001",), {"account": says})
        tables.add_rows(table, [row], by=ENGINE)
    made = billing()
    made.route.group_by = 'LOOKUP("accounts.account", project_code)'
    made.route.save()
    made.take_in(entry(1), entry(2, legal_entity="HP-GB"))
    made.bill()
    assert sorted(made.invoices()) == ["British/1", "all/1"]
