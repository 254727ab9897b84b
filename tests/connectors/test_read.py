"""Reading: pages end, cursors resume, and an answer that is not what was described moves no cursor."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from canonical.failure import Category
from connectors.engine import Engine
from connectors.outcome import ConnectorFailure, Page
from connectors.spec import ConnectionSpec
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import Seen, answering, json, raw


def entry(number: int) -> str:
    return f'{{"id": {number}, "hours": 1.10, "updated_at": "2026-11-0{number}T10:00:00Z"}}'


def three_pages(seen: Seen) -> web.Response:
    page = int(seen.query["page"])
    records = [entry(number) for number in (2 * page - 1, 2 * page) if number <= 5]
    return json(f'{{"entries": [{", ".join(records)}], "pages": 3}}')


async def pages_of(engine: Engine, spec: ConnectionSpec, **how: object) -> list[Page]:
    return [page async for page in engine.read_pages(spec, "entries", **how)]  # type: ignore[arg-type]


async def failure_of(engine: Engine, spec: ConnectionSpec, **more: Any) -> ConnectorFailure:
    with pytest.raises(ConnectorFailure) as caught:
        await pages_of(engine, spec, **more)
    return caught.value


async def test_read_pages_ends_with_exact_numbers_and_moves_since_with_the_last_page(engine: Engine) -> None:
    async with answering(three_pages) as server:
        pages = await pages_of(engine, spec_for(server.base))
    assert [len(page.records) for page in pages] == [2, 2, 1]
    assert [page.last for page in pages] == [False, False, True]
    assert pages[0].records[0]["hours"] == Decimal("1.10")
    assert pages[0].cursor["since"] == "1970-01-01T00:00:00Z"
    assert pages[-1].cursor == {"since": "2026-11-05T10:00:00Z"}


async def test_read_pages_resumes_at_the_page_that_was_not_stored(engine: Engine) -> None:
    async with answering(three_pages) as server:
        first = (await pages_of(engine, spec_for(server.base)))[0]
        server.seen.clear()
        rest = await pages_of(engine, spec_for(server.base), cursor=first.cursor)
    assert [seen.query["page"] for seen in server.seen] == ["2", "3"]
    assert rest[-1].cursor == {"since": "2026-11-05T10:00:00Z"}


async def test_read_pages_reads_the_overlap_again(engine: Engine) -> None:
    async with answering(lambda _: json('{"entries": [], "pages": 0}')) as server:
        pages = await pages_of(engine, spec_for(server.base), cursor={"since": "2026-11-05T10:00:00Z"})
    assert server.seen[0].query["since"] == "2026-11-05T09:59:00Z"
    assert pages[-1].cursor == {"since": "2026-11-05T10:00:00Z"}


async def test_read_pages_of_a_window_asks_for_days_and_leaves_the_cursor_out(engine: Engine) -> None:
    async with answering(three_pages) as server:
        pages = await pages_of(engine, spec_for(server.base), window=(date(2026, 11, 1), date(2026, 11, 30)))
    assert server.seen[0].query == {"from": "2026-11-01", "page": "1"}
    assert pages[-1].cursor == {}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<!doctype html><html><body>Sign in</body></html>", "web page came instead of records: Sign in"),
        ("", "empty body"),
        ('{"entries": [{"id": 1', "no readable JSON"),
        ('{"entries": null, "pages": 1}', "entries is absent"),
        ('{"entries": {"id": 1}, "pages": 1}', "entries is no list"),
        ('{"entries": [7], "pages": 1}', "a record is not a map"),
        ('{"entries": [{"hours": 1}], "pages": 1}', "a record without its key id"),
        ('{"entries": [{"id": 1, "updated_at": "yesterday"}], "pages": 1}', "is not a time"),
        ('{"entries": [{"id": 1}], "pages": 1}', "without updated_at"),
        ('{"entries": [{"id": NaN}], "pages": 1}', "no readable JSON"),
        ('{"entries": [{"id": 1e999999999}], "pages": 1}', "no readable JSON"),
        ('{"entries": [], "pages": "many"}', "not a number of pages"),
    ],
)
async def test_read_pages_stops_at_an_answer_of_the_wrong_shape(engine: Engine, body: str, words: str) -> None:
    async with answering(lambda _: web.Response(text=body, content_type="application/json")) as server:
        failure = await failure_of(engine, spec_for(server.base))
    assert failure.category is Category.SHAPE
    assert words in failure.message


async def test_read_pages_stops_at_the_same_page_for_ever(engine: Engine) -> None:
    async with answering(lambda _: json(f'{{"entries": [{entry(1)}, {entry(2)}], "pages": 99}}')) as server:
        failure = await failure_of(engine, spec_for(server.base))
    assert failure.category is Category.SHAPE
    assert len(server.seen) == 2


async def test_read_pages_takes_an_error_in_a_good_status_for_an_error(engine: Engine) -> None:
    async with answering(lambda _: json('{"error": {"message": "Key already taken"}}')) as server:
        failure = await failure_of(engine, spec_for(server.base))
    assert (failure.category, failure.hint) == (Category.DUPLICATE, "Link it.")


async def test_read_pages_calls_what_the_table_does_not_know_internal(engine: Engine) -> None:
    async with answering(lambda _: json('{"message": "teapot"}', 418)) as server:
        failure = await failure_of(engine, spec_for(server.base))
    assert failure.category is Category.INTERNAL
    assert "teapot" in failure.message


async def test_read_pages_takes_an_answer_cut_off_in_the_middle_for_broken(engine: Engine) -> None:
    async with raw(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"entries": [') as server:
        failure = await failure_of(engine, spec_for(server.base))
    assert failure.category is Category.TRANSIENT


async def test_read_pages_refuses_answers_that_grow_too_large(engine: Engine) -> None:
    bomb = gzip.compress(b'{"entries": [], "x": "' + b"0" * 5_000_000 + b'"}')
    replies = {"plain": web.Response, "bomb": web.Response}
    assert len(bomb) < 10_000
    for name in replies:
        body, encoding = (b"0" * 200_000, {}) if name == "plain" else (bomb, {"Content-Encoding": "gzip"})
        async with answering(lambda _, b=body, e=encoding: web.Response(body=b, headers=e)) as server:
            failure = await failure_of(engine, spec_for(server.base))
        assert failure.category is Category.SHAPE
        assert "larger than" in failure.message


async def test_read_pages_waits_as_long_as_a_throttling_system_says_then_goes_on(engine: Engine) -> None:
    replies = [json("{}", 429, Retry_After="0"), json(f'{{"entries": [{entry(1)}], "pages": 1}}')]
    async with answering(lambda _: replies.pop(0)) as server:
        assert len((await pages_of(engine, spec_for(server.base)))[0].records) == 1


async def test_read_pages_of_a_system_whose_clock_names_no_zone(engine: Engine) -> None:
    for said in ("Mon, 30 Nov 2026 22:00:00", "Mon, 30 Nov 2026 22:00:00 -0000"):
        answer = json(f'{{"entries": [{entry(1)}], "pages": 1}}', Date=said)
        async with answering(lambda _, a=answer: a) as server:
            assert len(await pages_of(engine, spec_for(server.base))) == 1


NEVER = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"]


def next_week() -> str:
    return (datetime.now(UTC) + timedelta(days=7)).isoformat()


@pytest.mark.parametrize("says", [*NEVER, "2099-12-31T00:00:00Z", "next week"])
async def test_read_goes_on_after_a_record_that_says_never(engine: Engine, says: str) -> None:
    never = next_week() if says == "next week" else says
    for records, since in (
        (f'{entry(1)}, {{"id": 2, "updated_at": "{never}"}}', "2026-11-01T10:00:00Z"),
        (f'{{"id": 2, "updated_at": "{never}"}}', "1970-01-01T00:00:00Z"),
    ):
        async with answering(lambda _, r=records: json(f'{{"entries": [{r}], "pages": 1}}')) as server:
            [page] = await pages_of(engine, spec_for(server.base))
        assert page.cursor == {"since": since}


async def test_read_pages_hands_a_long_wait_to_its_caller(engine: Engine) -> None:
    async with answering(lambda _: json("{}", 429, Retry_After="60")) as server:
        failure = await failure_of(engine, spec_for(server.base))
    assert (failure.category, failure.retry_after) == (Category.THROTTLED, 60.0)


@pytest.mark.parametrize("never", NEVER)
async def test_read_begins_anew_where_a_stored_time_says_never(engine: Engine, never: str) -> None:
    async with answering(lambda _: json(f'{{"entries": [{entry(1)}], "pages": 1}}')) as server:
        [page] = await pages_of(engine, spec_for(server.base), cursor={"since": never})
    assert server.seen[0].query["since"] == "1970-01-01T00:00:00Z"
    assert page.cursor == {"since": "2026-11-01T10:00:00Z"}


LINKS = MANIFEST.replace(', page: "{page.number}"', "").replace(
    "paging: {kind: page, total_pages: pages}", "paging: {kind: next_link, next: next}"
)


async def test_read_pages_follows_a_link_verbatim_and_never_to_another_host(engine: Engine) -> None:
    def reply(seen: Seen) -> web.Response:
        following = {"/entries": "/more?page=2%2F3&x=a+b", "/more": "http://10.0.0.9/entries"}[seen.path]
        return json(f'{{"entries": [{entry(1 if seen.path == "/entries" else 2)}], "next": "{following}"}}')

    async with answering(reply) as server:
        failure = await failure_of(engine, spec_for(server.base, acme(LINKS)))
    assert "another address" in failure.message
    assert len(server.seen) == 2
    assert server.seen[1].query == {"page": "2/3", "x": "a b"}


@pytest.mark.parametrize("following", ["http://[::1", "http://a.example:99999/x", "//a:b/", "mailto:someone"])
async def test_read_pages_tells_a_link_that_is_no_address_in_words(engine: Engine, following: str) -> None:
    async with answering(lambda _: json(f'{{"entries": [{entry(1)}], "next": "{following}"}}')) as server:
        failure = await failure_of(engine, spec_for(server.base, acme(LINKS)))
        cursor = {"since": "2026-11-01T00:00:00Z", "resume": {"address": following}, "seen": "", "started": ""}
        again = await failure_of(engine, spec_for(server.base, acme(LINKS)), cursor=cursor)
    assert (failure.category, again.category) == (Category.SHAPE, Category.SHAPE)
    assert failure.message == "Unexpected answer: the address of the next page is no web address."
    assert len(server.seen) == 2, "a stored one begins the read again instead of stopping it for ever"


async def test_read_pages_begins_again_when_the_stored_place_is_no_longer_valid(engine: Engine) -> None:
    def reply(seen: Seen) -> web.Response:
        if seen.path == "/gone":
            return json('{"message": "cursor expired"}', 422)
        return json(f'{{"entries": [{entry(1)}], "next": null}}')

    cursor = {"since": "2026-11-01T00:00:00Z", "resume": {"address": "/gone"}, "seen": "", "started": ""}
    async with answering(reply) as server:
        pages = await pages_of(engine, spec_for(server.base, acme(LINKS)), cursor=cursor)
    assert [page.last for page in pages] == [True]


TOKENS = MANIFEST.replace('page: "{page.number}"', 'page: "{page.cursor?}"').replace(
    "paging: {kind: page, total_pages: pages}", "paging: {kind: cursor, next: next}"
)


def by_token(pages: dict[str | None, tuple[str, str]]) -> Callable[[Seen], web.Response]:
    """Return answers by the token that is asked with: records, and the next token as JSON."""

    def reply(seen: Seen) -> web.Response:
        records, following = pages[seen.query.get("page")]
        return json(f'{{"entries": [{records}], "next": {following}}}')

    return reply


async def test_read_goes_on_behind_a_page_on_which_nothing_fits(engine: Engine) -> None:
    pages = {None: (entry(1), '"a"'), "a": ("", '"b"'), "b": (entry(2), "null")}
    async with answering(by_token(pages)) as server:
        found = await pages_of(engine, spec_for(server.base, acme(TOKENS)))
    assert [len(page.records) for page in found] == [1, 0, 1]
    assert [page.last for page in found] == [False, False, True]


@pytest.mark.parametrize("end", ["null", '""', '"a"'])
async def test_read_ends_where_no_other_token_comes(engine: Engine, end: str) -> None:
    async with answering(by_token({None: (entry(1), '"a"'), "a": ("", end)})) as server:
        found = await pages_of(engine, spec_for(server.base, acme(TOKENS)))
    assert [page.last for page in found] == [False, True]


async def test_read_by_number_goes_on_behind_an_empty_page(engine: Engine) -> None:
    numbered = acme(MANIFEST.replace("total_pages: pages", "has_more: more"))
    pages = {"1": (entry(1), "true"), "2": ("", "true"), "3": (entry(2), "false")}

    def reply(seen: Seen) -> web.Response:
        records, more = pages[seen.query["page"]]
        return json(f'{{"entries": [{records}], "more": {more}}}')

    async with answering(reply) as server:
        assert [len(page.records) for page in await pages_of(engine, spec_for(server.base, numbered))] == [1, 0, 1]


async def test_read_of_empty_pages_without_end_stops(engine: Engine) -> None:
    asked = 0

    def reply(_: Seen) -> web.Response:
        nonlocal asked
        asked += 1
        return json(f'{{"entries": [], "next": "t{asked}"}}')

    async with answering(reply) as server:
        failure = await failure_of(engine, spec_for(server.base, acme(TOKENS)))
    assert failure.category is Category.SHAPE
    assert "empty pages in a row" in failure.message
