"""The write ledger: the only writer of effects.

    intended → sent → confirmed | refused | unknown        unknown → confirmed | refused | sent (same key, same bytes)

Every change is conditional on the state it starts from; what comes back is what really changed. An answer that proves a
write is taken from whoever brings it, however late; an answer that denies one counts only from the worker whose lease
still runs, because another may have sent the same bytes since.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from routes import settling
from routes.bulk import NULL, array, arrays, bytea, copy_lines, hexed, text
from routes.waybill import Item


@dataclass(slots=True)
class Intent:
    """An operation about to be written down."""

    effect: UUID
    head: int
    connection_id: int
    destination: int
    object: str
    key: str
    number: int
    write_key: str
    operation: str  # create, update, reverse, void
    version: str  # of the source
    payload: UUID
    content: bytes  # hash of the bytes
    transactions: tuple[UUID, ...]  # first the one that goes, then those it stands for
    groups: bool = False  # its record was grouped from others

    @property
    def idempotency_key(self) -> str:
        """The effect's own id: a number is never used for other bytes."""
        return str(self.effect)


@dataclass(frozen=True, slots=True)
class Proof:
    """What the target said of a write that it has."""

    effect: UUID
    external_id: str = ""
    reference: str = ""
    target_version: str = ""


NOBODY = UUID(int=0)  # where an effect is named by its place
NO_PROOF = Proof(NOBODY)


def write_down(intents: Sequence[Intent], *, state: str) -> None:
    """Store effects and what else they stand for; in the caller's commit.

    `state` is "intended", or "sent" where the whole batch goes on the wire at once and a repeat is harmless.
    """
    if not intents:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
        sent_at = now if state == "sent" else None
        last = f"{state}\t{sent_at.isoformat() if sent_at else NULL}\t0\t\t\t\t"
        effects, members = [], []
        for i in intents:
            id_ = hexed(i.effect)
            effects.append(
                f"{id_}\t{i.connection_id}\t{i.destination}\t{text(i.object)}\t{text(i.key)}\t{i.number}"
                f"\t{text(i.write_key)}\t{i.operation}\t{text(i.version)}\t{hexed(i.payload)}\t{bytea(i.content)}"
                f"\t{i.idempotency_key}\t{hexed(i.transactions[0])}\t{last}"
            )
            members += [f"{id_}\t{hexed(transaction)}" for transaction in i.transactions[1:]]
        copy_lines(cursor, COPY_EFFECTS, effects)
        copy_lines(cursor, COPY_MEMBERS, members)


def write_first(
    items: Sequence[Item], *, connection_id: int, destination: int, stream: str, sent_at: datetime,
    ended_at: datetime | None = None, proofs: Sequence[Proof] = (),
) -> None:  # fmt: skip
    """Store the first effects of keys: sent, or with proofs, one for each, confirmed at `ended_at`."""
    start = f"{connection_id}\t{destination}\t{text(stream)}"
    state, ended = ("confirmed", ended_at.isoformat()) if ended_at else ("sent", NULL)
    end = f"{state}\t{sent_at.isoformat()}\t{ended}\t0\t"
    effects = []
    for i, proof in zip(items, proofs or [NO_PROOF] * len(items), strict=True):
        key = text(i.key)
        told = f"{text(proof.external_id)}\t{text(proof.reference)}\t{text(proof.target_version)}"
        effects.append(
            f"{i.effect}\t{key}\t1\t{key}\tcreate\t{text(i.version)}\t{i.payload}\t{i.content}"
            f"\t{i.idempotency_key}\t{i.transaction}\t{told}\t{start}\t{end}"
        )
    with connection.cursor() as cursor:
        copy_lines(cursor, COPY_FIRST, effects)


COPY_FIRST = (
    "COPY routes_effect (id, key, number, write_key, operation, source_version, payload_id, payload_hash,"
    " idempotency_key, transaction_id, external_id, reference, target_version, connection_id, destination_id, object,"
    " state, sent_at, ended_at, not_there, message) FROM STDIN"
)
COPY_MEMBERS = "COPY routes_effectmember (effect_id, transaction_id) FROM STDIN"
COPY_EFFECTS = (
    "COPY routes_effect (id, connection_id, destination_id, object, key, number, write_key, operation, source_version,"
    " payload_id, payload_hash, idempotency_key, transaction_id, state, sent_at, not_there, external_id, reference,"
    " target_version, message) FROM STDIN"
)


