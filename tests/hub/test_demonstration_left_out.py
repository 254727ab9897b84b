"""The demonstration is loaded where nothing is, or where it was loaded before; never into a hub of somebody else."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from connectors.models import Connection
from governance.actor import ENGINE
from governance.grants import grant
from governance.models import AuditEntry, User
from hub.demonstration import firm, staff
from tests import prepared
from tests.governance.people import company, person

NOWHERE = {"harvest": "http://127.0.0.1:9", "netsuite": "http://127.0.0.1:9"}


def in_production(slug: str = "harvest") -> Connection:
    row = Connection(
        slug=slug, name="Harvest", connector="harvest", environment="production", legal_entity=company("HP-DE"),
        auth="token", answers={"account": "1", "contact": "it@acme.example"}, concurrency=2,
    )  # fmt: skip
    row.secrets = {"token": "the.real.one"}
    row.save()
    return row


def load_demonstration() -> None:
    """Do what makes the mark: the demonstration's people get their roles when they are made."""
    for one in staff.STAFF:
        user = person(f"{one.first_name} {one.last_name}")
        grant(user=user, role=one.role, legal_entity=None, by=ENGINE, reason="demonstration")


@pytest.mark.django_db
def test_hub_of_somebody_else_is_left_as_it_is(tmp_path: Path, settings) -> None:
    settings.STATE, settings.SANDBOX = tmp_path, {"harvest": "http://127.0.0.1:9"}
    kept = in_production()
    person("Root Solheim", is_superuser=True)
    before = AuditEntry.objects.count()
    with pytest.raises(CommandError, match="was left out: this database has 1 person and 1 connection that the"):
        call_command("load_demo", **NOWHERE)
    with pytest.raises(CommandError, match="1 person and 1 connection"):
        call_command("main_job", inline=True, seconds=1)
    now = Connection.objects.get(pk=kept.pk)
    assert (now.answers, now.secrets) == (kept.answers, {"token": "the.real.one"})
    assert list(User.objects.values_list("username", flat=True)) == ["root"]
    assert AuditEntry.objects.count() == before
    assert not (tmp_path / "demonstration.password").exists()


@pytest.mark.django_db
def test_first_run_says_why_nothing_was_loaded_and_does_nothing(tmp_path: Path, settings, capsys, monkeypatch) -> None:
    monkeypatch.delenv("DEMO", raising=False)
    settings.STATE = tmp_path
    (tmp_path / "demonstration.loaded").touch()  # of another database, with the same STATE
    in_production()
    call_command("first_run")
    assert "left out: this database has 1 connection that the demonstration did not make" in capsys.readouterr().out


@pytest.mark.django_db
def test_database_of_the_demonstration_goes_on_whatever_its_people_added() -> None:
    load_demonstration()
    person("Root Solheim", is_superuser=True)
    in_production("another-harvest")
    with pytest.raises(CommandError, match=r"was not loaded: .*Check that the sandbox runs"):
        call_command("load_demo", **NOWHERE)


@pytest.mark.django_db
def test_connection_that_leads_to_production_is_nobodys_demonstration() -> None:
    load_demonstration()
    kept = in_production()
    with pytest.raises(CommandError, match="its connection harvest is no sandbox"):
        call_command("load_demo", **NOWHERE)
    assert Connection.objects.get(pk=kept.pk).secrets == {"token": "the.real.one"}


@pytest.mark.django_db
def test_people_of_the_demonstration_are_never_made_anew(settings, tmp_path: Path, monkeypatch, capsys) -> None:
    """A hub that began as one: a renamed Ingrid would come back with a password that is printed."""
    settings.STATE, settings.SANDBOX = tmp_path, {"harvest": "http://127.0.0.1:9", "netsuite": "http://127.0.0.1:9"}
    monkeypatch.setattr(firm, "facts", lambda state: {})
    load_demonstration()
    User.objects.filter(username="ingrid").update(username="anna.real")
    with pytest.raises(CommandError, match=r"loaded before, and ingrid is not .* Nobody is made anew"):
        call_command("load_demo", **NOWHERE)
    monkeypatch.delenv("DEMO", raising=False)
    monkeypatch.setenv("WORKERS", "none")
    call_command("first_run")  # with a new STATE, as after a restore
    assert "anna.real" in (there := set(User.objects.values_list("username", flat=True)))
    assert len(there) == 5
    assert not (tmp_path / "demonstration.password").exists()


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder STATE for a hub whose database is this test's."""
    folder = prepared.new_state()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_make_run_without_demo_0_leaves_a_real_hub_alone_and_says_so(state: Path, start_process) -> None:
    kept = in_production()
    env = {"STATE": str(state), "PORT": "0", "SANDBOX_PORT": "0", "REDIS_URL": "", "COLUMNS": "240"}
    env |= {"DEMO": "1", "WORKERS": "posting,master,analytics,intake"}
    started = start_process(["python", "-m", "hub.supervisor"], env)
    started.wait_for("Throughline is running", 120)
    said = " ".join(started.output.split())
    assert "Demonstration left out: this database has 1 connection that the demonstration did not make" in said
    assert "What happened" not in said
    children = json.loads((state / "run" / "supervisor.json").read_text())["children"]
    assert set(children) == {"web", "worker-1", "beat"}
    assert json.loads((state / "run" / "addresses.json").read_text())["SANDBOX"] == "{}"
    started.signal(signal.SIGINT)
    assert started.wait() == 0
    assert Connection.objects.get(pk=kept.pk).secrets == {"token": "the.real.one"}
    assert not User.objects.exists()
