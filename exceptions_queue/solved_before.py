"""How the same cause ended the last times, or failing that the same rule: by whom, how, and whether it held.

It held where none of those that were put right failed again with the same cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection
from django.db.models import Subquery, Value
from django.db.models.functions import Coalesce

from canonical.entity import Mask
from exceptions_queue import words
from exceptions_queue.models import State as Stands
from exceptions_queue.models import WorkItem, WorkItemEvent
from exceptions_queue.permitted import masks_by_entity
from governance.actor import ActorKind
from governance.models import User

MOST = 3
EVENTS = 400  # lines of history that are read for them
ASIDE = (  # what is done beside the cause itself, as the history names it
    "taken", "given", "given back", "left to the rules", "tagged", "waits for", "put aside", "came back",
    "priority set", "priority worked out", "hint written", "hint taken away", "cause named", "approval asked",
    "questioned", "merged", "split", "split off", "taken apart", "resolved", "reopened",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Solved:
    """One time that a cause ended."""

    number: int  # of the item
    title: str
    at: datetime
    who: str
    ended: str  # how, in words
    did: list[tuple[str, str, str]]  # what people did before, the last first: what, who, why
    held: bool
    held_words: str


@dataclass(frozen=True, slots=True)
class Before:
    """The last times, and whether they were of this very cause."""

    same_cause: bool
    solved: list[Solved]


RECENT = 5000  # resolved items, the last ones, among which those with the same rule are looked for
EVER = datetime(1, 1, 1, tzinfo=UTC)  # where fewer than those were resolved
LOOKED = 1000  # of those that were put right, the last ones: whether one of them failed again
FAILED_AGAIN = """
SELECT w.id, min(l.opened_at)
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS w(id, fingerprint, at)
CROSS JOIN LATERAL (
    SELECT record_id FROM routes_failure
    WHERE fingerprint = w.fingerprint AND closed_at <= w.at AND record_id IS NOT NULL
    ORDER BY closed_at DESC LIMIT %s) e
JOIN routes_record er ON er.id = e.record_id
JOIN routes_failure l ON l.fingerprint = w.fingerprint AND l.opened_at > w.at
JOIN routes_record lr ON lr.id = l.record_id AND lr.route_id = er.route_id AND lr.key = er.key
GROUP BY w.id
"""


def before(item: WorkItem, user: User) -> Before:
    """Return the last times that an item's cause, or failing that its rule, ended. At most six queries."""
    ends = list(_ends([item]))
    same = bool(ends)
    if not same:
        others = list(_alike(item, user))
        ends = list(_ends(others)) if others else []
        last: dict[int, WorkItemEvent] = {}
        for each in ends:  # the newest first: the last time of each
            last.setdefault(each.item_id, each)
        ends = list(last.values())
    ends = ends[:MOST]
    if not ends:
        return Before(same, [])
    history: dict[int, list[WorkItemEvent]] = {}
    for event in WorkItemEvent.objects.filter(item__in=[e.item_id for e in ends]).order_by("-pk")[:EVENTS]:
        history.setdefault(event.item_id, []).append(event)
    again = _failed_again(ends)
    masks = masks_by_entity(user, {each.item.legal_entity_id for each in ends})
    return Before(
        same,
        [_solved(e, history[e.item_id], again.get(e.pk), masks[e.item.legal_entity_id], user) for e in ends],
    )  # fmt: skip


def _ends(items: Sequence[WorkItem]) -> list[WorkItemEvent]:
    rows = WorkItemEvent.objects.filter(item__in=items, verb="resolved", to_state=Stands.RESOLVED)
    return list(rows.select_related("item__connection", "item__legal_entity").order_by("-pk")[: 4 * MOST])


def _alike(item: WorkItem, user: User) -> list[WorkItem]:
    """Return the items that ended last for the same rule, table or field on the same route.

    A rule that never ended would have all that were ever resolved read through: the last ones alone are looked at.
    """
    resolved = WorkItem.objects.visible_to(user).filter(state=Stands.RESOLVED)
    last = Subquery(resolved.order_by("-resolved_at").values("resolved_at")[RECENT - 1 : RECENT])
    rows = resolved.filter(
        resolved_at__gte=Coalesce(last, Value(EVER)), category=item.category, route_id=item.route_id, rule=item.rule,
        table=item.table,
    )  # fmt: skip
    if not (item.rule or item.table):
        rows = rows.filter(field=item.field)
    return list(rows.exclude(pk=item.pk).order_by("-resolved_at")[:MOST])


def _failed_again(ends: Sequence[WorkItemEvent]) -> dict[int, datetime]:
    """Return when one of those that were put right failed again, of the times for which that may be."""
    seen = [e for e in ends if e.item.last_seen > e.at]
    if not seen:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            FAILED_AGAIN, [[e.pk for e in seen], [e.item.fingerprint for e in seen], [e.at for e in seen], LOOKED]
        )
        return dict(cursor.fetchall())


def _solved(
    end: WorkItemEvent, history: Sequence[WorkItemEvent], again: datetime | None, masks: frozenset[Mask], user: User
) -> Solved:
    item = end.item
    did: list[tuple[str, str, str]] = []
    for each in history:  # the newest first
        if each.pk >= end.pk:
            continue
        if each.verb == "resolved":
            break
        if each.actor_kind == ActorKind.PERSON and each.verb not in ASIDE:
            reason = words.readable(each.reason, item, masks, user) if words.tells(item, masks) else ""
            did.append((each.verb, each.actor_name, reason))
    held = again is None
    told = "It held." if held else f"It did not hold: of these, one failed again on {again:%Y-%m-%d}."
    return Solved(
        item.number, words.title_for(item, masks, user), end.at, end.actor_name,
        words.readable(end.reason, item, masks, user), did[:2], held, told,
    )  # fmt: skip
