"""Posted time becomes invoices at the real Tryton: every hour on one posted invoice, in a period that is open."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from canonical.failure import CATEGORIES, Category
from tests.erp.conftest import Tryton
from tests.erp.cutting import CuttingProxy
from tests.erp.prepare import address
from tests.erp.routed import Hub, effects, entry, open_failures, record, today

pytestmark = pytest.mark.erp

SETTLED = (65, 35, 5)  # seconds: settle time, the second question, and what follows from it
DIED = (25, 60)  # seconds: the dead worker's lease, and half of one in which it might still have sent
HOURS = [("7.25", "123.45"), ("0.33", "99.99"), ("8.00", "120.00"), ("1.17", "87.30")]
FROM_HOURS: dict[str, Any] = {
    "name": "Hours to an invoice",
    "from": {"system": "hub", "stream": "posted"},
    "to": {"entity": "invoice"},
    "fields": [
        {"to": "legal_entity", "formula": "ITEM(lines.legal_entity, 1)"},
        {"to": "invoice_id", "formula": 'SUBSTITUTE(key, "/", "-")'},
        {"to": "customer_id", "formula": "ITEM(lines.customer_id, 1)"},
        {"to": "issued_on", "formula": "MAX(lines.worked_on)"},
        {"to": "currency", "formula": "ITEM(lines.currency, 1)"},
        {"to": "net_amount", "formula": "SUM(lines.amount)"},
        {
            "to": "lines",
            "each": "lines",
            "fields": [
                {"to": "legal_entity", "from": "legal_entity"},
                {"to": "invoice_id", "from": "entry_id"},
                {"to": "line_id", "from": "entry_id"},
                {"to": "description", "from": "description"},
                {"to": "quantity", "from": "hours"},
                {"to": "unit_price", "from": "bill_rate"},
                {"to": "amount", "from": "amount"},
                {"to": "currency", "from": "currency"},
            ],
        },
    ],
}


def billed(make_hub: Callable[..., Hub], base_url: str = "", **more: Any) -> Hub:
    """Return the hub with a route for time, and one that makes invoices of what the first has posted."""
    from governance import versions
    from routes.models import Route

    hub = make_hub(base_url)
    time = hub.time_route(condition='approval_status = "approved"')
    hub.refer("customer", "C-1001", hub.tryton.firm["customers"]["C-1001"])
    hub.refer("customer", "C-1002", hub.tryton.firm["customers"]["C-1002"])
    versions.install(kind="mapping", object_key="hours-to-invoice", content=FROM_HOURS)
    hub.routes["invoice"] = Route.objects.create(
        slug="invoice", name="Invoices", legal_entity=hub.company, upstream=time, canonical_entity="invoice",
        group_by='cost_center & "-" & customer_id', mapping="hours-to-invoice",
    )  # fmt: skip
    hub.destination(hub.routes["invoice"], "invoices", **({"key_formula": "invoice_id"} | more))
    return hub


def hours(group: str, customer: str = "C-1001") -> list[dict[str, Any]]:
    """Return four entries of one group, with odd hours and rates, worked today."""
    return [
        entry(
            f"TE-{group}-{customer}-{number}", hours=spent, bill_rate=rate, cost_center=group, customer_id=customer,
            amount=str((Decimal(spent) * Decimal(rate)).quantize(Decimal("0.01"))), worked_on=today().isoformat(),
        )
        for number, (spent, rate) in enumerate(HOURS)
    ]  # fmt: skip


def net(entries: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(each["amount"]) for each in entries), Decimal(0))


def bill(hub: Hub) -> None:
    """Ask for a run of the invoice route."""
    from governance.actor import ENGINE
    from routes import runs

    runs.ask_for_run(hub.routes["invoice"], by=ENGINE, trigger="upstream")


def test_invoice_stands_for_its_hours_to_the_cent(make_hub: Callable[..., Hub], tryton: Tryton) -> None:
    from routes.models import Collected, Effect, EffectLink, Transaction

    hub = billed(make_hub)
    first, second = hours("B1"), hours("B1", "C-1002")
    hub.push("time_entry", *first, *second)
    hub.work_off()
    bill(hub)
    hub.work_off()
    bill(hub)  # there is nothing left to collect
    hub.work_off()

    assert hub.states("invoice") == {"B1-C-1001-1": "posted", "B1-C-1002-1": "posted"}
    for reference, entries in (("B1-C-1001-1", first), ("B1-C-1002-1", second)):
        [invoice] = tryton.direct.invoices(reference)
        assert (invoice["state"], invoice["untaxed_amount"]) == ("posted", net(entries))
        effect = Effect.objects.get(key=reference)
        assert effect.reference == invoice["number"]
        linked = EffectLink.objects.filter(effect_id=effect.pk).values("transaction_id")
        stands_for = set(Transaction.objects.filter(pk__in=linked).values_list("key", flat=True))
        assert stands_for == {reference, *(each["entry_id"] for each in entries)}
    assert Collected.objects.count() == 8


@pytest.mark.parametrize(
    ("correction", "states"),
    [("reverse", {"cancelled", "posted"}), ("delta", {"posted"})],
)
def test_changed_and_withdrawn_hours_change_what_the_customer_is_asked_to_pay(
    make_hub: Callable[..., Hub], tryton: Tryton, correction: str, states: set[str]
) -> None:
    hub = billed(make_hub, correction=correction)
    entries = hours(f"B5{correction}")
    hub.push("time_entry", *entries)
    hub.work_off()
    bill(hub)
    hub.work_off()
    less = entries[0] | {"version": 2, "hours": "5.00", "amount": "617.25"}
    gone = entries[1] | {"version": 2, "approval_status": "unsubmitted"}
    hub.push("time_entry", less, gone)
    hub.work_off()
    bill(hub)
    hub.work_off()
    bill(hub)
    hub.work_off()

    rows = [row for key in ("1", "1.1") for row in tryton.direct.invoices(f"B5{correction}-C-1001-{key}")]
    assert {row["state"] for row in rows} == states
    standing = [row["untaxed_amount"] for row in rows if row["state"] == "posted"]
    assert sum(standing, Decimal(0)) == net([less, *entries[2:]])
    assert hub.states("invoice") == {f"B5{correction}-C-1001-1": "posted"}
    assert open_failures() == []


@pytest.mark.processes
@pytest.mark.parametrize("point", ["deliver.after_mark_sent", "deliver.after_send"])
def test_death_while_billing_loses_and_doubles_nothing(
    make_hub: Callable[..., Hub], tryton: Tryton, worker_that_dies: Callable[[str], None], point: str
) -> None:
    from routes.models import Collected

    hub = billed(make_hub)
    group = f"B2{len(point)}"
    entries = hours(group)
    hub.push("time_entry", *entries)
    hub.work_off()
    bill(hub)
    worker_that_dies(point)
    hub.work_off(leaps=(*DIED, *SETTLED))
    bill(hub)
    hub.work_off()

    [invoice] = tryton.direct.invoices(f"{group}-C-1001-1")
    assert (invoice["state"], invoice["untaxed_amount"]) == ("posted", net(entries))
    assert set(hub.states("invoice").values()) == {"posted"}
    assert Collected.objects.count() == 4


@pytest.mark.parametrize(("step", "committed"), [("create", False), ("post", True)])
def test_invoice_is_posted_once_when_its_connection_breaks(
    make_hub: Callable[..., Hub], tryton: Tryton, proxy: CuttingProxy, step: str, committed: bool
) -> None:
    hub = billed(make_hub, proxy.base_url)
    group = f"B3{step}{int(committed)}"
    entries = hours(group)
    hub.push("time_entry", *entries)
    hub.work_off()
    proxy.cut(f"model.account.invoice.{step}".encode(), committed=committed)
    bill(hub)
    hub.work_off()
    assert set(hub.states("invoice").values()) == {"unknown"}
    hub.work_off(leaps=SETTLED)

    [invoice] = tryton.direct.invoices(f"{group}-C-1001-1")
    assert (invoice["state"], invoice["untaxed_amount"]) == ("posted", net(entries))
    assert set(hub.states("invoice").values()) == {"posted"}


def test_concurrent_posting_of_somebody_else_is_waited_out(make_hub: Callable[..., Hub], tryton: Tryton) -> None:
    hub = billed(make_hub)
    mine = [hours(f"B4{number}") for number in range(3)]
    hub.push("time_entry", *(each for entries in mine for each in entries))
    hub.work_off()
    bill(hub)
    with psycopg.connect(address(tryton.database)) as somebody:
        somebody.execute("SELECT FROM ir_sequence_strict FOR UPDATE")
        hub.work_off()
        assert set(hub.states("invoice").values()) == {"retrying"}
    hub.work_off(leaps=(10,))

    rows = [row for number in range(3) for row in tryton.direct.invoices(f"B4{number}-C-1001-1")]
    assert [(row["state"], row["untaxed_amount"]) for row in rows] == [("posted", net(each)) for each in mine]
    assert [state for _, _, state in effects("B40-C-1001-1")] == ["refused", "confirmed"]
    assert open_failures() == []


def test_missing_right_goes_to_a_person_with_the_way_out(make_hub: Callable[..., Hub], tryton: Tryton) -> None:
    from tests.erp.routed import connect

    hub = make_hub()
    clerk = connect(tryton, hub.company, slug="clerk", login="clerk")
    hub.refer("customer", "C-1001", tryton.firm["customers"]["C-1001"], clerk)
    hub.destination(hub.route("invoice"), "invoices", key_formula="invoice_id", connection=clerk)
    hub.push("invoice", invoice("HP-71"))
    hub.work_off()

    [told] = open_failures()
    assert (told.category, hub.states("invoice")) == ("no_right", {"HP-71": "failed"})
    assert "group" in told.hint
    assert CATEGORIES[Category.NO_RIGHT].owner
    assert tryton.direct.invoices("HP-71") == []


def test_missing_field_goes_to_a_person_and_on_when_the_mapping_gives_it(
    make_hub: Callable[..., Hub], tryton: Tryton
) -> None:
    from governance import versions
    from governance.actor import ENGINE
    from mappings import shipped
    from routes import releases

    hub = make_hub()
    [content] = [each.content for each in shipped.load() if each.key == "tryton.invoices"]
    lacking = content | {"fields": [each for each in content["fields"] if each["to"] != "journal"]}
    versions.install(kind="mapping", object_key="without-journal", content=lacking)
    hub.refer("customer", "C-1001", tryton.firm["customers"]["C-1001"])
    destination = hub.destination(hub.route("invoice"), "invoices", key_formula="invoice_id", mapping="without-journal")
    hub.push("invoice", invoice("HP-72"))
    hub.work_off()

    [told] = open_failures()
    assert (told.category, hub.states("invoice")) == ("validation", {"HP-72": "failed"})
    assert "Journal" in told.message
    assert "mapping" in told.hint

    destination.mapping = "tryton.invoices"
    destination.save()
    assert releases.cause_removed(told.fingerprint, by=ENGINE, reason="the mapping gives the journal") == 1
    hub.work_off()
    assert [row["state"] for row in tryton.direct.invoices("HP-72")] == ["posted"]


def invoice(reference: str, version: int = 1, **values: Any) -> dict[str, Any]:
    """Return an invoice of ten hours, as a billing system pushes it."""
    line = {
        "legal_entity": "HP-DE", "invoice_id": reference, "line_id": "1", "description": "Consulting",
        "quantity": "10", "unit_price": "120.00", "amount": "1200.00", "currency": "EUR",
    }  # fmt: skip
    told = {
        "invoice_id": reference, "customer_id": "C-1001", "issued_on": today().isoformat(), "currency": "EUR",
        "net_amount": "1200.00", "lines": [line],
    }  # fmt: skip
    return record(reference, version, **told | values)
