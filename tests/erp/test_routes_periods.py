"""Closed periods at the real Tryton: held with the next open one on offer, moved there by two people."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.erp.conftest import Tryton
from tests.erp.routed import Hub, effects, entry, open_failures
from tests.erp.test_routes_invoices import invoice

pytestmark = pytest.mark.erp

Periods = Callable[[str, str], None]
OPEN = ["state", "=", "open"]


@pytest.fixture
def year(tryton: Tryton) -> int:
    """Last year: its number range is used by these tests alone, in the order of their dates."""
    return int(str(tryton.firm["month"])[:4]) - 1


@pytest.fixture
def periods(tryton: Tryton, year: int) -> Iterator[Periods]:
    """Return `periods(verb, month)`, which closes or reopens a month of last year; all are closed again afterwards."""
    touched: set[int] = set()

    def change(verb: str, month: str) -> None:
        id_ = tryton.firm["periods"][f"{year}-{month}"]["id"]
        touched.add(id_)
        tryton.direct(f"account.period.{verb}", [id_])

    yield change
    tryton.direct("account.period.close", tryton.direct.ids("account.period", ["id", "in", list(touched)], OPEN))


@pytest.fixture
def hub(make_hub: Callable[..., Hub], tryton: Tryton) -> Hub:
    """The hub with a route for invoices of a billing system."""
    hub = make_hub()
    hub.refer("customer", "C-1001", tryton.firm["customers"]["C-1001"])
    hub.destination(
        hub.route("invoice"), "invoices", key_formula="invoice_id", correction="reverse", posting_date="issued_on"
    )
    return hub


def test_periods_are_read_from_the_ledger(hub: Hub, tryton: Tryton, year: int, periods: Periods) -> None:
    from routes import periods as posting_periods
    from routes.models import PostingPeriod

    assert posting_periods.connections_to_read() == [hub.erp.pk]
    assert posting_periods.refresh(hub.erp) == 24
    periods("reopen", "03")
    assert posting_periods.refresh(hub.erp) == 24

    open_ = {row.starts_on for row in PostingPeriod.objects.filter(closed=False, starts_on__year=year)}
    known = {row.starts_on.isoformat()[:7]: row.closed for row in PostingPeriod.objects.exclude(starts_on__in=open_)}
    facts = {name: period["state"] != "open" for name, period in tryton.firm["periods"].items()}
    assert open_ == {dt.date(year, 3, 1)}
    assert known == {name: closed for name, closed in facts.items() if name != f"{year}-03"}


def test_invoice_in_a_closed_period_is_held_and_moved_into_the_next_open_one_by_two_people(
    hub: Hub, tryton: Tryton, year: int, periods: Periods
) -> None:
    from governance.rights import NotAllowed, Role
    from routes import decisions
    from routes import periods as posting_periods
    from routes.models import Overlay, Transaction
    from tests.governance.people import person

    farid, clara = person("Farid Amini", Role.CONTROLLER), person("Clara Voss", Role.CONTROLLER)
    periods("reopen", "05")
    posting_periods.refresh(hub.erp)
    hub.push("invoice", invoice("HP-81", issued_on=f"{year}-04-15"))
    hub.work_off()

    [told] = open_failures()
    assert (told.category, told.field, told.value) == ("closed_period", "issued_on", f"{year}-04-15")
    assert told.accepted == f"{year}-05-31"
    assert f"The next open period is {year}-05-01 to {year}-05-31" in told.message
    assert hub.states("invoice") == {"HP-81": "held"}

    [id_] = Transaction.objects.values_list("pk", flat=True)
    offered = posting_periods.move_to_next([id_], by=farid, reason="late invoice of April")
    assert offered[id_].day == dt.date(year, 5, 31)
    hub.work_off()
    assert hub.states("invoice") == {"HP-81": "held"}
    with pytest.raises(NotAllowed):
        decisions.approve([id_], by=farid, reason="myself")
    assert decisions.approve([id_], by=clara, reason="agreed") == [id_]
    hub.work_off()

    [posted] = tryton.direct.invoices("HP-81")
    [row] = tryton.direct.read("account.invoice", [posted["id"]], "invoice_date", "state")
    assert (row["state"], row["invoice_date"]) == ("posted", dt.date(year, 5, 31))
    assert Overlay.objects.get().made_by == farid
    assert hub.states("invoice") == {"HP-81": "posted"}
    assert open_failures() == []


@pytest.fixture
def time(make_hub: Callable[..., Hub]) -> Hub:
    """The hub with a route for time that belongs to the period in which it was worked."""
    hub = make_hub()
    hub.time_route(posting_date="worked_on")
    return hub


def test_correction_of_what_lies_in_a_period_closed_by_now_goes_into_the_next_open_one_with_approval(
    time: Hub, tryton: Tryton, year: int, periods: Periods
) -> None:
    from governance.rights import Role
    from routes import decisions
    from routes import periods as posting_periods
    from routes.models import Transaction
    from tests.governance.people import person

    farid, clara = person("Farid Amini", Role.FINANCE), person("Clara Voss", Role.CONTROLLER)
    periods("reopen", "09")
    time.push("time_entry", entry("TE-82", worked_on=f"{year}-08-15"))
    time.work_off()
    assert time.states("time_entry") == {"TE-82": "posted"}
    posting_periods.refresh(time.erp)

    time.push("time_entry", entry("TE-82", 2, hours="6.00", worked_on=f"{year}-08-15"))
    time.work_off()
    [told] = open_failures()
    assert (told.category, told.accepted) == ("closed_period", f"{year}-09-30")
    assert "closed by now" in told.message
    assert effects("TE-82") == [(1, "create", "confirmed")], "nothing is changed before somebody approves"

    correction = Transaction.objects.get(state="held")
    decisions.approve([correction.pk], by=clara, reason="as it is")  # the day is closed still: approved in vain
    time.work_off()
    assert time.states("time_entry") == {"TE-82": "held"}
    posting_periods.move_to_next([correction.pk], by=farid, reason="customer's complaint")
    time.work_off()
    assert time.states("time_entry") == {"TE-82": "held"}
    decisions.approve([correction.pk], by=clara, reason="agreed")
    time.work_off()

    [line] = tryton.direct.lines("TE-82")
    assert (line["date"], line["duration"].total_seconds()) == (dt.date(year, 9, 30), 6 * 3600)
    assert effects("TE-82") == [(1, "create", "confirmed"), (2, "update", "confirmed")]
    assert (time.states("time_entry"), open_failures()) == ({"TE-82": "posted"}, [])


def test_withdrawal_of_what_lies_in_a_closed_period_waits_for_approval(time: Hub, tryton: Tryton, year: int) -> None:
    from governance.rights import Role
    from routes import decisions, receive
    from routes import periods as posting_periods
    from routes.models import Transaction
    from routes.plan import current, plan
    from tests.governance.people import person

    time.push("time_entry", entry("TE-83", worked_on=f"{year}-08-15"))
    time.work_off()
    posting_periods.refresh(time.erp)
    receive.withdraw_missing(plan(current(time.routes["time_entry"]).pk), ["TE-83"], run=None)
    time.work_off()
    withdrawal = Transaction.objects.get(state="held")
    assert len(tryton.direct.lines("TE-83")) == 1

    decisions.approve([withdrawal.pk], by=person("Clara Voss", Role.CONTROLLER), reason="agreed")
    time.work_off()

    assert tryton.direct.lines("TE-83") == []
    assert effects("TE-83") == [(1, "create", "confirmed"), (2, "reverse", "confirmed")]


def test_what_tryton_asks_a_person_to_confirm_is_held_in_its_own_words_and_nothing_is_reversed(
    hub: Hub, tryton: Tryton, year: int, periods: Periods
) -> None:
    from governance.rights import Role
    from routes import decisions
    from routes import periods as posting_periods
    from routes.models import Transaction
    from tests.governance.people import person

    farid, clara = person("Farid Amini", Role.FINANCE), person("Clara Voss", Role.CONTROLLER)
    periods("reopen", "10")
    periods("reopen", "11")
    hub.push("invoice", invoice("HP-84", issued_on=f"{year}-10-15"))
    hub.work_off()
    periods("close", "10")
    posting_periods.refresh(hub.erp)
    hub.push("invoice", less("HP-84", f"{year}-10-15"))
    hub.work_off()
    correction = Transaction.objects.get(state="held")
    posting_periods.move_to_next([correction.pk], by=farid, reason="customer's complaint")
    decisions.approve([correction.pk], by=clara, reason="agreed")
    hub.work_off()

    [told] = open_failures()
    assert told.category == "approval_missing"
    assert "the current period will be used" in told.message
    assert hub.states("invoice") == {"HP-84": "held"}
    assert [(op, state) for _, op, state in effects("HP-84")] == [("create", "confirmed"), ("reverse", "refused")]
    assert [row["state"] for row in tryton.direct.invoices("HP-84")] == ["posted"]


def test_invoice_in_a_period_closed_by_now_is_credited_in_the_next_open_one(
    make_hub: Callable[..., Hub], tryton: Tryton, year: int, periods: Periods
) -> None:
    from governance.rights import Role
    from routes import decisions
    from routes import periods as posting_periods
    from routes.models import Transaction
    from tests.governance.people import person

    farid, clara = person("Farid Amini", Role.FINANCE), person("Clara Voss", Role.CONTROLLER)
    hub = make_hub()
    hub.refer("customer", "C-1001", tryton.firm["customers"]["C-1001"])
    by_difference = {"correction": "delta", "posting_date": "issued_on", "key_formula": "invoice_id"}
    hub.destination(hub.route("invoice"), "invoices", **by_difference)
    periods("reopen", "11")
    periods("reopen", "12")
    hub.push("invoice", invoice("HP-85", issued_on=f"{year}-11-15"))
    hub.work_off()
    periods("close", "11")
    posting_periods.refresh(hub.erp)
    hub.push("invoice", less("HP-85", f"{year}-11-15"))
    hub.work_off()
    correction = Transaction.objects.get(state="held")
    posting_periods.move_to_next([correction.pk], by=farid, reason="customer's complaint")
    hub.work_off()
    assert tryton.direct.invoices("HP-85.1") == []
    decisions.approve([correction.pk], by=clara, reason="agreed")
    hub.work_off()

    [first], [credit] = tryton.direct.invoices("HP-85"), tryton.direct.invoices("HP-85.1")
    assert (first["state"], first["untaxed_amount"]) == ("posted", Decimal(1200))
    assert (credit["state"], credit["untaxed_amount"]) == ("posted", Decimal(-240))
    [row] = tryton.direct.read("account.invoice", [credit["id"]], "invoice_date")
    assert row["invoice_date"] == dt.date(year, 12, 31)
    assert (hub.states("invoice"), open_failures()) == ({"HP-85": "posted"}, [])


def less(reference: str, day: str) -> dict[str, Any]:
    """Return the second version of an invoice: eight hours instead of ten."""
    first = invoice(reference, 2, issued_on=day, net_amount="960.00")
    [line] = first["lines"]
    return first | {"lines": [line | {"quantity": "8", "amount": "960.00"}]}
