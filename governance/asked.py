"""Which rights of somebody were asked while something was done, and how far each reached: to ask them anew.

An answer that is told again must not tell what its reader may not know any more, nor that something may be done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

Reaches: TypeAlias = dict[str, list[int] | None]  # ids of legal entities by right; None: all of them

_noting: ContextVar[tuple[str, Reaches] | None] = ContextVar("rights asked", default=None)


@contextmanager
def noted(account: int | str) -> Iterator[Reaches]:
    """Note what is asked inside about one account (its id); what is asked about others is theirs."""
    reaches: Reaches = {}
    token = _noting.set((str(account), reaches))
    try:
        yield reaches
    finally:
        _noting.reset(token)


def note(account: int | str, right: str, legal_entities: frozenset[int] | None) -> None:
    """Say how far a right of an account reaches, in the moment in which somebody asks."""
    noting = _noting.get()
    if noting and noting[0] == str(account):
        noting[1][str(right)] = None if legal_entities is None else sorted(legal_entities)
