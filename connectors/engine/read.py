"""Reads a stream page by page. A page that is not what the manifest describes stops the read, its cursor unmoved."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from yarl import URL

from canonical.failure import Category
from connectors import paths
from connectors.answer import Answer, NotJson
from connectors.engine.bound import Bound
from connectors.engine.position import Position, Window, shape
from connectors.http import Call
from connectors.manifest.stream import Detail, Read, Stream
from connectors.outcome import ConnectorFailure, Page

_THROTTLED_WAITS = 3  # short waits inside one page; a longer one is the caller's
_LONGEST_WAIT = 10.0  # seconds
# What a stored place in the middle of a read may meet when the system no longer knows it.
_PLACE_IS_GONE = (Category.INTERNAL, Category.VALIDATION, Category.REFUSED, Category.SHAPE)


async def read_pages(
    bound: Bound, stream: Stream, cursor: dict[str, Any] | None, window: Window | None
) -> AsyncIterator[Page]:
    """Yield the pages from the cursor on, or those of the window; raises ConnectorFailure."""
    read = _readable(stream, window)
    position = Position(stream, read, cursor, window)
    resuming = bool(position.resume)
    while True:
        try:
            answer = await _ask_patiently(bound, _call(bound, read, position), stream)
        except ConnectorFailure as failure:
            if not (resuming and failure.category in _PLACE_IS_GONE):
                raise
            # The stored place is no longer valid at the system: begin this read again from its `since`.
            position, resuming = Position(stream, read, position.since, window), False
            continue
        resuming = False
        records = await _records(bound, stream, read, answer)
        stored, last = position.take(answer, records)
        requests = 1 + len(records) if read.detail is not None else 1
        yield Page(records, len(answer.body), stored, last, requests)
        if last:
            return


async def first_records(
    bound: Bound, stream: Stream, *, most: int, cursor: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return up to `most` records of the page that a read would begin with; raises ConnectorFailure.

    The page is asked for as small as the system allows. Details are fetched of no more records than are returned.
    """
    read = _readable(stream, None)
    small = replace(read, page_size=min(read.page_size, most))
    position = Position(stream, small, cursor, None)
    answer = await _ask_patiently(bound, _call(bound, small, position), stream)
    return await _records(bound, stream, small, answer, most=most)


def _readable(stream: Stream, window: Window | None) -> Read:
    if stream.read is None or (window is not None and stream.read.window is None):
        wanted = "read by a span of days" if stream.read else "read"
        raise ConnectorFailure(Category.CONFIGURATION, f"The stream {stream.name} cannot be {wanted}.", sent=False)
    return stream.read


def _call(bound: Bound, read: Read, position: Position) -> Call:
    scope = position.scope()
    headers = bound.rendered(read.headers, scope)
    part = read.window if position.window is not None and read.window is not None else read
    address = position.next_address
    url = _next_url(bound, address) if address else bound.url(part.path, part.query, scope)
    return bound.call(read.method, url, headers, bound.render_body(part.body, scope))


def _next_url(bound: Bound, address: str) -> URL:
    """Return the next page's address, verbatim; credentials are not carried to another host."""
    try:
        url = URL(bound.base + "/").join(URL(address, encoded=True))
        origin, _ = url.origin(), url.explicit_port  # which only then is read
    except ValueError as error:
        raise shape("the address of the next page is no web address") from error
    if origin != bound.origin:
        raise shape(f"the next page lies at another address ({origin})", "Check the connection's address.")
    return url


async def _ask_patiently(bound: Bound, call: Call, stream: Stream) -> Answer:
    headers, url = dict(call.headers), call.url
    for wait in range(_THROTTLED_WAITS + 1):
        call.headers, call.url = dict(headers), url
        try:
            answer, _ = await bound.ask(call, stream=stream.name)
        except ConnectorFailure as failure:
            seconds = failure.retry_after
            if (
                failure.category is not Category.THROTTLED
                or seconds is None
                or seconds > _LONGEST_WAIT
                or wait == _THROTTLED_WAITS
            ):
                raise
            await asyncio.sleep(seconds)
            continue
        return answer
    raise AssertionError("unreachable: the last wait raises")


async def _records(
    bound: Bound, stream: Stream, read: Read, answer: Answer, *, most: int | None = None
) -> list[dict[str, Any]]:
    found = paths.find(_json(answer), read.records) if read.records else _json(answer)
    if not isinstance(found, list):
        where = paths.written(read.records) or "the answer"
        raise shape(f"{where} is {'absent' if found is None else 'no list'}: {answer.words(200)}")
    if not all(isinstance(record, dict) for record in found):
        raise shape("a record is not a map of fields")
    found = found[:most]
    if read.detail is not None:
        found = await _details(bound, stream, read.detail, found)
    decode = bound.connector.override("decode_record")
    records = [decode(record, stream.name) for record in found] if decode else found
    for record in records:
        for path in stream.key:
            if paths.find(record, path) is None:
                raise shape(f"a record without its key {paths.written(path)}")
    return records


def _json(answer: Answer) -> Any:
    if not answer.body:
        raise shape(f"status {answer.status} with an empty body")
    try:
        return answer.json()
    except NotJson as error:
        kind = "a web page" if answer.is_html else "no readable JSON"
        raise shape(f"{kind} came instead of records: {answer.words(200)} ({str(error)[:120]})") from error


async def _details(bound: Bound, stream: Stream, detail: Detail, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    slots = asyncio.Semaphore(detail.concurrency)

    async def one(record: dict[str, Any]) -> dict[str, Any]:
        async with slots:
            url = bound.url(detail.path, detail.query, {"record": record})
            answer = await _ask_patiently(bound, bound.call("GET", url, {}), stream)
        value = paths.find(_json(answer), detail.record)
        if not isinstance(value, dict):
            raise shape("a record's details are no map of fields")
        return {**record, **value}

    tasks = [asyncio.ensure_future(one(record)) for record in found]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:  # a failure of one stops the others: the page counts whole or not at all
            task.cancel()
