"""What a command that is typed beside the hub has of it: addresses, and what its programs may reach, while they run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.supervisor.addresses import remember
from hub.supervisor.alone import Alone
from hub.supervisor.options import ROOT

ASK = "import json, hub.settings as s; print(json.dumps([s.OUTBOUND_ALLOWED, s.SANDBOX, s.REDIS_URL]))"
SIMULATED = {"harvest": "http://127.0.0.1:9701"}


def asked(state: Path, **more: str) -> list[object]:
    left = ("OUTBOUND_ALLOWED", "SANDBOX", "REDIS_URL")
    env = {name: value for name, value in os.environ.items() if name not in left} | {"STATE": str(state)} | more
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.processes
def test_command_may_reach_what_the_running_hub_may_and_nothing_once_it_stopped(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    given = {"OUTBOUND_ALLOWED": "127.0.0.1:9701", "SANDBOX": json.dumps(SIMULATED)}
    remember(run, {"REDIS_URL": "redis://127.0.0.1:6390/0"} | given)
    alone = Alone(run)
    alone.take()
    assert asked(tmp_path) == [["127.0.0.1:9701"], SIMULATED, "redis://127.0.0.1:6390/0"]
    assert asked(tmp_path, OUTBOUND_ALLOWED="10.1.2.3:443,127.0.0.1:9701")[0] == ["10.1.2.3:443", "127.0.0.1:9701"]
    alone.release()
    assert asked(tmp_path) == [[], {}, "redis://127.0.0.1:6390/0"]
