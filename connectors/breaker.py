"""The circuit breaker of a connection: a row, so that all workers of all machines see the same.

Open means that nothing is sent; what would be is held and resumes in order. When the pause is over one worker may send
one request (probing); its outcome closes the breaker or opens it for longer. New credentials end the pause at once.
"""

from dataclasses import dataclass

from django.db import connection

from canonical.failure import Category
from connectors.models import BreakerState, Connection

FIRST_PAUSE, LONGEST_PAUSE = 30, 900  # seconds
CREDENTIALS_PAUSE = 300  # refused credentials are tried rarely: repeats lock accounts
PROBE_SECONDS = 120  # a probe whose worker died gives the next one its turn after this


@dataclass(frozen=True, slots=True)
class Tripped:
    """What trip() found: whether this call opened the breaker, how often in a row it was opened, and why before."""

    opened: bool
    trips: int
    before: str = ""  # the category of the time before; "" where it was closed


def trip(connection_id: int, category: Category, message: str) -> Tripped:
    """Open the breaker, or lengthen the pause of one whose probe failed; an open one stays as it is. One statement."""
    first = CREDENTIALS_PAUSE if category in (Category.CREDENTIALS, Category.CONFIGURATION) else FIRST_PAUSE
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE connectors_connection SET
                breaker_state = 'open', breaker_category = %s, breaker_message = %s,
                breaker_trips = breaker_trips + 1, breaker_opened_at = coalesce(breaker_opened_at, hub_now()),
                breaker_probe_at = hub_now() + make_interval(secs => least(%s * 2 ^ least(breaker_trips, 20), %s))
            WHERE id = %s AND breaker_state <> 'open' RETURNING new.breaker_trips, old.breaker_category
            """,
            [str(category), message[:2000], first, LONGEST_PAUSE, connection_id],
        )
        row = cursor.fetchone()
    return Tripped(True, *row) if row else Tripped(False, 0)


def close(connection_id: int) -> bool:
    """Close the breaker after a success; return whether it was not closed before. Cheap when it was."""
    changed = (
        Connection.objects.filter(pk=connection_id)
        .exclude(breaker_state=BreakerState.CLOSED)
        .update(
            breaker_state=BreakerState.CLOSED,
            breaker_category="",
            breaker_message="",
            breaker_trips=0,
            breaker_opened_at=None,
            breaker_probe_at=None,
        )
    )
    return changed == 1


def probe_due(connection_id: int) -> bool:
    """Take the turn to send one request while the breaker is open, if the pause is over. The row count is the lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE connectors_connection
            SET breaker_state = 'probing', breaker_probe_at = hub_now() + make_interval(secs => %s)
            WHERE id = %s AND breaker_state <> 'closed'
                AND (breaker_probe_at <= hub_now() OR breaker_probe_at > hub_now() + make_interval(secs => %s))
            """,
            [PROBE_SECONDS, connection_id, 2 * LONGEST_PAUSE],
        )
        return bool(cursor.rowcount == 1)


def undecided(connection_id: int) -> None:
    """Let the next one probe after a short pause: the last probe ended and proved neither that it works nor not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_connection SET breaker_state = 'open',"
            " breaker_probe_at = hub_now() + make_interval(secs => %s) WHERE id = %s AND breaker_state = 'probing'",
            [FIRST_PAUSE, connection_id],
        )


def probe_now(connection_id: int) -> bool:
    """End the pause: somebody has changed what was wrong (credentials, address) or wants to know. Was there one?"""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_connection SET breaker_probe_at = hub_now(), breaker_state = 'open'"
            " WHERE id = %s AND breaker_state <> 'closed'",
            [connection_id],
        )
        return bool(cursor.rowcount)
