"""What root makes below the folder of somebody else's hub is theirs afterwards, and nothing else changes hands."""

import os
from pathlib import Path

import pytest

from hub.supervisor.account import account
from hub.supervisor.ownership import give_back

SOMEBODY, ANOTHER = 61_234, 61_235
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files that belong to somebody else")


def owner(path: Path) -> int:
    return path.lstat().st_uid


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A folder of somebody's, in which root has been."""
    found = tmp_path / "state"
    (found / "run" / "deep").mkdir(parents=True)
    (found / "run" / "supervisor.json").write_text("{}")
    (found / "keys").write_text("key")
    (found / "keys").chmod(0o600)
    os.chown(found, SOMEBODY, SOMEBODY)
    return found


def test_files_and_folders_of_root_are_given_to_the_owner(state: Path) -> None:
    give_back(state)
    below = [state / "run", state / "run" / "deep", state / "run" / "supervisor.json", state / "keys"]
    assert {owner(path) for path in below} == {SOMEBODY}
    assert (state / "keys").stat().st_mode & 0o777 == 0o600


def test_what_belongs_to_others_or_lies_elsewhere_stays(state: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "shadow"
    elsewhere.write_text("root's own")
    (state / "link").symlink_to(elsewhere)
    os.link(elsewhere, state / "second-name")
    (state / "of-another").write_text("x")
    os.chown(state / "of-another", ANOTHER, ANOTHER)
    os.mkfifo(state / "pipe")
    give_back(state)
    assert owner(elsewhere) == 0
    assert owner(state / "of-another") == ANOTHER
    assert owner(state / "keys") == SOMEBODY


@pytest.mark.parametrize("whose", [0, SOMEBODY])
def test_hub_that_root_starts_keeps_its_files(state: Path, whose: int) -> None:
    os.chown(state, whose, whose)
    (state / "postgresql").mkdir()
    os.chown(state / "postgresql", ANOTHER, ANOTHER)
    give_back(state)
    assert owner(state / "keys") == 0


def test_servers_of_a_new_database_run_as_the_owner_of_the_folder(state: Path) -> None:
    assert account(state / "postgresql").uid == SOMEBODY


def test_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    give_back(tmp_path / "mistyped")
    assert list(tmp_path.iterdir()) == []
