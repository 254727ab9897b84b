"""The step `prepare` is left out exactly when schema and static files are what it left."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.conf import settings

from hub.supervisor.options import ROOT
from hub.supervisor.preparation import SOURCES, Preparation

OTHER = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a schema of this test's own, in which one migration is applied."""
    server = os.environ["DATABASE_URL"]
    name = f"prepared_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as link:
        link.execute(f"CREATE SCHEMA {name}")
        link.execute(f"CREATE TABLE {name}.django_migrations (id serial, app text, name text)")
        link.execute(f"INSERT INTO {name}.django_migrations (app, name) VALUES ('routes', '0001_initial')")
        yield f"{server}&options=-csearch_path%3D{name}"
        link.execute(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def prepared(database: str, tmp_path: Path) -> Preparation:
    """A step that was done for a small release."""
    root, state = tmp_path / "root", tmp_path / "state"
    for file in (
        root / "requirements.lock", root / "hub" / "settings.py", root / "routes" / "migrations" / "0001_initial.py",
        root / "static" / "queue" / "queue.css", root / ".state" / "static" / "of_another.css",
        state / "static" / "queue" / "queue.css", state / "run" / "supervisor.json",
    ):  # fmt: skip
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("first\n")
    made = Preparation(state, database, root)
    made.remember()
    return made


def test_step_that_was_never_done_is_not_done(database: str, tmp_path: Path) -> None:
    assert not Preparation(tmp_path, database).done


def test_step_that_was_done_stays_done(prepared: Preparation) -> None:
    assert prepared.done
    (prepared.root / ".state" / "static" / "of_another.css").write_text("second\n")
    assert prepared.done


@pytest.mark.parametrize(
    "changed", ["requirements.lock", "hub/settings.py", "routes/migrations/0001_initial.py", "static/queue/queue.css"]
)
def test_release_that_changes_is_prepared_anew(prepared: Preparation, changed: str) -> None:
    (prepared.root / changed).write_text("other\n")
    assert not prepared.done


def test_migration_that_is_added_is_seen(prepared: Preparation) -> None:
    (prepared.root / "routes" / "migrations" / "0002_more.py").touch()
    assert not prepared.done


def test_database_that_was_put_back_is_seen(prepared: Preparation) -> None:
    with psycopg.connect(prepared.database_url) as link:
        link.execute("DELETE FROM django_migrations")
    assert not prepared.done


def test_static_files_that_went_away_are_seen(prepared: Preparation) -> None:
    (prepared.state / "static" / "queue" / "queue.css").unlink()
    assert not prepared.done


def test_silent_database_and_broken_note_mean_not_done(prepared: Preparation) -> None:
    assert not Preparation(prepared.state, OTHER, prepared.root).done
    prepared.note.write_text("{")
    assert not prepared.done


def test_all_of_ours_that_django_migrates_and_collects_is_compared() -> None:
    compared = {path for pattern in SOURCES for path in ROOT.glob(pattern)}
    ours = [Path(app.path) for app in apps.get_app_configs() if Path(app.path).parent == ROOT]
    folders = [path / kind for path in ours for kind in ("migrations", "static")] + settings.STATICFILES_DIRS
    files = {file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"}
    assert any("migrations" in file.parts for file in files)
    assert any("static" in file.parts for file in files)
    assert files <= compared
