"""How far what an item let go has come: sent through, at the target, or stopped again. Asked while somebody looks."""

from dataclasses import dataclass

from canonical.failure import Category
from exceptions_queue import settle
from exceptions_queue.models import Release, State, WorkItem
from governance.models import User
from governance.roles import Right
from governance.scoping import ALL, entity_ids
from routes import waiting_behind
from routes.states import State as Stands
from routes.waiting_behind import Waiting

UNDER_WAY = (Stands.RECEIVED, Stands.NORMALISED, Stands.VALIDATED, Stands.READY, Stands.DELIVERING, Stands.RETRYING)


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of what was let go. `release` is the last one; none where a system was to take something again."""

    release: Release | None
    posted: int = 0
    under_way: int = 0
    stopped: int = 0  # again, for this or another cause
    ended: int = 0  # without anything sent: a newer version, a rule, a person
    waiting: Waiting | None = None  # for the system
    works: bool = False  # it does again

    @property
    def moves(self) -> bool:
        """Whether there is more to come, so that it is worth asking again."""
        if self.waiting is not None:
            return bool(self.waiting.count) or not self.works
        return self.under_way > 0 or (self.release is not None and self.release.done_at is None)

    @property
    def total(self) -> int:
        """Return how many there are in all; at least one, for a bar needs it."""
        return max(
            1, self.release.asked if self.release else 0, self.posted + self.under_way + self.stopped + self.ended
        )

    @property
    def through(self) -> int:
        """Return how many have come to some end."""
        return self.posted + self.stopped + self.ended


def of(item: WorkItem, user: User) -> Progress | None:
    """Return how far it is; None where nothing was let go, or all of it has come to an end. At most five queries."""
    if item.category in (Category.OUTAGE, Category.CREDENTIALS):
        return _of_system(item, user)
    release = item.releases.order_by("-pk").first()
    if release is None:
        return None
    _, stands, _ = settle.outcomes([item.number]) if item.state == State.RESUBMITTED else ({}, {}, None)
    counts = stands.get(item.number, {})
    posted, under_way = counts.pop(Stands.POSTED, 0), sum(counts.pop(state, 0) for state in UNDER_WAY)
    stopped = sum(counts.pop(state, 0) for state in (*settle.STOPPED, Stands.UNKNOWN))
    return Progress(release, posted, under_way, stopped, sum(counts.values()))


def _of_system(item: WorkItem, user: User) -> Progress | None:
    """Return what still waits for a system that is just tried again."""
    if item.connection is None or item.state != State.IN_PROGRESS:
        return None
    seen = entity_ids(user, Right.VIEW)
    waits = waiting_behind.behind(item.connection.pk, of=None if seen is ALL else seen)
    return Progress(None, waiting=waits, works=item.connection.breaker_state == "closed")
