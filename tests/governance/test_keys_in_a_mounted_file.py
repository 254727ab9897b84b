"""Keys in a file that the operator's environment names, as containers mount secrets."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from governance import keys


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings) -> Path:
    monkeypatch.delenv(keys.ENVIRONMENT, raising=False)
    monkeypatch.setenv(keys.FILE, str(tmp_path / "mounted"))
    settings.STATE = tmp_path / "state"
    return tmp_path / "mounted"


def test_mounted_keys_are_used_newest_first(mounted: Path) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    mounted.write_text(old)
    sealed = keys.encrypt(b"token")
    mounted.write_text(f"{new}\n{old}\n")
    assert keys.decrypt(sealed) == b"token"
    assert not keys.is_newest(sealed)
    assert not (mounted.parent / "state").exists()


def test_mounted_keys_are_not_rotated_by_us(mounted: Path) -> None:
    with pytest.raises(keys.KeysUnusable, match=keys.ENVIRONMENT):
        keys.add_key()


def test_mounted_file_that_is_away_is_named(mounted: Path) -> None:
    with pytest.raises(keys.KeysUnusable, match=rf"{mounted} cannot be read: No such file.*{keys.FILE} names it"):
        keys.encrypt(b"token")


def test_start_checks_the_mounted_keys(mounted: Path) -> None:
    mounted.write_text(Fernet.generate_key().decode())
    keys.check(mounted.parent / "state")
    mounted.write_text("no key")
    with pytest.raises(keys.KeysUnusable, match=rf"Key 1 in the file {mounted} that {keys.FILE} names is not a key"):
        keys.check(mounted.parent / "state")


def test_rotation_says_of_the_mounted_file_what_to_remove_there(mounted: Path, db: None, capsys) -> None:
    mounted.write_text(Fernet.generate_key().decode())
    call_command("rotate_keys")
    assert f"all but the first key from the file {mounted} that {keys.FILE} names. " in capsys.readouterr().out
