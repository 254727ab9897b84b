"""Tokens of connections: fetched once under a lock, renewed before they end, never repeated when refused."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from canonical.failure import Category
from connectors.outcome import ConnectorFailure
from connectors.spec import ConnectionSpec

EARLY = 30.0  # seconds before its end at which a token is renewed; at most a fifth of its life
REMEMBER_REFUSAL = 30.0  # seconds without another try of refused credentials: repeats lock accounts


@dataclass(frozen=True, slots=True)
class Token:
    """What a login gave. `seed`: for which secrets; `expires_at`: when to renew (epoch seconds), None: unknown."""

    values: dict[str, Any] = field(repr=False)
    seed: str
    serial: int = 1
    expires_at: float | None = None

    def fresh(self, seed: str, now: float) -> bool:
        """Return whether it belongs to these secrets and has not ended."""
        return self.seed == seed and (self.expires_at is None or now < self.expires_at)


Fetch = Callable[[Token | None], Awaitable[Token]]


class TokenStore(Protocol):
    """Where tokens live. `renewed` returns another's newer token, or fetches one under the lock and keeps it."""

    async def read(self, connection_id: Any) -> Token | None: ...

    async def renewed(self, connection_id: Any, seed: str, stale: Token | None, fetch: Fetch) -> Token: ...

    async def close(self) -> None: ...


def seed_of(spec: ConnectionSpec) -> str:
    """Return the fingerprint of what a token was fetched with; new secrets make old tokens worthless."""
    return hashlib.sha256(msgspec.json.encode([spec.auth, spec.answers, spec.secrets], order="sorted")).hexdigest()[:32]


def usable(current: Token | None, seed: str, stale: Token | None) -> bool:
    """Return whether the stored token may be used although `stale` was not good."""
    if current is None or not current.fresh(seed, time.time()):
        return False
    return stale is None or current.serial != stale.serial


class MemoryTokenStore:
    """Tokens of one process; for tests and for trying a connection that is not saved yet."""

    def __init__(self) -> None:
        self._tokens: dict[Any, Token] = {}
        self._locks: dict[Any, asyncio.Lock] = {}

    async def read(self, connection_id: Any) -> Token | None:
        return self._tokens.get(connection_id)

    async def renewed(self, connection_id: Any, seed: str, stale: Token | None, fetch: Fetch) -> Token:
        async with self._locks.setdefault(connection_id, asyncio.Lock()):
            current = self._tokens.get(connection_id)
            if current is not None and usable(current, seed, stale):
                return current
            token = await fetch(current)
            self._tokens[connection_id] = token
            return token

    async def close(self) -> None:
        """Nothing is to close."""


class Tokens:
    """The tokens that this process works with: a copy of the store's, and the memory of refusals."""

    def __init__(self, store: TokenStore) -> None:
        self.store = store
        self._known: dict[Any, Token] = {}
        self._refused: dict[tuple[Any, str], tuple[float, ConnectorFailure]] = {}
        self._locks: dict[Any, asyncio.Lock] = {}

    async def current(self, spec: ConnectionSpec, seed: str, fetch: Fetch) -> Token:
        """Return a usable token, fetching one if there is none; raises ConnectorFailure."""
        known = self._known.get(spec.id)
        if known is not None and known.fresh(seed, time.time()):
            return known
        return await self.renew(spec, seed, None, fetch)

    async def renew(self, spec: ConnectionSpec, seed: str, stale: Token | None, fetch: Fetch) -> Token:
        """Return a token other than the stale one; raises ConnectorFailure."""
        async with self._locks.setdefault(spec.id, asyncio.Lock()):
            known = self._known.get(spec.id)
            if known is not None and usable(known, seed, stale):
                return known
            self._raise_remembered(spec, seed)
            try:
                token = await self.store.renewed(spec.id, seed, stale, fetch)
            except ConnectorFailure as failure:
                if failure.category is Category.CREDENTIALS:
                    self._refused[spec.id, seed] = (time.monotonic() + REMEMBER_REFUSAL, failure)
                raise
            self._known[spec.id] = token
            return token

    def _raise_remembered(self, spec: ConnectionSpec, seed: str) -> None:
        until, failure = self._refused.get((spec.id, seed), (0.0, None))
        if failure is not None and time.monotonic() < until:
            again = ConnectorFailure(failure.category, failure.message, hint=failure.hint, status=failure.status)
            again.sent = False
            raise again
