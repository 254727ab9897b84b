"""Webhooks in: whether to believe a push, keeping what is believed, counting and logging what is not.

A believed body is committed whatever it holds; what is wrong with it becomes a failure of category shape, because
vendors disable a subscription that is answered with errors and the event would be lost.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from django.db import connection, transaction

from connectors import webhooks
from connectors.models import Connection
from connectors.paths import find
from connectors.registry import UnknownConnector
from connectors.spec import ConnectionSpec
from governance.keys import KeyLost, KeysUnusable
from routes import intake
from routes.arrivals import decode, digest
from routes.models import InboundEvent, Route
from routes.models.inbound import Refusal, Via

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Push:
    """One request to a connection's webhook address."""

    stream: str
    headers: Mapping[str, str]
    body: bytes


class NotBelieved(Exception):
    """A push that is not accepted; the reason is counted."""

    def __init__(self, reason: Refusal) -> None:
        """Name the reason."""
        super().__init__(reason.label)
        self.reason = reason


def spec_of(source: Connection) -> ConnectionSpec | None:
    """Return what a push to a connection is checked with, None when its connector knows no webhooks."""
    try:
        spec = source.spec()
    except UnknownConnector:
        return None
    except (KeyLost, KeysUnusable):
        raise NotBelieved(Refusal.KEY_LOST) from None
    return spec if spec.connector.manifest.webhooks else None


def take(source: Connection, spec: ConnectionSpec, push: Push) -> list[InboundEvent]:
    """Commit a push for every route that takes its stream, once its signature is right; return what was new.

    A repeat of an event that is kept already is believed and not kept again. Raises NotBelieved.
    """
    verdict = webhooks.verify(spec, push.headers, push.body, now=_now())
    if not verdict.ok:
        raise NotBelieved(Refusal(verdict.reason))
    routes = list(Route.objects.filter(connection=source, stream=push.stream).order_by("pk"))
    if not routes:
        raise NotBelieved(Refusal.NO_ROUTE)
    signature, key = _marks(spec, push)
    kept = []
    try:
        with transaction.atomic():  # all of its routes, or none: a sender that repeats it meets the same again
            for route in routes:
                event, is_new = intake.accept(
                    route, body=push.body, via=Via.WEBHOOK, idempotency_key=key, signature=signature
                )
                if is_new:
                    kept.append(event)
    except intake.Replayed:
        raise NotBelieved(Refusal.REPLAYED) from None
    return kept


def is_event(spec: ConnectionSpec, push: Push) -> bool:
    """Return whether a body shows an event's own marks, so that it is never taken for a mere handshake."""
    known = spec.connector.manifest.webhooks
    assert known is not None
    if webhooks.event_id(known, push.headers, push.body):
        return True
    try:
        return bool(known.records) and find(decode(push.body.decode()), known.records) is not None
    except (ValueError, ArithmeticError, RecursionError):
        return False


def _marks(spec: ConnectionSpec, push: Push) -> tuple[bytes | None, str]:
    """Return the mark of a signature that is good only once, and the key by which a repeated event is known.

    A signature over a time is good once: a sender that repeats an event signs it anew. Where no time is signed, a
    repeat cannot be told from a replay; it is absorbed. The key holds the body too: what is acknowledged is kept, even
    under an id that came before. Without an id nothing is absorbed, since two equal messages may mean two changes; the
    records in them are compared with what is known anyway.
    """
    known = spec.connector.manifest.webhooks
    assert known is not None
    sent = {name.lower(): value for name, value in push.headers.items()}
    signature = None
    if known.signature.kind != "token" and known.signature.timestamp_header:
        signature = blake2b(sent[known.signature.header].encode("utf-8", "replace"), digest_size=16).digest()
    identity = webhooks.event_id(known, push.headers, push.body)
    content = blake2b(push.body, digest_size=16).hexdigest()
    return signature, f"{digest(identity).hex()}:{content}" if identity else ""


def _now() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM hub_now())")
        return float(cursor.fetchone()[0])


def count_refusal(source: Connection, reason: Refusal, *, stream: str, size: int, address: str) -> None:
    """Count a push that was not accepted, and log it without its body."""
    log.warning(
        "webhook refused connection=%s stream=%s reason=%s bytes=%s from=%s",
        source.slug, stream[:80], reason.value, size, address,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO routes_webhookrefusal (connection_id, day, reason, count, last_at)"
            " SELECT %s, (n.now AT TIME ZONE 'UTC')::date, %s, 1, n.now FROM (SELECT hub_now() AS now) n"
            " ON CONFLICT (connection_id, day, reason) DO UPDATE"
            " SET count = routes_webhookrefusal.count + 1, last_at = excluded.last_at",
            [source.pk, reason.value],
        )
