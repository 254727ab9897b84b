"""The key that signs sessions: made once, where a hub begins; whatever keeps it from being used is said in words."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.environment import signing_key
from hub.supervisor.problems import CannotStart

SERVES = ["/opt/hub/bin/gunicorn", "hub.wsgi:application"]


def test_programs_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: signing_key.kept(state, SERVES), range(16)))
    assert len(found) == 1
    assert [path.name for path in state.iterdir()] == ["secret_key"]
    assert (state / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", [["manage.py", "doctor"], ["/srv/hub/manage.py", "restore", "x"], ["manage.py"]])
def test_command_that_begins_no_hub_makes_no_folder(tmp_path: Path, command: list[str]) -> None:
    assert len(signing_key.kept(tmp_path / "mistyped", command)) > 40
    assert list(tmp_path.iterdir()) == []
    assert len(signing_key.kept(tmp_path, command)) > 40, "nor a key in a folder that is there"
    assert list(tmp_path.iterdir()) == []


def test_command_uses_the_key_that_is_there(tmp_path: Path) -> None:
    kept = signing_key.kept(tmp_path, ["manage.py", "prepare"])
    assert signing_key.kept(tmp_path, ["manage.py", "doctor"]) == kept


@pytest.mark.parametrize(("content", "words"), [(b"", "it is empty"), (b"\xff\xfe", "it is no text")])
def test_key_that_cannot_be_used_is_told_with_the_remedy(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "secret_key").write_bytes(content)
    with pytest.raises(CannotStart, match=words) as refused:
        signing_key.kept(tmp_path, SERVES)
    assert f"rm {tmp_path / 'secret_key'}" in refused.value.remedy


def test_key_that_is_a_folder_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "secret_key").mkdir()
    with pytest.raises(CannotStart, match="Is a directory"):
        signing_key.kept(tmp_path, SERVES)
