"""What keeps the hub itself from answering ends in words, at a terminal and without one."""

import pytest
from django.db import OperationalError, ProgrammingError

from governance.keys import KeysUnusable
from hub.management.commands import transactions

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


def test_help_of_several_paragraphs_keeps_its_lines(give) -> None:
    assert "\n  export   writes the files" in give("config", "--help").out
    assert "\n  3  it is done, and some of it waits for a person" in give("run_route", "--help").out
