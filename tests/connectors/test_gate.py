"""Slots, rates, windows, throttling and the breaker, on the real database and its clock."""

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from canonical.failure import Category
from connectors import breaker, gate
from connectors.health import paces
from connectors.models import Connection, MaintenanceWindow
from connectors.registry import registry
from connectors.windows import open_window
from tests.connectors.acme import MANIFEST, saved_connection
from tests.connectors.acme import acme as acme_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(acme_connector: object) -> Connection:
    return saved_connection(concurrency=3, requests_allowed=10, period_seconds=10)


def move_clock(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('throughline.clock_offset', %s, true)", [f"{seconds} seconds"])


def test_admit_grants_no_more_slots_and_requests_than_there_are(acme: Connection) -> None:
    first = gate.admit(acme.pk, 6, uuid.uuid4())
    assert (first.allowed, len(first.slots)) == (6, 3)
    second = gate.admit(acme.pk, 6, uuid.uuid4())
    assert (second.allowed, second.reason) == (0, "concurrency")


def test_admit_after_release_takes_the_rest_of_the_rate_and_says_when_the_next_comes(acme: Connection) -> None:
    worker = uuid.uuid4()
    gate.release(gate.admit(acme.pk, 8, worker), worker)
    again = gate.admit(acme.pk, 8, worker)
    assert again.allowed == 2
    gate.release(again, worker)
    refused = gate.admit(acme.pk, 1, worker)
    assert (refused.allowed, refused.reason, refused.slots) == (0, "rate", [])
    assert refused.wait_until is not None
    assert timedelta(0) < refused.wait_until - gate.database_now() < timedelta(seconds=1.1)


def test_bucket_fills_with_time_and_survives_a_clock_that_jumps_back(acme: Connection) -> None:
    worker = uuid.uuid4()
    gate.release(gate.admit(acme.pk, 10, worker), worker)
    move_clock(-3600)
    gate.release(gate.admit(acme.pk, 1, worker), worker)
    move_clock(-3595)
    assert gate.admit(acme.pk, 10, worker).allowed == 5


def test_slots_of_a_dead_worker_come_back_when_its_lease_ends(acme: Connection) -> None:
    gate.admit(acme.pk, 3, uuid.uuid4())
    move_clock(1000)
    assert len(gate.admit(acme.pk, 3, uuid.uuid4()).slots) == 3


@pytest.mark.parametrize("back", [86400, 3600, 241])
def test_slots_of_a_dead_worker_come_back_at_once_after_a_large_step_back(acme: Connection, back: float) -> None:
    assert back > 2 * settings.LEASE_SECONDS
    gate.admit(acme.pk, 3, uuid.uuid4())
    move_clock(-back)
    assert len(gate.admit(acme.pk, 3, uuid.uuid4()).slots) == 3


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_slots_of_a_dead_worker_come_back_within_two_leases_of_a_small_step_back(
    acme: Connection, share: float
) -> None:
    gate.admit(acme.pk, 3, uuid.uuid4())
    back = share * settings.LEASE_SECONDS
    move_clock(-back)
    assert gate.admit(acme.pk, 3, uuid.uuid4()).reason == "concurrency"
    move_clock(-back + 2 * settings.LEASE_SECONDS)
    assert len(gate.admit(acme.pk, 3, uuid.uuid4()).slots) == 3


def test_release_gives_back_only_what_the_worker_still_holds(acme: Connection) -> None:
    slow = uuid.uuid4()
    lost = gate.admit(acme.pk, 3, slow)
    move_clock(1000)
    gate.admit(acme.pk, 3, uuid.uuid4())
    gate.release(lost, slow)
    assert gate.admit(acme.pk, 1, uuid.uuid4()).reason == "concurrency"


def test_weekly_window_ends_once_where_clocks_are_set_back() -> None:
    window = MaintenanceWindow(
        reason="backup", weekday=6, from_time=time(0, 30), minutes=120, time_zone="Europe/Berlin"
    )  # from 22:30 to 00:30 UTC, when the doubled hour has come for the first time
    held = {
        minute: open_window([window], datetime(2026, 10, 24, 22, 0, tzinfo=UTC) + timedelta(minutes=minute))
        for minute in (29, 30, 130, 149, 150, 190)
    }

    assert [minute for minute, found in held.items() if found] == [30, 130, 149]
    assert {found[0] for found in held.values() if found} == {datetime(2026, 10, 25, 0, 30, tzinfo=UTC)}


def test_window_holds_until_its_end_once_and_weekly(acme: Connection) -> None:
    now = gate.database_now()
    end = now + timedelta(hours=1)
    MaintenanceWindow.objects.create(connection=acme, reason="upgrade", starts_at=now - timedelta(hours=1), ends_at=end)
    admission = gate.admit(acme.pk, 1, uuid.uuid4())
    assert (admission.reason, admission.wait_until) == ("window", end)
    move_clock(3601)
    assert gate.admit(acme.pk, 1, uuid.uuid4()).allowed == 1
    later = gate.database_now() - timedelta(minutes=5)
    MaintenanceWindow.objects.create(
        connection=acme, reason="backup", weekday=later.weekday(), from_time=later.time(), minutes=30
    )
    assert gate.admit(acme.pk, 1, uuid.uuid4()).reason == "window"


def test_slow_down_holds_the_connection_and_is_never_shortened(acme: Connection) -> None:
    gate.slow_down(acme.pk, 60)
    gate.slow_down(acme.pk, 5)
    admission = gate.admit(acme.pk, 1, uuid.uuid4())
    assert admission.reason == "throttled"
    assert admission.wait_until is not None
    assert admission.wait_until - gate.database_now() > timedelta(seconds=50)


def test_breaker_opens_once_lets_one_probe_through_and_closes(acme: Connection) -> None:
    assert breaker.trip(acme.pk, Category.OUTAGE, "down").opened
    assert not breaker.trip(acme.pk, Category.OUTAGE, "down").opened
    held = gate.admit(acme.pk, 5, uuid.uuid4())
    assert (held.allowed, held.reason, held.message) == (0, "breaker", "down")
    move_clock(31)
    worker = uuid.uuid4()
    probe = gate.admit(acme.pk, 5, worker)
    assert probe.allowed == 1
    assert gate.admit(acme.pk, 5, uuid.uuid4()).reason == "breaker"
    gate.release(probe, worker)
    assert breaker.close(acme.pk)
    assert not breaker.close(acme.pk)
    assert gate.admit(acme.pk, 5, uuid.uuid4()).allowed == 5


def test_breaker_waits_longer_after_each_failed_probe_and_ends_the_pause_when_told(acme: Connection) -> None:
    breaker.trip(acme.pk, Category.OUTAGE, "down")
    move_clock(31)
    assert breaker.probe_due(acme.pk)
    assert breaker.trip(acme.pk, Category.OUTAGE, "still down").trips == 2
    move_clock(31 + 59)
    assert not breaker.probe_due(acme.pk)
    breaker.probe_now(acme.pk)
    assert breaker.probe_due(acme.pk)


def test_saving_an_edit_keeps_what_traffic_moved_and_ends_the_pause_of_the_breaker(acme: Connection) -> None:
    form = Connection.objects.get(pk=acme.pk)
    breaker.trip(acme.pk, Category.CREDENTIALS, "refused")
    gate.slow_down(acme.pk, 60)
    form.name, form.secrets = "Acme, renewed", {"token": "another-token"}
    form.save()
    row = Connection.objects.get(pk=acme.pk)
    assert (row.name, row.secrets["token"]) == ("Acme, renewed", "another-token")
    assert (row.breaker_state, row.breaker_message) == ("open", "refused")
    assert row.slow_until is not None
    assert breaker.probe_due(acme.pk)
    assert "another-token" not in str(list(Connection.history.values()))


def test_admit_needs_a_constant_number_of_queries(acme: Connection, django_assert_max_num_queries: object) -> None:
    worker = uuid.uuid4()
    gate.release(gate.admit(acme.pk, 1, worker), worker)
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        gate.admit(acme.pk, 3, worker)


def test_a_gate_reads_no_secrets(acme: Connection) -> None:
    """Whoever only asks for leave needs no key; and it asks once, for every page."""
    Connection.objects.filter(pk=acme.pk).update(requests_allowed=None, period_seconds=None)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE connectors_connection SET secrets = 'no key of ours.gAAAA' WHERE id = %s", [acme.pk])
    with CaptureQueriesContext(connection) as asked:
        gate.flows(acme.pk, "")
    assert len(asked) == 1
    assert gate.admit(acme.pk, 1, uuid.uuid4()).allowed == 1


def test_a_gate_of_no_connection_says_so() -> None:
    with pytest.raises(Connection.DoesNotExist, match="4711"):
        gate.admit(4711, 1, uuid.uuid4())


TWO_BUDGETS = "budgets: [{name: usual, concurrency: 4}, {name: posting, concurrency: 1}]"
INVOICES = """  invoices:
    title: Invoices
    key: [id]
    budget: posting
    read: {path: /invoices, records: invoices, paging: {kind: none}}"""


@pytest.fixture
def two_budgets(acme_connector: Any) -> Connection:
    """A connection with two slots to a system whose streams draw on two budgets."""
    text = MANIFEST.replace("\nstreams:\n", f"\n{TWO_BUDGETS}\nstreams:\n{INVOICES}\n")
    registry.connectors["acme"] = acme_of(text)
    return saved_connection(concurrency=2)


def test_slots_of_a_connection_hold_for_all_of_its_budgets_together(two_budgets: Connection) -> None:
    worker, other = uuid.uuid4(), uuid.uuid4()
    usual = gate.admit(two_budgets.pk, 4, worker, stream="entries")
    assert len(usual.slots) == 2
    assert gate.admit(two_budgets.pk, 1, other, stream="invoices").reason == "concurrency"
    gate.release(usual, worker)
    posting = gate.admit(two_budgets.pk, 4, other, stream="invoices")
    assert len(posting.slots) == 1
    assert len(gate.admit(two_budgets.pk, 4, worker, stream="entries").slots) == 1
    move_clock(1000)  # whoever held them is gone
    assert len(gate.admit(two_budgets.pk, 4, uuid.uuid4(), stream="entries").slots) == 2


def test_requests_that_are_allowed_are_those_of_all_budgets_together(two_budgets: Connection) -> None:
    Connection.objects.filter(pk=two_budgets.pk).update(requests_allowed=5, period_seconds=1e9)
    worker = uuid.uuid4()
    usual = gate.admit(two_budgets.pk, 4, worker, stream="entries", at_once=1)
    assert usual.allowed == 4
    gate.give_back(usual, "entries", sent=3)
    gate.release(usual, worker)
    assert gate.admit(two_budgets.pk, 4, worker, stream="invoices", at_once=1).allowed == 2
    gate.charge(two_budgets.pk, "entries", 1)
    assert gate.admit(two_budgets.pk, 1, worker, stream="entries", at_once=1).reason == "rate"
    two_budgets.refresh_from_db()
    assert {pace.left for pace in paces(two_budgets, gate.database_now())} == {0}
