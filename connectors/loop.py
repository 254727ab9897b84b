"""One event loop on one thread per process, and the engine that lives on it.

Never uvloop: its sockets are not Python sockets, so the send deadline and the address guard would not hold.
A forked child starts its own thread; the parent's loop does not survive a fork.
"""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings

from connectors.token_rows import DatabaseTokenStore

if TYPE_CHECKING:
    from connectors.engine import Engine

T = TypeVar("T")


@dataclass(slots=True)
class _Running:
    pid: int
    loop: asyncio.AbstractEventLoop
    engine: "Engine"


_lock = threading.Lock()
_running: _Running | None = None


def engine() -> "Engine":
    """Return this process's engine, starting its loop at the first use."""
    return _started().engine


def run(work: Coroutine[Any, Any, T]) -> "Future[T]":
    """Run a coroutine on the engine's loop; return its future. `.result()` waits for it."""
    return asyncio.run_coroutine_threadsafe(work, _started().loop)


def iterate(pages: AsyncIterator[T]) -> Iterator[T]:
    """Yield what an asynchronous iterator of the engine yields, to ordinary code; closes it when the reader stops."""
    try:
        while True:
            try:
                yield run(_next(pages)).result()
            except StopAsyncIteration:
                return
    finally:
        close = getattr(pages, "aclose", None)
        if close is not None:
            run(close()).result()


async def _next(pages: AsyncIterator[T]) -> T:
    return await anext(pages)


def stop() -> None:
    """Close the engine and end its thread; the next use starts a new one."""
    global _running
    with _lock:
        running, _running = _running, None
    if running is not None and running.pid == os.getpid():
        asyncio.run_coroutine_threadsafe(running.engine.close(), running.loop).result(5)
        running.loop.call_soon_threadsafe(running.loop.stop)


def _started() -> _Running:
    global _running
    running = _running
    if running is not None and running.pid == os.getpid():
        return running
    with _lock:
        if _running is None or _running.pid != os.getpid():
            _running = _start()
        return _running


def _start() -> _Running:
    from connectors.engine import Engine  # a fifth of a program's start, which those that talk to nobody are spared

    loop = asyncio.SelectorEventLoop()
    threading.Thread(target=_serve, args=(loop,), name="connectors-loop", daemon=True).start()

    async def make() -> Engine:
        return Engine(allowed=settings.OUTBOUND_ALLOWED, store=DatabaseTokenStore())

    return _Running(os.getpid(), loop, asyncio.run_coroutine_threadsafe(make(), loop).result(10))


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop until it is stopped, or until something ends its thread.

    Whoever waits for work of it then gets a CancelledError instead of waiting for ever; the next use starts a new loop.
    """
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        ended = _forget(loop)
        for left in (tasks := asyncio.all_tasks(loop)):
            left.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        if ended is not None:  # nobody stopped it
            loop.run_until_complete(ended.engine.close())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _forget(loop: asyncio.AbstractEventLoop) -> _Running | None:
    """Let the next use start a new loop; return what was known of this one, None when it was stopped on purpose."""
    global _running
    with _lock:
        if _running is None or _running.loop is not loop:
            return None
        ended, _running = _running, None
        return ended
