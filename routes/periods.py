"""Posting periods: what a target's ledger says is closed, and where a late posting goes instead.

The periods are read from the connector's stream of `posting_period` and kept as rows; the target itself has the last
word. A day in a closed period is never moved by the engine: it offers the next open period, one person proposes it as a
correction of the posting date, another approves.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from canonical.failure import Category
from connectors.models import Connection
from connectors.outcome import ConnectorFailure
from connectors.registry import registry
from governance import versions
from governance.models import User, Version
from mappings import compile_mapping
from mappings.batch import run_batch
from routes import decisions, legal_entities, overlays, pages
from routes.bulk import array, arrays

ENTITY = "posting_period"


def connections_to_read() -> list[int]:
    """Return the connections whose periods matter: a destination there names a posting date, and they can be read."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT d.connection_id, c.connector FROM routes_destination d"
            " JOIN connectors_connection c ON c.id = d.connection_id WHERE d.enabled AND d.posting_date <> ''"
        )
        return [id_ for id_, connector in cursor.fetchall() if _stream_of(connector)]


def _stream_of(connector: str) -> str:
    """Return the stream in which a connector reads periods, "" when it has none."""
    streams = registry.connector(connector).manifest.streams
    return next((name for name, stream in streams.items() if stream.entity == ENTITY and stream.read), "")


def refresh(connection: Connection) -> int:
    """Read all periods of a connection's ledger and keep them in place of those known; return how many.

    Raises ConnectorFailure when the system cannot be read, or says something that the mapping cannot read, and
    pages.NotNow while the connection takes no request.
    """
    stream = _stream_of(connection.connector)
    if not stream:
        return 0
    rows = _read(connection, stream)
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("DELETE FROM routes_postingperiod WHERE connection_id = %s", [connection.pk])
        cursor.execute(
            """
            INSERT INTO routes_postingperiod (connection_id, legal_entity_id, starts_on, ends_on, closed, read_at)
            SELECT %s, w.*, (SELECT hub_now())
            FROM unnest(%s::bigint[], %s::date[], %s::date[], %s::bool[]) AS w(legal_entity, starts_on, ends_on, closed)
            ON CONFLICT DO NOTHING
            """,
            [connection.pk, *arrays(rows, 4)],
        )
    return len(rows)


def _read(connection: Connection, stream: str) -> list[tuple[int, dt.date, dt.date, bool]]:
    """Return each legal entity's periods. Where the ledger names no company, its calendar is that of all of them."""
    compiled = compile_mapping(_mapping(f"{connection.connector}.{stream}"))
    entities = legal_entities.by_code()
    records = [record for page in pages.read(connection, stream) for record in page.records]
    rows = []
    for mapped in run_batch(
        compiled, [record | {"hub": {"legal_entity": code}} for record in records for code in entities],
        connection_id=connection.pk, legal_entity_id=connection.legal_entity_id,
    ):  # fmt: skip
        if mapped.failed:
            raise ConnectorFailure(Category.SHAPE, f"{connection.name}, {stream}: {mapped.problems[0].message}")
        period = mapped.values
        # A company that the hub does not serve has no postings of ours; closing entries are made by people.
        if period["legal_entity"] in entities and not period.get("is_adjustment"):
            rows.append((entities[period["legal_entity"]], period["starts_on"], period["ends_on"], period["is_closed"]))
    return list(dict.fromkeys(rows))


