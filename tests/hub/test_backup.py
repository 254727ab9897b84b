"""Backup and restore: what comes back is what was there, all of it or nothing, and nothing is overwritten unasked."""

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.conf import settings as hubs
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from connectors.models import Connection
from governance import keys
from governance.models import User
from hub.backups import archive, database, restoring, taking
from hub.backups.refused import Refused
from hub.settings import _database as as_django
from hub.supervisor.servers import Servers
from routes import shipments
from tests import prepared
from tests.hub.test_backup_damage import quiet
from tests.routes import world as worlds

pytestmark = pytest.mark.processes
FILLED, HUB, EMPTY = (f"backup_{os.getpid()}_{part}" for part in ("filled", "hub", "empty"))


def on_the_server(*statements: str) -> None:
    with psycopg.connect(prepared.address("postgres"), autocommit=True) as link:
        for statement in statements:
            link.execute(statement)


def point_at(name: str) -> None:
    connection.close()
    connection.settings_dict.update(as_django(prepared.address(name)))


@pytest.fixture(scope="module")
def filled(tmp_path_factory, django_db_blocker) -> Iterator[Path]:
    """Make a database of a hub with a firm, posted hours, a secret and a person, once; yield the folder of its keys."""
    before, state, state_before = dict(connection.settings_dict), tmp_path_factory.mktemp("state"), hubs.STATE
    prepared.own_copy(FILLED)
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        point_at(FILLED)
        hubs.STATE = state
        made = worlds.make()
        patch.setattr(shipments, "send_requests", lambda c, d, requests, n: made.target.write(requests))
        made.take_in(*(worlds.entry(n) for n in range(1, 31)))
        made.deliver()
        User.objects.create_superuser("olga", password="not-a-secret-of-anybody")
        for each in Connection.objects.all():
            each.secrets = {"token": "sealed-and-kept"}
            each.save()
        connection.close()
        yield state
    hubs.STATE = state_before
    connection.settings_dict.update(before)
    on_the_server(f"DROP DATABASE {FILLED}")


@pytest.fixture
def hub(filled: Path, settings, tmp_path: Path, django_db_blocker) -> Iterator[None]:
    """Point Django at a copy of that database, with its keys in a folder of the test's own."""
    before = dict(connection.settings_dict)
    settings.STATE = tmp_path / "state"
    shutil.copytree(filled, settings.STATE)
    on_the_server(f"CREATE DATABASE {HUB} TEMPLATE {FILLED}")
    with django_db_blocker.unblock():
        point_at(HUB)
        yield
        connection.close()
    connection.settings_dict.clear()
    connection.settings_dict.update(before)
    on_the_server(f"DROP DATABASE {HUB}", f"DROP DATABASE IF EXISTS {EMPTY}")


@pytest.fixture
def empty(hub: None) -> str:
    """The name of a database without any table, on the same server."""
    on_the_server(f"CREATE DATABASE {EMPTY}")
    return EMPTY


