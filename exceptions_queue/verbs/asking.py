"""Asking a second person: verbs ask here before they act, and what nobody has agreed to is refused as a wish to ask.

A verb calls `guarding.guard`; where a policy wants a second person it raises NeedsApproval, and nothing was done. The
page or the API then calls `verbs.ask_approval`, which keeps what was wanted and how everything stood. What was agreed
to is done inside `consented()`, by the verb itself and in the name of whoever asked.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from exceptions_queue import policies
from exceptions_queue.models import ApprovalPolicy, WorkItem
from exceptions_queue.policies import Amounts
from exceptions_queue.verbs.members import NotPossible
from exceptions_queue.yardstick import measures
from governance.actor import ActorKind, By, as_actor
from routes.bulk import array
from routes.models import Failure

_consented: ContextVar[bool] = ContextVar("consented", default=False)
# How a member stands: its newest version, its state, what is corrected in it, and the cause under which it is held.
STANDING = """
SELECT f.id::text, coalesce(t.version, r.version, ''), coalesce(t.state, r.state, ''),
    (SELECT coalesce(json_agg(json_build_array(o.field, o.value, o.source_value) ORDER BY o.field), '[]')::text
     FROM routes_overlay o WHERE o.route_id = r.route_id AND o.key = r.key AND o.ended_at IS NULL), f.fingerprint
FROM routes_failure f
LEFT JOIN routes_transaction t ON t.id = f.transaction_id
LEFT JOIN routes_record r ON r.id = coalesce(f.record_id, t.record_id)
WHERE f.id = ANY(%s::uuid[]) AND f.closed_at IS NULL ORDER BY f.id
"""
Standing = list[list[Any]]


@dataclass(slots=True)
class Wish:
    """What somebody wanted to do, as far as a request keeps it."""

    deed: str
    item: WorkItem
    members: Sequence[Failure]
    typed: Mapping[str, Any]
    reason: str
    policies: Sequence[ApprovalPolicy] = field(default=())
    judged: Amounts | None = None  # what each member would come to, where a policy goes by that


class NeedsApproval(NotPossible):
    """A second person has to agree first; nothing was done. `wish` is what a request is made of."""

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        super().__init__(f"This needs a second person: {in_words(wish.policies)}. Nothing was done yet.")


@contextmanager
def consented() -> Iterator[None]:
    """Let things through inside: another person has agreed to them."""
    token = _consented.set(True)
    try:
        yield
    finally:
        _consented.reset(token)


def asks(by: By) -> bool:
    """Return whether policies are asked for what somebody does now: people's, and what nobody has agreed to."""
    return not _consented.get() and as_actor(by).kind is ActorKind.PERSON


def may_ask(deed: str, item: WorkItem, by: By) -> bool:
    """Return whether any policy may ask for a deed here, before its members are read."""
    if not asks(by):
        return False
    return bool(policies.asking(deed, item.legal_entity_id, by))


def in_words(found: Sequence[ApprovalPolicy]) -> str:
    """Return policies in words: "policy “Large waivers” (do not deliver, from 1,000.00 EUR)". At most two queries."""
    currency = measures().reporting.currency if any(each.amount_from is not None for each in found) else ""
    return " and ".join(f"policy “{each.name}” ({policies.told(each, currency)})" for each in found)


def standing(failures: Sequence[UUID]) -> Standing:
    """Return how open members stand: id, version, state, corrections, cause; what is closed is missing. One query."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [array(list(failures))])
        return [[id_, version, state, json.loads(told), of] for id_, version, state, told, of in cursor.fetchall()]


def corrected_by_member(failures: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Return the fields that are corrected in each of these open members, by name. One query."""
    return {UUID(id_): [name for name, _, _ in corrections] for id_, _, _, corrections, _ in standing(failures)}


def changes(stood: Standing, now: Standing) -> list[str]:
    """Return in words what has changed since members stood so; nothing where all is as it was."""
    current = {id_: (version, state, corrections, cause) for id_, version, state, corrections, cause in now}
    gone = sum(id_ not in current for id_, *_ in stood)
    newer = sum(id_ in current and current[id_][0] != version for id_, version, *_ in stood)
    # An earlier release did not keep the cause.
    away = sum(id_ in current and rest[:1] != [] and current[id_][3] != rest[0] for id_, _, _, _, *rest in stood)
    moved = sum(id_ in current and current[id_][1] != state for id_, _, state, *_ in stood)
    corrected = sum(id_ in current and current[id_][2] != corrections for id_, _, _, corrections, *_ in stood)
    said = (
        (gone, "is not open any more", "are not open any more"),
        (newer, "has a newer version", "have a newer version"),
        (away, "is in another exception", "are in another exception"),
        (moved, "stands elsewhere", "stand elsewhere"),
        (corrected, "is corrected otherwise", "are corrected otherwise"),
    )
    return [f"{count:,} {one if count == 1 else many}" for count, one, many in said if count]