def _mapping(name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = versions.published("mapping", name).content
    except Version.DoesNotExist:
        words = f"The mapping “{name}” has no published version. Publish one, so that closed periods are known."
        raise ConnectorFailure(Category.CONFIGURATION, words) from None
    return content


@dataclass(frozen=True, slots=True)
class Offer:
    """Where a posting into a closed period could go instead."""

    record: UUID
    field: str  # the canonical field that decides the period
    was: dt.date
    day: dt.date  # in the next open period, as late as it can be without lying in the future
    starts_on: dt.date
    ends_on: dt.date

    def __str__(self) -> str:
        return (
            f"The next open period is {self.starts_on} to {self.ends_on}: it can be posted there on {self.day}, "
            "once a second person approves."
        )


# Ledgers that number documents in the order of their dates refuse the first day of a period in use: so the last day
# that is over, or today.
OFFERS = """
SELECT t.id, t.record_id, d.posting_date, w.was, greatest(n.starts_on, least(n.ends_on, (SELECT hub_now())::date)),
       n.starts_on, n.ends_on
FROM routes_transaction t
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_record r ON r.id = t.record_id
CROSS JOIN LATERAL routes_body(coalesce(t.canonical_payload_id, r.canonical_payload_id)) p
CROSS JOIN LATERAL (SELECT (replace(p.body, '\\u0000', '\\ufffd')::jsonb ->> d.posting_date)::date AS was) w
CROSS JOIN LATERAL (
    SELECT starts_on, ends_on FROM routes_postingperiod
    WHERE connection_id = d.connection_id AND legal_entity_id = t.legal_entity_id AND NOT closed AND starts_on > w.was
    ORDER BY starts_on LIMIT 1) n
WHERE t.id = ANY(%s::uuid[]) AND d.posting_date <> ''
"""


def offers(transactions: Sequence[UUID]) -> dict[UUID, Offer]:
    """Return the next open period for transactions, as far as the ledger's periods are known. One query."""
    with database.cursor() as cursor:
        cursor.execute(OFFERS, [array(transactions)])
        return {row[0]: Offer(*row[1:]) for row in cursor.fetchall()}


# Approved counts only for a date that is open: to approve the old date changes nothing.
LOCKED = """
SELECT t.id FROM unnest(%s::uuid[], %s::uuid[]) AS w(id, live)
JOIN routes_transaction t ON t.id = w.id
JOIN routes_transaction l ON l.id = w.live
JOIN routes_destination d ON d.id = l.destination_id
JOIN routes_record r ON r.id = t.record_id
JOIN routes_record lr ON lr.id = l.record_id
LEFT JOIN LATERAL routes_body(coalesce(t.canonical_payload_id, r.canonical_payload_id)) p ON true
CROSS JOIN LATERAL routes_body(coalesce(l.canonical_payload_id, lr.canonical_payload_id)) lp
WHERE {closed_then} AND NOT (
    EXISTS (SELECT FROM routes_transition s WHERE s.subject_id = t.id AND s.from_state = 'held'
            AND s.to_state = 'ready' AND s.actor_kind = 'person')
    AND (t.withdraws OR NOT {closed_now}))
"""
CLOSED = """EXISTS (
    SELECT FROM routes_postingperiod q
    WHERE q.connection_id = d.connection_id AND q.legal_entity_id = l.legal_entity_id AND q.closed
      AND (replace({body}.body, '\\u0000', '\\ufffd')::jsonb ->> d.posting_date)::date
          BETWEEN q.starts_on AND q.ends_on)"""


def locked(corrections: Sequence[tuple[UUID, UUID]]) -> set[UUID]:
    """Return, of pairs (correction, what it corrects), the corrections of what lies in a period closed by now.

    Left out are those that a person has approved for an open period. One query.
    """
    if not corrections:
        return set()
    with database.cursor() as cursor:
        cursor.execute(
            LOCKED.format(closed_then=CLOSED.format(body="lp"), closed_now=CLOSED.format(body="p")),
            arrays(corrections, 2),
        )
        return {row[0] for row in cursor.fetchall()}


def move_to_next(ids: Sequence[UUID], *, by: User, reason: str) -> dict[UUID, Offer]:
    """Propose the next open period for transactions held for a closed one; a second person then approves each.

    Returns what was proposed; left out are those for which no open period is known. Raises NotAllowed.
    """
    with transaction.atomic():
        found = offers(ids)
        for offer in found.values():
            overlays.correct(
                record=offer.record,
                field=offer.field,
                value=offer.day.isoformat(),
                reason=reason,
                by=by,
                moves_day=True,
            )
        decisions.resubmit(list(found), by=by, reason=reason)
    return found
