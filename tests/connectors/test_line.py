"""The quick way of a plain write: the same bytes and the same guarantees as the long way, on a kept connection."""

import asyncio
import contextlib
import gzip
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from canonical.failure import Category
from connectors.engine import Engine
from connectors.engine.splice import wrapped, wrapper
from connectors.engine.write import Sender
from connectors.outcome import Result, WriteOutcome, WriteRequest
from connectors.sockets import GuardedSocket
from connectors.template import Structure
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import answering, json

CREATED = b'HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{"id": 7}'
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def request(number: int = 1, **more: Any) -> WriteRequest:
    body = b'{"hours":1.10,"note":"as  is"}'
    return WriteRequest(**{"operation": "create", "key": f"K{number}", "idempotency_key": f"idem-{number}",
                           "body": body, **more})  # fmt: skip


async def write(engine: Engine, base: str, count: int = 1, **more: Any) -> list[WriteOutcome]:
    """Write so many entries one after the other."""
    return await engine.write(spec_for(base, **more), "entries", [request(n) for n in range(count)], concurrency=1)


@contextlib.asynccontextmanager
async def talking(talk: Talk, **more: Any) -> AsyncIterator[str]:
    """Serve every connection by `talk`; give the address."""
    open_ones: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    place: dict[str, Any] = {} if "sock" in more else {"host": "127.0.0.1", "port": 0}
    server = await asyncio.start_server(serve, **place, **more)
    scheme = "https" if "ssl" in more else "http"
    try:
        yield f"{scheme}://localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
        await asyncio.sleep(0)
        await server.wait_closed()


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Return one request as it came."""
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))


def replying(*answers: bytes, seen: list[bytes] | None = None, connections: list[int] | None = None) -> Talk:
    """Give each request of a connection the next of these answers; hang up after the last."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if connections is not None:
            connections.append(1)
        for answer in answers:
            asked = await heard(reader)
            if seen is not None:
                seen.append(asked)
            writer.write(answer)
            await writer.drain()

    return talk


async def test_line_sends_exactly_what_is_needed(engine: Engine) -> None:
    seen: list[bytes] = []
    async with talking(replying(CREATED, seen=seen)) as base:
        assert (await write(engine, base))[0].external_id == "7"
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        "POST /entries HTTP/1.1",
        f"Host: {base.removeprefix('http://')}",
        "User-Agent: Throughline",
        "Accept: application/json",
        "Accept-Encoding: gzip, deflate",
        "Content-Type: application/json",
        "Authorization: Bearer s3cret-token-of-acme",
        "Idempotency-Key: idem-0",
        "Content-Length: 30",
    ]
    assert body == request().body


@pytest.mark.parametrize("key", ["K1", "A/1 ü", "a?b#c&d=e", "..", "100%", "x:y~z"])
@pytest.mark.parametrize("operation", ["create", "update", "upsert", "void"])
async def test_line_and_the_long_way_look_alike_to_the_system(engine: Engine, operation: str, key: str) -> None:
    asked = request(operation=operation, key=key, external_id=f"ext {key}", idempotency_key=f"idem {key}")
    async with answering(lambda _: json('{"id": 7}', 201)) as server:
        bound = engine.bind(spec_for(server.base + "/api"))
        stream = bound.manifest.streams["entries"]
        assert stream.write is not None
        sender = Sender(bound, stream, stream.write, stream.write.operations[operation])
        assert sender.letter is not None
        line = bound.line()
        await sender.send(asked, line)
        line.give_back()
        await sender.send(asked)
    short, long = server.seen
    assert (short.method, short.path, short.query, short.body) == (long.method, long.path, long.query, long.body)
    assert short.headers == long.headers


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"id\r\n5\r\n": 7}\r\n0\r\n\r\n',
        b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
        % (len(gzip.compress(b'{"id": 7}', mtime=0)), gzip.compress(b'{"id": 7}', mtime=0)),
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + CREATED,
    ],
)
async def test_line_reads_answers_in_every_form_and_goes_on(engine: Engine, answer: bytes) -> None:
    connections: list[int] = []
    async with talking(replying(answer, answer, connections=connections)) as base:
        outcomes = await write(engine, base, 2)
    assert [outcome.external_id for outcome in outcomes] == ["7", "7"]
    assert len(connections) == 1


