"""What the doctor looks at while the hub is in service, and how it tells programs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis import RedisError

from connectors import doctor as of_connectors
from connectors.models import Connection
from governance import audit, versions
from governance import doctor as of_governance
from governance.actor import ENGINE
from governance.models import AuditEntry, RoleGrant, User, Version
from governance.rights import Role
from hub import in_service, trail
from hub.supervisor.alone import Alone
from tests.governance.people import company, person


@pytest.mark.django_db
def test_doctor_tells_programs_the_same_as_people(give, settings, tmp_path: Path, crew: None) -> None:
    settings.STATE = tmp_path
    done = give("doctor", "--json")
    assert done.code == 0
    checks = json.loads(done.out)["checks"]
    assert {"title": "Every lane has a worker", "well": True, "wrong": []} in checks
    settings.DEBUG = True
    done = give("doctor", "--json")
    assert done.code == 1
    (wrong,) = [each for each in json.loads(done.out)["checks"] if not each["well"]]
    assert wrong["title"] == "The settings fit each other"
    assert wrong["wrong"][0]["thing"] == "DEBUG is on"


def test_request_that_outlives_its_lease_is_found(settings) -> None:
    settings.REQUEST_TIMEOUT_SECONDS = settings.LEASE_SECONDS / 2
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECRET_KEY = "short"
    things = [thing for thing, _, _ in in_service.settings_that_fit()]
    assert things == [
        "REQUEST_TIMEOUT_SECONDS is 60 with LEASE_SECONDS 120",
        "ALLOWED_HOSTS takes every name",
        "SECRET_KEY has fewer than 32 characters",
    ]


@pytest.mark.django_db
def test_clock_that_is_apart_is_found(monkeypatch) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None) -> datetime:
            return datetime.now(tz) + timedelta(minutes=5)

    assert list(in_service.one_time()) == []
    monkeypatch.setattr(in_service, "datetime", Ahead)
    ((thing, _, remedy),) = in_service.one_time()
    assert thing.startswith("This machine's clock is 300 seconds ahead")
    assert "chrony" in remedy


@pytest.mark.django_db
def test_full_database_is_found(monkeypatch) -> None:
    assert list(in_service.room_for_connections()) == []
    monkeypatch.setattr(in_service, "FULL", 0.0)
    ((thing, _, _),) = in_service.room_for_connections()
    assert "connections are taken" in thing


def test_lane_without_a_worker_is_found_wherever_the_workers_run(monkeypatch, crew: None) -> None:
    assert list(in_service.lanes()) == []
    served = {"posting@here": [{"name": "posting"}, {"name": "intake"}, {"name": "master"}]}
    monkeypatch.setattr("celery.app.control.Inspect.active_queues", lambda self: served)
    ((thing, _, remedy),) = in_service.lanes()
    assert thing == "No worker serves the lane analytics"
    assert "WORKERS" in remedy
    monkeypatch.setattr("celery.app.control.Inspect.active_queues", lambda self: None)
    ((thing, _, remedy),) = in_service.lanes()
    assert thing == "No worker answers"
    assert "make run" in remedy


def test_hub_that_was_started_without_workers_says_so(monkeypatch, settings, tmp_path: Path) -> None:
    monkeypatch.setattr("celery.app.control.Inspect.active_queues", lambda self: None)
    settings.STATE = tmp_path
    (tmp_path / "run").mkdir()
    supervisor = Alone(tmp_path / "run")
    supervisor.take()
    supervisor.say(children={"web": 1})
    ((thing, cause, remedy),) = in_service.lanes()
    assert thing == "The hub runs without workers and without a clock"
    assert "WORKERS=none" in cause
    assert "without WORKERS=none" in remedy
    supervisor.release()
    ((thing, _, _),) = in_service.lanes()
    assert thing == "No worker answers"


@pytest.mark.parametrize("error", [OperationalError, ConnectionRefusedError, RedisError])
def test_workers_that_cannot_be_asked_are_not_called_well(monkeypatch, error: type[Exception]) -> None:
    def away(self: object) -> None:
        raise error("Error 111 connecting to redis")

    monkeypatch.setattr("celery.app.control.Inspect.active_queues", away)
    assert list(in_service.lanes()) == [
        (
            "The workers cannot be asked",
            "the broker did not answer: Error 111 connecting to redis",
            "Mend Redis first.",
        )
    ]


@pytest.mark.django_db
def test_trail_that_nobody_notes_is_found(settings, tmp_path: Path) -> None:
    settings.STATE = tmp_path
    assert list(in_service.noted_lately()) == []
    audit.record(by=ENGINE, verb="waive", thing=("record", "1", "TE-1"))
    assert list(in_service.noted_lately()) == []
    assert AuditEntry.objects.exists()
    old = (datetime.now(tz=UTC) - timedelta(days=3)).isoformat()
    trail.place().write_text(json.dumps({"at": old, "entries": 1, "head": "00", "wrong": []}) + "\n")
    ((thing, _, _),) = in_service.noted_lately()
    assert thing.startswith("The head of the audit trail was last noted on ")


@pytest.mark.django_db
def test_connection_without_its_connector_is_found() -> None:
    Connection.objects.create(slug="sap", name="SAP", connector="sap", legal_entity=company("HP-DE"))
    ((thing, cause, _),) = of_connectors.installed()
    assert thing == "The connection SAP has no connector"
    assert "sap" in cause


@pytest.mark.django_db
def test_firm_in_which_nobody_gives_roles_is_found() -> None:
    assert list(of_governance.somebody_gives_roles()) == []
    person("Viktor Lang", Role.VIEWER)
    ((_, _, remedy),) = of_governance.somebody_gives_roles()
    assert "createsuperuser" in remedy
    olga = person("Olga Petrenko", Role.OPERATOR)
    assert list(of_governance.somebody_gives_roles()) == []
    User.objects.filter(pk=olga.pk).update(is_active=False)
    assert list(of_governance.somebody_gives_roles()) != []


@pytest.mark.django_db
def test_version_that_is_late_is_found() -> None:
    ingrid, clara = person("Ingrid Solheim", Role.INTEGRATION_ADMIN), person("Clara Voss", Role.CONTROLLER)
    version = versions.draft(kind="mapping", object_key="x", content={}, by=ingrid)
    approved = versions.approve(versions.submit(version, by=ingrid), by=clara)
    versions.publish(approved, by=ingrid, at=timezone.now() + timedelta(hours=1))
    assert list(of_governance.published_in_time()) == []
    Version.objects.filter(pk=version.pk).update(publish_at=timezone.now() - timedelta(hours=1))
    ((thing, cause, _),) = of_governance.published_in_time()
    assert "was to be published on" in thing
    assert "the clock (beat)" in cause
    RoleGrant.objects.filter(user=ingrid).delete()
    ((_, cause, _),) = of_governance.published_in_time()
    assert "whoever has set this time, Ingrid Solheim, may not publish it any more" in cause
