"""Asks whom a change of connections concerns beside the companies that own them, and whether one has records.

Only whoever uses connections knows: they answer the signals, and nothing here knows who they are.
"""

from collections.abc import Iterable
from typing import Any

from django.dispatch import Signal

holding = Signal()  # connection=its id; an answer is whether records were read from its account, or written to it
asked_about = Signal()  # connections=set of ids; an answer is the set of ids of the companies that a change concerns


def holds_records(connection: int) -> bool:
    """Return whether records are known by their numbers in the account of a connection."""
    answers: list[tuple[Any, Any]] = holding.send(sender=None, connection=connection)
    return any(answer for _, answer in answers)


def companies(connections: Iterable[int | None]) -> set[int]:
    """Return the ids of the companies whose records come or go through these connections, given by their ids."""
    asked = {each for each in connections if each is not None}
    if not asked:
        return set()
    answers: list[tuple[Any, Any]] = asked_about.send(sender=None, connections=asked)
    return {company for _, answer in answers for company in answer}
