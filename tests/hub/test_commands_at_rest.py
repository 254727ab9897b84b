"""Commands that are given while the hub rests: words instead of a trace, and nothing done by half."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.supervisor.options import ROOT


def given(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name not in ("THROUGHLINE_KEYS", "REDIS_URL")}
    env |= {"STATE": str(state), "DATABASE_URL": "postgresql://hub@127.0.0.1:1/hub"}
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    "words", [("rotate_keys",), ("createsuperuser", "--username", "olga"), ("main_job",), ("transactions",)]
)
def test_command_at_a_rested_database_says_so_in_words(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = given(tmp_path, *words)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "The database does not answer: " in done.stderr
    assert "Start the hub (make run), or check DATABASE_URL." in done.stderr


def test_rotation_at_a_rested_database_adds_no_key(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("0" * 43 + "=\n")
    keys.chmod(0o600)
    assert given(tmp_path, "rotate_keys").returncode == 1
    assert keys.read_text().splitlines() == ["0" * 43 + "="]
