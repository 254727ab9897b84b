"""Customers, people, projects and tasks reach the real Tryton, and release the time that waits for them."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.erp.conftest import Tryton
from tests.erp.cutting import CuttingProxy
from tests.erp.routed import Hub, effects, entry, history, open_failures, record

pytestmark = pytest.mark.erp


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Hub:
    """The hub with a route for each kind of master record and one for time."""
    hub = make_hub()
    masters: dict[str, tuple[str, str]] = {
        "customer": ("customers", "customer_id"),
        "project": ("projects", "project_code"),
        "task": ("tasks", 'project_code & "/" & task_code'),
    }
    for entity, (stream, key) in masters.items():
        hub.destination(hub.route(entity), stream, key_formula=key, correction="update", keeps_reference=True)
    workers = hub.route("worker")
    person: dict[str, Any] = {"key_formula": "worker_id", "correction": "update"}
    hub.destination(workers, "customers", mapping="tryton.people", **person)
    hub.destination(workers, "employees", keeps_reference=True, **person)
    hub.time_route(order="in_order")
    return hub


CUSTOMER = record("C-5001", customer_id="C-5001", name="Isarwerk Medizintechnik")
WORKER = record("W-501", worker_id="W-501", name="Jorun Aasen", hired_on="2026-01-01")
PROJECT = record("P-881", project_code="P-881", name="Warehouse", customer_id="C-5001")
TASK = record("P-881/BUILD", project_code="P-881", task_code="BUILD", name="Build")


def test_time_that_comes_before_its_project_goes_on_in_order_when_it_arrives(hub: Hub, tryton: Tryton) -> None:
    where = {"worker_id": "W-501", "project_code": "P-881", "customer_id": "C-5001"}
    hub.push("time_entry", entry("TE-5001", **where), entry("TE-5002", **where))
    hub.push("time_entry", entry("TE-5001", 2, hours="6.50", **where))
    hub.push("task", TASK)
    hub.push("project", PROJECT)
    hub.work_off()
    assert set((hub.states("time_entry") | hub.states("task") | hub.states("project")).values()) == {"parked"}
    assert {f.category for f in open_failures()} == {"missing_reference"}

    hub.push("customer", CUSTOMER)
    hub.push("worker", WORKER)
    hub.work_off(leaps=[30, 30])

    for name in ("customer", "worker", "project", "task", "time_entry"):
        assert set(hub.states(name).values()) == {"posted"}, name
    assert open_failures() == []
    [first], [second] = tryton.direct.lines("TE-5001"), tryton.direct.lines("TE-5002")
    assert (first["duration"].total_seconds() / 3600, second["duration"].total_seconds() / 3600) == (6.5, 7.25)
    assert effects("TE-5001") == [(1, "create", "confirmed"), (2, "update", "confirmed")]
    assert history("TE-5002")[-6:] == ["parked", "normalised", "validated", "ready", "delivering", "posted"]
    [employee] = tryton.direct.read("company.employee", [first["employee"]], "rec_name")
    [work] = tryton.direct.read("timesheet.work", [first["work"]], "rec_name")
    assert (employee["rec_name"], work["rec_name"]) == ("Jorun Aasen", "P-881 Warehouse\\P-881/BUILD Build")


def test_customer_that_tryton_has_already_is_changed_and_not_added(hub: Hub, tryton: Tryton) -> None:
    hub.push("customer", record("C-1003", customer_id="C-1003", name="Rheinwerk Logistik SE"))
    hub.work_off()
    hub.push("customer", record("C-1003", 2, customer_id="C-1003", name="Rheinwerk Logistik"))
    hub.work_off()

    [party] = tryton.direct.ids("party.party", ["code", "=", "C-1003"])
    assert tryton.direct.read("party.party", [party], "name")[0]["name"] == "Rheinwerk Logistik"
    assert effects("C-1003") == [(1, "create", "confirmed"), (2, "update", "confirmed")]


def test_change_of_what_tryton_had_before_is_made_although_its_first_sending_was_lost(
    make_hub: Callable[..., Hub], tryton: Tryton, proxy: CuttingProxy
) -> None:
    hub = make_hub(base_url=proxy.base_url)
    hub.destination(
        hub.route("customer"), "customers", key_formula="customer_id", correction="update", keeps_reference=True
    )
    proxy.cut(b"model.party.party.write", committed=False)
    hub.push("customer", record("C-1002", customer_id="C-1002", name="Nordlicht Versicherung AG"))
    hub.work_off()
    assert hub.states("customer") == {"C-1002": "unknown"}
    hub.work_off(leaps=(65,))

    [party] = tryton.direct.ids("party.party", ["code", "=", "C-1002"])
    assert tryton.direct.read("party.party", [party], "name")[0]["name"] == "Nordlicht Versicherung AG"
    assert effects("C-1002") == [(1, "create", "confirmed")]
    assert hub.states("customer") == {"C-1002": "posted"}
