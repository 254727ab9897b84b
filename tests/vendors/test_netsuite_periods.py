"""NetSuite's accounting periods: read for each company, and what a posting into a closed one is offered instead."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.models import Connection
from sandbox.launch import Simulator
from tests.governance.people import company, person
from tests.vendors.talking import netsuite_spec

TIME_IN = {
    "name": "Time as it is pushed",
    "from": {"system": "ledger_look_up", "stream": "time_entries"},
    "to": {"entity": "time_entry"},
    "fields": [
        {"to": name, "from": name}
        for name in (
            "entry_id", "legal_entity", "worker_id", "project_code", "worked_on", "hours", "currency",
            "approval_status",
        )
    ],
}  # fmt: skip
TIME_OUT = {
    "name": "Time to NetSuite, for one employee",
    "from": {"entity": "time_entry"},
    "to": {"system": "netsuite", "stream": "time_entries"},
    "fields": [
        {"to": "employee.id", "value": "2001"},
        {"to": "hours", "from": "hours", "as": "decimal"},
        {"to": "tranDate", "from": "worked_on", "as": "date"},
    ],
}
AUGUST, SEPTEMBER = dt.date(2026, 8, 31), dt.date(2026, 9, 30)


@pytest.fixture
def month(firm: Simulator) -> Iterator[Callable[..., None]]:
    """Return `month("2026-08", closed=True)`, what an administrator does in NetSuite; all are open again afterwards."""
    touched = set()

    def change(name: str, *, closed: bool) -> None:
        touched.add(name)
        firm.admin("POST", "periods", {"month": name, "closed": closed}, system="netsuite")

    yield change
    for name in touched:
        change(name, closed=False)


@pytest.fixture
def ledger(netsuite: Simulator, transactional_db: None, settings: Any) -> Iterator[Connection]:
    """A connection to NetSuite with a route that posts pushed time there."""
    from connectors import loop
    from governance import versions
    from mappings import shipped
    from routes import plan
    from routes.models import Route

    settings.OUTBOUND_ALLOWED = ["127.0.0.1:*"]
    plan.plan.cache_clear()
    loop.stop()
    spec = netsuite_spec(netsuite)
    owner = company("HP-DE")
    company("HP-US")
    source, target = (
        Connection.objects.create(slug=slug, name=name, connector=connector, legal_entity=owner, **more)
        for slug, name, connector, more in (
            ("time", "Time tool", "ledger_look_up", {}),
            (
                "erp", "NetSuite", "netsuite",
                {"auth": "token", "answers": dict(spec.answers), "secrets": dict(spec.secrets)},
            ),
        )
    )  # fmt: skip
    for name, content in (("time-in", TIME_IN), ("time-out", TIME_OUT)):
        versions.install(kind="mapping", object_key=name, content=content)
    shipped.install([each for each in shipped.load() if each.key == "netsuite.accounting_periods"])
    route = Route.objects.create(
        slug="time", name="Time", legal_entity=owner, connection=source, stream="time_entries",
        canonical_entity="time_entry", mapping="time-in",
    )  # fmt: skip
    route.destinations.create(
        name="NetSuite time", connection=target, stream="time_entries", mapping="time-out", key_formula="entry_id",
        correction="update", posting_date="worked_on",
    )  # fmt: skip
    yield target
    loop.stop()


def push(key: str, day: str, *, version: int = 1, hours: str = "7.50", legal_entity: str = "HP-DE") -> None:
    """Push an entry, and do all that follows from it."""
    from routes import inline, intake
    from routes.models import Route

    told = {
        "key": key, "version": version, "changed_at": f"2026-10-06T08:{version:02d}:00Z", "entry_id": key,
        "legal_entity": legal_entity, "worker_id": "W-1001", "project_code": "P-1", "worked_on": day, "hours": hours,
        "currency": "EUR", "approval_status": "approved",
    }  # fmt: skip
    route = Route.objects.get(slug="time")
    intake.accept(route, body=json.dumps([told]).encode(), via="api")
    intake.work(route.pk)
    inline.work_off()


def standing(netsuite: Simulator, key: str) -> dict[str, Any]:
    """Return the one time record that NetSuite has under a key."""
    rows = netsuite.admin("GET", "rows/timeBill", system="netsuite")
    [row] = [row for row in rows if row.get("externalId") == key]
    return dict(row)


def test_months_are_read_for_each_company_and_years_are_not(ledger: Connection) -> None:
    from routes import periods
    from routes.models import PostingPeriod

    assert periods.connections_to_read() == [ledger.pk]
    count = periods.refresh(ledger)
    found = list(PostingPeriod.objects.order_by("starts_on").values_list("legal_entity__code", "starts_on", "closed"))
    assert len(found) == count
    assert {code for code, _, _ in found} == {"HP-DE", "HP-US"}
    for code in ("HP-DE", "HP-US"):
        mine = {starts_on: closed for each, starts_on, closed in found if each == code}
        assert (mine[dt.date(2026, 7, 1)], mine[dt.date(2026, 8, 1)]) == (True, False)
    assert all((row.ends_on - row.starts_on).days < 31 for row in PostingPeriod.objects.all())


def test_late_hour_is_moved_into_the_next_open_month_by_two_people(ledger: Connection, netsuite: Simulator) -> None:
    from governance.rights import Role
    from routes import decisions, inline, periods
    from routes.models import Failure, Transaction

    farid, clara = person("Farid Amini", Role.FINANCE), person("Clara Voss", Role.CONTROLLER)
    periods.refresh(ledger)
    push("TE-P-1", "2026-07-15", legal_entity="HP-US")

    told = Failure.objects.get(closed_at=None)
    assert (told.category, told.field, told.accepted) == ("closed_period", "worked_on", AUGUST.isoformat())
    assert "The next open period is 2026-08-01 to 2026-08-31" in told.message
    [id_] = Transaction.objects.values_list("pk", flat=True)
    assert periods.move_to_next([id_], by=farid, reason="late approval")[id_].day == AUGUST
    decisions.approve([id_], by=clara, reason="agreed")
    inline.work_off()
    assert standing(netsuite, "TE-P-1")["tranDate"] == AUGUST.isoformat()


def test_correction_of_what_lies_in_a_month_closed_by_now_is_offered_the_next_open_one(
    ledger: Connection, netsuite: Simulator, month: Callable[..., None]
) -> None:
    from routes import periods
    from routes.models import Effect, Failure

    push("TE-P-2", "2026-08-04")
    month("2026-08", closed=True)
    periods.refresh(ledger)
    push("TE-P-2", "2026-08-04", version=2, hours="6.00")

    told = Failure.objects.get(closed_at=None)
    assert (told.category, told.accepted) == ("closed_period", SEPTEMBER.isoformat())
    assert "The next open period is 2026-09-01 to 2026-09-30" in told.message
    assert Effect.objects.count() == 1, "nothing is sent before somebody approves"
    assert standing(netsuite, "TE-P-2")["hours"] == 7.5


@pytest.mark.parametrize(("flag", "closed"), [("allLocked", True), ("arLocked", True), ("apLocked", False)])
def test_locked_month_is_not_offered(ledger: Connection, netsuite: Simulator, flag: str, closed: bool) -> None:
    from routes import periods
    from routes.models import PostingPeriod

    rows = netsuite.admin("GET", "rows/accountingPeriod", system="netsuite")
    [row] = [each for each in rows if each["startDate"] == "2026-09-01" and not each.get("isYear")]
    netsuite.admin("POST", "rows/accountingPeriod", {**row, flag: True}, system="netsuite")
    periods.refresh(ledger)
    netsuite.admin("POST", "rows/accountingPeriod", {**row, flag: False}, system="netsuite")

    found = PostingPeriod.objects.filter(starts_on=dt.date(2026, 9, 1)).values_list("closed", flat=True)
    assert set(found) == {closed}
