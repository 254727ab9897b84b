"""The switchboard's checks: silent when all is well, and each trouble has its cause and remedy."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from connectors.models import Connection
from governance.identifiers import new_id
from routes import doctor
from routes.models import InboundEvent, KeyHead, Run
from tests.intake.firm import Firm


def test_well_switchboard_has_nothing_wrong(firm: Firm) -> None:
    assert [wrong for check in doctor.CHECKS for wrong in check()] == []


def test_orphans_are_found(firm: Firm) -> None:
    ledger = Connection.objects.get(slug="ledger")
    KeyHead.objects.create(connection=ledger, object="entries", key="TE-1", lane="posting", transaction_id=new_id())
    ((thing, cause, remedy),) = doctor.orphans()
    assert thing == "Work at the head of its key without its transaction: 1"
    assert cause
    assert remedy


def test_work_that_nobody_takes_is_found(firm: Firm) -> None:
    late = timezone.now() - timedelta(minutes=11)
    Run.objects.create(
        route=firm.pushed, legal_entity=firm.pushed.legal_entity, trigger="person", requested_by="Farid Amini",
        created_at=late, due_at=late,
    )  # fmt: skip
    for route in (firm.events, firm.pushed):
        InboundEvent.objects.create(
            route=route,
            legal_entity=route.legal_entity,
            via="api",
            body_hash=b"",
            body="",
            received_at=late,
            due_at=late,
        )
    firm.events.enabled = False
    firm.events.save()
    assert [thing.split(",")[0] for thing, _, _ in doctor.overdue()] == [
        "1 run is due and nobody takes it",
        "1 pushed event is due and nobody takes it",
    ]
    firm.pushed.enabled = False
    firm.pushed.save()
    assert list(doctor.overdue()) == []


def test_missing_partition_is_found(firm: Firm) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE routes_payload_{timezone.now():%Y_%m}")
    ((thing, _, remedy),) = doctor.missing_partitions()
    assert thing == f"The partition routes_payload_{timezone.now():%Y_%m} is missing"
    assert "make_partitions" in remedy


def test_open_breaker_and_stopped_run_are_found(firm: Firm) -> None:
    Connection.objects.filter(slug="ledger").update(
        breaker_state="open", breaker_message="The password was refused.", breaker_opened_at=timezone.now()
    )
    Run.objects.create(
        route=firm.pushed, legal_entity=firm.pushed.legal_entity, trigger="person", requested_by="Farid Amini",
        created_at=timezone.now(), state="stopped", message="The source answered with HTML.",
    )  # fmt: skip
    ((thing, cause, _),) = doctor.breakers()
    assert thing.startswith("The connection Ledger is paused")
    assert cause == "The password was refused."
    ((thing, cause, _),) = doctor.stopped_runs()
    assert (thing, cause) == ("The last run of Pushed time is stopped by a failure", "The source answered with HTML.")
