"""Several writes in one call: each item gets its own outcome, and one bad item never refuses its neighbours."""

from typing import Any

import msgspec

from canonical.failure import OF_THE_RECORD, Category
from connectors import paths
from connectors.answer import Answer
from connectors.classify import Verdict
from connectors.engine.bound import Bound
from connectors.engine.judge import declined, doubtful, found_in, judge_item, unanswered, unsent
from connectors.engine.splice import listed
from connectors.engine.write import Sender
from connectors.exchange import Exchange
from connectors.http import Call, Unreachable
from connectors.line import Line
from connectors.manifest.stream import Batch, Stream
from connectors.outcome import ConnectorFailure, Result, WriteOutcome, WriteRequest

# Refusals of the whole call that can be one item's fault; the others would meet every part of a split call too.
_ITEMS_FAULT = OF_THE_RECORD | {Category.REFUSED}


class BatchSender:
    """The batch call of one stream of one connection."""

    def __init__(self, bound: Bound, stream: Stream, batch: Batch, single: Sender) -> None:
        self.bound, self.stream, self.batch, self.single = bound, stream, batch, single
        self.wrap = None if batch.item is None else bound.wrapper(batch.item)

    async def send(self, requests: list[WriteRequest], line: Line | None = None) -> list[WriteOutcome]:
        """Send the requests in one call; return an outcome for each, in order."""
        if len(requests) == 1:
            return [await self.single.send(requests[0], line)]
        try:
            return await self._send(requests)
        except ConnectorFailure as failure:
            return [unsent(failure)] * len(requests)
        except Unreachable as error:
            return [unanswered(error)] * len(requests)

    async def _send(self, requests: list[WriteRequest]) -> list[WriteOutcome]:
        batch, bound = self.batch, self.bound
        body = listed(batch.body, bound.scope, [self._item(request) for request in requests])
        # The earliest deadline holds for the call: no item may leave after its own.
        deadline = min((request.deadline for request in requests if request.deadline), default=0.0)

        def call() -> Call:
            url, headers = bound.url(batch.path, batch.query, {}), bound.rendered(batch.headers, {})
            return bound.call(batch.method, url, headers, body, deadline)

        answer, exchange, verdict = await bound.exchange(call, batch.success, self.stream.name)
        if verdict is None:
            return self._items(requests, answer, exchange)
        if batch.atomic and verdict.certain and verdict.category in _ITEMS_FAULT:
            return await self._halves(requests)
        return [declined(verdict, answer.status, exchange)] * len(requests)

    async def _halves(self, requests: list[WriteRequest]) -> list[WriteOutcome]:
        """Send each half on its own; the refused call certainly did nothing, so nothing is sent twice."""
        middle = len(requests) // 2
        return await self.send(requests[:middle]) + await self.send(requests[middle:])

    def _item(self, request: WriteRequest) -> bytes:
        body = request.body
        if self.single.encode is not None:
            body = self.single.encode(body, request.operation, self.stream.name)
        return body if self.wrap is None else self.wrap(request, body)

    def _items(self, requests: list[WriteRequest], answer: Answer, exchange: Exchange) -> list[WriteOutcome]:
        batch = self.batch
        results = paths.find(answer.json_or_none(), batch.results)
        if not isinstance(results, list) or (batch.match == "position" and len(results) != len(requests)):
            message = f"The answer to a batch of {len(requests)} does not hold as many results: {answer.words(200)}"
            return [doubtful(message, answer.status, exchange)] * len(requests)
        if batch.match == "position":
            return [self._outcome(*pair, answer, exchange) for pair in zip(requests, results, strict=True)]
        by_key = {str(paths.find(result, batch.key)): result for result in results}
        return [
            self._outcome(request, by_key.get(request.key, by_key.get(request.idempotency_key)), answer, exchange)
            for request in requests
        ]

    def _outcome(self, request: WriteRequest, result: Any, answer: Answer, exchange: Exchange) -> WriteOutcome:
        batch = self.batch
        if not isinstance(result, dict):
            return doubtful("The answer to the batch says nothing of this item.", answer.status, exchange)
        if not self._good(result):
            return declined(self._verdict(result, answer), answer.status, exchange)
        external_id = found_in(batch.id, answer, result, request)
        if batch.id is not None and external_id is None:
            return doubtful("The item was accepted without its id.", answer.status, exchange)
        return WriteOutcome(
            Result.CONFIRMED,
            external_id or request.external_id,
            found_in(batch.reference, answer, result, request) or "",
            found_in(batch.version, answer, result, request) or "",
            status=answer.status,
        )

    def _good(self, result: dict[str, Any]) -> bool:
        batch = self.batch
        if batch.error and paths.find(result, batch.error):
            return False
        return not batch.status or str(paths.find(result, batch.status)).lower() in batch.item_success

    def _verdict(self, result: dict[str, Any], answer: Answer) -> Verdict:
        status = paths.find(result, self.batch.status) if self.batch.status else None
        number = status if isinstance(status, int) and 100 <= status <= 599 else answer.status
        return judge_item(self.bound.manifest, Answer(number, answer.headers, _encode(result)))


_encode = msgspec.json.Encoder(decimal_format="number").encode
