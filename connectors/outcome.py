"""What the engine is asked and what it answers: pages, write requests, outcomes, look-ups, failures."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec

from canonical.failure import Category
from connectors.exchange import Exchange
from connectors.odd_text import kept


class Result(StrEnum):
    """How a write ended, as far as anyone can know."""

    CONFIRMED = "confirmed"  # the target's answer proves it
    REFUSED = "refused"  # the target certainly did nothing
    UNKNOWN = "unknown"  # it may have happened
    NOT_SENT = "not_sent"  # no byte left us


class ConnectorFailure(Exception):
    """Talking to a system did not work; says why, what comes next and what was exchanged (redacted)."""

    def __init__(
        self,
        category: Category,
        message: str,
        *,
        hint: str = "",
        retry_after: float | None = None,
        status: int | None = None,
        exchange: Exchange | None = None,
        sent: bool = True,
        retry: bool | None = None,
    ) -> None:
        self.message = kept(message)
        super().__init__(self.message)
        self.category = category
        self.hint = hint
        self.retry_after = retry_after
        self.status = status
        self.exchange = exchange
        self.sent = sent  # False: certainly no byte of the request left us
        self.retry = retry  # what the error table says against the category's own way; None: nothing


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a stream. `cursor` is to be stored in the same commit as the records."""

    records: list[dict[str, Any]]
    raw_bytes: int
    cursor: dict[str, Any]
    last: bool
    requests: int = 1  # that it took: one, and one for each record that was fetched by itself


class WriteRequest(msgspec.Struct, frozen=True):
    """One write. `body` is sent byte for byte; no byte leaves after `deadline` (time.monotonic())."""

    operation: str  # create | update | upsert | reverse | void
    key: str
    idempotency_key: str
    body: bytes
    external_id: str | None = None
    deadline: float = 0.0


class WriteOutcome(msgspec.Struct, frozen=True):
    """How one write ended. Its text leaves out what was exchanged."""

    result: Result
    external_id: str | None = None
    reference: str = ""  # posting reference: the document's number there
    version: str = ""  # the target's version token
    category: Category | None = None
    message: str = ""
    hint: str = ""
    retry_after: float | None = None  # seconds
    status: int | None = None
    exchange: Exchange | None = None  # of what was not confirmed
    parent_key: str = ""  # of a missing reference: the key of the record that the system says it lacks
    retry: bool | None = None  # whether to try again by itself, where the error table says so against the category

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "exchange")
        return f"WriteOutcome({', '.join(shown)})"


@dataclass(frozen=True, slots=True)
class LookUp:
    """What the target knows under our key."""

    found: bool
    external_id: str | None = None
    reference: str = ""
    version: str = ""
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StreamReport:
    """Whether one stream can be read, in words; `count` records came, None where it was not tried."""

    title: str
    ok: bool
    message: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class TestReport:
    """Whether a connection works, in words: what is wrong, what would help, whom the system takes us for."""

    ok: bool
    message: str
    remedy: str = ""
    category: Category | None = None
    exchange: Exchange | None = field(default=None, repr=False)
    streams: tuple[StreamReport, ...] = ()  # each that can be read, once the sign-in has worked
