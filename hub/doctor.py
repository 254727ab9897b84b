"""What is looked at when somebody asks whether the hub is well. Each check yields what is wrong, with its remedy.

An application adds its own: a module `doctor` in its folder with a tuple `CHECKS` of functions like the ones here. A
check takes nothing, is titled by the first line of its docstring and yields (thing, cause, remedy) in words; nothing
yielded means well. What a check cannot even ask because the database is away is not its concern.
"""

import importlib
import importlib.util
import logging
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from governance.keys import KeysUnusable, check
from governance.rotation import lost_secrets
from hub import in_service, trail, unanswered
from hub.supervisor import parts
from hub.supervisor.alone import Alone
from hub.supervisor.postgresql import DURABLE
from hub.supervisor.processes import marked, running_in
from hub.supervisor.serve import LEAST_FREE

Wrong = tuple[str, str, str]  # thing, cause, remedy
Check = Callable[[], Iterator[Wrong]]


logger = logging.getLogger(__name__)
UNSEEN = "This could not be looked at"


@dataclass(frozen=True)
class Finding:
    """What one check found: `title` in words, and everything that is wrong, empty when all is well."""

    title: str
    wrong: tuple[Wrong, ...]


def examine() -> list[Finding]:
    """Run every check and return what each found, in the order in which a person should mend them."""
    return [Finding(_title(check), tuple(_answer(check))) for check in (*CHECKS, *_of_applications())]


def _title(check: Check) -> str:
    return (check.__doc__ or check.__name__).strip().splitlines()[0].rstrip(".")


def _answer(check: Check) -> Iterator[Wrong]:
    try:
        yield from check()
    except DatabaseError as error:
        told = str(error).strip().splitlines()[0]
        yield (UNSEEN, f"the database did not answer: {told}", "Mend the database first.")
    except OSError as error:
        told = f"the system says of {error.filename or 'a file'}: {error.strerror or error}."
        yield (UNSEEN, told, "Let the hub's account read it: chown gives it what root has made.")
    except Exception as error:  # one that fell over hides none of the others
        logger.exception("unforeseen in a check of the doctor")
        yield (UNSEEN, f"the check itself failed: {error!r}.", "Report it with what is logged. The others were made.")


def _of_applications() -> Iterator[Check]:
    for application in apps.get_app_configs():
        name = f"{application.name}.doctor"
        if application.name != "hub" and importlib.util.find_spec(name):
            yield from importlib.import_module(name).CHECKS


def folder() -> Iterator[Wrong]:
    """The hub's folder is there."""
    if not Path(settings.STATE).is_dir():
        yield (
            f"There is no folder {settings.STATE}",
            f"{unanswered.whence()}, and no hub was started with it.",
            "Give the folder that the hub was started with, as in STATE=/srv/hub manage.py doctor.",
        )


def disk() -> Iterator[Wrong]:
    """The disk has room."""
    if not Path(settings.STATE).is_dir():
        return  # told by itself
    free = shutil.disk_usage(settings.STATE).free
    if free < LEAST_FREE:
        yield (
            f"The disk that holds {settings.STATE} has {free / 1e6:,.0f} MB left",
            f"fewer than {LEAST_FREE / 1e6:,.0f} MB are too few for PostgreSQL's log.",
            "Free some space, or stop the hub, move the folder and start with STATE=/its/new/place.",
        )


def secret_files() -> Iterator[Wrong]:
    """Secrets in STATE are for their owner only."""
    for name in ("secret_key", "keys", "run/addresses.json"):
        path = Path(settings.STATE) / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield (f"Others may read {path}", "its rights are too wide.", f"chmod 600 {path}")


def database() -> Iterator[Wrong]:
    """The database answers."""
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield (
            f"The database at {connection.settings_dict['HOST'] or 'this machine'} does not answer",
            str(error).strip().splitlines()[0],
            "Start the hub (make run), or check DATABASE_URL when the database is your own.",
        )


def durability() -> Iterator[Wrong]:
    """What is committed survives a power cut."""
    with connection.cursor() as cursor:
        for name in DURABLE:
            cursor.execute(f"SHOW {name}")
            (value,) = cursor.fetchone() or ("",)
            if value in ("off", "local") or (name != "synchronous_commit" and value != "on"):
                yield (
                    f"PostgreSQL runs with {name} = {value}",
                    "a crash may lose what the hub has acknowledged, or post it twice.",
                    f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();",
                )
        cursor.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE relpersistence = 'u' AND relkind = 'r' AND nspname = current_schema() ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            yield (f"The table {table} is unlogged", "it is empty after a crash.", f"ALTER TABLE {table} SET LOGGED;")


def migrations() -> Iterator[Wrong]:
    """The schema is that of this release."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        names = ", ".join(f"{migration.app_label} {migration.name}" for migration, _ in waiting[:3])
        yield (
            f"{len(waiting)} migrations are not applied",
            f"the schema is older than this release: {names}{' …' if len(waiting) > 3 else ''}",
            "Start the hub (make run), which applies them, or: .venv/bin/python manage.py migrate",
        )


def broker() -> Iterator[Wrong]:
    """The broker answers."""
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except redis.RedisError as error:
        yield (
            "Redis does not answer",
            str(error).splitlines()[0],
            "Start the hub (make run), or check REDIS_URL when the broker is your own. Nothing is lost meanwhile.",
        )


def keys() -> Iterator[Wrong]:
    """Every stored credential can be read."""
    try:
        check(Path(settings.STATE))  # and makes none, as asking for the newest one would
    except KeysUnusable as error:
        yield (
            "The encryption keys cannot be used",
            str(error),
            "Do what it says. What waits for them goes on within the hour, or at once from its exception: Try it now.",
        )
        return
    for lost in lost_secrets():
        yield (f"{lost.field} of {lost.thing} cannot be read", lost.message, "Restore the key, or enter it again.")


def orphans() -> Iterator[Wrong]:
    """No process of an earlier start is left over."""
    state = Path(settings.STATE)
    if Alone(state / "run").held:
        return  # the hub runs, and its supervisor owns them
    left = marked(f"{parts.MARK}={state}") + running_in(state / "postgresql", "postgres")
    if left:
        remedy = f"The next start stops them; or type: kill {' '.join(str(each.pid) for each in left)}"
        yield (f"{len(left)} processes run without a supervisor", "it was killed.", remedy)


def audit_trail() -> Iterator[Wrong]:
    """The audit trail is the one that was noted."""
    last = trail.notes()[-1:]
    for message in [*trail.differs_from_notes(), *(told for each in last for told in each["wrong"])]:
        remedy = f"Compare the database with a backup of before; the notes are in {trail.place()}."
        yield ("The audit trail is not as it was written", message, remedy)


CHECKS: tuple[Check, ...] = (
    folder, disk, secret_files, in_service.settings_that_fit, database, durability, in_service.room_for_connections,
    in_service.one_time, migrations, broker, in_service.lanes, in_service.signs_of_life,
    in_service.pages_answer, keys, orphans, audit_trail, in_service.noted_lately,
)  # fmt: skip
