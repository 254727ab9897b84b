"""Writing: proof, refusal, nothing sent, or unknown; nothing in between, never twice behind the caller's back."""

import asyncio
import time

from aiohttp import web
from msgspec import structs

from canonical.failure import Category
from connectors.engine import Engine
from connectors.outcome import Result, WriteOutcome, WriteRequest
from connectors.spec import ConnectionSpec
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import Seen, answering, json, raw


def request(number: int = 1, **more: object) -> WriteRequest:
    body = b'{"hours":1.10,"note":"as  is"}'
    return structs.replace(WriteRequest("create", f"K{number}", f"idem-{number}", body), **more)  # type: ignore[arg-type]


async def one(engine: Engine, spec: ConnectionSpec, sent: WriteRequest | None = None) -> WriteOutcome:
    return (await engine.write(spec, "entries", [sent or request()]))[0]


async def test_write_sends_the_very_bytes_with_our_key_and_proves_it(engine: Engine) -> None:
    async with answering(lambda _: json('{"id": 77, "updated_at": "v1"}', 201)) as server:
        outcome = await one(engine, spec_for(server.base))
    seen = server.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/entries", request().body)
    assert (seen.headers["idempotency-key"], seen.headers["content-type"]) == ("idem-1", "application/json")
    assert (outcome.result, outcome.external_id, outcome.version) == (Result.CONFIRMED, "77", "v1")


async def test_write_takes_the_id_from_the_location_and_escapes_keys_in_paths(engine: Engine) -> None:
    async with answering(lambda _: web.Response(status=204, headers={"Location": "https://x/entries/91"})) as server:
        outcome = await one(engine, spec_for(server.base), request(operation="upsert", key="A/1 ü"))
    assert outcome.external_id == "91"
    assert server.seen[0].path == "/entries/eid:A/1 ü"


async def test_write_without_a_body_sends_none(engine: Engine) -> None:
    async with answering(lambda _: web.Response(status=204)) as server:
        outcome = await one(engine, spec_for(server.base), request(operation="void", external_id="5"))
    assert (server.seen[0].method, server.seen[0].body) == ("DELETE", b"")
    assert (outcome.result, outcome.external_id) == (Result.CONFIRMED, "5")


async def test_write_is_refused_only_when_the_table_is_certain(engine: Engine) -> None:
    expected = {
        (422, '{"message": "Hours are missing"}'): (Result.REFUSED, Category.VALIDATION),
        (422, '{"message": "Key already taken"}'): (Result.REFUSED, Category.DUPLICATE),
        (200, '{"error": {"message": "Key already taken"}}'): (Result.REFUSED, Category.DUPLICATE),
        (503, '{"message": "locked, nothing was done"}'): (Result.REFUSED, Category.TRANSIENT),
        (500, "<html>oops</html>"): (Result.UNKNOWN, Category.OUTCOME_UNKNOWN),
        (409, '{"message": "whatever"}'): (Result.UNKNOWN, Category.OUTCOME_UNKNOWN),
        (302, ""): (Result.UNKNOWN, Category.OUTCOME_UNKNOWN),
        (201, "<!doctype html><p>thanks</p>"): (Result.UNKNOWN, Category.OUTCOME_UNKNOWN),
        (201, '{"id": '): (Result.UNKNOWN, Category.OUTCOME_UNKNOWN),
        (201, '{"ok": true}'): (Result.UNKNOWN, Category.OUTCOME_UNKNOWN),
        (200, '{"id": 1}'): (Result.UNKNOWN, Category.OUTCOME_UNKNOWN),
    }
    for (status, body), (result, category) in expected.items():
        async with answering(lambda _, b=body, s=status: json(b, s)) as server:
            outcome = await one(engine, spec_for(server.base))
        assert (outcome.result, outcome.category) == (result, category), (status, body)
        assert outcome.message


async def test_write_without_a_connection_is_not_sent(engine: Engine) -> None:
    async with answering(lambda _: json("{}")) as server:
        pass
    outcome = await one(engine, spec_for(server.base))
    assert (outcome.result, outcome.category) == (Result.NOT_SENT, Category.OUTAGE)


async def test_write_that_hangs_up_or_never_answers_is_unknown_and_not_repeated(engine: Engine) -> None:
    for hang_up in (True, False):
        requests: list[bytes] = []
        async with raw(b"", hang_up=hang_up, requests=requests) as server:
            outcome = await one(
                engine, spec_for(server.base, timeout=0.3), request(operation="update", external_id="1")
            )
        assert (outcome.result, len(requests)) == (Result.UNKNOWN, 1)


