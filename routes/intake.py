"""What is pushed to us, by webhook or API: committed first, acknowledged then, worked on after that."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, connection, transaction

from canonical.failure import Category
from canonical.problem import Problem
from routes import crashpoints, failures, receive
from routes.arrivals import digest
from routes.models import InboundEvent, Route
from routes.plan import current, plan

BATCH = 200  # events that one commit works on


class OtherBytes(ValueError):
    """The same idempotency key came before with another body."""


def accept(route: Route, *, body: bytes, via: str, idempotency_key: str = "") -> tuple[InboundEvent, bool]:
    """Commit a pushed body and return it, and whether it is new; a repeat returns the first one.

    Raises OtherBytes when the key was used for another body.
    """
    text = body.decode("utf-8", "replace").replace("\x00", "\ufffd")
    content = digest(text)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT hub_now()")
            now = cursor.fetchone()[0]
        try:
            with transaction.atomic():
                event = InboundEvent.objects.create(
                    route=route, legal_entity=route.legal_entity, via=via, idempotency_key=idempotency_key,
                    body_hash=content, body=text, received_at=now, due_at=now,
                )  # fmt: skip
        except IntegrityError:
            event = InboundEvent.objects.get(route=route, idempotency_key=idempotency_key)
            if bytes(event.body_hash) != content:
                raise OtherBytes(
                    f"The idempotency key {idempotency_key} was used for another body. Use a new key for a new event."
                ) from None
            return event, False
    crashpoints.point("intake.after_commit")
    return event, True


def work(route_id: int) -> bool:
    """Take in pushed events of a route in the order in which they came; return whether there are more."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, body FROM routes_inboundevent WHERE route_id = %s AND processed_at IS NULL"
                " AND due_at <= (SELECT hub_now()) ORDER BY received_at, id LIMIT %s FOR UPDATE SKIP LOCKED",
                [route_id, BATCH],
            )
            events = cursor.fetchall()
        if not events:
            return False
        made = plan(current(Route.objects.get(pk=route_id)).pk)
        records: list[Mapping[str, Any]] = []
        misshapen: list[tuple[UUID, str]] = []
        for id_, body in events:
            found = _records(body)
            if found is None:
                misshapen.append((id_, body))
            else:
                records += found
        if records:
            receive.take_in(made, records, run=None)
        _explain(route_id, made.legal_entity_id, misshapen)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE routes_inboundevent SET processed_at = (SELECT hub_now()) WHERE id = ANY(%s)",
                [[id_ for id_, _ in events]],
            )
    return len(events) == BATCH


def _records(body: str) -> list[Mapping[str, Any]] | None:
    """Return the records of a pushed body: an object, or a list of objects; None when it is neither."""
    try:
        value = receive.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(value, Mapping):
        return [value]
    if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
        return value
    return None


def _explain(route: int, legal_entity: int, misshapen: Sequence[tuple[UUID, str]]) -> None:
    if not misshapen:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
    words = "A pushed message has not the agreed form: a JSON object or a list of them. It is kept; correct the sender."
    failures.write_down(
        [
            failures.Trouble(
                legal_entity, route, "receive", Problem("error", Category.SHAPE, "", None, words, body[:100])
            )
            for _, body in misshapen
        ],
        at=now,
    )  # fmt: skip
