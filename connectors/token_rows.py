"""Tokens in the database: one renewal at a time over all processes, the result encrypted before anyone uses it."""

import asyncio
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections, connection

from canonical.failure import Category
from connectors.models import TokenCache
from connectors.outcome import ConnectorFailure
from connectors.tokens import Fetch, MemoryTokenStore, Token, usable
from governance.keys import KeyLost, KeysUnusable

RENEWAL_SECONDS = 90  # longer than any request timeout: a renewer that is alive is never overtaken
_ASK_AGAIN = 0.1  # seconds between two looks at another's renewal
T = TypeVar("T")


class DatabaseTokenStore:
    """Keeps tokens of saved connections in TokenCache; those of a connection that is only tried stay in memory.

    The lock is a leased row, taken by a conditional update: the row count is the lock, and no transaction stays open
    while the system is asked.
    """

    def __init__(self) -> None:
        # One thread: the event loop must not wait for the database, and one connection is enough for tokens.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="connectors-tokens")
        self._memory = MemoryTokenStore()

    async def read(self, connection_id: Any) -> Token | None:
        """Return the stored token, None when there is none."""
        if not isinstance(connection_id, int):
            return await self._memory.read(connection_id)
        return await self._in_thread(_read, connection_id)

    async def renewed(self, connection_id: Any, seed: str, stale: Token | None, fetch: Fetch) -> Token:
        """Return another's newer token, or fetch one under the lock and keep it; raises ConnectorFailure."""
        if not isinstance(connection_id, int):
            return await self._memory.renewed(connection_id, seed, stale, fetch)
        holder = uuid.uuid4()
        for _ in range(int(2 * RENEWAL_SECONDS / _ASK_AGAIN)):
            current = await self._in_thread(_read, connection_id)
            if current is not None and usable(current, seed, stale):
                return current
            if await self._in_thread(_lock, connection_id, holder):
                return await self._fetched(connection_id, seed, stale, fetch, holder)
            await asyncio.sleep(_ASK_AGAIN)
        message = "Another process has been renewing the token of this connection for minutes."
        raise ConnectorFailure(Category.TRANSIENT, message, sent=False)

    async def close(self) -> None:
        """Close the thread's database connection and end the thread."""
        await self._in_thread(_close)
        self._thread.shutdown(wait=False)

    async def _fetched(
        self, connection_id: int, seed: str, stale: Token | None, fetch: Fetch, holder: uuid.UUID
    ) -> Token:
        try:
            # Between the first look and the lock another may have finished.
            current = await self._in_thread(_read, connection_id)
            if current is not None and usable(current, seed, stale):
                return current
            token = await fetch(current)
            await self._in_thread(_keep, connection_id, token)
            return token
        finally:
            await self._in_thread(_unlock, connection_id, holder)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _fresh, work, *arguments)
        except KeysUnusable as unusable:  # until an operator has put them right nothing leaves us
            raise ConnectorFailure(Category.TRANSIENT, str(unusable), sent=False) from unusable


def _fresh(work: Callable[..., T], *arguments: Any) -> T:
    close_old_connections()  # the thread lives as long as the process; its database connection may not
    return work(*arguments)


def _close() -> None:
    connection.close()


def _read(connection_id: int) -> Token | None:
    """Return the stored token; one whose key is lost is of no use, and the next one takes its place."""
    row = TokenCache.objects.filter(pk=connection_id, serial__gt=0).first()
    if row is None:
        return None
    try:
        return Token(dict(row.values.items()), row.seed, row.serial, row.expires_at)
    except KeyLost:
        return Token({}, "", row.serial)


def _lock(connection_id: int, holder: uuid.UUID) -> bool:
    TokenCache.objects.bulk_create([TokenCache(connection_id=connection_id)], ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE connectors_tokencache SET renewing_by = %s, renewing_until = hub_now() + make_interval(secs => %s)
            WHERE connection_id = %s AND (renewing_until IS NULL OR renewing_until < hub_now()
                  OR renewing_until > hub_now() + make_interval(secs => 2 * %s))
            """,
            [holder, RENEWAL_SECONDS, connection_id, RENEWAL_SECONDS],
        )
        return bool(cursor.rowcount == 1)


def _keep(connection_id: int, token: Token) -> None:
    TokenCache.objects.filter(pk=connection_id).update(
        values=token.values, seed=token.seed, serial=token.serial, expires_at=token.expires_at
    )


def _unlock(connection_id: int, holder: uuid.UUID) -> None:
    TokenCache.objects.filter(pk=connection_id, renewing_by=holder).update(renewing_by=None, renewing_until=None)
