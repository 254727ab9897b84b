"""The demonstration's password is told where it opens something, and only there."""

from pathlib import Path

import pytest
from django.core.management import call_command

from governance.models import User
from hub.demonstration import staff
from tests.governance.people import company

OF_OLD = "the passwords that they had in the hub that this database comes from"


@pytest.fixture
def made(db: None, settings, tmp_path: Path) -> str:
    """The demonstration's people, made with this STATE; the password that they got."""
    settings.STATE = tmp_path
    staff.people({code: company(code) for code in ("HP-DE", "HP-GB")})
    return staff.password()


def test_password_is_told_where_it_opens_something(made: str) -> None:
    farid = User.objects.get(username="farid")
    farid.set_password("one of his own, long")
    farid.save()
    assert staff.told() == f"the password {made}"


def test_other_state_has_no_password_for_the_people_of_a_database(made: str, settings, tmp_path: Path) -> None:
    settings.STATE = tmp_path / "new"
    settings.STATE.mkdir()
    staff.people({code: company(code) for code in ("HP-DE", "HP-GB")})
    assert staff.told() == OF_OLD
    assert not (settings.STATE / staff.PASSWORD_FILE).exists()
    (settings.STATE / staff.PASSWORD_FILE).write_text("of another database\n")
    assert staff.told() == OF_OLD


def test_start_remembers_whether_the_password_opens_something(made: str, settings, monkeypatch) -> None:
    monkeypatch.delenv("DEMO", raising=False)
    monkeypatch.setattr("hub.management.commands.first_run.get_commands", dict)
    note = settings.STATE / "run" / staff.OTHER_PASSWORDS
    call_command("first_run")
    assert not note.exists()
    User.objects.update(password="!")
    call_command("first_run")
    assert note.exists()
