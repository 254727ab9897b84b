"""Tries worth remembering: all that did not succeed at once, and every exchange that the connection keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec
from django.db import connection

from connectors.exchange import Exchange
from connectors.outcome import WriteOutcome
from governance.identifiers import new_id


@dataclass(frozen=True, slots=True)
class Try:
    """One try at an effect: a write, or a question whether it happened."""

    effect: UUID
    outcome: str  # confirmed, refused, not_sent, unknown, found, not_there
    answer: WriteOutcome | None = None


def write_down(tries: Sequence[Try], *, kind: str, connection_id: int) -> None:
    """Store tries and their exchanges. A confirmed write is told by its effect, its bytes and its reference."""
    kept = [t for t in tries if t.outcome != "confirmed"]
    if not kept:
        return
    exchanges: dict[int, tuple[UUID, Exchange]] = {}  # one call may have carried many effects
    for t in kept:
        if t.answer is not None and t.answer.exchange is not None:
            exchanges.setdefault(id(t.answer.exchange), (new_id(), t.answer.exchange))
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
        with cursor.copy("COPY routes_exchange (id, connection_id, at, body) FROM STDIN") as copy:
            for id_, exchange in exchanges.values():
                body = msgspec.json.encode(exchange.redacted()).decode().replace("\\u0000", "\\ufffd")
                copy.write_row((id_, connection_id, now, body))
        with cursor.copy(
            "COPY routes_attempt (id, effect_id, kind, at, outcome, status, category, message, exchange_id) FROM STDIN"
        ) as copy:
            for t in kept:
                a = t.answer
                exchange_id = exchanges[id(a.exchange)][0] if a is not None and a.exchange is not None else None
                copy.write_row(
                    (new_id(), t.effect, kind, now, t.outcome, a.status if a else None,
                     a.category.value if a and a.category else "", a.message.replace("\x00", "") if a else "",
                     exchange_id)
                )  # fmt: skip
