"""Bodies that stall, or are too large to be taken, at a real web process."""

import base64
import http.client
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from hub.probes import LIVE
from hub.supervisor.processes import wait_until
from tests.intake import firm
from tests.intake.firm import EVENTS, HOOK, body, record
from tests.processes import ROOT, Started, environment

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port of one web process for all these tests; each of them has rows of its own."""
    from connectors.registry import registry

    folder = tmp_path_factory.mktemp("web")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = int(taken.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "hub.wsgi:application", "--bind", f"127.0.0.1:{free}"]
    connectors = f"{Path(__file__).resolve().parents[2] / 'sandbox' / 'connectors'}:{folder / 'connectors'}"
    firm.connector(folder / "connectors", "pushing", firm.SIGNED)
    registry.connectors.pop("pushing")  # each test makes it anew
    env = environment() | {"CONNECTOR_PATHS": connectors, "BODY_PATIENCE": "1"}
    started = Started([*command, "--threads", "2", "--no-control-socket"], env, folder / "log", ROOT)
    started.wait_for("Booting worker")
    assert wait_until(lambda: answers(free), 60), started.output  # its worker loads the hub only now
    yield free
    started.kill()


@pytest.fixture
def port(served: int, transactional_db: None, make_firm: Callable[..., Any]) -> int:
    made = make_firm()
    made.farid.set_password("correct horse")
    made.farid.save()
    return served


def answers(port: int) -> bool:
    with suppress(OSError, http.client.HTTPException), closing(http.client.HTTPConnection("127.0.0.1", port)) as door:
        door.request("GET", LIVE)
        return door.getresponse().status == 200
    return False


def ask(port: int, path: str, content: bytes, media: str = "application/json") -> tuple[int, bytes]:
    """Post as common clients do: all of the body first, then the answer."""
    known = base64.b64encode(b"farid:correct horse").decode()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as door:
        door.request("POST", path, content, {"Content-Type": media, "Authorization": f"Basic {known}"})
        answer = door.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize(
    ("path", "media", "wanted"),
    [
        (EVENTS, "application/json", 413),
        (EVENTS, "text/csv", 415),
        (HOOK, "application/json", 413),
        ("/no", "x/y", 404),
    ],
)
def test_refusal_of_a_large_body_is_read_by_its_sender(port: int, path: str, media: str, wanted: int) -> None:
    assert ask(port, path, b" " * 20_000_000, media)[0] == wanted


def test_stalled_pushes_hold_up_nobody_for_long(port: int) -> None:
    stalled = [socket.create_connection(("127.0.0.1", port)) for _ in range(6)]  # three for each thread
    head = (
        f"POST {HOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n[{{"
    )
    for line in stalled:
        line.sendall(head.encode())

    assert ask(port, EVENTS, body(record(1)))[0] == 202

    for line in stalled:
        line.settimeout(60)
        with line:
            assert b" 408 " in line.recv(200).split(b"\r\n")[0]


FORM = "application/x-www-form-urlencoded"
DRIPPING = [(HOOK, "application/json"), (HOOK, "text/csv"), ("/no", "x/y"), ("/admin/login/", FORM)]


@pytest.mark.parametrize(("path", "media"), DRIPPING)
def test_dripped_body_is_given_up(port: int, path: str, media: str) -> None:
    """Every byte comes in time, and the whole would take for ever."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\nContent-Length: 99999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(head.encode())
        line.settimeout(0.2)
        for _ in range(150):
            try:
                answer = line.recv(200)
                break
            except TimeoutError:
                line.sendall(b" ")
        else:
            pytest.fail("no answer, and the thread is held")
    assert answer.split()[1][:1] == b"4"
