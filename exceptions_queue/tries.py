"""Tries at a transaction's effects, each with the redacted exchange where one was kept.

One call may carry records of several legal entities, so that its bodies are for those only who may see all fields of
this kind of record in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from canonical.entity import Entity
from canonical.masking import may_see
from exceptions_queue.permitted import masks_of, rights_in
from governance.models import User
from governance.roles import Right
from routes.models import Attempt, Effect, Exchange

KINDS = {"write": "Sent", "look_up": "Asked whether it is there"}
OUTCOMES = {
    "confirmed": "the target has it", "refused": "refused", "not_sent": "no byte left the hub",
    "unknown": "outcome unknown", "found": "it is there", "not_there": "it is not there",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Try:
    """One try, as a page tells it."""

    attempt: Attempt
    number: int  # of the effect
    kind: str
    outcome: str
    exchange: dict[str, Any] | None  # method, url, status, headers; bodies where they may be seen
    bodies: bool  # whether its bodies are shown
    configuration: str = ""  # with which it was made, and who chose that: "time-in version 1, time-out version 2"

    @property
    def duration(self) -> str:
        """Return how long the call took: "0.35 s"."""
        took = (self.exchange or {}).get("duration_ms")
        return f"{took / 1000:.2f} s" if took is not None else ""


def of(effects: Sequence[Effect], entity: Entity, user: User, *, technical: bool) -> list[Try]:
    """Return the tries at effects, the oldest first; exchanges for those who see technical details. Three queries."""
    numbers = {effect.pk: effect.number for effect in effects}
    attempts = list(Attempt.objects.filter(effect_id__in=numbers).order_by("at", "id")) if numbers else []
    exchanges: dict[Any, dict[str, Any]] = {}
    shown = False
    if technical and (wanted := {a.exchange_id for a in attempts if a.exchange_id}):
        shown = _sees_all(entity, user)
        exchanges = {each.pk: _read(each.body, bodies=shown) for each in Exchange.objects.filter(pk__in=wanted)}
    return [
        Try(
            attempt, numbers[attempt.effect_id], KINDS.get(attempt.kind, attempt.kind),
            OUTCOMES.get(attempt.outcome, attempt.outcome), exchanges.get(attempt.exchange_id), shown,
        )
        for attempt in attempts
    ]  # fmt: skip


def _sees_all(entity: Entity, user: User) -> bool:
    everywhere = rights_in(user, None)
    masks = masks_of(everywhere)
    return Right.SEE_TECHNICAL in everywhere and all(may_see(entity, name, masks) for name in entity.by_name)


def _read(body: dict[str, Any], *, bodies: bool) -> dict[str, Any]:
    kept = {name: value for name, value in body.items() if bodies or not name.endswith("_body")}
    return kept | {name: _laid_out(kept[name]) for name in ("request_body", "response_body") if kept.get(name)}


def _laid_out(text: str) -> str:
    """Return JSON with a line for each value; what is none, or was cut, stays as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text
