"""The web process as it is really served: its lines in JSON, joined by ids, without parameters and probes."""

import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.processes import Started, StartProcess

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

Ask = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture
def serve(start_process: StartProcess) -> Callable[[dict[str, str]], tuple[Started, Ask]]:
    """Start the web process with some settings; return it and what asks it."""

    def start(settings: dict[str, str]) -> tuple[Started, Ask]:
        with socket.create_server(("127.0.0.1", 0)) as free:
            place = "{}:{}".format(*free.getsockname())
        command = ["python", "-m", "gunicorn", "-c", "python:hub.web", "hub.wsgi:application", "--bind", place]
        started = start_process(command, settings | {"PYTHONUNBUFFERED": "1"})

        def ask(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            request = urllib.request.Request(f"http://{place}{path}", headers=named, method=method)
            try:
                answer = urllib.request.urlopen(request, timeout=20)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                return answer.status, dict(answer.headers), answer.read().decode()

        until = time.monotonic() + 240  # on a busy machine
        while True:
            try:
                ask("/live")
            except OSError:
                assert time.monotonic() < until, started.output
                assert started.process.poll() is None, started.output
                time.sleep(0.1)
            else:
                return started, ask

    return start


def test_web_process_writes_json_lines_without_parameters_and_probes_and_answers_head_alone_without_a_warning(
    serve,
) -> None:
    started, ask = serve({"LOG_FORMAT": "json", "WEB_PROCESSES": "1", "WEB_THREADS": "2"})
    for path in ("/live", "/ready", "/login/"):
        status, headers, body = ask(path, "HEAD")
        assert (status, body) == (200, "")
        assert int(headers["Content-Length"]) > 0
    assert ask("/ready")[0] == 200
    status, headers, _ = ask("/login/?token=abcdefgh", X_Request_ID="caller-4711")
    assert (status, headers["X-Request-ID"]) == (200, "caller-4711")
    started.wait_for("caller-4711")
    started.wait_for('"method": "HEAD"')
    lines = [json.loads(line) for line in started.output.splitlines()]
    asked = {line["method"]: line for line in lines if line["logger"] == "gunicorn.access"}
    assert len([line for line in lines if line["logger"] == "gunicorn.access"]) == len(asked) == 2
    line = asked["GET"]  # two threads may write their lines in another order than they were asked
    assert (line["path"], line["status"], line["request"]) == ("/login/", 200, "caller-4711")
    assert [line for line in lines if line["level"] not in ("INFO", "DEBUG")] == []
    assert "abcdefgh" not in started.output
    assert not re.search("/live|/ready", started.output)


def test_figures_of_all_web_processes_are_told_by_each(serve, tmp_path: Path) -> None:
    token = "figures-for-tests"
    state = {"STATE": str(tmp_path)}  # where nobody else has counted
    _, ask = serve(state | {"METRICS_TOKEN": token, "WEB_PROCESSES": "2", "WEB_THREADS": "1"})
    for _ in range(20):
        assert ask("/login/")[0] == 200
    for _ in range(6):
        status, _, text = ask("/metrics", Authorization=f"Bearer {token}")
        assert status == 200
        (line,) = [line for line in text.splitlines() if line.startswith("throughline_web_requests_total")]
        assert line == 'throughline_web_requests_total{status="200",view="account_login"} 20.0'
    assert ask("/metrics")[0] == 401


def test_what_is_too_long_to_be_read_is_answered_as_every_error_of_the_api(serve) -> None:
    _, ask = serve({"WEB_PROCESSES": "1", "WEB_THREADS": "2"})
    for path, headers, kind, said in (
        ("/api/experience/v1/work-items?query=" + "%E5%AE%A2" * 950, {}, "address-too-long", 414),
        ("/api/experience/v1/work-items", {"X_Long": "x" * 9_000}, "headers-too-large", 431),
    ):
        status, told, body = ask(path, **headers)
        assert (status, told["Content-Type"]) == (said, "application/problem+json")
        assert json.loads(body)["type"] == f"urn:throughline:problem:{kind}"
    status, _, _ = ask("/api/experience/v1/work-items?query=" + "%E5%AE%A2" * 800)
    assert status == 401, "what the document allows in letters of three bytes is read"
