"""Writes audit entries and proves that nobody changed them since.

Each entry carries a digest of its own content; at commit the database adds a seal that chains the digests in the order
of commits. `verify()` finds an entry that was changed, removed or slipped in, and a chain that was cut short. Whoever
can rewrite the whole chain can only be caught by a head that was noted elsewhere: `verify()` returns it for that.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.utils import timezone

from governance.actor import By, as_actor
from governance.identifiers import new_id
from governance.models import AuditEntry, AuditHead, AuditSeal, LegalEntity

Thing = models.Model | tuple[str, str, str]  # a row, or (kind, id, name)

_COLUMNS = "id at actor_kind actor_id actor_name verb thing_kind thing_id thing_name before after reason channel"
_DIGESTED = (*_COLUMNS.split(), "legal_entity_id")


_channel: ContextVar[str] = ContextVar("channel", default="")


@contextmanager
def through(channel: str) -> Iterator[None]:
    """Say once, at the door, through what people come in: page, admin, api, command. Entries made inside carry it."""
    token = _channel.set(channel)
    try:
        yield
    finally:
        _channel.reset(token)


def record(
    *,
    by: By,
    verb: str,
    thing: Thing,
    before: object = None,
    after: object = None,
    reason: str = "",
    legal_entity: LegalEntity | int | None = None,
    channel: str = "",
) -> AuditEntry:
    """Write who did what to what, within the transaction of the deed. Two statements at most, one lock at commit."""
    entry = entry_of(
        by=by,
        verb=verb,
        thing=thing,
        before=before,
        after=after,
        reason=reason,
        legal_entity=legal_entity,
        channel=channel,
    )
    entry.save(force_insert=True)
    return entry


def record_all(entries: list[AuditEntry]) -> None:
    """Write many entries made by `entry_of` with one statement per thousand."""
    AuditEntry.objects.bulk_create(entries, batch_size=1000)


def entry_of(
    *,
    by: By,
    verb: str,
    thing: Thing,
    before: object = None,
    after: object = None,
    reason: str = "",
    legal_entity: LegalEntity | int | None = None,
    channel: str = "",
) -> AuditEntry:
    """Return an entry that is not written yet, complete with its digest."""
    actor = as_actor(by)
    kind, identity, name = thing if isinstance(thing, tuple) else _named(thing)
    entry = AuditEntry(
        id=new_id(),
        at=timezone.now(),
        actor_kind=actor.kind.value,
        actor_id=actor.id[:200],
        actor_name=_text(actor.name)[:200],
        verb=verb,
        thing_kind=kind,
        thing_id=_text(identity)[:200],
        thing_name=_text(name)[:400],
        before=plain(before),
        after=plain(after),
        reason=_text(reason),
        channel=channel or _channel.get(),
        legal_entity_id=legal_entity.pk if isinstance(legal_entity, LegalEntity) else legal_entity,
    )
    entry.digest = digest(entry)
    return entry


def digest(entry: AuditEntry) -> bytes:
    """Return the SHA-256 over an entry's content in canonical JSON."""
    content = [plain(getattr(entry, name)) for name in _DIGESTED]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def plain(value: object) -> Any:
    """Return a value as data that the database gives back unchanged: numbers other than integers and times as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, dict):
        return {_text(str(key)): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in (value if isinstance(value, list | tuple) else sorted(value, key=str))]
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, str | Decimal | float | UUID):
        return _text(str(value))
    raise TypeError(f"An audit entry keeps plain values; {type(value).__name__} is not one. Give its id or its text.")


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the trail is not what was written."""

    position: int | None  # in the chain; None for an entry without a seal
    entry_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found. `head` is the chain's last hash, hexadecimal: worth keeping outside the database."""

    entries: int
    head: str
    breaks: list[Break]

    @property
    def is_intact(self) -> bool:
        """Return whether every entry is as it was written and none is missing."""
        return not self.breaks


