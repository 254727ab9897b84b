"""Compiled modules are kept even where Python may not write them beside their sources."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.supervisor.options import ROOT

PROGRAM = """
import json, os, sys
from hub import bytecode
bytecode.keep()
import {module}
print(sys.pycache_prefix, os.environ.get("PYTHONDONTWRITEBYTECODE"), os.environ.get("PYTHONPYCACHEPREFIX"))
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A folder with one module in it, `spoken`."""
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "spoken.py").write_text("WORD = 'thin'\n")
    return folder


def run(sources: Path, module: str = "spoken", **environment: str) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    found = clean | {"PYTHONPATH": f"{sources}:{ROOT}"} | environment
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    return subprocess.run(command, env=found, capture_output=True, text=True, check=True).stdout.split()


def test_what_may_not_lie_beside_the_sources_is_kept_elsewhere(sources: Path, tmp_path: Path) -> None:
    elsewhere = str(tmp_path / "elsewhere")
    assert run(sources, PYTHONDONTWRITEBYTECODE="1", PYTHONPYCACHEPREFIX=elsewhere) == [elsewhere, "None", elsewhere]
    assert [path.name for path in sources.iterdir()] == ["spoken.py"]
    assert len(list(Path(elsewhere).rglob("spoken.*.pyc"))) == 1


def test_place_is_the_virtual_environment_when_nobody_names_one(sources: Path) -> None:
    place = str(Path(sys.prefix) / "bytecode")
    assert run(sources, module="json", PYTHONDONTWRITEBYTECODE="1") == [place, "None", place]


def test_python_that_may_write_is_left_alone(sources: Path) -> None:
    assert run(sources) == ["None", "None", "None"]
    assert (sources / "__pycache__").exists()
