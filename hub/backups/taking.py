"""Makes a backup: everything in the database as of one moment, while the hub goes on working."""

import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psycopg

from governance import keys
from governance.rotation import keys_in_use
from hub import trail
from hub.backups import archive
from hub.backups.archive import Tell, Written
from hub.backups.database import reachable
from hub.backups.refused import Refused


def take(path: Path, *, with_keys: bool, tell: Tell) -> int:
    """Write a backup to `path` and return its size in bytes; raises Refused."""
    written = Written(path)
    try:
        with reachable(alone=False) as database, database.connect() as link:
            heads = trail.place().read_bytes() if trail.place().exists() else None  # what is noted later, it has not
            link.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            (snapshot, server), *_ = link.execute(
                "SELECT pg_export_snapshot(), current_setting('server_version')"
            ).fetchall()
            rows = link.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
            about = {
                "format": archive.FORMAT, "made_at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
                "release": release(), "postgresql": server, "migrations": [f"{app} {name}" for app, name in rows],
                "with_keys": with_keys, "keys": keys_in_use(link.execute),
            }  # fmt: skip
            written.add(archive.ABOUT, [json.dumps(about, indent=1).encode()], tell)
            written.add(archive.DUMP, database.dump(snapshot), tell)
            if heads is not None:
                written.add(archive.HEADS, [heads], tell)
            if with_keys:
                written.add(archive.KEYS, [b"".join(key + b"\n" for key in keys.ring())], tell)
        written.finish()
    except psycopg.Error as error:
        written.drop()
        told = " ".join(str(error).split())[:300]
        raise Refused("The backup was not made", f"the database said: {told}", "Ask: manage.py doctor") from error
    except keys.KeysUnusable as error:
        written.drop()
        raise Refused("The backup was not made", str(error), "Mend that, or leave --with-keys out.") from error
    except BaseException:
        written.drop()
        raise
    return path.stat().st_size


def release() -> str:
    """Return the hub's own version."""
    try:
        return version("throughline")
    except PackageNotFoundError:  # run from its folder, not installed
        return "unnamed"
