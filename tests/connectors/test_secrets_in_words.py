"""What a system says is told without the secrets that it repeats."""

import pytest

from connectors.engine import Engine
from connectors.outcome import ConnectorFailure, WriteRequest
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import answering, json
from tests.connectors.simulated import SIGN_IN

SECRET = "s3cret-token-of-acme"
TOKEN = "tok-secret-of-a-session"
WRITE = [WriteRequest("create", "K", "i", b"{}")]


async def test_refusal_of_a_write_tells_no_secret(engine: Engine) -> None:
    async with answering(lambda _: json(f'{{"message": "the token {SECRET} may not do this"}}', 403)) as server:
        [outcome] = await engine.write(spec_for(server.base), "entries", WRITE)
    assert outcome.message == "the token ••• may not do this"


async def test_refusal_of_a_question_tells_no_secret(engine: Engine) -> None:
    async with answering(lambda _: json(f'{{"message": "the token {SECRET} may not do this"}}', 403)) as server:
        spec = spec_for(server.base)
        report = await engine.test_connection(spec)
        failures = []
        for ask in (engine.first_records(spec, "entries", most=1), engine.look_up(spec, "entries", WRITE)):
            with pytest.raises(ConnectorFailure) as failed:
                await ask
            failures.append(failed.value)
        with pytest.raises(ConnectorFailure) as failed:
            [page async for page in engine.read_pages(spec, "entries")]
    for words in (report.message, *(each.message for each in [*failures, failed.value]), *map(str, failures)):
        assert SECRET not in words
        assert "•••" in words


async def test_refusal_tells_no_token_of_a_session(engine: Engine) -> None:
    def reply(seen: object) -> object:
        if getattr(seen, "path", "") == "/token":
            return json(f'{{"access_token": "{TOKEN}"}}')
        return json(f'{{"message": "{TOKEN} and {SECRET} may not do this"}}', 403)

    async with answering(reply) as server:  # type: ignore[arg-type]
        [outcome] = await engine.write(spec_for(server.base, acme(SIGN_IN)), "entries", WRITE)
    assert TOKEN not in outcome.message
    assert SECRET not in outcome.message


async def test_refused_sign_in_tells_no_secret(engine: Engine) -> None:
    answer = f'{{"error": "invalid_client", "error_description": "{SECRET} is wrong"}}'
    async with answering(lambda _: json(answer, 401)) as server:
        [outcome] = await engine.write(spec_for(server.base, acme(SIGN_IN)), "entries", WRITE)
    assert SECRET not in outcome.message
    assert "is wrong" in outcome.message


async def test_secret_that_does_not_fit_its_place_is_not_quoted(engine: Engine) -> None:
    wrong = MANIFEST.replace('"Bearer {secrets.token}"', '"Bearer {secrets.token|int}"')
    [outcome] = await engine.write(spec_for("http://127.0.0.1:9", acme(wrong)), "entries", WRITE)
    assert SECRET not in outcome.message
    assert "does not fit the filter int" in outcome.message
