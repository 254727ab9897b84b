"""Hints that people write for a cause: which one counts for an item, and what was written there before.

The narrowest wins: for this very cause, else for its rule on its route, else for its kind; within one, the item's own
company goes before all companies.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from canonical.entity import Mask
from exceptions_queue import words
from exceptions_queue.models import WorkItem
from exceptions_queue.models.hint import Hint, Scope
from governance.actor import By, names

ORDER = {scope: number for number, scope in enumerate(Scope.values)}
MOST = 10  # earlier ones that are shown


@dataclass(frozen=True, slots=True)
class Written:
    """A hint as people read it."""

    row: Hint
    text: str
    who: str
    at: datetime
    where: str  # for what it is meant, and for whom


def place_of(item: WorkItem, scope: str) -> str:
    """Return what a hint of a scope is about, as it is kept: ids and names, no words."""
    if scope == Scope.CAUSE:
        return f"cause:{item.part or item.fingerprint}"
    if scope == Scope.RULE:
        what = item.rule or item.table or item.field
        return f"rule:{item.route_id or 0}:{item.category}:{what}"[:300]
    return f"kind:{item.category}"


def about(item: WorkItem, scope: str) -> str:
    """Return what a hint of a scope is about, in words."""
    kind = words.kind_of(item).title.lower()
    if scope == Scope.CAUSE:
        return "only this cause"
    if scope == Scope.KIND:
        return f"every cause of the kind “{kind}”"
    own = item.route is not None and item.route.legal_entity_id == item.legal_entity_id
    route = item.route.name if own and item.route else ""  # another company's is not named: this is kept
    what = words.plain(item.rule or item.table or item.field) or "the same kind"
    by = "the rule" if item.rule else "the table" if item.table else "the field"
    what = f"{by} “{what}”" if item.rule or item.table or item.field else what
    return f"{what} ({kind}) on {f'the route “{route}”' if route else 'this way'}"


def of(item: WorkItem) -> list[Hint]:
    """Return the hints that are meant for an item, the one that counts first. One query."""
    places = [place_of(item, scope) for scope in Scope.values]
    found = Hint.objects.filter(
        Q(legal_entity=item.legal_entity_id) | Q(legal_entity=None), place__in=places, replaced_at=None
    ).exclude(text="")
    return sorted(found, key=lambda each: (ORDER[each.scope], each.legal_entity_id is None))


def shown(item: WorkItem, masks: frozenset[Mask], by: By) -> tuple[Written | None, list[Written]]:
    """Return the hint that counts for an item, and what stood in its place before. Three queries at most."""
    rows = of(item)
    if not rows:
        return None, []
    first = rows[0]
    before = list(
        Hint.objects.filter(place=first.place, legal_entity=first.legal_entity_id, replaced_at__isnull=False)
        .order_by("-pk")[:MOST]
    )  # fmt: skip
    people = names([each.written_by for each in (first, *before)])
    told = [_written(each, item, people, masks, by) for each in (first, *before)]
    return told[0], told[1:]


def _written(row: Hint, item: WorkItem, people: dict[str, str], masks: frozenset[Mask], by: By) -> Written:
    company = "in all companies" if row.legal_entity_id is None else f"in {item.legal_entity.code}"
    text = words.readable(row.text, item, masks, by) or "Taken away."
    return Written(row, text, people[row.written_by], row.written_at, f"{row.about}, {company}")
