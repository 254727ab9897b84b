"""Signing in that does not work: what it is told as decides whether people enter anything again."""

import asyncio
import time

import pytest
from django.db import connection

from canonical.failure import Category
from connectors.engine import Engine
from connectors.models import TokenCache
from connectors.outcome import ConnectorFailure, Result, WriteRequest
from connectors.token_rows import DatabaseTokenStore
from connectors.tokens import Token
from governance import keys
from tests.connectors.acme import MANIFEST, acme, saved_connection, spec_for
from tests.connectors.scripted import Answering, answering, json
from tests.connectors.simulated import SIGN_IN

HEADER = '- {name: token, title: Access token, kind: header, headers: {Authorization: "Bearer {secrets.token}"}}'
SESSION = MANIFEST.replace(
    HEADER,
    '- {name: s, title: S, kind: session, request: {path: /login, body: [hub, "{secrets.token}"]}, '
    'fields: {session: result}, headers: {Authorization: "Session {token.session}"}}',
)


async def met(engine: Engine, manifest: str, answer: Answering) -> ConnectorFailure:
    """Return what a question meets, the sign-in of which is answered so."""
    async with answering(answer) as server:
        with pytest.raises(ConnectorFailure) as failed:
            await engine.first_records(spec_for(server.base, acme(manifest)), "entries", most=1)
    assert len(server.seen) == 1, "the sign-in, and nothing else"
    return failed.value


@pytest.mark.parametrize("manifest", [SESSION, SIGN_IN])
async def test_sign_in_too_often_is_patience_and_no_wrong_password(engine: Engine, manifest: str) -> None:
    failure = await met(engine, manifest, lambda _: json("{}", 429, Retry_After="60"))
    assert (failure.category, failure.retry_after) == (Category.THROTTLED, 60.0)


@pytest.mark.parametrize(
    ("status", "body", "category"),
    [
        (401, '{"message": "no such user"}', Category.CREDENTIALS),
        (200, '{"error": {"message": "no"}}', Category.CREDENTIALS),
        (418, "{}", Category.CREDENTIALS),
        (502, "{}", Category.OUTAGE),
        (503, '{"message": "locked, nothing was done"}', Category.OUTAGE),
    ],
)
async def test_login_is_judged_by_the_error_table(engine: Engine, status: int, body: str, category: Category) -> None:
    failure = await met(engine, SESSION, lambda _: json(body, status))
    assert failure.category is category


@pytest.mark.parametrize(
    ("status", "body", "category"),
    [
        (200, "<html>Back in an hour</html>", Category.OUTAGE),
        (204, "", Category.OUTAGE),
        (404, "{}", Category.CREDENTIALS),
        (400, '{"error": "invalid_grant"}', Category.CREDENTIALS),
        (400, '{"error": "temporarily_unavailable"}', Category.OUTAGE),
        (500, "{}", Category.OUTAGE),
    ],
)
async def test_what_comes_instead_of_a_token_is_no_records_fault(
    engine: Engine, status: int, body: str, category: Category
) -> None:
    failure = await met(engine, SIGN_IN, lambda _: json(body, status))
    assert failure.category is category


async def test_login_says_what_the_error_table_advises(engine: Engine) -> None:
    row = "    - {status: 404, category: configuration, hint: Check the database., example: {status: 404}}\n"
    failure = await met(
        engine, SESSION.replace("    - {status: 429,", row + "    - {status: 429,"), lambda _: json("{}", 404)
    )
    assert (failure.category, failure.hint) == (Category.CREDENTIALS, "Check the database.")


def lose_its_key(connection_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE connectors_tokencache SET values = 'no key of ours.gAAAA' WHERE connection_id = %s", [connection_id]
        )


@pytest.mark.django_db(transaction=True)
def test_token_whose_key_is_lost_is_followed_by_another() -> None:
    row = saved_connection()
    TokenCache.objects.create(connection=row, values={"access_token": "old"}, seed="seed", serial=3, expires_at=None)
    lose_its_key(row.pk)

    async def renew() -> Token:
        store = DatabaseTokenStore()

        async def give(before: Token | None) -> Token:
            return Token({"access_token": "new"}, "seed", (before.serial if before else 0) + 1, time.time() + 99)

        try:
            return await store.renewed(row.pk, "seed", None, give)
        finally:
            await store.close()

    assert asyncio.run(renew()).values == {"access_token": "new"}
    assert TokenCache.objects.get().values["access_token"] == "new"
    assert TokenCache.objects.get().serial == 4


@pytest.mark.django_db(transaction=True)
def test_keys_that_cannot_be_used_send_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    row = saved_connection()
    TokenCache.objects.create(connection=row, values={"access_token": "old"}, seed="seed", serial=3, expires_at=None)
    monkeypatch.setenv(keys.ENVIRONMENT, "0" * 43 + "=!")

    async def write() -> Result:
        async with answering(lambda _: json("{}")) as server:
            engine = Engine(allowed=["127.0.0.1:*"], store=DatabaseTokenStore())
            try:
                spec = spec_for(server.base, acme(SIGN_IN), id=row.pk)
                [outcome] = await engine.write(spec, "entries", [WriteRequest("create", "K", "i", b"{}")])
            finally:
                await engine.close()
        assert server.seen == []
        return outcome.result

    assert asyncio.run(write()) is Result.NOT_SENT
