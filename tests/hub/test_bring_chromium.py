"""The browser for the tests of the pages: found, named, or asked for in words with the one command to type."""

import os
from pathlib import Path

import pytest

from tests import bring_chromium


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder of programs on a machine that has none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    return tmp_path


def program(folder: Path, name: str, does: str = "exit 0") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", bring_chromium.NAMES)
def test_browser_on_the_path_is_found_by_each_of_its_names(bare: Path, name: str) -> None:
    path = program(bare, name)
    assert (bring_chromium.found(os.environ), bring_chromium.main()) == (str(path), 0)


def test_named_program_counts_and_a_wrong_name_is_told(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(bare, "chromium")
    monkeypatch.setenv("CHROMIUM", str(bare / "nothing"))
    assert bring_chromium.main() == 1
    assert "no program is there" in capsys.readouterr().err
    monkeypatch.setenv("CHROMIUM", str(program(bare, "mine")))
    assert bring_chromium.main() == 0


def test_nobody_but_root_installs_and_the_command_is_said(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(bare, "apt-get", "touch called")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bring_chromium.main() == 1
    assert "Remedy: sudo apt-get install --yes --no-install-recommends chromium" in capsys.readouterr().err


def test_root_installs_debians_package(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    makes = f'[ "$1" = install ] && printf "#!/bin/sh\\n" > {bare}/chromium && /bin/chmod 755 {bare}/chromium; exit 0'
    program(bare, "apt-get", makes)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert bring_chromium.main() == 0
    assert (bare / "chromium").exists()


def test_failed_installation_tells_what_was_said(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(bare, "apt-get", "echo E: the index is away; exit 100")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert bring_chromium.main() == 1
    assert "it said: E: the index is away" in capsys.readouterr().err


def test_machine_without_apt_is_told_what_to_do(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bring_chromium.main() == 1
    assert "make test CHROMIUM=/path/to/chromium" in capsys.readouterr().err
