"""Tokens: renewed once over all tasks and processes, rotating refresh tokens kept, refusals not repeated."""

import asyncio
import time
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.db import connection
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from canonical.failure import Category
from connectors.engine import Engine
from connectors.outcome import ConnectorFailure, Result, WriteRequest
from connectors.token_rows import DatabaseTokenStore
from connectors.tokens import Token
from tests.connectors.acme import MANIFEST, acme, saved_connection, spec_for
from tests.connectors.scripted import Seen, answering, json
from tests.connectors.simulated import SIGN_IN, Simulated

HEADER = '- {name: token, title: Access token, kind: header, headers: {Authorization: "Bearer {secrets.token}"}}'


@cache
def key() -> rsa.RSAPrivateKey:
    """Return a key, made when it is needed and not while tests are collected."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem() -> str:
    plain = serialization.NoEncryption()
    return key().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def signing_in(auth: str) -> Any:
    return acme(MANIFEST.replace(HEADER, auth))


def requests(count: int) -> list[WriteRequest]:
    return [WriteRequest("create", f"K{n}", f"i{n}", b'{"ref":"K","hours":1}') for n in range(count)]


async def test_token_is_fetched_once_for_many_writes_and_once_more_when_it_ends(engine: Engine) -> None:
    system = Simulated()
    async with answering(system.answer) as server:
        spec = spec_for(server.base, acme(SIGN_IN))
        await engine.write(spec, "entries", requests(20), concurrency=20)
        assert system.tokens == 1
        system.oldest = 2
        outcomes = await engine.write(spec, "entries", requests(20), concurrency=20)
    assert system.tokens == 2
    assert {outcome.result for outcome in outcomes} == {Result.CONFIRMED}


async def test_refused_credentials_are_tried_once_and_nothing_is_sent(engine: Engine) -> None:
    async with answering(lambda _: json('{"error": "invalid_client"}', 401)) as server:
        outcomes = await engine.write(spec_for(server.base, acme(SIGN_IN)), "entries", requests(10), concurrency=5)
        again = await engine.write(spec_for(server.base, acme(SIGN_IN)), "entries", requests(2))
    assert [seen.path for seen in server.seen] == ["/token"]
    assert {(o.result, o.category) for o in outcomes + again} == {(Result.NOT_SENT, Category.CREDENTIALS)}


async def test_refresh_token_rotates(engine: Engine) -> None:
    auth = (
        '- {name: o, title: O, kind: oauth2_refresh, token_url: "{answers.base}/token", client_id: hub, '
        'refresh_token: "{secrets.token}", lifetime_seconds: 0.01}'
    )
    used: list[str] = []

    def reply(seen: Seen) -> web.Response:
        if seen.path != "/token":
            return json('{"id": 1}', 201)
        used.append(parse_qs(seen.body.decode())["refresh_token"][0])
        return json(f'{{"access_token": "a{len(used)}", "refresh_token": "r{len(used)}"}}')

    async with answering(reply) as server:
        for _ in range(3):
            await engine.write(spec_for(server.base, signing_in(auth)), "entries", requests(1))
            await asyncio.sleep(0.02)
    assert used == ["s3cret-token-of-acme", "r1", "r2"]


async def test_client_assertion_is_signed_with_ps256(engine: Engine) -> None:
    auth = (
        '- {name: m, title: M2M, kind: oauth2_client_credentials, token_url: "{answers.base}/token", client_id: hub, '
        'assertion: {algorithm: PS256, key: "{secrets.token}", kid: cert-1, '
        'claims: {iss: hub, aud: "{answers.base}/token", scope: [rest_webservices]}}}'
    )

    def reply(seen: Seen) -> web.Response:
        if seen.path == "/token":
            assertion = parse_qs(seen.body.decode())["client_assertion"][0]
            assert jwt.get_unverified_header(assertion)["kid"] == "cert-1"
            claims = jwt.decode(assertion, key().public_key(), ["PS256"], audience=f"{server.base}/token")
            assert claims["scope"] == ["rest_webservices"]
            assert claims["exp"] - claims["iat"] == 300
            return json('{"access_token": "granted", "expires_in": "3600"}')
        return json('{"id": 1}', 201)

    async with answering(reply) as server:
        spec = spec_for(server.base, signing_in(auth), secrets={"token": pem()})
        assert (await engine.write(spec, "entries", requests(1)))[0].result is Result.CONFIRMED
    assert server.seen[-1].headers["authorization"] == "Bearer granted"


async def test_unusable_private_key_says_how_to_enter_it(engine: Engine) -> None:
    auth = (
        '- {name: m, title: M2M, kind: oauth2_client_credentials, token_url: "{answers.base}/token", client_id: hub, '
        'assertion: {algorithm: PS256, key: "{secrets.token}", claims: {iss: hub}}}'
    )
    outcome = (await engine.write(spec_for("http://127.0.0.1:9", signing_in(auth)), "entries", requests(1)))[0]
    assert (outcome.result, outcome.category) == (Result.NOT_SENT, Category.CREDENTIALS)
    assert "-----BEGIN" in outcome.hint


async def test_oauth1_signs_address_and_query_but_not_the_realm(engine: Engine) -> None:
    auth = (
        "- {name: tba, title: TBA, kind: oauth1, consumer_key: ck, consumer_secret: cs, token: tk, "
        'token_secret: "{secrets.token}", realm: "123_SB1"}'
    )
    async with answering(lambda _: json('{"entries": [], "pages": 0}')) as server:
        spec = spec_for(server.base, signing_in(auth))
        _ = [page async for page in engine.read_pages(spec, "entries")]
    header = server.seen[0].headers["authorization"]
    assert header.startswith('OAuth realm="123_SB1"')
    parts = dict(part.split("=", 1) for part in header.removeprefix("OAuth ").split(", "))
    signer = Client(
        "ck", "cs", "tk", "s3cret-token-of-acme", signature_method=SIGNATURE_HMAC_SHA256,
        nonce=parts["oauth_nonce"].strip('"'), timestamp=parts["oauth_timestamp"].strip('"'),
    )  # fmt: skip
    query = "&".join(f"{name}={value.replace(':', '%3A')}" for name, value in server.seen[0].query.items())
    _, headers, _ = signer.sign(f"{server.base}/entries?{query}")
    assert parts["oauth_signature"] in headers["Authorization"]


async def test_session_login_reads_its_fields_and_makes_the_header(engine: Engine) -> None:
    auth = (
        '- {name: s, title: S, kind: session, request: {path: /login, body: [hub, "{secrets.token}"]}, '
        'fields: {uid: result.0, session: result.1}, derived: {pair: "hub:{token.uid}:{token.session}"}, '
        'headers: {Authorization: "Session {token.pair|base64}"}}'
    )
    replies = {"/login": json('{"result": [7, "abcdefgh"]}'), "/entries": json('{"id": 1}', 201)}
    async with answering(lambda seen: replies[seen.path]) as server:
        outcome = (await engine.write(spec_for(server.base, signing_in(auth)), "entries", requests(1)))[0]
    assert outcome.result is Result.CONFIRMED
    assert server.seen[0].body == b'["hub","s3cret-token-of-acme"]'
    assert server.seen[1].headers["authorization"] == "Session aHViOjc6YWJjZGVmZ2g="


@pytest.mark.django_db(transaction=True)
def test_token_in_the_database_is_renewed_once_by_two_processes_and_stored_encrypted() -> None:
    asyncio.run(_renew_from_two_sides(saved_connection().pk))
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM connectors_tokencache t")
        assert "tok-secret" not in str(cursor.fetchall())


async def _renew_from_two_sides(connection_id: int) -> None:
    stores, fetched = [DatabaseTokenStore(), DatabaseTokenStore()], 0

    async def fetch(previous: Token | None) -> Token:
        nonlocal fetched
        fetched += 1
        await asyncio.sleep(0.3)
        return Token({"access_token": "tok-secret"}, "seed", (previous.serial if previous else 0) + 1, time.time() + 99)

    tokens = await asyncio.gather(*(store.renewed(connection_id, "seed", None, fetch) for store in stores))
    assert fetched == 1
    assert {token.values["access_token"] for token in tokens} == {"tok-secret"}
    renewed = await asyncio.gather(*(store.renewed(connection_id, "seed", tokens[0], fetch) for store in stores))
    assert (fetched, {token.serial for token in renewed}) == (2, {2})
    for store in stores:
        await store.close()


@pytest.mark.django_db(transaction=True)
def test_token_lock_is_given_back_after_a_failed_renewal() -> None:
    asyncio.run(_fail_twice(saved_connection().pk))


async def _fail_twice(connection_id: int) -> None:
    store = DatabaseTokenStore()

    async def refuse(_: Token | None) -> Token:
        raise ConnectorFailure(Category.CREDENTIALS, "no")

    async def give(_: Token | None) -> Token:
        return Token({"access_token": "tok-secret"}, "seed", 1, time.time() + 99)

    for _ in range(2):
        with pytest.raises(ConnectorFailure, match="no"):
            await store.renewed(connection_id, "seed", None, refuse)
    other = DatabaseTokenStore()  # of another worker: it would wait for ever for a lock that was kept
    token = await asyncio.wait_for(other.renewed(connection_id, "seed", None, give), timeout=60)
    assert token.values == {"access_token": "tok-secret"}
    for each in (store, other):
        await each.close()
