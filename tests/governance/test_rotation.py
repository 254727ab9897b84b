"""A rotation reaches every secret of every model, loses none, and names what cannot be read any more."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import connection, models, transaction
from django.test.utils import isolate_apps
from simple_history.models import HistoricalRecords

from governance import keys, rotation
from governance.actor import ENGINE
from governance.encrypted import EncryptedJSONField
from governance.models import AuditEntry


@pytest.fixture
def safe(tmp_path: Path, settings, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[type[models.Model]]:
    """A model with secrets, in the real database, and keys of its own."""
    monkeypatch.delenv(keys.ENVIRONMENT, raising=False)
    settings.STATE = tmp_path
    with isolate_apps("governance"):

        class Safe(models.Model):
            name = models.CharField(max_length=20)
            secrets = EncryptedJSONField()
            spare = EncryptedJSONField(null=True, default=None)

            class Meta:
                app_label = "governance"

            def __str__(self) -> str:
                return self.name

        with connection.schema_editor() as editor:
            editor.create_model(Safe)
        fields = [(Safe, field) for field in Safe._meta.concrete_fields if isinstance(field, EncryptedJSONField)]
        monkeypatch.setattr(rotation, "encrypted_fields", lambda: iter(fields))
        yield Safe


def sealed(model: type[models.Model]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT secrets FROM {model._meta.db_table} ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_rotation_re_encrypts_everything_with_the_new_key(safe) -> None:
    for number in range(3):
        safe.objects.create(name=f"connection {number}", secrets={"token": f"t{number}"}, spare={"pin": "1"})
    before = sealed(safe)
    call_command("rotate_keys", "--drop-old", verbosity=0)

    assert not any(keys.can_read(each) for each in before)
    assert [row.secrets["token"] for row in safe.objects.order_by("id")] == ["t0", "t1", "t2"]
    assert {row.spare["pin"] for row in safe.objects.all()} == {"1"}
    assert AuditEntry.objects.get(verb="rotate").after == {"rotated": 6, "lost": 0}


def test_rotation_of_what_is_current_changes_nothing(safe) -> None:
    safe.objects.create(name="connection", secrets={"token": "t"})
    before = sealed(safe)

    assert rotation.rotate(by=ENGINE).rotated == 0
    assert sealed(safe) == before


def test_command_says_that_nothing_was_left_to_do(safe, capsys) -> None:
    safe.objects.create(name="connection", secrets={"token": "t"})
    call_command("rotate_keys", "--same-key")
    assert "Every secret was encrypted with the key" in capsys.readouterr().out


def test_rotation_with_keys_from_the_environment(safe, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    monkeypatch.setenv(keys.ENVIRONMENT, old)
    row = safe.objects.create(name="connection", secrets={"token": "t"})
    monkeypatch.setenv(keys.ENVIRONMENT, f"{new},{old}")
    call_command("rotate_keys", verbosity=0)
    monkeypatch.setenv(keys.ENVIRONMENT, new)
    row.refresh_from_db()

    assert row.secrets == {"token": "t"}


def test_rotation_names_what_is_lost_and_keeps_the_old_keys(safe, tmp_path: Path) -> None:
    row = safe.objects.create(name="connection", secrets={"token": "t"})
    (tmp_path / "keys").unlink()
    keys.add_first_key()
    other = safe.objects.create(name="another", secrets={"token": "u"})

    with pytest.raises(CommandError, match="1 secrets have to be entered again; the keys were kept"):
        call_command("rotate_keys", "--drop-old", verbosity=0)
    other.refresh_from_db()

    assert other.secrets == {"token": "u"}
    assert [each.thing for each in rotation.lost_secrets()] == [f"governance.safe {row.pk}"]
    assert len((tmp_path / "keys").read_text().split()) == 2


def test_file_that_is_gone_is_not_made_anew_beside_what_it_sealed(safe, tmp_path: Path) -> None:
    row = safe.objects.create(name="connection", secrets={"token": "t"})
    name, kept = keys.newest_fingerprint(), (tmp_path / "keys").read_bytes()
    (tmp_path / "keys").unlink()

    with (
        pytest.raises(keys.KeysUnusable, match=f"are gone: .* encrypted with {name}.* from your backup"),
        transaction.atomic(),
    ):
        safe.objects.create(name="another", secrets={"token": "u"})
    for given in ([], ["--same-key"], ["--drop-old"]):
        with pytest.raises(CommandError, match="rotate_keys --without-old"):
            call_command("rotate_keys", *given, verbosity=0)
    assert not (tmp_path / "keys").exists()

    (tmp_path / "keys").write_bytes(kept)
    (tmp_path / "keys").chmod(0o600)
    safe.objects.create(name="another", secrets={"token": "u"})
    row.refresh_from_db()
    assert row.secrets == {"token": "t"}


def test_file_that_is_lost_for_good_is_made_anew_when_asked_for(safe, tmp_path: Path) -> None:
    row = safe.objects.create(name="connection", secrets={"token": "t"})
    (tmp_path / "keys").unlink()

    with pytest.raises(CommandError, match="1 secrets have to be entered again"):
        call_command("rotate_keys", "--without-old", verbosity=0)
    row.secrets = {"token": "entered again"}
    row.save()
    row.refresh_from_db()

    assert row.secrets == {"token": "entered again"}
    assert rotation.lost_secrets() == []


def test_rotation_whose_keys_fail_halfway_says_how_far_it_came_and_is_finished_later(
    safe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [safe.objects.create(name=str(number), secrets={"token": number}) for number in range(3)]
    encrypt, left = keys.encrypt, [1]

    def failing(plain: bytes) -> str:
        if not left:
            (tmp_path / "keys").chmod(0o644)
        else:
            left.pop()
        return encrypt(plain)

    monkeypatch.setattr(rotation, "encrypt", failing)
    with pytest.raises(CommandError, match="1 secrets were encrypted with the new key, and the others were left"):
        call_command("rotate_keys", verbosity=0)
    monkeypatch.setattr(rotation, "encrypt", encrypt)
    (tmp_path / "keys").chmod(0o600)
    assert rotation.lost_secrets() == []
    call_command("rotate_keys", "--same-key", "--drop-old", verbosity=0)

    for number, row in enumerate(rows):
        row.refresh_from_db()
        assert row.secrets == {"token": number}


def test_rotation_leaves_what_somebody_entered_meanwhile(safe, monkeypatch: pytest.MonkeyPatch) -> None:
    row = safe.objects.create(name="connection", secrets={"token": "old"})
    keys.add_key()
    decrypt = keys.decrypt

    def slow(text: str) -> bytes:
        safe.objects.filter(pk=row.pk).update(secrets={"token": "entered meanwhile"})
        return decrypt(text)

    monkeypatch.setattr(rotation, "decrypt", slow)
    assert rotation.rotate(by=ENGINE).rotated == 0
    row.refresh_from_db()

    assert row.secrets == {"token": "entered meanwhile"}


def test_database_holds_nothing_readable_and_cannot_be_searched(safe) -> None:
    safe.objects.create(name="connection", secrets={"token": "hunter2"})

    assert "hunter2" not in sealed(safe)[0]
    with pytest.raises(FieldError, match="Unsupported lookup"):
        safe.objects.filter(secrets={"token": "hunter2"}).exists()


def test_row_with_a_lost_key_can_be_listed_and_saved(safe, tmp_path: Path) -> None:
    row = safe.objects.create(name="connection", secrets={"token": "t"})
    key = (tmp_path / "keys").read_bytes()
    (tmp_path / "keys").unlink()
    row.refresh_from_db()
    row.name = "renamed"
    row.save()
    (tmp_path / "keys").write_bytes(key)
    (tmp_path / "keys").chmod(0o600)
    row.refresh_from_db()

    assert (row.name, row.secrets) == ("renamed", {"token": "t"})


@isolate_apps("governance")
def test_secrets_in_a_history_table_are_refused_by_the_system_check() -> None:
    class Careless(models.Model):
        secrets = EncryptedJSONField()
        history = HistoricalRecords(app="governance")

        class Meta:
            app_label = "governance"

        def __str__(self) -> str:
            return str(self.pk)

    class Careful(models.Model):
        secrets = EncryptedJSONField()
        history = HistoricalRecords(app="governance", excluded_fields=["secrets"])

        class Meta:
            app_label = "governance"

        def __str__(self) -> str:
            return str(self.pk)

    assert "governance.E001" in [each.id for each in Careless.history.model.check()]
    for harmless in (Careless, Careful, Careful.history.model):
        assert "governance.E001" not in [each.id for each in harmless.check()]


def test_every_field_for_secrets_is_found() -> None:
    found = {(model, field.name) for model, field in rotation.encrypted_fields()}

    assert all(isinstance(model._meta.get_field(name), EncryptedJSONField) for model, name in found)
