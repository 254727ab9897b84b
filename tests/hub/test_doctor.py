"""The doctor: silent when all is well, and each trouble has its cause and remedy."""

import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from hub import doctor
from hub.supervisor import addresses, foreign, parts
from hub.supervisor.problems import CannotStart

Usage = namedtuple("Usage", "total used free")


@pytest.mark.django_db
def test_well_hub_has_nothing_wrong(capsys, settings, tmp_path: Path, crew: None) -> None:
    settings.STATE = tmp_path
    call_command("doctor")
    said = capsys.readouterr().out
    assert "What is committed survives a power cut" in said
    assert "✗" not in said


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["off", "local"])
def test_weak_durability_is_found(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL synchronous_commit = {value}")
    ((thing, _, remedy),) = doctor.durability()
    assert thing == f"PostgreSQL runs with synchronous_commit = {value}"
    assert "ALTER SYSTEM SET synchronous_commit = on" in remedy


@pytest.mark.django_db
def test_unlogged_table_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE UNLOGGED TABLE fast (n int)")
    assert [thing for thing, _, _ in doctor.durability()] == ["The table fast is unlogged"]


@pytest.mark.django_db
def test_missing_migration_is_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'governance'")
    ((thing, cause, _),) = doctor.migrations()
    assert "migrations are not applied" in thing
    assert "governance 0001_initial" in cause


def test_full_disk_is_found(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9 - 2_000_000, 2_000_000))
    ((thing, _, _),) = doctor.disk()
    assert thing.endswith("has 2 MB left")


def test_secret_that_others_may_read_is_found(settings, tmp_path: Path) -> None:
    settings.STATE = tmp_path
    (tmp_path / "keys").touch(0o644)
    ((_, _, remedy),) = doctor.secret_files()
    assert remedy == f"chmod 600 {tmp_path / 'keys'}"


def test_silent_broker_is_found(settings, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nothing"
    ((thing, _, remedy),) = doctor.broker()
    assert thing == "Redis does not answer"
    assert "make run" in remedy


def test_broker_that_says_nothing_is_found(settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        ((thing, _, _),) = doctor.broker()
        assert thing == "Redis does not answer"
        with pytest.raises(CannotStart, match="does not answer"):
            foreign.ask_redis(settings.REDIS_URL)


@pytest.mark.django_db
def test_check_that_fails_hides_none_of_the_others(settings, tmp_path: Path, monkeypatch, caplog) -> None:
    settings.STATE = tmp_path
    (tmp_path / "audit-heads.log").mkdir()
    monkeypatch.setattr(doctor, "disk", lambda: 1 / 0)
    monkeypatch.setattr(doctor, "CHECKS", (doctor.disk, *doctor.CHECKS))
    found = {wrong for finding in doctor.examine() for wrong in finding.wrong}
    causes = {cause for thing, cause, _ in found if thing == doctor.UNSEEN}
    assert any("audit-heads.log: Is a directory" in cause for cause in causes)
    assert any("ZeroDivisionError" in cause for cause in causes)
    assert len(doctor.examine()) > 20


def test_release_of_postgresql_that_is_too_old_is_told(capsys) -> None:
    foreign.refuse_old(18)
    with pytest.raises(CannotStart, match="PostgreSQL 17; Throughline needs 18 or newer"):
        foreign.refuse_old(17)


@pytest.mark.django_db
def test_prepare_tells_a_database_that_is_too_old(monkeypatch) -> None:
    monkeypatch.setattr(foreign, "OLDEST", 99)
    with pytest.raises(
        CommandError, match=r"is too old: it is PostgreSQL .* Throughline needs 99 or newer. Upgrade it"
    ):
        call_command("prepare")


@pytest.mark.parametrize("written", ["[]", "7", "null", "{"])
def test_addresses_that_are_none_are_passed_over(tmp_path: Path, written: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "addresses.json").write_text(written)
    assert addresses.remembered(tmp_path) == {}


def test_orphan_is_found(settings, tmp_path: Path, start_process) -> None:
    settings.STATE = tmp_path
    started = start_process(["sleep", "60"], {parts.MARK: str(tmp_path)})
    ((thing, _, remedy),) = doctor.orphans()
    assert thing == "1 processes run without a supervisor"
    assert str(started.pid) in remedy


@pytest.mark.processes
def test_dead_database_is_told_once_and_ends_with_1(servers, start_process) -> None:
    servers.stop()
    started = start_process(["python", "manage.py", "doctor"])
    assert started.wait() == 1
    assert "✗ The database answers" in started.output
    assert started.output.count("could not be looked at") < 4, "what has one reason is told together"
    assert "Traceback" not in started.output


def test_application_adds_checks_of_its_own(monkeypatch) -> None:
    def moon() -> object:
        """The moon is full."""
        yield ("The moon is a sickle", "it is the third of the month.", "Wait until the 15th.")

    monkeypatch.setattr(doctor, "CHECKS", ())
    monkeypatch.setattr(doctor, "_of_applications", lambda: [moon])
    (finding,) = doctor.examine()
    assert finding.title == "The moon is full"
    assert finding.wrong[0][2] == "Wait until the 15th."


def test_unusable_keys_are_named_with_what_to_do(monkeypatch) -> None:
    monkeypatch.setenv("THROUGHLINE_KEYS", "0" * 43 + "=!")
    ((thing, cause, remedy),) = doctor.keys()
    assert thing == "The encryption keys cannot be used"
    assert "Key 1 in the environment variable THROUGHLINE_KEYS is not a key" in cause
    assert "Try it now" in remedy


@pytest.mark.django_db
def test_folder_that_is_not_there_is_named_and_not_made(settings, tmp_path: Path) -> None:
    settings.STATE = tmp_path / "mistyped"
    found = {finding.title: finding.wrong for finding in doctor.examine()}
    ((thing, _, remedy),) = found["The hub's folder is there"]
    assert thing == f"There is no folder {tmp_path / 'mistyped'}"
    assert "STATE=/srv/hub manage.py doctor" in remedy
    assert found["The disk has room"] == ()
    assert not settings.STATE.exists()


def test_checks_that_could_not_be_made_for_one_reason_tell_it_once(monkeypatch, capsys) -> None:
    def dead() -> Iterator[doctor.Wrong]:
        """Something of the database."""
        raise OperationalError("no answer")
        yield

    def well() -> Iterator[doctor.Wrong]:
        """Something else."""
        yield from ()

    monkeypatch.setattr(doctor, "CHECKS", [well, dead, dead, dead])
    monkeypatch.setattr(doctor, "_of_applications", lambda: iter([well]))
    with pytest.raises(SystemExit):
        call_command("doctor")
    told = capsys.readouterr().out
    assert told.count("✗ Something of the database") == 3
    assert told.count("no answer") == told.count("Mend the database first.") == 1
    assert "These 3 could not be looked at" in told
    assert told.count("✓ Something else") == 2
