"""Writing down why something stopped, and closing what has passed: many rows in a constant number of queries.

Both leave the row untaken: the exception queue takes in what was written down and what was closed by the same mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from django.db import connection

from canonical.failure import Category
from canonical.problem import Problem
from routes.bulk import array, copy_in
from routes.fingerprints import earlier, every, fingerprint, newest

LIMIT = 250
BREAKS = [Category.OUTAGE.value, Category.CREDENTIALS.value]  # categories that open a connection's breaker


@dataclass(slots=True)
class Trouble:
    """One failure about to be written down."""

    legal_entity: int
    route: int
    stage: str
    problem: Problem
    record: UUID | None = None
    transaction: UUID | None = None
    run: UUID | None = None
    connection_id: int | None = None
    amount: object = None
    currency: str = ""
    hours: object = None
    hint: str = ""


def _short(value: object) -> str:
    return "" if value is None else str(value)[:LIMIT].replace("\x00", "")


def write_down(troubles: Sequence[Trouble], *, at: datetime) -> None:
    """Store failures with one COPY."""
    if not troubles:
        return
    with connection.cursor() as cursor:
        copy_in(
            cursor,
            "COPY routes_failure (legal_entity_id, route_id, record_id, transaction_id, run_id, connection_id, stage,"
            ' category, fingerprint, field, rule, "table", table_key, value, accepted, message, hint, amount, currency,'
            " hours, opened_at, closed_how, taken, fingerprint_version, earlier_fingerprints) FROM STDIN",
            [_row(t, at) for t in troubles],
        )


# Of one cause, wherever the queue holds it.
OF_CAUSE = "(fingerprint = ANY(%s) OR own_fingerprint <> '' AND own_fingerprint = ANY(%s))"


def of_cause(trouble: Trouble) -> list[list[str]]:
    """Return what OF_CAUSE asks for."""
    causes = every(trouble)
    return [causes, causes]


def write_down_once(trouble: Trouble, *, at: datetime) -> bool:
    """Store the failure of a run or route unless the same cause is open there already; return whether it was new."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT FROM routes_failure WHERE {OF_CAUSE} AND closed_at IS NULL"  # noqa: S608 - a constant
            " AND record_id IS NULL AND transaction_id IS NULL)",
            of_cause(trouble),
        )
        if cursor.fetchone()[0]:
            return False
    write_down([trouble], at=at)
    return True


def _row(t: Trouble, at: datetime) -> tuple[object, ...]:
    p = t.problem
    before = f"{{{','.join(earlier(t))}}}"  # as the database writes a list
    table_key = msgspec.json.encode(list(p.key)).decode() if p.key else None
    amount = t.amount if isinstance(t.amount, Decimal) else None
    return (
        t.legal_entity, t.route, t.record, t.transaction, t.run, t.connection_id, t.stage, p.category.value,
        fingerprint(t), p.field[:120], p.rule[:120], p.table[:80], table_key, _short(p.value), _short(p.accepted),
        p.message.replace("\x00", ""), t.hint, amount, t.currency, t.hours, at, "", False, newest(),
        before if before != "{}" else None,
    )  # fmt: skip


def close(*, transactions: Sequence[UUID] = (), records: Sequence[UUID] = (), how: str) -> int:
    """Close the open failures of transactions and records; return how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_failure SET closed_at = (SELECT hub_now()), closed_how = %s, taken = false"
            " WHERE closed_at IS NULL AND (transaction_id = ANY(%s::uuid[])"
            " OR record_id = ANY(%s::uuid[]) AND transaction_id IS NULL)",
            [how, array(transactions), array(records)],
        )
        return int(cursor.rowcount)


def close_of_run(route: int, *, stage: str, how: str) -> int:
    """Close the open failures of a route's runs once a run has got past them; not of one that waits for a person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_failure SET closed_at = (SELECT hub_now()), closed_how = %s, taken = false"
            " WHERE closed_at IS NULL AND route_id = %s AND stage = %s AND run_id IS NOT NULL"
            " AND record_id IS NULL AND transaction_id IS NULL"
            " AND NOT EXISTS (SELECT FROM routes_run r WHERE r.id = run_id AND r.state = 'held')",
            [how, route, stage],
        )
        return int(cursor.rowcount)


def close_of_recovered(*, how: str) -> int:
    """Close what an open breaker was written down as, for connections whose breaker is closed again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_failure f SET closed_at = (SELECT hub_now()), closed_how = %s, taken = false"
            " FROM connectors_connection c WHERE c.id = f.connection_id AND c.breaker_state = 'closed'"
            " AND f.closed_at IS NULL AND f.category = ANY(%s::text[])"
            " AND f.record_id IS NULL AND f.transaction_id IS NULL AND f.run_id IS NULL",
            [how, BREAKS],
        )
        return int(cursor.rowcount)


def close_of_caught_up(*, how: str) -> int:
    """Close what put a route's pushed events off, once those that waited then have been worked on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE routes_failure f SET closed_at = (SELECT hub_now()), closed_how = %s, taken = false"
            " WHERE f.closed_at IS NULL AND f.stage = 'route' AND f.record_id IS NULL AND NOT EXISTS (SELECT"
            " FROM routes_inboundevent e WHERE e.route_id = f.route_id AND e.processed_at IS NULL"
            " AND e.received_at <= f.opened_at)",
            [how],
        )
        return int(cursor.rowcount)
