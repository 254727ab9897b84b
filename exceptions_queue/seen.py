"""What somebody saw of an item before they decided: a decision about all of it reaches no further than that.

Members come and go while a person reads; one whose record was corrected meanwhile stops anew, as another member.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Subquery

from exceptions_queue.codes import code_of, id_of
from exceptions_queue.models import WorkItem


@dataclass(frozen=True, slots=True)
class Seen:
    """The open members of an item when its page was made: the newest one's id, and how many they were."""

    newest: UUID
    count: int

    def __str__(self) -> str:
        return f"{code_of(self.newest)}.{self.count}"


def seen_of(item: WorkItem) -> Seen | None:
    """Return what of an item can be seen now; None when nothing of it is open. One query."""
    held = item.failures()
    number = held.order_by().values("closed_at").annotate(number=Count("*")).values("number")
    newest = held.order_by("-pk").values_list("pk", Subquery(number)).first()  # each by its own index alone
    return Seen(*newest) if newest else None


def read(text: str) -> Seen | None:
    """Return what a form carried; None for an empty one. Raises ValueError."""
    if not text:
        return None
    code, _, count = text.partition(".")
    if not (count.isascii() and count.isdecimal() and len(count) < 10):
        raise ValueError(f"{text[:40]!r} is nothing that a page of ours carries.")
    return Seen(id_of(code), int(count))
