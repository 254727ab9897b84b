"""The firm of the commands' tests, and a way to give commands as at a terminal."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.routes.conftest import quick_world

__all__ = ["firm", "give", "quick_world", "whole"]


@dataclass
class Given:
    """What came of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def firm(db: None, monkeypatch):
    """Return the small firm; its secrets lie in the environment."""
    from tests.hub.commands.firm import SECRETS, make_firm

    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return make_firm()


@pytest.fixture
def whole(firm):
    """Return the firm with one of every kind of configuration, and lists in everything that has some."""
    from tests.hub.commands.widened import widen

    return widen(firm)


@pytest.fixture
def give(capsys, monkeypatch) -> Callable[..., Given]:
    """Return a function that gives a command as manage.py would; `typed` is what is answered at a terminal."""
    from django.core.management import ManagementUtility
    from django.db import connections

    monkeypatch.setattr(connections, "close_all", lambda: None)  # the test goes on with the connection

    def give_(*words: object, typed: str | None = None) -> Given:
        monkeypatch.setattr(sys.stdin, "isatty", lambda: typed is not None, raising=False)
        monkeypatch.setattr("builtins.input", lambda _: typed)
        monkeypatch.setattr(sys, "argv", ["manage.py", *map(str, words)])
        code = 0
        try:
            ManagementUtility(["manage.py", *map(str, words)]).execute()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Given(code, said.out, said.err)

    return give_
