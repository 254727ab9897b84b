"""Working out the next page while this one is stored.

Storing a page is mostly waiting for the database, working one out is none of it; side by side they take the time of the
longer. Only workers do it: elsewhere pages come one after the other, on the caller's own connection.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import connections

from connectors.outcome import Page

T = TypeVar("T")
_switch = {"on": False}
_reading: Counter[str] = Counter()
_lock = threading.Lock()


def serve(on: bool) -> None:
    """Say whether this process is a worker, which may use a thread of its own."""
    _switch["on"] = on


def serving() -> bool:
    """Return whether this process is a worker."""
    return _switch["on"]


def reading() -> bool:
    """Return whether this worker is reading pages now: then its one core is better left to that."""
    return _switch["on"] and _reading["pages"] > 0


@contextmanager
def counted() -> Iterator[None]:
    """Count as reading inside."""
    with _lock:
        _reading["pages"] += 1
    try:
        yield
    finally:
        with _lock:
            _reading["pages"] -= 1


def each(pages: Iterator[Page], work: Callable[[Page], T]) -> Iterator[tuple[Page, T]]:
    """Yield pages with what `work` makes of them, one page ahead of the reader; errors come in their page's place."""
    if not _switch["on"]:
        for page in pages:
            yield page, work(page)
        return

    def step() -> tuple[Page, T] | None:
        page = next(pages, None)
        return None if page is None else (page, work(page))

    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        try:
            upcoming = pool.submit(step)
            while (found := upcoming.result()) is not None:
                if not found[0].last:
                    upcoming = pool.submit(step)
                yield found
                if found[0].last:
                    return
        finally:
            upcoming.cancel()
            pool.submit(connections.close_all).result()
