"""A person pauses a connection, or lets it go on: nothing is sent to its system or read from it meanwhile."""

from django.db import connection as database
from django.db import transaction

from connectors import breaker
from connectors.models import Connection
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import nudges, waking

LONGEST = 300  # characters of a reason, as the column


@transaction.atomic
def pause(connection: Connection, *, reason: str, by: By) -> None:
    """Pause a connection. What is on the wire is still answered; everything else waits, in order, until it goes on.

    Raises NotAllowed, and ValueError with the remedy when it is paused already or no reason is given.
    """
    require(by, Right.OPERATE, connection.legal_entity)
    reason = reason.strip()
    if not reason:
        raise ValueError("Pausing needs a reason. Say why, for those who wonder what their work waits for.")
    if len(reason) > LONGEST:
        raise ValueError(f"A reason has at most {LONGEST} characters. Say it in fewer.")
    if not Connection.objects.filter(pk=connection.pk, paused=False).update(paused=True, paused_reason=reason):
        raise ValueError(f"{connection.name} is paused already. Load the page again to see by which reason.")
    _note(connection, "pause", True, reason, by)


@transaction.atomic
def resume(connection: Connection, *, reason: str, by: By) -> None:
    """Let a connection go on that a person has paused; one that failed before is tried with one request first.

    Raises NotAllowed, and ValueError when it is not paused.
    """
    require(by, Right.OPERATE, connection.legal_entity)
    if not Connection.objects.filter(pk=connection.pk, paused=True).update(paused=False, paused_reason=""):
        raise ValueError(f"{connection.name} is not paused. Load the page again.")
    _note(connection, "resume", False, reason.strip(), by)
    wake(connection)


@transaction.atomic
def try_again(connection: Connection, *, by: By) -> None:
    """End the pause that the hub itself has made after failures: the next request tries at once.

    Raises NotAllowed, and ValueError when it is not paused by the hub.
    """
    require(by, Right.OPERATE, connection.legal_entity)
    if not breaker.probe_now(connection.pk):
        raise ValueError(f"The hub is not leaving {connection.name} alone. Load the page again.")
    audit.record(by=by, verb="try_again", thing=connection, legal_entity=connection.legal_entity)
    wake(connection)


def wake(connection: Connection) -> None:
    """Tell the workers that what waits for a connection may go on."""
    waking.runs_of(connection.pk)
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT lane, stream FROM routes_destination WHERE connection_id = %s ORDER BY 1, 2",
            [connection.pk],
        )
        for lane, stream in cursor.fetchall():
            nudges.delivery(connection.pk, lane, stream)


def _note(connection: Connection, verb: str, paused: bool, reason: str, by: By) -> None:
    audit.record(
        by=by, verb=verb, thing=connection, before={"paused": not paused}, after={"paused": paused}, reason=reason,
        legal_entity=connection.legal_entity,
    )  # fmt: skip