@pytest.mark.parametrize("answer", [CREATED.replace(b"Content-Length: 9", b"Connection: close")])
async def test_line_takes_another_connection_after_one_that_ends(engine: Engine, answer: bytes) -> None:
    connections: list[int] = []
    async with talking(replying(answer, connections=connections)) as base:
        outcomes = await write(engine, base, 3)
    assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED] * 3
    assert len(connections) == 3


async def test_line_never_takes_words_that_nobody_asked_for_as_an_answer(engine: Engine) -> None:
    stray = b'HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n{"id": 66}'
    connections: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await heard(reader)
        writer.write(CREATED + stray)
        await asyncio.sleep(0.05)
        writer.write(stray)
        await reader.read()

    async with talking(talk) as base:
        outcomes = await write(engine, base, 2)
        await asyncio.sleep(0.1)
        outcomes += await write(engine, base)
    assert [outcome.external_id for outcome in outcomes] == ["7"] * 3
    assert len(connections) == 3


@pytest.mark.parametrize(
    "answer",
    [
        b"SMTP ready\r\n\r\n",
        b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"id": 7}',
        b"HTTP/1.1 201 Created\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 201 Created\r\nContent-Length: 100010\r\n\r\n" + b"x" * 100_010,
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        b"",
    ],
)
async def test_line_knows_nothing_after_an_answer_it_cannot_use_and_repeats_nothing(
    engine: Engine, answer: bytes
) -> None:
    seen: list[bytes] = []
    async with talking(replying(answer, seen=seen)) as base:
        outcomes = await write(engine, base, 2)
    assert [outcome.result for outcome in outcomes] == [Result.UNKNOWN] * 2
    assert outcomes[0].exchange is not None
    assert "idem-0" in str(outcomes[0].exchange.redacted())
    assert "s3cret" not in str(outcomes[0].exchange.redacted())
    assert len(seen) == 2


async def test_line_gives_each_request_its_whole_time_and_no_more(engine: Engine) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            await heard(reader)
            await asyncio.sleep(0.25)
            writer.write(CREATED)
        await heard(reader)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n")
        while True:
            await asyncio.sleep(0.05)
            writer.write(b" ")
            await writer.drain()

    async with talking(talk) as base:
        clock = time.monotonic()
        outcomes = await write(engine, base, 4, timeout=0.4)
    assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED] * 3 + [Result.UNKNOWN]
    assert "did not answer within 0.4 seconds" in outcomes[3].message
    assert 1.1 < time.monotonic() - clock < 1.9


async def test_line_that_is_answered_early_leaves_the_rest_of_the_body_unsent(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Narrow(GuardedSocket):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)

    monkeypatch.setattr("connectors.sockets.GuardedSocket", Narrow)
    received: list[int] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(CREATED)
        await asyncio.sleep(0.1)
        while data := await reader.read(1 << 16):
            received.append(len(data))

    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listening.bind(("127.0.0.1", 0))
    async with talking(talk, sock=listening, limit=1024) as base:
        large = [request(number, body=b"0" * 500_000) for number in range(2)]
        outcomes = await engine.write(spec_for(base), "entries", large, concurrency=1)
        await asyncio.sleep(0.3)
    assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED] * 2
    assert sum(received) < 500_000


async def test_line_sends_no_byte_after_the_deadline_and_the_next_request_is_whole(engine: Engine) -> None:
    seen: list[bytes] = []
    async with talking(replying(CREATED, CREATED, seen=seen)) as base:
        late = time.monotonic() - 0.001
        requests = [request(0), request(1, deadline=late), request(2)]
        outcomes = await engine.write(spec_for(base), "entries", requests, concurrency=1)
    assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED, Result.NOT_SENT, Result.CONFIRMED]
    assert [b"idem-0" in seen[0], b"idem-2" in seen[1], len(seen)] == [True, True, 2]


async def test_line_refuses_keys_that_would_write_headers(engine: Engine) -> None:
    seen: list[bytes] = []
    async with talking(replying(CREATED, CREATED, seen=seen)) as base:
        requests = [request(0), request(1, idempotency_key="a\r\nX-Evil: 1"), request(2)]
        outcomes = await engine.write(spec_for(base), "entries", requests, concurrency=1)
    assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED, Result.NOT_SENT, Result.CONFIRMED]
    assert not any(b"Evil" in each for each in seen)


