"""Lets the database end a transaction in which a process of the hub has done nothing for a lease.

A process that is stopped in the middle of one holds rows and locks that others are waiting for.
"""

from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created


def end_after_a_lease() -> None:
    """Ask it of every connection to the database that this process opens from now on."""
    connection_created.connect(_bound, dispatch_uid="hub.standing_still")


def _bound(connection: Any, **_: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = %s", [int(settings.LEASE_SECONDS * 1000)])
