"""Commands that are given while the hub rests: words instead of a trace, and nothing done by half."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.supervisor.options import ROOT

NOT_GIVEN = ("DATABASE_URL", "REDIS_URL", "THROUGHLINE_KEYS", "SECRET_KEY")


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


@pytest.mark.parametrize(
    "words",
    [
        ("doctor",), ("transactions",), ("audit", "verify"), ("createsuperuser", "--username", "olga"), ("--help",),
        ("backup", "of-today.backup"), ("restore", "/nowhere/of-today.backup"), ("rotate_keys",),
        ("config", "export", "x"),
    ],
)  # fmt: skip
def test_mistyped_state_is_said_and_no_folder_is_made_for_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    state = tmp_path / "mistyped"
    env = {name: value for name, value in os.environ.items() if name not in NOT_GIVEN} | {"STATE": str(state)}
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
    if words[0] not in ("--help", "restore"):
        said = " ".join((done.stdout + done.stderr).split())
        assert f"There is no hub in {state}" in said or f"There is no folder {state}" in said
        assert done.returncode == 1
