"""The orders in which items are listed, each by an index: how it begins, what names a place in it, what lies behind it.

Pages and the API walk a list by these alike. What is open goes by money and deadline, or by age; what is resolved by
when that was; where a list may hold both, the newest item is first.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from django.db.models import Q

from exceptions_queue import columns
from exceptions_queue.models import State, WorkItem
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.query import compiled as conditions
from exceptions_queue.query.words import Understood
from governance import places

Order = Literal["money", "oldest", "newest", "resolved", "number"]
OPEN: tuple[Order, ...] = ("money", "oldest", "newest")  # orders of what is open


def of_line(found: Understood, sort: str = columns.USUAL_SORT) -> Order:
    """Return the order of a line's list: as `sort` says where only open items are meant."""
    if conditions.only_open(found):
        return "oldest" if sort == "oldest" else "newest" if sort == "newest" else "money"
    return "resolved" if conditions.only_resolved(found) else "number"


def arranged(rows: WorkItemQuerySet, order: Order) -> WorkItemQuerySet:
    """Return items in an order that ends in something unique; of one that is only of open items, these."""
    if order == "money":
        return rows.open().by_money()
    if order in OPEN:
        return rows.open().by_age(newest_first=order == "newest")
    if order == "resolved":
        return rows.filter(state=State.RESOLVED).order_by("-resolved_at", "-number")
    return rows.order_by("-number")


def place_of(item: WorkItem, order: Order) -> list[Any]:
    """Return what names an item's place in an order: rank, moment in ISO 8601 or None, number."""
    moment = item.due_at if order == "money" else item.first_seen if order in OPEN else item.resolved_at
    return [item.rank, moment.isoformat() if moment else None, item.number]


def behind(order: Order, place: Sequence[Any]) -> Q:
    """Return what lies behind a place. Raises ValueError or TypeError for one that `place_of` has not given."""
    given, written, third = place
    rank, number = places.number(given), places.number(third)
    moment = None if written is None else places.moment(written)
    if order == "money":
        return _less_money(rank, moment, number)
    if order == "number":
        return Q(number__lt=number)
    if moment is None:
        raise ValueError("a moment is missing")
    if order == "oldest":
        return Q(first_seen__gte=moment) & (Q(first_seen__gt=moment) | Q(number__gt=number))
    name = "first_seen" if order == "newest" else "resolved_at"
    return Q(**{f"{name}__lte": moment}) & (Q(**{f"{name}__lt": moment}) | Q(number__lt=number))


def _less_money(rank: int, moment: datetime | None, number: int) -> Q:
    """Return what comes after a row: by rank, then what is due first, then the oldest."""
    from_there = Q(rank__lte=rank)  # by which the index begins there, and not at its first row
    if moment is None:
        return from_there & (Q(rank__lt=rank) | Q(due_at=None, number__gt=number))
    later = Q(due_at=None) | Q(due_at__gt=moment) | Q(due_at=moment, number__gt=number)
    return from_there & (Q(rank__lt=rank) | later)
