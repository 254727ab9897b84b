"""Restores a backup: all of it or nothing, and only where it cannot overwrite what somebody still wants."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from governance import keys
from hub import trail
from hub.backups import archive
from hub.backups.archive import Found, Tell
from hub.backups.database import Database, reachable
from hub.backups.refused import Refused

# What only people and their systems bring: a schema that was just made has none of it.
OF_PEOPLE = (
    ("people", "governance_user"), ("connections", "connectors_connection"), ("routes", "routes_route"),
    ("records", "routes_record"), ("audit entries", "governance_auditentry"),
)  # fmt: skip
AS_IT_WAS = "The database is as it was. Mend that, then restore."
EMPTIED = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"


def restore(
    path: Path, *, replace: bool, tell: Tell, say: Callable[[str], None], without_secrets: bool = False
) -> None:
    """Put the database back as the backup at `path` has it; raises Refused, and then nothing was changed.

    With `without_secrets` also where keys are missing that its secrets are encrypted with.
    """
    with closing(Found(path, tell)) as found:
        _refuse_another_schema(found)
        if not without_secrets:
            _refuse_lost_keys(found)
        with reachable(alone=True) as database:
            with database.connect() as link:
                held = _held(link)
                tables = _tables(link)
            if held and not replace:
                raise Refused(
                    "The database is not empty",
                    f"it holds {', '.join(f'{count:,} {what}' for what, count in held.items())}.",
                    "Back it up; then give --replace, which takes the backup's content in place of all that it holds.",
                )
            with _notes_and_keys(found, say):
                database.load(_told(found, tell), first=EMPTIED if tables else "")
            _analyse(database)
            say(f"The database is {database.place}; all else is in {settings.STATE}.")


def _told(found: Found, tell: Tell) -> Any:
    for piece in found.pieces(archive.DUMP):
        tell(len(piece))
        yield piece


def _refuse_another_schema(found: Found) -> None:
    about = found.about
    loader = MigrationLoader(None, ignore_no_migrations=True)
    ours = {f"{app} {name}" for app, name in loader.disk_migrations}
    theirs = set(about["migrations"])
    if missing := sorted(ours - theirs):
        raise Refused(
            f"The backup {found.path} is of an older release",
            f"it was made on {about['made_at']} and lacks {len(missing)} migrations of this one: {missing[0]} …",
            "Restore it with the release that made it, then upgrade that.",
        )
    if unknown := sorted(theirs - ours):
        raise Refused(
            f"The backup {found.path} is of a newer release",
            f"it was made on {about['made_at']} and has {len(unknown)} migrations that this one does not know: "
            f"{unknown[0]} …",
            "Install the release that made it, then restore.",
        )


def _refuse_lost_keys(found: Found) -> None:
    """Refuse what could not be read afterwards, while the secrets that are here still can."""
    here: list[bytes] = []
    try:
        if keys.from_environment() or keys.file().exists():  # asking for the keys would make one
            here += keys.ring()
    except keys.KeysUnusable as error:
        raise Refused("The encryption keys cannot be used", str(error), "Mend that, then restore.") from error
    brought = found.text(archive.KEYS).split() if found.has(archive.KEYS) else []
    if not keys.from_environment():  # there they have to be put by hand
        here += [line.encode() for line in brought]
    names = [keys.fingerprint(key) for key in here]
    if lacking := [name for name in found.about.get("keys", ()) if name not in names]:
        place = keys.place()
        raise Refused(
            f"The secrets in the backup {found.path} could not be read",
            f"they are encrypted with {_named(lacking)}, and {place} has {_named(names) if names else 'no key'}.",
            f"Put {'that key' if len(lacking) == 1 else 'those keys'} into {place}, behind the others; a backup made "
            "with --with-keys has them in its part `keys`. If they are gone for good, give --without-secrets, and "
            "enter every credential again.",
        )


def _named(names: list[str]) -> str:
    return f"the key{'' if len(names) == 1 else 's'} {', '.join(names)}"


def _tables(link: "psycopg.Connection[Any]") -> int:
    row = link.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone()
    return int(row[0]) if row else 0


def _held(link: "psycopg.Connection[Any]") -> dict[str, int]:
    """Return how much the database holds of what people bring; a table of somebody else's counts as well."""
    found: dict[str, int] = {}
    for what, table in OF_PEOPLE:
        if link.execute("SELECT to_regclass(%s)", [f"public.{table}"]).fetchone() != (None,):
            row = link.execute(f"SELECT count(*) FROM (SELECT FROM public.{table} LIMIT 1000000) x").fetchone()  # noqa: S608
            if row and row[0]:
                found[what] = row[0]
    ours = "SELECT to_regclass('public.django_migrations') IS NOT NULL"
    if _tables(link) and link.execute(ours).fetchone() != (True,):
        found["objects that are not the hub's"] = _tables(link)
    return found