def content() -> dict[str, Any]:
    """Return a digest of each table, and where each sequence stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        found: dict[str, Any] = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            found[table] = cursor.fetchone()
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        return found | dict(cursor.fetchall())


def test_everything_comes_back_and_the_hub_is_well(
    hub: None, empty: str, crew: None, tmp_path: Path, settings, capsys
) -> None:
    before = content()
    assert before["routes_effect"][0] == 30
    file = tmp_path / "of-today.backup"
    call_command("backup", str(file), "--with-keys")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "whoever has it can read every password" in capsys.readouterr().out
    settings.STATE = tmp_path / "other"  # another machine: no keys, no notes
    point_at(empty)
    call_command("restore", str(file))
    assert content() == before
    assert Connection.objects.first().secrets["token"] == "sealed-and-kept"
    capsys.readouterr()
    call_command("doctor")
    assert "✗" not in capsys.readouterr().out


def test_backup_without_keys_holds_none_and_says_so(hub: None, empty: str, tmp_path: Path, settings, capsys) -> None:
    file = tmp_path / "of-today.backup"
    call_command("backup", str(file))
    assert "keys are not in it" in capsys.readouterr().out
    assert archive.KEYS not in zipfile.ZipFile(file).namelist()
    settings.STATE = tmp_path / "other"
    point_at(empty)
    with pytest.raises(CommandError, match=r"encrypted with the key \w{8}, and .*/other/keys has no key"):
        call_command("restore", str(file))
    assert content() == {}
    assert not keys.file().exists()
    call_command("restore", str(file), "--without-secrets")
    assert "holds no encryption keys" in capsys.readouterr().out


def test_backup_whose_keys_were_dropped_is_refused_before_anything_changes(hub: None, tmp_path: Path, capsys) -> None:
    bare, whole = tmp_path / "bare.backup", tmp_path / "whole.backup"
    old = keys.newest_fingerprint()
    kept = keys.file().read_text()
    call_command("backup", str(bare))
    call_command("backup", str(whole), "--with-keys")
    call_command("rotate_keys")
    call_command("rotate_keys", "--same-key", "--drop-old")
    assert "backups from before this rotation" in capsys.readouterr().out
    before = content()
    with pytest.raises(CommandError, match=rf"(?s)encrypted with the key {old}, and .*Put that key .*--with-keys"):
        call_command("restore", str(bare), "--replace")
    assert content() == before
    call_command("restore", str(whole), "--replace")  # brings its own
    assert Connection.objects.first().secrets["token"] == "sealed-and-kept"
    call_command("rotate_keys", "--drop-old")
    keys.file().write_text(keys.file().read_text() + kept)  # put back by hand
    call_command("restore", str(bare), "--replace")
    assert Connection.objects.first().secrets["token"] == "sealed-and-kept"


def test_keys_in_the_environment_must_read_the_backup(hub: None, tmp_path: Path, monkeypatch) -> None:
    """The keys of a backup cannot be put there by the hub, so they have to be there before."""
    file = tmp_path / "of-today.backup"
    old, kept = keys.newest_fingerprint(), keys.file().read_text().strip()
    call_command("backup", str(file), "--with-keys")
    other = Fernet.generate_key().decode()
    monkeypatch.setenv(keys.ENVIRONMENT, other)
    with pytest.raises(CommandError, match=rf"the key {old}, and the environment variable THROUGHLINE_KEYS has"):
        call_command("restore", str(file), "--replace")
    monkeypatch.setenv(keys.ENVIRONMENT, f"{other},{kept}")
    call_command("restore", str(file), "--replace")


def test_database_that_is_not_empty_is_kept_unless_it_is_to_be_replaced(hub: None, tmp_path: Path) -> None:
    file = tmp_path / "of-today.backup"
    before = content()
    taking.take(file, with_keys=False, tell=quiet)
    User.objects.create_user("ines", password="not-a-secret-of-anybody")
    after = content()
    with pytest.raises(CommandError, match=r"(?s)is not empty.*2 people.*--replace"):
        call_command("restore", str(file))
    assert content() == after
    call_command("restore", str(file), "--replace")
    assert content() == before
    again = tmp_path / "again.backup"
    taking.take(again, with_keys=False, tell=quiet)  # what was restored can be backed up and restored as well
    restoring.restore(again, replace=True, tell=quiet, say=quiet)
    assert content() == before


def test_schema_that_nobody_has_used_counts_as_empty(hub: None, tmp_path: Path) -> None:
    file = tmp_path / "of-today.backup"
    taking.take(file, with_keys=False, tell=quiet)
    before = content()
    prepared.own_copy(EMPTY)
    point_at(EMPTY)
    restoring.restore(file, replace=False, tell=quiet, say=quiet)
    assert content() == before


def test_dump_that_breaks_in_the_middle_leaves_the_database_as_it_was(hub: None, tmp_path: Path, monkeypatch) -> None:
    """Digests were right and the disk fails only now: half a restore is none."""
    file = tmp_path / "of-today.backup"
    taking.take(file, with_keys=False, tell=quiet)
    before = content()
    monkeypatch.setattr(restoring, "_told", lambda found, tell: [b"".join(found.pieces(archive.DUMP))[:-5000]])
    with pytest.raises(Refused, match="the database is as it was"):
        restoring.restore(file, replace=True, tell=quiet, say=quiet)
    assert content() == before


def test_notes_that_are_no_text_come_back_byte_for_byte(hub: None, empty: str, tmp_path: Path, settings) -> None:
    noted = b'{"entries": 1}\n\xff torn\n'
    (settings.STATE / "audit-heads.log").write_bytes(noted)
    before, file, said = content(), tmp_path / "of-today.backup", []
    taking.take(file, with_keys=True, tell=quiet)
    settings.STATE = tmp_path / "other"
    settings.STATE.mkdir()
    (settings.STATE / "audit-heads.log").write_bytes(b"\xfe of another trail")
    point_at(empty)
    restoring.restore(file, replace=False, tell=quiet, say=said.append)
    assert content() == before
    assert Connection.objects.first().secrets["token"] == "sealed-and-kept"
    assert (settings.STATE / "audit-heads.log").read_bytes() == noted
    assert [each.read_bytes() for each in settings.STATE.glob("audit-heads.2*")] == [b"\xfe of another trail"]


def test_what_is_noted_while_a_backup_is_made_is_not_in_it(hub: None, tmp_path: Path, settings, monkeypatch) -> None:
    """The note of the night names entries that the backup's moment does not have yet."""
    notes = settings.STATE / "audit-heads.log"
    notes.write_bytes(b"of yesterday\n")

    def slow(self: database.Database, snapshot: str) -> Iterator[bytes]:
        yield b"the dump"
        notes.write_bytes(b"of yesterday\nof tonight\n")

    monkeypatch.setattr(database.Database, "dump", slow)
    taking.take(tmp_path / "of-today.backup", with_keys=False, tell=quiet)
    assert zipfile.ZipFile(tmp_path / "of-today.backup").read(archive.HEADS) == b"of yesterday\n"