async def test_write_on_a_kept_connection_that_the_server_closed_is_never_repeated(engine: Engine) -> None:
    """aiohttp would send a PUT again by itself on a pooled connection that broke."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.read(65536))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        requests.append(await reader.read(65536))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    spec = spec_for(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    update = request(operation="update", external_id="1")
    assert (await one(engine, spec, update)).result is Result.CONFIRMED
    assert (await one(engine, spec, update)).result is Result.UNKNOWN
    server.close()
    await server.wait_closed()
    assert len(requests) == 2


async def test_write_after_its_deadline_sends_no_byte_even_on_a_kept_connection(engine: Engine) -> None:
    async with answering(lambda _: json('{"id": 1}', 201)) as server:
        spec = spec_for(server.base)
        assert (await one(engine, spec, request(deadline=time.monotonic() + 5))).result is Result.CONFIRMED
        late = await one(engine, spec, request(2, deadline=time.monotonic() - 0.001))
        assert (late.result, late.category) == (Result.NOT_SENT, Category.TRANSIENT)
        assert (await one(engine, spec, request(3, deadline=time.monotonic() + 5))).result is Result.CONFIRMED
    assert [seen.headers["idempotency-key"] for seen in server.seen] == ["idem-1", "idem-3"]


async def test_write_of_a_large_body_stops_in_the_middle_when_the_deadline_passes(engine: Engine) -> None:
    """A process that is stopped in the middle of a body must not finish the request after its lease."""
    received = 0
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await asyncio.sleep(0.6)
        while data := await reader.read(1 << 20):
            received += len(data)
        writer.close()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1024)
    spec = spec_for(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    body = b"0" * 50_000_000
    outcome = await one(engine, spec, request(body=body, deadline=time.monotonic() + 0.3))
    assert outcome.result is Result.UNKNOWN
    await over.wait()
    server.close()
    await server.wait_closed()
    assert received < len(body)


async def test_write_keeps_the_order_and_the_concurrency(engine: Engine) -> None:
    running, most = 0, 0

    async def reply(seen: Seen) -> web.Response:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.01)
        running -= 1
        return json(f'{{"id": "{seen.headers["idempotency-key"]}"}}', 201)

    async with answering(reply) as server:
        outcomes = await engine.write(spec_for(server.base), "entries", [request(n) for n in range(20)], concurrency=3)
    assert [outcome.external_id for outcome in outcomes] == [f"idem-{n}" for n in range(20)]
    assert most == 3


async def test_write_hands_back_the_rest_after_a_throttle(engine: Engine) -> None:
    async with answering(lambda _: json("{}", 429, Retry_After="9")) as server:
        outcomes = await engine.write(spec_for(server.base), "entries", [request(n) for n in range(9)], concurrency=2)
    assert len(server.seen) == 2
    assert [outcome.result for outcome in outcomes] == [Result.REFUSED] * 2 + [Result.NOT_SENT] * 7
    assert {(outcome.category, outcome.retry_after) for outcome in outcomes} == {(Category.THROTTLED, 9.0)}


async def test_write_of_one_that_is_gone_there_keeps_no_other_back(engine: Engine) -> None:
    gone = "    - {status: 404, category: configuration, example: {status: 404, body: {message: gone}}}\n"
    connector = acme(MANIFEST.replace("    - {status: 429,", gone + "    - {status: 429,"))

    def reply(seen: Seen) -> web.Response:
        return json("{}", 404) if seen.path.endswith("/1") else json("{}", 200)

    async with answering(reply) as server:
        updates = [request(n, operation="update", external_id=str(n)) for n in range(1, 10)]
        outcomes = await engine.write(spec_for(server.base, connector), "entries", updates, concurrency=1)
    assert [outcome.result for outcome in outcomes] == [Result.REFUSED] + [Result.CONFIRMED] * 8


BATCH = MANIFEST.replace(
    "      look_up:",
    """      batch:
        operations: [create]
        size: 3
        method: POST
        path: /batch
        atomic: true
        item: {key: "{idempotency_key}", entry: "{body}"}
        body: {items: "{items}"}
        success: [200]
        results: {path: results, match: position, status: status, success: [201], error: error, id: {body: id}}
      look_up:""",
)


async def test_batch_gives_each_item_its_own_outcome(engine: Engine) -> None:
    def reply(seen: Seen) -> web.Response:
        if seen.path == "/entries":
            return json('{"id": 9}', 201)
        good, bad = '{"status": 201, "id": 7}', '{"status": 422, "error": {"message": "Hours are missing"}}'
        return json(f'{{"results": [{good}, {bad}, {{"status": 201}}]}}')

    async with answering(reply) as server:
        outcomes = await engine.write(spec_for(server.base, acme(BATCH)), "entries", [request(n) for n in range(4)])
    results = [outcome.result for outcome in outcomes]
    assert results == [Result.CONFIRMED, Result.REFUSED, Result.UNKNOWN, Result.CONFIRMED]
    assert outcomes[1].category is Category.VALIDATION
    sent = b'{"items":[' + b",".join(b'{"key":"idem-%d","entry":%s}' % (n, request().body) for n in range(3)) + b"]}"
    assert [seen.body for seen in server.seen if seen.path == "/batch"] == [sent]


async def test_batch_that_one_bad_item_refuses_is_split_until_it_stands_alone(engine: Engine) -> None:
    def reply(seen: Seen) -> web.Response:
        if b'"bad"' in seen.body:
            return json('{"message": "Hours are missing"}', 422)
        if seen.path == "/entries":
            return json('{"id": 9}', 201)
        return json('{"results": [' + ", ".join(['{"status": 201, "id": 7}'] * seen.body.count(b"key")) + "]}")

    requests = [request(0), request(1, body=b'{"bad":1}'), request(2)]
    async with answering(reply) as server:
        outcomes = await engine.write(spec_for(server.base, acme(BATCH)), "entries", requests)
    assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED, Result.REFUSED, Result.CONFIRMED]


async def test_batch_with_too_few_results_is_unknown_as_a_whole(engine: Engine) -> None:
    async with answering(lambda _: json('{"results": []}')) as server:
        outcomes = await engine.write(spec_for(server.base, acme(BATCH)), "entries", [request(n) for n in range(3)])
    assert {outcome.result for outcome in outcomes} == {Result.UNKNOWN}


async def test_look_up_finds_by_our_key_and_says_not_there(engine: Engine) -> None:
    def reply(seen: Seen) -> web.Response:
        if seen.query["ref"] == "K3":
            return json("{}", 404)
        return json('{"entries": [{"id": 4, "ref": "K1"}, {"id": 5, "ref": "K10"}]}')

    async with answering(reply) as server:
        found = await engine.look_up(spec_for(server.base), "entries", [request(1), request(2), request(3)])
    assert [(item.found, item.external_id) for item in found] == [(True, "4"), (False, None), (False, None)]


async def test_change_of_a_record_whose_id_nobody_told_goes_to_what_has_our_key(engine: Engine) -> None:
    def answer(seen: Seen) -> web.Response:
        if seen.path == "/entries/search":
            return json('{"entries": [{"id": 77, "ref": "K1"}]}')
        return json("{}") if seen.method == "PUT" else web.Response(status=204)

    async with answering(answer) as server:
        changed = await one(engine, spec_for(server.base), request(operation="update"))
        undone = await one(engine, spec_for(server.base), request(operation="void"))
    assert [(seen.method, seen.path) for seen in server.seen] == [
        ("GET", "/entries/search"), ("PUT", "/entries/77"), ("GET", "/entries/search"), ("DELETE", "/entries/77"),
    ]  # fmt: skip
    assert [(each.result, each.external_id) for each in (changed, undone)] == [(Result.CONFIRMED, "77")] * 2


async def test_change_of_a_record_that_nobody_can_name_is_refused_in_words(engine: Engine) -> None:
    async with answering(lambda _: json('{"entries": []}')) as server:
        outcome = await one(engine, spec_for(server.base), request(operation="update"))
    assert (outcome.result, outcome.category) == (Result.REFUSED, Category.CONFLICT)
    assert "Acme has nothing under our key K1" in outcome.message
    blind = MANIFEST[: MANIFEST.index("      look_up:")] + MANIFEST[MANIFEST.index("documentation:") :]
    async with answering(lambda _: json("{}")) as server:
        outcome = await one(engine, spec_for(server.base, acme(blind)), request(operation="update"))
    assert (outcome.result, server.seen) == (Result.REFUSED, [])
    assert "Acme cannot be asked by our key" in outcome.message


async def test_write_whose_header_would_hold_a_line_break_is_that_records_fault(engine: Engine) -> None:
    varied = acme(
        MANIFEST.replace(
            "create: {method: POST, path: /entries,", 'create: {method: POST, path: /entries, headers: {Ref: "{key}"},'
        )
    )
    async with answering(lambda _: json('{"id": 1}', 201)) as server:
        broken, sound = await engine.write(
            spec_for(server.base, varied), "entries", [request(key="a\r\nb"), request(2)], concurrency=1
        )
    assert (broken.result, broken.category) == (Result.NOT_SENT, Category.VALIDATION)
    assert "line break" in broken.message
    assert sound.result is Result.CONFIRMED
    assert [seen.headers["ref"] for seen in server.seen] == ["K2"]


async def test_write_that_comes_too_late_was_not_tried(engine: Engine) -> None:
    async with answering(lambda _: json('{"id": 1}', 201)) as server:
        late = await one(engine, spec_for(server.base), request(deadline=time.monotonic() - 0.001))
    assert (late.result, late.retry) == (Result.NOT_SENT, True)