def _analyse(database: Database) -> None:
    with database.connect() as link:
        link.autocommit = True
        link.execute("ANALYZE")


@contextmanager
def _notes_and_keys(found: Found, say: Callable[[str], None]) -> Iterator[None]:
    """Have the keys in their file and the notes beside theirs before the block; take both away again if it fails.

    So nothing that can go wrong with them comes after the database is another one. Raises Refused.
    """
    staged = _stage_notes(found)
    try:
        with _keys_brought(found, say):
            yield
    except BaseException as error:
        staged.unlink(missing_ok=True)
        if isinstance(error, keys.KeysUnusable):
            raise Refused("The backup's encryption keys cannot be put in place", str(error), AS_IT_WAS) from error
        raise
    try:
        _put_notes_in_place(found, staged, say)
    except OSError as error:  # the rest is restored, and goes on being so
        say(f"The notes of the audit trail are in {staged}: move them to {trail.place()}. It said: {error}.")


def _stage_notes(found: Found) -> Path:
    """Write the backup's notes beside their place, as the bytes that they are; return where."""
    here = trail.place()
    staged = here.with_name(f"{here.name}.restored-{os.getpid()}")
    try:
        here.parent.mkdir(parents=True, exist_ok=True)
        with staged.open("wb") as file:
            file.write(found.content(archive.HEADS) if found.has(archive.HEADS) else b"")
            file.flush()
            os.fsync(file.fileno())
        if here.exists():
            here.read_bytes()
    except OSError as error:
        told = f"the system says: {error.strerror or error}."
        raise Refused(f"The notes of the audit trail cannot be put into {here.parent}", told, AS_IT_WAS) from error
    return staged


def _put_notes_in_place(found: Found, staged: Path, say: Callable[[str], None]) -> None:
    """Let the backup's notes take the place of those that stand here, which are of another trail and are kept."""
    here = trail.place()
    if here.exists() and here.read_bytes() != staged.read_bytes():
        aside = here.with_name(f"audit-heads.{datetime.now(tz=UTC):%Y%m%dT%H%M%S}.log")
        here.rename(aside)
        say(f"The notes of the audit trail that stood here are of another trail; they are kept in {aside}.")
    if found.has(archive.HEADS):
        staged.replace(here)
    else:
        staged.unlink()


@contextmanager
def _keys_brought(found: Found, say: Callable[[str], None]) -> Iterator[None]:
    """Have the backup's keys in their file; say what is to be done by hand once the block is through."""
    wanted = [line.encode() for line in found.text(archive.KEYS).split()] if found.has(archive.KEYS) else []
    if keys.from_environment():
        lacking = [keys.fingerprint(key) for key in wanted if key not in keys.ring()]
        yield
        if lacking:
            say(f"Your environment lacks the keys {', '.join(lacking)} of the backup; add them to {keys.place()}.")
    elif not wanted:
        yield
        if not keys.file().exists():
            say("The backup holds no encryption keys: put yours back, or every credential has to be entered again.")
    else:
        with keys.with_older(wanted) as added:
            yield
        say(f"{added} encryption {'key was' if added == 1 else 'keys were'} put into {keys.file()}.")
