"""The real Tryton of the tests is what the other tests take it for."""

import datetime as dt

import pytest

from tests.erp.conftest import Tryton
from tests.erp.direct import Direct, TrytonError

pytestmark = pytest.mark.erp


def test_firm_has_open_and_closed_periods(tryton: Tryton) -> None:
    states = {name: period["state"] for name, period in tryton.firm["periods"].items()}

    this_month = dt.date.fromisoformat(tryton.firm["month"] + "-01")
    last_month = this_month - dt.timedelta(days=1)
    assert states[f"{this_month:%Y-%m}"] == "open"
    assert states[f"{last_month:%Y-%m}"] == "open"
    assert states[f"{this_month.year - 1}-01"] == "closed"


def test_clerk_may_book_time_but_not_read_invoices(tryton: Tryton) -> None:
    clerk = Direct(tryton.base_url, tryton.database, "clerk", tryton.users["clerk"]["password"])

    assert clerk.ids("timesheet.work")
    with pytest.raises(TrytonError, match="not allowed to access"):
        clerk.ids("account.invoice")


def test_server_comes_back_on_the_same_port(tryton: Tryton) -> None:
    before = tryton.base_url

    tryton.server.restart()

    assert tryton.base_url == before
    assert tryton.direct.ids("company.company")
