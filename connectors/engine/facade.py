"""The engine of one event loop: its connection pools, its tokens, and the four things it can do."""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Iterable
from typing import Any

from msgspec import structs

from canonical.failure import Category
from connectors import watching
from connectors.answer import Answer
from connectors.engine import identifying, trial
from connectors.engine import look_up as looking_up
from connectors.engine import read as reading
from connectors.engine.batch import BatchSender
from connectors.engine.bound import Bound
from connectors.engine.judge import doubtful, unsent
from connectors.engine.position import Window
from connectors.engine.write import Sender, handed_back, stops
from connectors.guard import Guard
from connectors.http import Call, Http
from connectors.line import Line
from connectors.manifest.stream import Batch, Stream, Write
from connectors.outcome import ConnectorFailure, LookUp, Page, TestReport, WriteOutcome, WriteRequest
from connectors.spec import ConnectionSpec
from connectors.tokens import MemoryTokenStore, Tokens, TokenStore

_log = logging.getLogger(__name__)


class Engine:
    """Make it inside the loop that it will run on."""

    def __init__(self, *, allowed: Iterable[str] = (), store: TokenStore | None = None) -> None:
        self._http = Http(Guard(allowed))
        self._tokens = Tokens(store or MemoryTokenStore())
        self._bound: dict[Any, Bound] = {}
        self._senders: dict[tuple[Any, str, str], Sender] = {}
        self._batches: dict[tuple[Any, str, str], BatchSender] = {}

    async def close(self) -> None:
        """Close all connections, and what keeps the tokens."""
        await self._http.close()
        await self._tokens.store.close()

    def bind(self, spec: ConnectionSpec) -> Bound:
        """Return the connection ready for requests; made again when its spec has changed."""
        bound = self._bound.get(spec.id)
        if bound is None or (bound.spec is not spec and bound.spec != spec):
            bound = self._bound[spec.id] = Bound(spec, self._http, self._tokens)
            self._senders = {key: sender for key, sender in self._senders.items() if key[0] != spec.id}
        return bound

    def _ready(self, spec: ConnectionSpec) -> Bound:
        """Return the connection ready for requests; what it lacks keeps all records alike: there is no way there."""
        try:
            return self.bind(spec)
        except ConnectorFailure as failure:
            if failure.category is Category.CONFIGURATION:
                failure.category = Category.OUTAGE
            raise

    async def read_pages(
        self, spec: ConnectionSpec, stream: str, *, cursor: dict[str, Any] | None = None, window: Window | None = None
    ) -> AsyncIterator[Page]:
        """Yield pages of records from the cursor on (None: from the start), or all of a span of days.

        Numbers with a decimal point are Decimal. Store each page's cursor in the same commit as its records.
        Raises ConnectorFailure; the cursor of the page before is then still the right one.
        """
        bound = self._ready(spec)
        with bound.discreet():
            async for page in reading.read_pages(bound, stream_of(spec, stream), cursor, window):
                yield page

    async def first_records(
        self, spec: ConnectionSpec, stream: str, *, most: int, cursor: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return up to `most` records of the page that a read would begin with. Raises ConnectorFailure."""
        bound = self.bind(spec)
        with bound.discreet():
            return await reading.first_records(bound, stream_of(spec, stream), most=most, cursor=cursor)

    async def write(
        self, spec: ConnectionSpec, stream: str, requests: list[WriteRequest], *, concurrency: int | None = None
    ) -> list[WriteOutcome]:
        """Send the requests, so many calls at once; return one outcome for each in the same order.

        Never raises for what the target does. After a throttle, a refused sign-in or an outage what has not left yet
        comes back as not_sent with the same category.
        """
        described = stream_of(spec, stream)
        if described.write is None:
            raise ConnectorFailure(Category.CONFIGURATION, f"The stream {stream} cannot be written.", sent=False)
        try:
            bound = self._ready(spec)
        except ConnectorFailure as failure:
            return [unsent(failure)] * len(requests)
        outcomes: list[WriteOutcome | None] = [None] * len(requests)
        waiting, stopped = iter(_units(described.write, requests)), list[WriteOutcome]()

        async def work() -> None:
            line = bound.line()
            try:
                for unit in waiting:
                    if stopped:
                        answers = [handed_back(stopped[0])] * len(unit)
                    else:
                        answers = await self._watched(bound, described, [requests[place] for place in unit], line)
                        if answers[-1].category is not None and stops(answers[-1]):
                            stopped.append(answers[-1])
                    for place, answer in zip(unit, answers, strict=True):
                        outcomes[place] = answer
            finally:
                line.give_back()

        await asyncio.gather(*(work() for _ in range(min(concurrency or spec.concurrency, len(requests)))))
        return [outcome for outcome in outcomes if outcome is not None]

    async def _watched(
        self, bound: Bound, stream: Stream, requests: list[WriteRequest], line: Line
    ) -> list[WriteOutcome]:
        """Send one unit, and tell those who measure how it ended."""
        began = time.perf_counter()
        answers = await self._send_safely(bound, stream, requests, line)
        outcomes = [structs.replace(o, message=bound.hidden(o.message)) if o.message else o for o in answers]
        watching.sent(bound.spec.connector.name, outcomes, time.perf_counter() - began)
        return outcomes

    async def _send_safely(
        self, bound: Bound, stream: Stream, requests: list[WriteRequest], line: Line
    ) -> list[WriteOutcome]:
        """Send one unit; its trouble never takes the outcomes of its neighbours with it."""
        try:
            return await self._send(bound, stream, requests, line)
        except ConnectorFailure as failure:
            return [unsent(failure)] * len(requests)
        except Exception as error:  # noqa: BLE001 - a fault in a connector's own code; nobody can tell what left us
            place = traceback.extract_tb(error.__traceback__)[-1]  # without the message, which may quote a secret
            _log.error(
                "write.fault connection=%s stream=%s error=%s at=%s:%s",
                bound.spec.slug, stream.name, type(error).__name__, place.filename, place.lineno,
            )  # fmt: skip
            fault = doubtful(f"A fault in the connector: {type(error).__name__}.", None, None)
            return [fault] * len(requests)

    async def _send(self, bound: Bound, stream: Stream, requests: list[WriteRequest], line: Line) -> list[WriteOutcome]:
        operation = requests[0].operation
        described = stream.write.operations.get(operation) if stream.write else None
        if described is not None and described.by_look_up:
            return [await self._upsert(bound, stream, request) for request in requests]
        if identifying.lacks_id(stream.write, requests):
            return [await self._identified(bound, stream, request) for request in requests]
        sender = self._sender(bound, stream, operation)
        batch = stream.write.batch if stream.write else None
        if len(requests) == 1 or batch is None:
            return [await sender.send(requests[0], line)]
        return await self._batch_sender(sender, batch).send(requests)

    async def _upsert(self, bound: Bound, stream: Stream, request: WriteRequest) -> WriteOutcome:
        """Ask the target first; update what it has, else create. What the question meets has written nothing."""
        query = stream.write.look_up if stream.write else None
        if query is None:
            raise ConnectorFailure(Category.CONFIGURATION, f"The stream {stream.name} has no look-up.", sent=False)
        try:
            found = await looking_up.ask(bound, stream, query, request)
        except ConnectorFailure as failure:
            return unsent(failure)
        operation = "update" if found.found else "create"
        known = structs.replace(request, operation=operation, external_id=found.external_id or request.external_id)
        return await self._sender(bound, stream, operation).send(known)

    async def _identified(self, bound: Bound, stream: Stream, request: WriteRequest) -> WriteOutcome:
        """Find out which record is meant, then send; what the question meets has written nothing."""
        try:
            known = await identifying.identified(bound, stream, request)
        except ConnectorFailure as failure:
            return unsent(failure)
        if isinstance(known, WriteOutcome):
            return known
        return await self._sender(bound, stream, known.operation).send(known)

    def _sender(self, bound: Bound, stream: Stream, operation: str) -> Sender:
        key = (bound.spec.id, stream.name, operation)
        sender = self._senders.get(key)
        if sender is None or sender.bound is not bound:
            write = stream.write
            if write is None or operation not in write.operations:
                message = f"The stream {stream.name} of {bound.manifest.title} has no operation {operation}."
                raise ConnectorFailure(Category.CONFIGURATION, message, sent=False)
            sender = self._senders[key] = Sender(bound, stream, write, write.operations[operation])
        return sender

    def _batch_sender(self, sender: Sender, batch: Batch) -> BatchSender:
        key = (sender.bound.spec.id, sender.stream.name, sender.operation.name)
        known = self._batches.get(key)
        if known is None or known.single is not sender:
            known = self._batches[key] = BatchSender(sender.bound, sender.stream, batch, sender)
        return known

    async def look_up(
        self, spec: ConnectionSpec, stream: str, requests: list[WriteRequest], *, concurrency: int | None = None
    ) -> list[LookUp]:
        """Ask the target for what carries the key of each request; in order. Raises ConnectorFailure."""
        bound = self._ready(spec)
        with bound.discreet():
            return await looking_up.look_up(bound, stream_of(spec, stream), requests, concurrency or spec.concurrency)

    async def post(self, call: Call) -> Answer:
        """Send one request that belongs to no connection, through the same guard. Raises Unreachable."""
        return await self._http.send(call)

    async def test_connection(self, spec: ConnectionSpec) -> TestReport:
        """Try the connection's harmless request; say in words what is wrong and what would help."""
        try:
            if (wrong := trial.unanswered(spec)) is not None:
                return wrong
            bound = self.bind(spec)
            with bound.discreet():
                return await trial.test_connection(bound)
        except ConnectorFailure as failure:
            return trial.report_of(failure, spec.connector.manifest)


def stream_of(spec: ConnectionSpec, name: str) -> Stream:
    """Return the stream; raises ConnectorFailure naming those that exist."""
    streams = spec.connector.manifest.streams
    if name not in streams:
        message = f"{spec.connector.manifest.title} has no stream {name!r}; there are {', '.join(streams)}."
        raise ConnectorFailure(Category.CONFIGURATION, message, sent=False)
    return streams[name]


def _units(write: Write, requests: list[WriteRequest]) -> list[list[int]]:
    """Return the places of the requests that go in one call: neighbours of one operation, as the batch allows."""
    batch = write.batch
    if batch is None:
        return [[place] for place in range(len(requests))]
    units: list[list[int]] = []
    for place, request in enumerate(requests):
        joins = (
            units
            and request.operation in batch.operations
            and len(units[-1]) < batch.size
            and requests[units[-1][0]].operation == request.operation
        )
        if joins:
            units[-1].append(place)
        else:
            units.append([place])
    return units
