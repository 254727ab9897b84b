"""Indexes that are made after a table is filled: all but the unique ones."""

from django.db import connection

TABLES = (
    "routes_record", "routes_transaction", "routes_sourcehead", "routes_effect", "routes_keyhead", "routes_transition",
)  # fmt: skip
# Of a partitioned table its own index says it all: those of the partitions go and come with it.
FOUND = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisunique ORDER BY 1
"""


def drop() -> list[str]:
    """Drop them; return the statements that make them again."""
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [list(TABLES)])
        found = cursor.fetchall()
        for name, _ in found:
            cursor.execute(f"DROP INDEX {name}")
    return [statement.replace(" ON ONLY ", " ON ", 1) for _, statement in found]


def make(statements: list[str]) -> None:
    """Make them again, with the memory that an operator would give."""
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("RESET maintenance_work_mem")