def mark_sent(effects: Sequence[UUID], *, owner: UUID, spare: float) -> set[UUID]:
    """Mark effects as sent if the lease has at least `spare` seconds left, by the database's clock.

    Returns those that may be sent now; the others belong to someone else or would come too late.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_effect e SET state = 'sent', sent_at = (SELECT hub_now())
            FROM routes_keyhead h
            WHERE e.id = ANY(%s::uuid[]) AND e.state IN ('intended', 'unknown')
              AND h.connection_id = e.connection_id AND h.object = e.object AND h.key = e.key
              AND h.lease_owner = %s AND h.due_at > (SELECT hub_now()) + make_interval(secs => %s)
            RETURNING e.id
            """,
            [array(effects), owner, spare],
        )
        return {row[0] for row in cursor.fetchall()}


def confirm(proofs: Sequence[Proof]) -> dict[UUID, datetime | None]:
    """Record that the target has the writes. Returns the effects whose outcome was open until now.

    With each stands until when an earlier sending of its bytes may still arrive; None where none was in doubt.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_effect e
            SET state = 'confirmed', ended_at = (SELECT hub_now()), external_id = w.external_id,
                reference = w.reference, target_version = w.target_version
            FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[])
                AS w(id, external_id, reference, target_version)
            WHERE e.id = w.id AND e.state IN ('intended', 'sent', 'unknown')
            RETURNING e.id, e.settles_at
            """,
            arrays([(p.effect, p.external_id, p.reference, p.target_version) for p in proofs], 4),
        )
        return dict(cursor.fetchall())


def refuse(effects: Sequence[UUID], messages: Sequence[str], *, owner: UUID | None) -> set[UUID]:
    """Record that the target certainly did nothing. With an owner, only as far as its lease still runs.

    An answer to a second sending says nothing about the first: an effect that was in doubt stays so, unless it is the
    target's look-up or a person that denies it (`owner` None).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_effect e SET state = 'refused', ended_at = (SELECT hub_now()), message = w.message
            FROM unnest(%s::uuid[], %s::text[]) AS w(id, message)
            WHERE e.id = w.id AND e.state IN ('intended', 'sent', 'unknown')
              AND (%s::uuid IS NULL OR e.settles_at IS NULL AND EXISTS (
                SELECT FROM routes_keyhead h
                WHERE h.connection_id = e.connection_id AND h.object = e.object AND h.key = e.key
                  AND h.lease_owner = %s))
            RETURNING e.id
            """,
            [array(effects), array(messages), owner, owner],
        )
        return {row[0] for row in cursor.fetchall()}


def take_back(effects: Sequence[UUID], *, owner: UUID) -> set[UUID]:
    """Record that no byte of these left us: they are intended again, under the same number."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_effect e SET state = 'intended', sent_at = NULL FROM routes_keyhead h
            WHERE e.id = ANY(%s) AND e.state = 'sent' AND e.settles_at IS NULL
              AND h.connection_id = e.connection_id AND h.object = e.object AND h.key = e.key AND h.lease_owner = %s
            RETURNING e.id
            """,
            [list(effects), owner],
        )
        return {row[0] for row in cursor.fetchall()}


def doubt(effects: Sequence[UUID], *, settle: float, message: str, late: float = 0.0) -> set[UUID]:
    """Record that a write may or may not have happened; "not there" counts only `settle` seconds from now on.

    `late` more where its sender may still be alive, in seconds that it may take until its first byte leaves.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_effect SET state = 'unknown', message = %s, not_there = 0,
                settles_at = (SELECT hub_now()) + make_interval(secs => %s)
            WHERE id = ANY(%s) AND state = 'sent' RETURNING id
            """,
            [message, settle + late, list(effects)],
        )
        doubted = {row[0] for row in cursor.fetchall()}
    settling.begin(sorted(doubted), seconds=settle + late)
    return doubted


def note_not_there(effects: Sequence[UUID]) -> dict[UUID, int]:
    """Count an answer "not there" of the target after settling; return how often it said so, by effect.

    Only of effects that had settled before the target was asked (`settling.settled`).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routes_effect SET not_there = not_there + 1
            WHERE id = ANY(%s) AND state = 'unknown' AND settles_at <= (SELECT hub_now())
            RETURNING id, not_there
            """,
            [list(effects)],
        )
        return dict(cursor.fetchall())
