"""Lets one person at a time put configuration in force through files, the API or drafts."""

from django.db import connection

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('configuration folder', 0))"


def lock() -> None:
    """Wait for whoever else does so, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
