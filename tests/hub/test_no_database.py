"""A database that is full or away: pages and API say so in words, with when to ask again, and the terminal, too."""

from collections import namedtuple
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from exceptions_queue.pages import home
from hub import no_database
from hub.supervisor import serve
from hub.supervisor.options import Options
from tests.exceptions_queue.conftest import Staff, staff

__all__ = ["staff"]
Usage = namedtuple("Usage", "total used free")
FULL = "The disk that holds the hub's database is full."


def raised(cause: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> Any:
        raise OperationalError(str(cause)) from cause

    return fail


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (psycopg.errors.DiskFull("no space left on device"), FULL),
        (psycopg.errors.AdminShutdown("terminating connection"), "starts again or cannot be reached"),
        (psycopg.errors.CannotConnectNow("starting up"), "starts again or cannot be reached"),
        (psycopg.OperationalError("connection refused"), "starts again or cannot be reached"),
        (psycopg.errors.TooManyConnections("sorry"), "no connection left"),
        (psycopg.errors.DeadlockDetected("deadlock detected"), "one of the two had to give way"),
        (psycopg.errors.LockNotAvailable("canceling statement"), "one of the two had to give way"),
    ],
)
def test_page_says_why_and_when_to_ask_again(
    staff: Staff, monkeypatch: pytest.MonkeyPatch, cause: Exception, says: str
) -> None:
    monkeypatch.setattr(home, "tiles", raised(cause))
    client = Client(raise_request_exception=False)
    client.force_login(staff.farid)
    answer = client.get("/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert says in answer.content.decode().replace("&#x27;", "'")


def test_api_says_why_as_a_problem(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routes.api.runs.Run.objects.visible_to", raised(psycopg.errors.DiskFull("full")))
    client = Client(raise_request_exception=False)
    client.force_login(staff.farid)
    answer = client.get("/api/process/v1/runs")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer.json()["type"] == "urn:throughline:problem:unavailable"
    assert FULL in answer.json()["detail"]


@pytest.mark.parametrize(
    "error", [None, ValueError("no"), psycopg.errors.UniqueViolation("twice"), psycopg.errors.CheckViolation("oh")]
)
def test_what_is_no_such_trouble_stays_unforeseen(error: Exception | None) -> None:
    assert no_database.why(error) == ""


def test_terminal_says_once_that_the_disk_is_full_and_that_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = serve.Supervisor(Options.of({"STATE": str(tmp_path)}))
    for free in (10**9, 10**6, 10**6, 10**9, 10**9):
        monkeypatch.setattr(serve.shutil, "disk_usage", lambda _, free=free: Usage(10**10, 0, free))
        supervisor._look_at_disk()
    told = " ".join("".join(capsys.readouterr()).split())
    assert told.count("Nothing is lost") == 1
    assert told.count("There is room on the disk again") == 1
