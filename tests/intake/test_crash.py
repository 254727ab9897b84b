"""A web process dies after it has kept a pushed event and before it has answered: nothing is lost, nothing doubled."""

import http.client
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.intake import firm as firms
from tests.intake.firm import HOOK, signed

pytestmark = pytest.mark.processes


def post(port: int, content: bytes) -> int | None:
    """Push as the vendor does, signed anew each time; None when no answer comes."""
    door = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        door.request("POST", HOOK, content, {"Content-Type": "application/json", **signed(content)})
        return door.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        door.close()


@pytest.fixture
def serve(start_process: Callable[..., Any], tmp_path: Path, free_port: int) -> Callable[[str], Any]:
    """Return `serve(die_at)`: one web process that answers on `free_port`."""

    def start(die_at: str = "") -> Any:
        (tmp_path / "static").mkdir(exist_ok=True)
        env = {
            "THROUGHLINE_DIE_AT": die_at,
            "CONNECTOR_PATHS": f"{firms.SHIPPED.parents[1]}:{tmp_path / 'connectors'}",
        }
        bind = f"127.0.0.1:{free_port}"
        # Without a master that would start the dead worker again: the death must be seen from outside.
        started = start_process(["python", "-m", "tests.intake.web", str(free_port)], env)
        started.wait_for(f"listening on {bind}")
        return started

    return start


@pytest.fixture
def free_port() -> int:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_death_after_commit_keeps_the_event_and_a_repeat_does_not_double_it(
    transactional_db: None, make_firm: Callable[..., Any], serve: Callable[..., Any], free_port: int
) -> None:
    from routes import intake
    from routes.models import InboundEvent, Record
    from tests.intake.test_webhooks import pushed
    from tests.routes.world import entry

    made = make_firm()
    content = pushed(entry(1), entry(2))
    dying = serve("intake.after_commit")
    assert post(free_port, content) is None, "it answered although it should have died"
    assert dying.wait(20) == -9
    assert InboundEvent.objects.count() == 1
    serve()
    time.sleep(0.01)  # another signature, as the vendor's repeat has
    assert post(free_port, content) == 200
    assert InboundEvent.objects.count() == 1
    while intake.work(made.pushed.pk):
        pass
    assert Record.objects.count() == 2
