"""Empties the database after a test that really committed, in a tenth of the time that Django takes.

Django's TRUNCATE makes some hundred files anew and waits for the disk, for a handful of rows; and it knows only its own
models, not the partitioned tables. Here rows are deleted, behind the same locks, so that no other process is half-way.
What many deleted rows leave behind is removed as well, or each later emptying would read through all of it. And the
database session goes on with the next test: a new one costs the server a process that knows no table yet.
"""

from collections.abc import Iterable
from typing import Any

from django.core.management.commands import flush
from django.db import connection, connections
from django.test import TransactionTestCase

# Django would make these anew after each emptying; they are the same for every test, and stay.
KEPT = {"django_content_type", "auth_permission"}
EMPTY = """
SET LOCAL session_replication_role = replica;
LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;
{deletions};
UPDATE mappings_tablesmark SET mark = gen_random_uuid();
SET LOCAL session_replication_role = DEFAULT;
"""  # the triggers rest, which forbid to delete what people must be able to trust; one of them would renew the mark
GROWN = """
SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
AND pg_relation_size(oid) > 1000000
"""  # bytes, of rows that are no more


def quicken() -> None:
    """Let Django's `flush` empty tables this way, the partitioned ones too.

    Nor does it look for what is missing in the tables that are kept: that took five times as long as the emptying.
    """
    operations: Any = type(connection.ops)
    operations.sql_flush, empty = _sql_flush, operations.execute_sql_flush

    def execute(self: Any, statements: Iterable[str]) -> None:
        empty(self, statements)
        _remove_what_is_left(self.connection)

    operations.execute_sql_flush = execute
    flush.emit_post_migrate_signal = _nothing
    TransactionTestCase._should_reload_connections = _has_cleaned_up  # type: ignore[attr-defined]


def _sql_flush(self: Any, style: Any, tables: Iterable[str], **options: Any) -> list[str]:
    from routes import partitions

    names = [self.quote_name(name) for name in sorted({*tables, *partitions.TABLES} - KEPT)]
    deletions = ";\n".join(f"DELETE FROM {name}" for name in names)
    return [EMPTY.format(tables=", ".join(names), deletions=deletions)]


def _remove_what_is_left(of: Any) -> None:
    """Give back the room of deleted rows where there were many, those of tests that were rolled back included."""
    with of.cursor() as cursor:
        cursor.execute(GROWN)
        if names := [name for (name,) in cursor.fetchall()]:
            cursor.execute(f"VACUUM {', '.join(names)}")


def _has_cleaned_up(self: Any) -> bool:
    """Leave each session as a new one is, and keep it; return whether they have to be closed for that, which is no."""
    for each in connections.all(initialized_only=True):
        if each.connection is None or not each.is_usable():
            each.close()
        else:
            each.connection.execute("DISCARD ALL")
    return False


def _nothing(*_: Any, **__: Any) -> None:
    pass
