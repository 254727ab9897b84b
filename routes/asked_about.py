"""Asks of which stopped work somebody has asked something of a second person: the engine lets none of it go by itself.

Only whoever keeps such requests knows: they answer the signal, and nothing here knows who they are.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.dispatch import Signal

waiting = Signal()  # ids=of stopped transactions and failed records; an answer is the set of those that are asked about


def among(ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some stopped transactions and failed records that wait for what a second person says."""
    if not ids:
        return set()
    answers: list[tuple[Any, Any]] = waiting.send(sender=None, ids=ids)
    return {each for _, answer in answers for each in answer}
