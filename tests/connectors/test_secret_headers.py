"""Headers that carry secrets stay with the system that they are for."""

from aiohttp import web

from connectors.engine import Engine
from connectors.outcome import WriteRequest
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import answering, json

KEYED = MANIFEST.replace(
    "\ntest:", '\nheaders: {Acme-Key: "{secrets.token}", Acme-Account: "{answers.account?}"}\ntest:'
).replace(
    "create: {method: POST, path: /entries,",
    'create: {method: POST, path: /entries, headers: {Acme-Write-Key: "{secrets.token}"},',
)
NAMES = ("acme-key", "acme-write-key", "authorization")


async def test_redirect_to_another_place_carries_no_secret(engine: Engine) -> None:
    async with answering(lambda _: json('{"id": 1}', 201)) as other:
        elsewhere = web.Response(status=307, headers={"Location": f"{other.base}/entries"})
        async with answering(lambda _: elsewhere) as server:
            spec = spec_for(server.base, acme(KEYED), answers={"account": "123"})
            await engine.write(spec, "entries", [WriteRequest("create", "K", "i", b"{}")])
    assert {name for name in NAMES if name in server.seen[0].headers} == set(NAMES)
    assert {name for name in NAMES if name in other.seen[0].headers} == set()
    assert other.seen[0].headers["acme-account"] == "123"


async def test_exchange_hides_headers_that_carry_secrets(engine: Engine) -> None:
    async with answering(lambda _: json('{"message": "no"}', 403)) as server:
        [outcome] = await engine.write(
            spec_for(server.base, acme(KEYED)), "entries", [WriteRequest("create", "K", "i", b"{}")]
        )
    assert outcome.exchange is not None
    shown = {name.lower(): value for name, value in outcome.exchange.redacted()["request_headers"].items()}
    assert {shown[name] for name in NAMES} == {"•••"}
