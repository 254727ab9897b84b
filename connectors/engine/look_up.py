"""Asks the target for what carries our key. "Not there" is an answer; anything unclear is a failure."""

import asyncio
from typing import Any

from canonical.failure import Category
from connectors import paths
from connectors.answer import Answer, NotJson
from connectors.engine.bound import Bound
from connectors.engine.position import shape
from connectors.engine.steps import scope_of
from connectors.manifest.stream import LookUpQuery, Stream
from connectors.outcome import ConnectorFailure, LookUp, WriteRequest


async def look_up(bound: Bound, stream: Stream, requests: list[WriteRequest], concurrency: int) -> list[LookUp]:
    """Return what the target knows of each request, in order; raises ConnectorFailure."""
    query = stream.write.look_up if stream.write else None
    if query is None:
        raise ConnectorFailure(Category.CONFIGURATION, f"The stream {stream.name} cannot be looked up.", sent=False)
    slots = asyncio.Semaphore(concurrency)

    async def one(request: WriteRequest) -> LookUp:
        async with slots:
            return await ask(bound, stream, query, request)

    tasks = [asyncio.ensure_future(one(request)) for request in requests]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


async def ask(bound: Bound, stream: Stream, query: LookUpQuery, request: WriteRequest) -> LookUp:
    """Return what the target knows of one request; raises ConnectorFailure."""
    scope = scope_of(request)
    url, headers = bound.url(query.path, query.query, scope), bound.rendered(query.headers, scope)
    call = bound.call(query.method, url, headers, bound.render_body(query.body, scope))
    answer, _ = await bound.ask(call, good=query.absent | {200}, stream=stream.name)
    if answer.status in query.absent:
        return LookUp(False)
    decode = bound.connector.override("decode_record")
    hits = [decode(hit, stream.name) if decode else hit for hit in _hits(query, answer)]
    if query.match:
        hits = [hit for hit in hits if str(paths.find(hit, query.match)) == request.key]
    return _found(query, hits, request) if hits else LookUp(False)


def _hits(query: LookUpQuery, answer: Answer) -> list[dict[str, Any]]:
    try:
        data = answer.json()
    except NotJson as error:
        raise shape(f"no readable JSON came to a look-up: {answer.words(200)}") from error
    found = [data] if query.records is None else paths.find(data, query.records)
    if not isinstance(found, list) or not all(isinstance(hit, dict) for hit in found):
        raise shape(f"a look-up answered no list of records: {answer.words(200)}")
    return found


def _found(query: LookUpQuery, hits: list[dict[str, Any]], request: WriteRequest) -> LookUp:
    ids = [paths.find(hit, query.id) for hit in hits]
    if ids[0] is None:
        raise shape(f"a look-up found a record without {paths.written(query.id)}")
    if len(set(map(str, ids))) > 1:
        message = f"The system holds {len(hits)} records under the key {request.key}: {', '.join(map(str, ids[:5]))}."
        raise ConnectorFailure(Category.DUPLICATE, message, hint="Decide which one counts and remove the others there.")
    reference, version = (paths.find(hits[0], path) if path else None for path in (query.reference, query.version))
    return LookUp(True, str(ids[0]), _text(reference), _text(version), hits[0])


def _text(value: Any) -> str:
    return "" if value is None else str(value)