@pytest.mark.parametrize("step", ["_stage_notes", "keys", "load", "_put_notes_in_place"])
def test_restore_that_fails_anywhere_is_none_or_whole(hub: None, tmp_path: Path, settings, monkeypatch, step) -> None:
    (settings.STATE / "audit-heads.log").write_bytes(b"as noted\n")
    file = tmp_path / "of-today.backup"
    taking.take(file, with_keys=True, tell=quiet)
    keys.add_key()
    (settings.STATE / "audit-heads.log").write_bytes(b"of now\n")
    User.objects.create_user("viktor")
    before, kept, said = content(), (settings.STATE / "keys").read_bytes(), []

    def fail(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    (settings.STATE / "keys").write_bytes(kept.split()[0] + b"\n")  # so that the backup brings one
    kept = (settings.STATE / "keys").read_bytes()
    monkeypatch.setattr(*{
        "keys": (keys, "add_older", lambda wanted: (_ for _ in ()).throw(keys.KeysUnusable("They cannot be written."))),
        "load": (database.Database, "load", fail),
    }.get(step, (restoring, step, fail)))  # fmt: skip
    try:
        restoring.restore(file, replace=True, tell=quiet, say=said.append)
    except (Refused, OSError):
        assert step != "_put_notes_in_place"
        assert content() == before
        assert (settings.STATE / "keys").read_bytes() == kept
    else:
        assert step == "_put_notes_in_place"
        assert not User.objects.filter(username="viktor").exists()
        assert "move them to" in " ".join(said)
        assert len((settings.STATE / "keys").read_bytes().split()) == 2
    assert (settings.STATE / "audit-heads.log").read_bytes() == b"of now\n"
    monkeypatch.undo()
    restoring.restore(file, replace=True, tell=quiet, say=quiet)
    assert Connection.objects.first().secrets["token"] == "sealed-and-kept"


def test_keys_that_others_can_read_are_told_in_words(hub: None, tmp_path: Path, settings) -> None:
    (settings.STATE / "keys").chmod(0o644)
    with pytest.raises(CommandError, match=r"(?s)The backup was not made.*chmod 600"):
        call_command("backup", str(tmp_path / "x.backup"), "--with-keys")
    assert not list(tmp_path.glob("x.backup*"))


@pytest.mark.parametrize(
    ("more", "less", "words"), [("routes 9999_later", "", "newer"), ("", "routes 0001_initial", "older")]
)
def test_backup_of_another_schema_is_refused(tmp_path: Path, more: str, less: str, words: str) -> None:
    file = tmp_path / "of-today.backup"
    ours = [f"{app} {name}" for app, name in MigrationLoader(None).disk_migrations]
    about = {
        "format": 1,
        "made_at": "2026-11-01",
        "migrations": [each for each in [*ours, more] if each not in ("", less)],
    }
    written = archive.Written(file)
    written.add(archive.ABOUT, [json.dumps(about).encode()], quiet)
    written.add(archive.DUMP, [b"x"], quiet)
    written.finish()
    with pytest.raises(Refused, match=f"is of an? {words} release.*{more or less}"):
        restoring.restore(file, replace=True, tell=quiet, say=quiet)


@pytest.mark.parametrize("named", ["", "&application_name=billing"])
def test_restore_refuses_while_the_hub_works(hub: None, tmp_path: Path, monkeypatch, named: str) -> None:
    file = tmp_path / "of-today.backup"
    taking.take(file, with_keys=False, tell=quiet)
    monkeypatch.setattr(database, "LEAVING_SECONDS", 0.2)
    address = prepared.address(HUB)
    options = as_django(f"{address}{'&' if '?' in address else '?'}connect_timeout=9{named}")["OPTIONS"]
    assert isinstance(options, dict)
    with (
        psycopg.connect(address, application_name=options["application_name"]),
        pytest.raises(Refused, match="The hub runs"),
    ):
        restoring.restore(file, replace=True, tell=quiet, say=quiet)


def test_restore_lets_those_leave_who_have_just_hung_up(hub: None, tmp_path: Path, monkeypatch) -> None:
    """A server process lives on for a moment after its client has closed; a busy machine makes it a long one."""
    file = tmp_path / "of-today.backup"
    taking.take(file, with_keys=False, tell=quiet)
    looks = iter([True, True, False])
    monkeypatch.setattr(database, "_company", lambda link: next(looks))
    restoring.restore(file, replace=True, tell=quiet, say=quiet)
    assert next(looks, "all looked at") == "all looked at"


def test_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "of-today.backup"
    file.write_text("of yesterday")
    with pytest.raises(Refused, match="a file of that name is there"):
        taking.take(file, with_keys=False, tell=quiet)
    assert file.read_text() == "of yesterday"


def test_backup_that_fails_leaves_no_file(hub: None, tmp_path: Path, monkeypatch) -> None:
    def fail(self: database.Database, snapshot: str):
        yield b"the beginning"
        raise Refused("The backup was not made", "pg_dump said: no", "Mend that.")

    monkeypatch.setattr(database.Database, "dump", fail)
    with pytest.raises(Refused, match="pg_dump said: no"):
        taking.take(tmp_path / "of-today.backup", with_keys=False, tell=quiet)
    assert list(tmp_path.glob("of-today*")) == []


def test_embedded_database_is_started_for_it_where_it_rests(servers: Servers, start_process, tmp_path: Path) -> None:
    servers.stop()
    file = tmp_path / "of-today.backup"
    rests = {"DATABASE_URL": "", "REDIS_URL": ""}
    made = start_process(["python", "manage.py", "backup", str(file)], rests)
    assert made.wait() == 0, made.output
    put_back = start_process(["python", "manage.py", "restore", str(file), "--replace"], rests)
    assert put_back.wait() == 0, put_back.output
    assert "Restored" in put_back.output
    assert "Traceback" not in made.output + put_back.output
    assert json.loads(zipfile.ZipFile(file).read(archive.ABOUT))["migrations"]
    servers.start()  # nothing of theirs runs on


def test_backup_where_no_hub_is_makes_none_and_says_what_to_name(tmp_path: Path, settings, monkeypatch, capsys) -> None:
    settings.STATE = tmp_path / "elsewhere"
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("STATE", raising=False)
    monkeypatch.setattr(database, "GIVEN", {database.declared.DATABASE_URL: ""})
    with pytest.raises(CommandError, match=r"There is no hub in .*elsewhere") as refused:
        call_command("backup", str(tmp_path / "of-today.backup"))
    assert "STATE was not given" in str(refused.value)
    assert "STATE=/srv/hub" in str(refused.value)
    assert not (tmp_path / "of-today.backup").exists()
    assert not settings.STATE.exists()
