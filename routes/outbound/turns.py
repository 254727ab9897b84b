"""Puts what happened in the order in which it did: by time, except where something surer than a clock is known.

Times are those of the hub's clock, which can be set back, and of one commit they say nothing: a page carries the moment
at which it was read, what it replaced the moment at which that was found. Surer are the count of a subject's own
changes, and within a commit that what a version replaces ends before the version begins. Knows no database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from itertools import pairwise
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """Something to tell, with what is known of when it happened. Only those of one key have an order."""

    told: T
    key: str
    subject: UUID
    place: tuple[int, int]  # among the changes of its subject
    commit: int
    version: int  # of its subject, among those of its key: they count in the order in which they arrived
    at: datetime


def in_order(turns: Iterable[Turn[T]]) -> list[T]:
    """Return what is told, by time; of each key in the order in which it happened."""
    by_time = sorted(turns, key=lambda turn: (turn.at, turn.version, turn.place))
    keys: dict[str, list[Turn[T]]] = defaultdict(list)
    for turn in by_time:
        keys[turn.key].append(turn)
    waiting = {key: iter(each if len(each) == 1 else list(_of_key(each))) for key, each in keys.items()}
    return [next(waiting[turn.key]).told for turn in by_time]


def _of_key(turns: Sequence[Turn[T]]) -> Iterator[Turn[T]]:
    """Yield those of one key: always the earliest of which nothing that came before is left."""
    after: TopologicalSorter[int] = TopologicalSorter({number: () for number in range(len(turns))})
    for first, second in _known(turns):
        after.add(second, first)
    after.prepare()
    ready: list[int] = []  # numbers go up with time
    while after.is_active():
        for number in after.get_ready():
            heappush(ready, number)
        number = heappop(ready)
        yield turns[number]
        after.done(number)


def _known(turns: Sequence[Turn[T]]) -> Iterator[tuple[int, int]]:
    """Yield pairs of numbers of which the first certainly happened before the second.

    Each goes on in version, or in place within one, so that they never make a circle.
    """
    own: dict[UUID, list[int]] = defaultdict(list)
    commits: dict[int, list[int]] = defaultdict(list)
    for number, turn in enumerate(turns):
        own[turn.subject].append(number)
        commits[turn.commit].append(number)
    for numbers in own.values():
        yield from pairwise(sorted(numbers, key=lambda number: turns[number].place))
    for numbers in commits.values():
        yield from pairwise(sorted(numbers, key=lambda number: (turns[number].version, turns[number].place)))
