"""What keeps the hub itself from answering ends in words, at a terminal and without one."""

from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.db import OperationalError, ProgrammingError

from governance.keys import KeysUnusable
from hub.management.commands import transactions
from hub.terminal import TerminalCommand

TOLD = {
    OperationalError: (
        "connection refused\nis the server running?",
        "The database does not answer: connection refused.",
    ),
    ProgrammingError: ('relation "routes_run" does not exist', "has not the schema of this release"),
    KeysUnusable: ("The file keys cannot be read.", "The encryption keys cannot be used: The file keys"),
}


@pytest.mark.parametrize("error", TOLD)
def test_what_can_be_foreseen_ends_in_words(give, monkeypatch, error: type[Exception]) -> None:
    said, told = TOLD[error]

    def fails(*args: object) -> None:
        raise error(said)

    monkeypatch.setattr(transactions, "totals", fails)
    monkeypatch.setattr(transactions.LegalEntity.objects, "visible_to", fails)
    done = give("transactions")
    assert done.code == 1
    assert told in done.err
    assert "Traceback" not in done.err


def test_interrupted_command_says_that_work_goes_on(give, monkeypatch) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(transactions.Command, "handle", interrupted)
    done = give("transactions")
    assert done.code == 130
    assert "goes on without this command" in done.err


@pytest.mark.parametrize(
    ("command", "verb", "said"),
    [("restore", "restoring.restore", "The database is as it was"), ("backup", "taking.take", "No backup was made")],
)
def test_interrupted_backup_and_restore_say_that_nothing_was_done(
    give, monkeypatch, tmp_path: Path, command: str, verb: str, said: str
) -> None:
    def interrupted(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"hub.management.commands.{command}.{verb.rpartition('.')[2]}", interrupted)
    done = give(command, str(tmp_path / "hub.backup"))
    assert done.code == 130
    assert said in done.err
    assert "goes on" not in done.err


def test_help_of_several_paragraphs_keeps_its_lines(give) -> None:
    assert "\n  export   writes the files" in give("config", "--help").out
    assert "\n  3  it is done, and some of it waits for a person" in give("run_route", "--help").out


def test_command_of_the_hub_tells_what_can_be_foreseen_in_words() -> None:
    """Those of the applications below cannot know the hub's terminal; they name what they foresee themselves."""
    below = {"rotate_keys", "write_canonical_page", "formulas"}
    ours = {name for name, app in get_commands().items() if app in ("hub", "governance", "mappings", "routes")}
    others = {name for name in ours if not isinstance(load_command_class(get_commands()[name], name), TerminalCommand)}
    assert others == below


@pytest.mark.parametrize("name", ["x" * 300, "a/" * 2500])
def test_file_that_no_system_takes_is_told_in_words(give, name: str) -> None:
    done = give("restore", name)
    assert done.code == 1
    assert "too long" in done.err
    assert "Traceback" not in done.err
