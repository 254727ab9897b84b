"""Starting a simulator: one line says where it listens; what hinders it is said with its remedy."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def refused_start(*arguments):
    command = [sys.executable, "-m", "sandbox", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("system", ["ledger", "harvest"])
def test_a_taken_port_is_named_with_the_remedy(start, tmp_path, system):
    running = start(system)
    words = refused_start(system, "--port", running.port, "--state", tmp_path / "other")
    assert words.startswith("The sandbox cannot start:")
    assert str(running.port) in words
    assert "--port" in words


def test_two_simulators_never_share_a_state_folder(start):
    running = start("ledger")
    words = refused_start("ledger", "--state", running.state)
    assert "another simulator works in this state folder" in words
    running.kill()
    running.run()
    assert running.admin("GET", "totals")["commits"] == 0
