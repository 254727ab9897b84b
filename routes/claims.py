"""Taking heads of ordering keys: a lease per key, timed by the database.

A claim is an update of the head's `due_at` to the end of the lease. Whoever finds a head due whose transaction is still
being sent knows that the former owner died or was stopped, and that the outcome is unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from routes.bulk import array
from routes.states import State


@dataclass(slots=True)
class OpenEffect:
    """The effect of a head that has no outcome yet."""

    id: UUID
    number: int
    operation: str
    state: str
    write_key: str
    idempotency_key: str
    settles_at: datetime | None
    not_there: int


@dataclass(slots=True)
class Claim:
    """One head that this worker owns until the lease ends, with its transaction and the bytes to send."""

    head: int
    object: str
    key: str
    last_number: int
    generation: int
    live_effect: UUID | None
    live_hash: bytes | None
    live_external_id: str
    live_payload: UUID | None
    live_write_key: str
    live_transaction: UUID | None
    quiet_until: datetime | None
    transaction: UUID
    state: State
    record: UUID
    destination: int
    legal_entity: int
    snapshot: int
    version: str
    withdraws: bool
    attempts: int
    wanted: UUID | None  # payload of the request that the transaction wants to stand there
    payload: UUID | None  # of the bytes in `body`: those of the open effect, where there is one
    content: bytes | None  # hash of the request that the transaction wants
    amount: Decimal | None
    currency: str
    hours: Decimal | None
    body: str
    effect: OpenEffect | None = None

    @property
    def wants(self) -> bytes | None:
        """Return the hash of what should stand at the target; None only where the source has withdrawn the record."""
        if self.withdraws:
            return None
        assert self.content is not None, "the database lets nothing go without its request"
        return self.content


CLAIM = """
WITH due AS (
    SELECT id FROM routes_keyhead
    WHERE connection_id = %(connection)s AND lane = %(lane)s AND object = %(stream)s AND due_at <= (SELECT hub_now())
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), mine AS (
    UPDATE routes_keyhead h
    SET due_at = (SELECT hub_now()) + make_interval(secs => %(lease)s), lease_owner = %(owner)s
    FROM due WHERE h.id = due.id
    RETURNING h.*
)
"""
READ = """
SELECT h.id, h.object, h.key,
       coalesce((SELECT max(n.number) FROM routes_effect n
                 WHERE n.connection_id = h.connection_id AND n.object = h.object AND n.key = h.key), 0),
       h.generation, h.live_effect_id, h.live_hash, h.live_external_id, h.live_payload_id, h.live_write_key,
       h.live_transaction_id, h.quiet_until,
       t.id, t.state, t.record_id, t.destination_id, t.legal_entity_id, t.snapshot_id, t.version, t.withdraws,
       t.attempts, t.request_payload_id, coalesce(e.payload_id, t.request_payload_id), t.request_hash,
       t.amount, t.currency, t.hours, coalesce(p.body, ''),
       e.id, e.number, e.operation, e.state, e.write_key, e.idempotency_key, e.settles_at, e.not_there
FROM mine h
JOIN routes_transaction t ON t.id = h.transaction_id
LEFT JOIN routes_effect e ON e.connection_id = h.connection_id AND e.object = h.object AND e.key = h.key
    AND e.state IN ('intended', 'sent', 'unknown')
LEFT JOIN LATERAL routes_body(coalesce(e.payload_id, t.request_payload_id)) p ON true
ORDER BY h.id
"""
HELD = "WITH mine AS (SELECT * FROM routes_keyhead WHERE transaction_id = ANY(%(transactions)s))"
HEAD_COLUMNS = 28


def claim(*, connection_id: int, lane: str, stream: str, owner: UUID, limit: int, lease: float) -> list[Claim]:
    """Take up to `limit` due heads of a connection for `lease` seconds, in the caller's commit, with one query."""
    wanted = {
        "connection": connection_id, "lane": lane, "stream": stream, "owner": owner, "limit": limit, "lease": lease,
    }  # fmt: skip
    return _read(CLAIM, wanted)


def held(transactions: Sequence[UUID]) -> list[Claim]:
    """Return the heads that transactions hold as claims without a lease, for a person who settles what is in doubt.

    The caller has locked the heads.
    """
    return _read(HELD, {"transactions": list(transactions)})


def _read(heads: str, wanted: Mapping[str, Any]) -> list[Claim]:
    with connection.cursor() as cursor:
        cursor.execute(heads + READ, wanted)
        claims = []
        for row in cursor.fetchall():
            taken = Claim(*row[:HEAD_COLUMNS])
            taken.state = State(taken.state)
            taken.live_hash = None if taken.live_hash is None else bytes(taken.live_hash)
            taken.content = None if taken.content is None else bytes(taken.content)
            if row[HEAD_COLUMNS] is not None:
                taken.effect = OpenEffect(*row[HEAD_COLUMNS:])
            claims.append(taken)
        return claims


def put_back(heads: list[int], *, owner: UUID, seconds: float | list[float]) -> None:
    """Give heads back, due again after some seconds, as far as the lease is still the caller's."""
    if not heads:
        return
    waits = [seconds] * len(heads) if isinstance(seconds, int | float) else seconds
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_keyhead h
            SET due_at = (SELECT hub_now()) + make_interval(secs => w.seconds), lease_owner = NULL
            FROM unnest(%s::bigint[], %s::float8[]) AS w(id, seconds)
            WHERE h.id = w.id AND h.lease_owner = %s
            """,
            [array(heads), array(waits), owner],
        )
