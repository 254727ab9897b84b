"""How far rights reach for the time of one request: never further than they do anyway, and perhaps less far.

A token may be made for some legal entities only. Verbs ask the rights of the person or client behind it, wherever they
are, so the narrower reach is kept beside the request and not with the person.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_reach: ContextVar[frozenset[int] | None] = ContextVar("reach", default=None)


@contextmanager
def of_its_own() -> Iterator[None]:
    """Forget at the end whatever is said inside by `to`."""
    token = _reach.set(None)
    try:
        yield
    finally:
        _reach.reset(token)


def to(legal_entities: frozenset[int] | None) -> None:
    """Let rights reach these legal entities only (ids); None: as far as roles go. Within `of_its_own`."""
    _reach.set(legal_entities)


def narrowed(legal_entities: frozenset[int] | None) -> frozenset[int] | None:
    """Return what is left of legal entities; None stands for all of them."""
    reach = _reach.get()
    if reach is None or legal_entities is None:
        return reach if legal_entities is None else legal_entities
    return legal_entities & reach


def reaches(legal_entity: int | None) -> bool:
    """Return whether rights count in a legal entity; None asks whether they count in all of them."""
    reach = _reach.get()
    return reach is None or legal_entity in reach