async def test_line_asks_the_guard() -> None:
    guarded = Engine(allowed=[])
    async with answering(lambda _: json('{"id": 7}', 201)) as server:
        outcome = (await write(guarded, server.base))[0]
    await guarded.close()
    assert (outcome.result, outcome.category, server.seen) == (Result.NOT_SENT, Category.OUTAGE, [])


async def test_line_follows_a_redirect_that_keeps_the_method(engine: Engine) -> None:
    def reply(seen: Any) -> web.Response:
        return (
            web.Response(status=307, headers={"Location": "/new"})
            if seen.path == "/entries"
            else json('{"id": 9}', 201)
        )

    async with answering(reply) as server:
        outcome = (await write(engine, server.base))[0]
    assert (outcome.result, outcome.external_id) == (Result.CONFIRMED, "9")
    assert [(seen.path, seen.body) for seen in server.seen] == [("/entries", request().body), ("/new", request().body)]


async def test_line_of_a_cancelled_write_is_never_used_again(engine: Engine) -> None:
    asked: list[bytes] = []
    came = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await heard(reader))
        came.set()
        if len(asked) == 1:
            await asyncio.sleep(0.3)  # the late answer to the cancelled one
        writer.write(CREATED.replace(b"7", b"%d" % len(asked)))
        await reader.read()

    async with talking(talk) as base:
        first = asyncio.ensure_future(write(engine, base))
        await came.wait()
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
        assert (await write(engine, base))[0].external_id == "2"


async def test_line_speaks_tls_keeps_the_connection_and_the_deadline(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving, trusting = certified(tmp_path)
    seen: list[bytes] = []
    connections: list[int] = []
    async with talking(replying(CREATED, CREATED, CREATED, seen=seen, connections=connections), ssl=serving) as base:
        untrusted = (await write(engine, base))[0]
        assert (untrusted.result, untrusted.category) == (Result.NOT_SENT, Category.OUTAGE)
        monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
        assert [outcome.result for outcome in await write(engine, base, 3)] == [Result.CONFIRMED] * 3
        late = [request(8), request(9, deadline=time.monotonic() - 0.001)]
        outcomes = await engine.write(spec_for(base), "entries", late, concurrency=1)
        assert [outcome.result for outcome in outcomes] == [Result.CONFIRMED, Result.NOT_SENT]
        await asyncio.sleep(0.05)
    assert (len(seen), len(connections)) == (4, 2)


def certified(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the context of a server called localhost and that of a client which trusts it."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, hashes.SHA256()
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "localhost.pem").write_bytes(private + pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "localhost.pem")
    return serving, ssl.create_default_context(cadata=pem.decode())


STRUCTURES = [
    {"key": "{key}", "entry": "{body}"},
    {"id": "x-{key}-{external_id}", "of": ["{answers.account}", 1, None], "body": "{body}"},
    {"idem": "{idempotency_key|upper}", "body": "{body}"},
    {"maybe": "{external_id?}", "body": "{body}"},
    {"words": "around {body}", "key": "{key}"},
    ["{body}", "{body}", "{key}"],
]
_texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.sampled_from(STRUCTURES), _texts, _texts, st.binary())
def test_wrapper_writes_what_rendering_writes(written: Any, key: str, external_id: str, body: bytes) -> None:
    known, structure = {"answers": {"account": 'a"\\1'}}, Structure(written)
    asked = WriteRequest("create", key, f"i-{key}", body, external_id)
    scope = {**known, "key": key, "external_id": external_id, "idempotency_key": f"i-{key}"}
    rendered = wrapped(structure, scope, body)
    if written != STRUCTURES[-1]:  # rendering puts the bytes in once; nobody wants them twice
        assert wrapper(structure, known)(asked, body) == rendered


async def test_line_is_not_for_requests_with_a_signature_of_their_own(engine: Engine) -> None:
    class Signing:
        @staticmethod
        def sign(call: Any, spec: Any, token: Any) -> None:
            call.headers["X-Signature"] = str(len(call.body))

    async with answering(lambda _: json('{"id": 7}', 201)) as server:
        spec = spec_for(server.base, acme(MANIFEST, Signing))
        outcome = (await engine.write(spec, "entries", [request()]))[0]
    assert (outcome.result, server.seen[0].headers["x-signature"]) == (Result.CONFIRMED, "30")