def verify(*, limit: int = 100) -> Verdict:
    """Go through the whole chain and return what is wrong, at most `limit` places. Reads every entry once."""
    _seal_pending()
    head, last = _ends()
    chain = _Chain(b"")
    breaks: list[Break] = []
    for position, seal_hash, entry_id, entry in _sealed_entries(up_to=last):
        message = chain.wrong_with(position, seal_hash, entry_id, entry)
        if message and len(breaks) < limit:
            breaks.append(Break(position, str(entry_id), message))
    if (chain.position, chain.hash) != (head.position, bytes(head.hash)):
        breaks.append(
            Break(head.position, "", "The chain does not end at its head: its last entries or its head were removed.")
        )
    unsealed = AuditEntry.objects.raw(
        "SELECT e.* FROM governance_auditentry e WHERE NOT EXISTS"
        " (SELECT FROM governance_auditseal s WHERE s.entry_id = e.id) LIMIT %s",
        [limit],
    )
    breaks += [Break(None, str(each.id), "This entry was slipped in: it has no seal.") for each in unsealed]
    return Verdict(chain.position, bytes(head.hash).hex(), breaks[:limit])


class _Chain:
    """Walks the seals and remembers where it is."""

    def __init__(self, start: bytes) -> None:
        self.position = 0
        self.hash = start

    def wrong_with(self, position: int, seal_hash: bytes, entry_id: UUID, entry: AuditEntry | None) -> str:
        """Step to the next seal and return what is wrong with it; "" when nothing is."""
        gap = position != self.position + 1
        expected = hashlib.sha256(self.hash + position.to_bytes(8, "big") + entry_id.bytes)
        self.position, self.hash = position, seal_hash
        if entry is None:
            return "The entry of this seal was removed."
        expected.update(bytes(entry.digest))
        if gap:
            return "Seals before this one were removed."
        if bytes(entry.digest) != digest(entry):
            return "The entry was changed after it was written."
        if seal_hash != expected.digest():
            return "The seal does not follow from the one before it: one of the two was changed."
        return ""


def _sealed_entries(*, up_to: int) -> Iterator[tuple[int, bytes, UUID, AuditEntry | None]]:
    """Read seals with their entries in order, through a server-side cursor: memory does not grow with the trail."""
    columns = ", ".join(f"e.{name}" for name in (*_DIGESTED, "digest"))
    statement = (
        f"SELECT s.position, s.hash, s.entry_id AS sealed_id, {columns} FROM governance_auditseal s"  # noqa: S608 - fixed
        " LEFT JOIN governance_auditentry e ON e.id = s.entry_id WHERE s.position <= %s ORDER BY s.position"
    )
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(statement, [up_to])
        for position, seal_hash, sealed_id, *values in cursor:
            found = dict(zip((*_DIGESTED, "digest"), values, strict=True))
            yield position, bytes(seal_hash), sealed_id, _entry(found) if found["id"] else None


def _entry(values: dict[str, Any]) -> AuditEntry:
    for name in ("before", "after"):
        if isinstance(values[name], str):  # Django reads JSON as text and parses it itself
            values[name] = json.loads(values[name])
    return AuditEntry(**values)


def _ends() -> tuple[AuditHead, int]:
    """Return the head and the position of the last seal, which should be the same, as of one moment."""
    last_seal = models.Subquery(AuditSeal.objects.order_by("-position").values("position")[:1])
    head = AuditHead.objects.annotate(last=last_seal).first()
    if head is not None:
        return head, head.last or 0
    seal = AuditSeal.objects.order_by("position").last()  # no head: nothing was ever written, or it was removed
    return AuditHead(position=0, hash=b""), seal.position if seal else 0


def _seal_pending() -> None:
    """Seal what this transaction has written so far, so that it is verified too."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS governance_audit_seal IMMEDIATE")
        cursor.execute("SET CONSTRAINTS governance_audit_seal DEFERRED")


def _named(row: models.Model) -> tuple[str, str, str]:
    return row._meta.label_lower, str(row.pk), str(row)


def _text(value: str) -> str:
    # PostgreSQL keeps neither NUL nor half a surrogate pair; both come only from broken input.
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
