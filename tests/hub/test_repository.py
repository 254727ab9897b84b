"""The repository keeps its own rules: schema and models agree, modules carry honest names, files stay short."""

import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command

from hub.supervisor.options import ROOT

NAMES_NOT_USED = {"utils", "helpers", "services", "common", "core", "base", "misc", "handlers"}
LONGEST_FILE = 400  # lines


def tracked(*patterns: str) -> list[Path]:
    """Return the files of the repository, those not yet committed included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).exists()]


@pytest.mark.django_db
def test_models_and_migrations_agree(capsys) -> None:
    try:
        call_command("makemigrations", check=True, dry_run=True, verbosity=1)
    except SystemExit:
        pytest.fail(capsys.readouterr().out)


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [path for path in tracked("*.py") if path.stem in NAMES_NOT_USED or path.parent.name in NAMES_NOT_USED] == []


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in tracked("*.py") if "migrations" not in path.parts}
    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_lock_names_every_package_by_hash_and_no_package_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^[a-z0-9][^\s=]*==\S+", text, re.MULTILINE)
    assert len(pins) > 50
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_every_dependency_says_why_it_is_here() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    lines = re.findall(r'^  "[A-Za-z].*$', text.partition("[tool.ruff]")[0], re.MULTILINE)
    assert [line for line in lines if not re.search(r"# \S+", line)] == []


def test_make_target_has_a_line_of_help() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()) - {"help", "environment"}
    assert targets == set(re.findall(r"^## make ([\w-]+)", text, re.MULTILINE))
