"""Lines of the logs: JSON where it is asked for, with what joins them, and never a secret in either form."""

import json
import logging
import sys

import pytest

from hub import correlation, log_lines
from hub.environment.reading import read

SECRETS = ("hunter2-long", "p@ss word", "9f86d081884c7d659a2feaa0c55ad015")


@pytest.fixture(autouse=True)
def known(monkeypatch) -> None:
    monkeypatch.setattr(log_lines, "_secrets", ())
    log_lines.hide(SECRETS)


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("routes.runs", logging.WARNING, __file__, 1, message, args, None)
    vars(made).update(extra)
    return made


def as_json(made: logging.LogRecord) -> dict:
    line = log_lines.JsonLine().format(made)
    assert "\n" not in line
    return json.loads(line)


def test_json_line_holds_what_the_code_said() -> None:
    told = as_json(record("run %s stopped", 7, run=7, route="hours", reason="no\nrate"))
    assert (told["level"], told["logger"], told["message"]) == ("WARNING", "routes.runs", "run 7 stopped")
    assert (told["run"], told["route"], told["reason"]) == (7, "hours", "no\nrate")
    assert told["time"].endswith("+00:00")


def test_json_line_holds_what_the_work_is_about() -> None:
    token = correlation._facts.set({"request": "caller-4711", "connection": 3})
    try:
        told = as_json(record("sent"))
    finally:
        correlation._facts.reset(token)
    assert (told["request"], told["connection"]) == ("caller-4711", 3)


def test_json_line_of_an_error_has_its_trace() -> None:
    made = record("broke")
    try:
        raise ValueError("password=hunter2-long")
    except ValueError:
        made.exc_info = sys.exc_info()
    told = as_json(made)
    assert told["error"] == "ValueError"
    assert "Traceback" in told["trace"]
    assert "hunter2" not in told["trace"]


@pytest.mark.parametrize(
    "text",
    [
        *SECRETS,
        "Authorization: Basic aHVudGVyMjpodW50ZXIy",
        "{'Authorization': 'Bearer abcdefghijkl'}",
        "sent with bearer abcdefghijkl.mnop",
        "postgresql://hub:abcdefgh@db/hub",
        "client_secret=abcdefgh&x=1",
        '"api_key": "abcdefgh"',
        "Set-Cookie: sessionid=abcdefgh",
        '{"password": "a abcdefgh", "user": "ada"}',
        "{'client_secret': 'a abcdefgh, abcdefgh', 'user': 'ada'}",
        '{"password": "a\\" abcdefgh"}',
        json.dumps(json.dumps({"password": 'a" abcdefgh', "token": "a abcdefgh"})),
        "client_secret=a,abcdefgh;abcdefgh",
        "https://hub:a@abcdefgh@db/hub",
    ],
)
def test_no_form_of_line_shows_a_secret(text: str) -> None:
    for formatter in (log_lines.JsonLine(), log_lines.Line(log_lines.PLAIN)):
        for made in (record(text), record("%s", text), record("x", note=text)):
            line = formatter.format(made)
            assert not any(secret in line for secret in (*SECRETS, "abcdefgh", "aHVudGVy"))


def test_what_follows_a_secret_stays() -> None:
    text = """{"password": "a b", "user": "ada"} {'token': 'a b'} \\"secret\\": \\"a b\\", secret=a, user=ada"""
    line = log_lines.Line(log_lines.PLAIN).format(record(text))
    kept = """{"password": "•••", "user": "ada"} {'token': '•••'} \\"secret\\": \\"•••\\", secret=•••, user=ada"""
    assert line.endswith(kept)


def test_ordinary_lines_stay_as_they_are() -> None:
    text = "webhook refused connection=harvest stream=time reason=token bytes=12 from=10.0.0.1"
    assert log_lines.Line(log_lines.PLAIN).format(record(text)).endswith(text)


def test_secrets_of_the_settings_are_known() -> None:
    given = read(
        {
            "DATABASE_URL": "postgresql://hub:p%40ss-word@db/hub",
            "SECRET_KEY": "k" * 40,
            "THROUGHLINE_KEYS": f"{'0' * 43}=,{'4' * 43}=",
        }
    )
    found = set(log_lines.secrets_of(given))
    assert {"p%40ss-word", "p@ss-word", "k" * 40, "0" * 43 + "=", "4" * 43 + "="} <= found
