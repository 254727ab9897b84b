"""The clock is set forward and back while entries travel: work pauses at most, nothing is lost or doubled."""

import time

import pytest
from django.db import connection

from tests.chaos.conftest import Begin

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def set_clock(offset: str) -> None:
    """Set the hub's clock for all sessions at once, as a time server would: those that are open end."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE throughline SET throughline.clock_offset = '{offset}'")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.close()


def test_clock_that_jumps_ahead_and_back_loses_and_doubles_nothing(begin: Begin) -> None:
    scene = begin("look_up", entries=600, latency=0.3, WORKERS="posting,master,analytics,intake")
    scene.wait_for_commits(100)
    set_clock("3 hours")
    time.sleep(6)  # longer than a lease and a sweep
    after_ahead = scene.committed()
    set_clock("0")
    time.sleep(1)
    scene.judge(80)
    assert after_ahead < scene.entries, "all had arrived before the clock was set back: the test shows nothing"
    log = "".join(path.read_text(errors="replace") for path in (scene.house.state / "logs").glob("worker-*.log"))
    assert "clock.set_back seconds=10800" in log
