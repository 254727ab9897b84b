"""Invoices at the real Tryton: drafted and posted in one write, once each, in periods that are open."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from canonical.failure import Category
from connectors.outcome import Result
from tests.erp.conftest import Tryton
from tests.erp.cutting import CuttingProxy
from tests.erp.talking import Talk, request

pytestmark = pytest.mark.erp

MakeInvoice = Callable[..., dict[str, Any]]


@pytest.fixture
def invoice(tryton: Tryton) -> MakeInvoice:
    """Return `invoice(reference, **changes)`: what the shipped mapping gives, dated today for C-1001."""
    firm = tryton.firm
    line = {
        "type": "line",
        "description": "Consulting",
        "quantity": "10",
        "unit_price": "120",
        "product": firm["products"]["CONS-STD"],
        "unit": firm["units"]["Hour"],
        "account": firm["accounts"]["revenue"],
        "currency": firm["currency"],
        "taxes": firm["tax"],
    }

    def make(reference: str, **changes: Any) -> dict[str, Any]:
        return {
            "type": "out",
            "reference": reference,
            "party": firm["customers"]["C-1001"],
            "invoice_address": firm["addresses"]["C-1001"],
            "currency": firm["currency"],
            "journal": firm["journal"],
            "account": firm["accounts"]["receivable"],
            "payment_term": firm["payment_term"],
            "invoice_date": dt.datetime.now(dt.UTC).date().isoformat(),
            "lines": [line],
        } | changes

    return make


async def test_invoice_is_drafted_and_posted_in_one_write(talk: Talk, tryton: Tryton, invoice: MakeInvoice) -> None:
    outcome = await talk.write("invoices", "create", "HP-1", invoice("HP-1"))

    [row] = tryton.direct.invoices("HP-1")
    assert (outcome.result, outcome.external_id, outcome.reference) == (Result.CONFIRMED, str(row["id"]), row["number"])
    assert (row["state"], row["untaxed_amount"], row["total_amount"]) == ("posted", Decimal(1200), Decimal(1428))


@pytest.mark.parametrize("method", ["create", "post", "read"])
@pytest.mark.parametrize("committed", [True, False])
async def test_invoice_is_posted_once_wherever_the_connection_breaks(
    tryton: Tryton, proxy: CuttingProxy, invoice: MakeInvoice, method: str, committed: bool
) -> None:
    talk, key = tryton.talk(base_url=proxy.base_url), f"HP-2-{method}-{committed}"
    proxy.cut(f"model.account.invoice.{method}".encode(), committed=committed)

    first = await talk.write("invoices", "create", key, invoice(key))
    found = await talk.look_up("invoices", key)
    if not found.found:
        await talk.write("invoices", "create", key, invoice(key))
        found = await talk.look_up("invoices", key)
    await talk.engine.close()

    [row] = tryton.direct.invoices(key)
    assert (first.result, proxy.cuts) == (Result.UNKNOWN, 1)
    assert (found.external_id, found.reference, row["state"]) == (str(row["id"]), row["number"], "posted")


async def test_closed_period_refuses_the_invoice_and_names_the_period(
    talk: Talk, tryton: Tryton, invoice: MakeInvoice
) -> None:
    closed = min(name for name, period in tryton.firm["periods"].items() if period["state"] == "closed")

    refused = await talk.write("invoices", "create", "HP-3", invoice("HP-3", invoice_date=f"{closed}-15"))
    found = await talk.look_up("invoices", "HP-3")
    mended = await talk.write("invoices", "create", "HP-3", invoice("HP-3"))

    assert (refused.result, refused.category) == (Result.REFUSED, Category.CLOSED_PERIOD)
    assert closed in refused.message
    assert "Reopen" in refused.hint
    assert (found.found, mended.result) == (False, Result.CONFIRMED)
    assert [row["state"] for row in tryton.direct.invoices("HP-3")] == ["posted"]


@pytest.mark.parametrize(
    ("change", "category", "words"),
    [
        ({"invoice_address": None}, Category.VALIDATION, "Invoice Address"),
        ({"journal": None}, Category.VALIDATION, "Journal"),
        ({"party": "999999"}, Category.MISSING_REFERENCE, "does not exist"),
        ({"invoice_date": "2015-05-05"}, Category.CLOSED_PERIOD, "create a period"),
    ],
)
async def test_what_tryton_refuses_is_put_into_words(
    talk: Talk, tryton: Tryton, invoice: MakeInvoice, change: dict[str, Any], category: Category, words: str
) -> None:
    outcome = await talk.write("invoices", "create", "HP-4", invoice("HP-4", **change))

    assert (outcome.result, outcome.category) == (Result.REFUSED, category)
    assert words in outcome.message


async def test_user_without_the_right_posts_nothing(tryton: Tryton, invoice: MakeInvoice) -> None:
    talk = tryton.talk("clerk")

    outcome = await talk.write("invoices", "create", "HP-5", invoice("HP-5"))
    await talk.engine.close()

    assert (outcome.result, outcome.category) == (Result.REFUSED, Category.NO_RIGHT)
    assert tryton.direct.invoices("HP-5") == []


async def test_a_warning_of_tryton_asks_for_a_person(talk: Talk, tryton: Tryton, invoice: MakeInvoice) -> None:
    tomorrow = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)).isoformat()

    outcome = await talk.write("invoices", "create", "HP-6", invoice("HP-6", invoice_date=tomorrow))

    assert outcome.result is Result.REFUSED
    assert outcome.category is Category.VALIDATION
    assert "invoice date in the future" in outcome.message
    assert "Correct the date" in outcome.hint


async def test_concurrent_posting_is_refused_as_passing_and_then_succeeds(
    tryton: Tryton, talk: Talk, invoice: MakeInvoice
) -> None:
    waiting = {f"HP-7-{number}": invoice(f"HP-7-{number}") for number in range(3)}
    refused = 0
    for _ in range(20):
        requests = [request("create", key, values) for key, values in waiting.items()]
        outcomes = await talk.write_all("invoices", requests, concurrency=3)
        for sent, outcome in zip(requests, outcomes, strict=True):
            if outcome.result is Result.CONFIRMED:
                del waiting[sent.key]
            else:
                assert (outcome.result, outcome.category) == (Result.REFUSED, Category.TRANSIENT)
                assert "could not obtain lock" in outcome.message
                refused += 1
        if not waiting:
            break

    rows = [row for number in range(3) for row in tryton.direct.invoices(f"HP-7-{number}")]
    assert refused > 0, "no two postings met, so nothing was tried"
    assert [row["state"] for row in rows] == ["posted"] * 3
    assert len({row["number"] for row in rows}) == 3


async def test_posted_invoice_is_reversed_once(talk: Talk, tryton: Tryton, invoice: MakeInvoice) -> None:
    made = await talk.write("invoices", "create", "HP-8", invoice("HP-8"))
    gone = await talk.write("invoices", "reverse", "HP-8", None, made.external_id)
    again = await talk.write("invoices", "reverse", "HP-8", None, made.external_id)

    assert [row["state"] for row in tryton.direct.invoices("HP-8")] == ["cancelled"]
    assert (gone.result, again.result, again.category) == (Result.CONFIRMED, Result.REFUSED, Category.CONFLICT)
    assert not (await talk.look_up("invoices", "HP-8")).found


async def test_credit_note_is_an_invoice_below_zero(talk: Talk, tryton: Tryton, invoice: MakeInvoice) -> None:
    line = invoice("x")["lines"][0] | {"quantity": "-3"}

    outcome = await talk.write("invoices", "create", "HP-9", invoice("HP-9", lines=[line]))

    [row] = tryton.direct.invoices("HP-9")
    assert outcome.result is Result.CONFIRMED
    assert (row["untaxed_amount"], row["number"][:3]) == (Decimal(-360), "CRN")
