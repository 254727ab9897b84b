"""Pausing a connection whose system takes nothing, and going on when it does again. One failure tells a person."""

from collections.abc import Iterable

from django.db import connection as database
from django.db import transaction

from canonical.failure import OF_THE_RECORD, Category
from canonical.problem import Problem
from connectors import breaker, gate
from connectors.models import Connection
from connectors.outcome import ConnectorFailure, Result, WriteOutcome
from routes import failures, waking

WAITS_FOR_SYSTEM = (Category.OUTAGE, Category.CREDENTIALS)
# What another moment may mend; anything else that keeps a write from leaving a person has to see to. None: nobody said.
MAY_PASS = (*WAITS_FOR_SYSTEM, Category.THROTTLED, Category.TRANSIENT, None)


@transaction.atomic
def failed(connection: Connection, failure: ConnectorFailure) -> None:
    """Leave a system alone that is away, refuses the sign-in or asked for patience, after reading has met that."""
    if failure.category in WAITS_FOR_SYSTEM:
        trip(connection, failure.category, failure.message, hint=failure.hint)
    elif failure.category is Category.THROTTLED:
        gate.slow_down(connection.pk, failure.retry_after or 1.0)


def trip(connection: Connection, category: Category, words: str, *, hint: str = "") -> None:
    """Open the connection's breaker; its first opening is one failure for a person, whatever the number of records.

    So is the first one for another reason: a system that is back may refuse the sign-in, which only a person mends.
    """
    tripped = breaker.trip(connection.pk, category, words)
    if not tripped.opened or (tripped.trips > 1 and tripped.before == category):
        return
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT hub_now(), (SELECT min(route_id) FROM routes_destination WHERE connection_id = %s),"
            " (SELECT min(id) FROM routes_route WHERE connection_id = %s)",
            [connection.pk, connection.pk],
        )
        now, target_of, source_of = cursor.fetchone()
    problem = Problem("error", category, "", None, f"{connection.name}: {words}", None, "a system that answers")
    trouble = failures.Trouble(
        connection.legal_entity_id, target_of or source_of, "deliver", problem, connection_id=connection.pk, hint=hint,
    )  # fmt: skip
    failures.write_down_once(trouble, at=now)


def works(answers: Iterable[WriteOutcome]) -> bool:
    """Return whether answers to writes show that their system works: it took one, or spoke of its record.

    A gateway before it may well refuse a request, or tell of a right that lacks: these two show nothing. Were only what
    it takes a proof, each record that it refuses would cost all others the pause of one more probe.
    """
    return any(
        each.result is Result.CONFIRMED or (each.result is Result.REFUSED and each.category in OF_THE_RECORD)
        for each in answers
    )


@transaction.atomic
def recovered(connection: Connection) -> None:
    """Close the breaker of a system that works, and the failure that told a person of it."""
    if breaker.close(connection.pk):
        with database.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_failure SET closed_at = (SELECT hub_now()), closed_how = 'auto:retry_succeeded',"
                " taken = false"
                " WHERE closed_at IS NULL AND connection_id = %s AND category = ANY(%s) AND transaction_id IS NULL",
                [connection.pk, [str(category) for category in WAITS_FOR_SYSTEM]],
            )
        waking.runs_of(connection.pk)
