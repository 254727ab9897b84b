"""PostgreSQL's volume fills up while entries travel: work pauses, the logs say why, and with room again it goes on."""

import re
import time
from pathlib import Path

import pytest

from tests.chaos.conftest import Begin, Scene
from tests.chaos.small_disk import small_disk

pytestmark = [pytest.mark.processes, pytest.mark.slow]
SAYS_SO = re.compile(r"No space left on device|disk is full|File too large", re.IGNORECASE)


def test_disk_full_pauses_work_and_loses_and_doubles_nothing(begin: Begin, state: Path) -> None:
    with small_disk(state / "postgresql") as disk:
        scene = begin("look_up", entries=700, latency=0.1, WORKERS="posting,master,analytics,intake")
        try:
            scene.wait_for_commits(100)
            disk.fill()
            stood_still_at = wait_until_nothing_moves(scene)
            assert stood_still_at < scene.entries, "all had arrived before the disk was full: the test shows nothing"
            assert SAYS_SO.search(everything_said(scene)), scene.said()
            disk.make_room()
            scene.judge(90)
        finally:
            scene.house.stop()


def wait_until_nothing_moves(scene: Scene, still: float = 4, seconds: float = 60) -> int:
    """Wait until the target has got nothing for a while; return how much it has."""
    end = time.monotonic() + seconds
    before, since = -1, time.monotonic()
    while time.monotonic() - since < still:
        assert time.monotonic() < end, "work went on though the disk is full"
        if (now := scene.committed()) != before:
            before, since = now, time.monotonic()
        time.sleep(0.2)
    return before


def everything_said(scene: Scene) -> str:
    """What the supervisor told the person at the terminal, and the programs their logs."""
    logs = [scene.house.output, *(scene.house.state / "logs").glob("*.log")]
    return "\n".join(log.read_text(errors="replace") for log in logs)
