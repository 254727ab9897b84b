"""Numbers that were counted over very many items, shown again for some seconds instead of being counted anew.

A list is looked at by many people, and each page asks for its numbers every few seconds. Small numbers are never kept:
what somebody has just done shows at once. Kept is in this process, for one person and what they may see now.
"""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from governance.models import User
from governance.roles import MASK_RIGHTS, Right
from governance.scoping import entity_ids

Told = TypeVar("Told")
MANY = 5_000  # items from which on numbers are kept
SECONDS = dt.timedelta(seconds=10)  # for which they are
MOST = 200  # numbers that are kept; the oldest go
RIGHTS = (Right.VIEW, Right.APPROVE, *MASK_RIGHTS.values())  # by which numbers of two moments may differ

Seen = tuple[frozenset[int] | None, ...]
_kept: OrderedDict[tuple[object, ...], tuple[dt.datetime, Seen, Any]] = OrderedDict()
_lock = Lock()


def numbers(of: tuple[str, ...], user: User, now: dt.datetime, count: Callable[[], tuple[Told, int]]) -> Told:
    """Return what `count` tells, or told some seconds ago of the same; with it, it tells how many items that were."""
    key = (*of, user.pk)
    with _lock:
        found = _kept.get(key)
    if found and dt.timedelta() <= now - found[0] < SECONDS and found[1] == _seen(user):
        told: Told = found[2]
        return told
    counted, items = count()
    seen = _seen(user) if items >= MANY else None
    with _lock:
        _kept.pop(key, None)
        if seen is not None:
            _kept[key] = now, seen, counted
            while len(_kept) > MOST:
                _kept.popitem(last=False)
    return counted


def _seen(user: User) -> Seen:
    """Return what somebody sees and may do now, by company: with other rights, other numbers are theirs."""
    return tuple(entity_ids(user, right) for right in RIGHTS)
