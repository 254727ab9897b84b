"""Keys: what is encrypted comes back, through rotations, and a lost key says which one and what to do."""

import json
import os
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from governance import keys
from governance.encrypted import EncryptedJSONField, LostSecrets, Secrets


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings) -> Path:
    monkeypatch.delenv(keys.ENVIRONMENT, raising=False)
    monkeypatch.setattr(keys, "first_key_asks", [])  # the database, which these do without
    settings.STATE = tmp_path / "state"
    return settings.STATE


@given(plain=st.binary(max_size=200), older=st.integers(0, 4))
@settings(max_examples=50)
def test_decrypt_returns_what_was_encrypted_before_any_number_of_rotations(plain: bytes, older: int) -> None:
    ring = [Fernet.generate_key().decode() for _ in range(older + 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(keys.ENVIRONMENT, ring[-1])
        sealed = keys.encrypt(plain)
        patch.setenv(keys.ENVIRONMENT, ",".join(ring))

        assert keys.decrypt(sealed) == plain
        assert keys.is_newest(sealed) is (older == 0)


def test_first_use_makes_a_file_that_only_its_owner_reads(own_folder: Path) -> None:
    sealed = keys.encrypt(b"token")

    assert keys.decrypt(sealed) == b"token"
    assert [path.name for path in own_folder.iterdir()] == ["keys"]
    assert (own_folder / "keys").stat().st_mode & 0o777 == 0o600


def test_two_first_uses_at_once_agree_on_one_key() -> None:
    names: list[str] = []
    start = threading.Barrier(8)

    def use() -> None:
        start.wait()
        names.append(keys.newest_fingerprint())

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(names) == 8
    assert len(set(names)) == 1


def test_rotation_in_the_file_is_seen_at_once_and_reads_the_old() -> None:
    before = keys.encrypt(b"old")
    keys.add_key()

    assert not keys.is_newest(before)
    assert keys.decrypt(before) == b"old"
    assert keys.keep_only_newest() == 1
    assert not keys.can_read(before)


def test_lost_key_is_named_with_the_remedy(own_folder: Path) -> None:
    sealed = keys.encrypt(b"token")
    name = keys.newest_fingerprint()
    (own_folder / "keys").unlink()

    with pytest.raises(
        keys.KeyLost, match=f"key {name}, which is not here .*from your backup, or enter the secret again"
    ):
        keys.decrypt(sealed)


def test_changed_secret_is_refused_as_changed() -> None:
    sealed = keys.encrypt(b"token")

    with pytest.raises(keys.KeyLost, match="changed after it was encrypted"):
        keys.decrypt(sealed[:-8] + "AAAAAAA=")


@pytest.mark.parametrize("text", ["", "not a key", "YWJj"])
def test_unusable_keys_are_refused_with_their_place(own_folder: Path, text: str) -> None:
    own_folder.mkdir()
    (own_folder / "keys").write_text(text)
    (own_folder / "keys").chmod(0o600)

    with pytest.raises(keys.KeysUnusable, match=str(own_folder / "keys")):
        keys.encrypt(b"token")


def test_file_that_others_can_read_is_refused_with_the_command(own_folder: Path) -> None:
    keys.encrypt(b"token")
    (own_folder / "keys").chmod(0o644)

    with pytest.raises(keys.KeysUnusable, match="chmod 600"):
        keys.encrypt(b"token")


def test_environment_rules_and_is_not_rotated_by_us(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.ENVIRONMENT, Fernet.generate_key().decode())

    assert keys.decrypt(keys.encrypt(b"token")) == b"token"
    assert not own_folder.exists()
    with pytest.raises(keys.KeysUnusable, match=keys.ENVIRONMENT):
        keys.add_key()


def test_folder_that_cannot_be_written_says_why(own_folder: Path) -> None:
    own_folder.write_text("a file in the folder's place")

    with pytest.raises(keys.KeysUnusable, match="cannot be written to"):
        keys.encrypt(b"token")


def test_secrets_are_never_printed() -> None:
    secrets = Secrets(token="hunter2", password="swordfish")

    assert f"{secrets} {secrets!r} {[secrets]}" == " ".join(
        ["<secrets: password, token>"] * 2 + ["[<secrets: password, token>]"]
    )


def test_field_round_trips_and_survives_a_lost_key(own_folder: Path) -> None:
    field = EncryptedJSONField()
    stored = field.get_prep_value({"token": "hunter2"})

    assert stored is not None
    assert "hunter2" not in stored
    assert field.from_db_value(stored, None, None) == {"token": "hunter2"}

    os.unlink(own_folder / "keys")
    lost = field.from_db_value(stored, None, None)

    assert isinstance(lost, LostSecrets)
    assert field.get_prep_value(lost) == stored
    assert f"{lost}" == "<secrets: key lost>"
    for read in (
        lambda: lost["token"],
        lambda: lost.get("token"),
        lambda: dict(lost),
        lambda: {**lost},
        lambda: list(lost),
    ):
        with pytest.raises(keys.KeyLost, match="enter the secret again"):
            read()


def test_field_refuses_what_is_not_an_object() -> None:
    with pytest.raises(TypeError, match="JSON object"):
        EncryptedJSONField().get_prep_value(json.dumps(["token"]))


def test_keys_that_are_added_at_once_all_stay() -> None:
    keys.encrypt(b"token")
    added: list[str] = []
    start = threading.Barrier(8)

    def add() -> None:
        start.wait()
        added.append(keys.add_key())

    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    kept = keys.file().read_text().split()
    assert len(kept) == 9
    assert {keys.fingerprint(key.encode()) for key in kept} >= set(added)


def test_check_refuses_keys_that_cannot_be_used(own_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.check(own_folder)  # none are there yet: the first use makes them
    keys.encrypt(b"token")
    keys.check(own_folder)
    keys.file().chmod(0o644)
    with pytest.raises(keys.KeysUnusable, match="chmod 600"):
        keys.check(own_folder)
    monkeypatch.setenv(keys.ENVIRONMENT, "abc")
    with pytest.raises(keys.KeysUnusable, match="Key 1 in the environment variable THROUGHLINE_KEYS is not a key"):
        keys.check(own_folder)


@pytest.mark.parametrize("text", ["0" * 43 + "=!", "0" * 44, "0" * 42 + "==", "é" * 43 + "="])
def test_key_of_another_length_or_letter_is_no_key(own_folder: Path, text: str, monkeypatch) -> None:
    """One letter more is left out by base64, but the fingerprint would be that of another key."""
    monkeypatch.setenv(keys.ENVIRONMENT, text)
    with pytest.raises(keys.KeysUnusable, match="is not a key"):
        keys.encrypt(b"token")


def test_file_that_is_no_text_is_told_in_words(own_folder: Path) -> None:
    own_folder.mkdir()
    (own_folder / "keys").write_bytes(b"\xff\xfe")
    (own_folder / "keys").chmod(0o600)
    with pytest.raises(keys.KeysUnusable, match="it is no text in UTF-8"):
        keys.encrypt(b"token")


def test_keys_may_stand_on_lines_of_their_own_in_the_variable(own_folder: Path, monkeypatch) -> None:
    first, second = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    monkeypatch.setenv(keys.ENVIRONMENT, second)
    sealed = keys.encrypt(b"token")
    monkeypatch.setenv(keys.ENVIRONMENT, f"{first}\n{second}")
    assert keys.decrypt(sealed) == b"token"


def test_reading_makes_no_key(own_folder: Path, monkeypatch) -> None:
    monkeypatch.setenv(keys.ENVIRONMENT, Fernet.generate_key().decode())
    sealed = keys.encrypt(b"token")
    monkeypatch.delenv(keys.ENVIRONMENT)
    with pytest.raises(keys.KeyLost, match="has none"):
        keys.decrypt(sealed)
    assert not keys.can_read(sealed)
    assert keys.ring() == []
    assert not own_folder.exists()
