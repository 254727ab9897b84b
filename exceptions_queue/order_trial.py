"""Trying other measures on the first open items that somebody sees. Nothing of it is kept."""

from dataclasses import dataclass

from exceptions_queue import reckoning, yardstick
from exceptions_queue.models import WorkItem, Yardstick
from governance.models import User

TRIED = 500  # open items on which other measures are tried
SHOWN = 15


@dataclass(frozen=True, slots=True)
class Move:
    """An item as it would stand, and as it stands."""

    item: WorkItem  # with the worth, deadline and priority that it would have
    place: int  # among those that were tried: 1 is the first
    was: int
    before: int  # the priority that it has


def moves(user: User, wanted: Yardstick) -> list[Move]:
    """Return the first items as other measures would order them. At most SHOWN of TRIED."""
    rows = WorkItem.objects.visible_to(user).open().by_money().select_related("legal_entity", "connection")
    items = list(rows.prefetch_related("amounts")[:TRIED])
    stood = {item.number: (place, item.priority) for place, item in enumerate(items, 1)}
    reckoning.work_out(items, reckoning.now(), yardstick.of(wanted))
    far = max((item.due_at for item in items if item.due_at), default=None)
    items.sort(key=lambda item: (-item.rank, item.due_at is None, item.due_at or far, item.number))
    return [Move(item, place, *stood[item.number]) for place, item in enumerate(items[:SHOWN], 1)]
