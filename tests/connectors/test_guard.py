"""The address guard: nothing internal, by whatever spelling, name, redirect or token address."""

import ipaddress
import socket

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from canonical.failure import Category
from connectors.engine import Engine
from connectors.guard import AddressRefused, Guard, embedded, parse_allowed
from connectors.http import Call, Http, Unreachable
from connectors.outcome import Result, WriteRequest
from tests.connectors.acme import acme, spec_for
from tests.connectors.scripted import Seen, answering, json
from tests.connectors.simulated import SIGN_IN

INTERNAL = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
    "2002:7f00:1::", "2002:a00:1::1", "2001:db8::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fec0::1", "3fff::1", "5f00::1", "100::1", "2001:2::1", "2001:10::1", "::2", "192.88.99.1", "192.0.0.1",
    "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "::ffff:192.88.99.1", "64:ff9b::c058:6301",
    "2002:808:808::1", "2001:0:808:808::1", "::8.8.8.8", "fd00:ec2::254", "4000::1", "0.1.2.3",
]  # fmt: skip


@pytest.mark.parametrize("address", INTERNAL)
def test_guard_refuses_internal_addresses_in_every_spelling(address: str) -> None:
    with pytest.raises(AddressRefused, match="OUTBOUND_ALLOWED"):
        Guard().check(address, 443)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "192.0.0.9", "192.31.196.1",
        "100.128.0.1", "172.32.0.1", "2001:200::1", "2001:20::1", "2620:4f:8000::1",
    ],
)  # fmt: skip
def test_guard_lets_public_addresses_pass(address: str) -> None:
    Guard().check(address, 443)


@given(st.ip_addresses(v=4))
def test_guard_judges_an_address_inside_an_ipv6_address_like_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    spellings = [
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
    ]
    for written in (str(address), *spellings):
        assert embedded(ipaddress.ip_address(written)) == address
        if not address.is_global:
            with pytest.raises(AddressRefused):
                Guard().check(written, 443)


@given(st.ip_addresses(v=6))
def test_guard_refuses_all_that_is_no_global_unicast(address: ipaddress.IPv6Address) -> None:
    if embedded(address) == address and address not in ipaddress.ip_network("2000::/3"):
        with pytest.raises(AddressRefused):
            Guard().check(str(address), 443)


def test_guard_allows_what_the_operator_named_at_that_port_only() -> None:
    guard = Guard(["127.0.0.1:8601", "10.1.0.0/16:443", "[::1]:*"])
    for address, port in (("127.0.0.1", 8601), ("::ffff:127.0.0.1", 8601), ("10.1.9.9", 443), ("::1", 5)):
        guard.check(address, port)
    for address, port in (("127.0.0.1", 5432), ("10.2.0.1", 443), ("127.0.0.2", 8601)):
        with pytest.raises(AddressRefused):
            guard.check(address, port)


@pytest.mark.parametrize("written", ["127.0.0.1", "intranet:443", "10.0.0.0/33:1", ":", "10.0.0.1:http"])
def test_allowed_says_what_is_wrong_with_an_entry(written: str) -> None:
    with pytest.raises(ValueError, match=r"OUTBOUND_ALLOWED: .*Write for example"):
        parse_allowed(written)


WRITE = WriteRequest("create", "K", "i", b"{}")


SPELLINGS = [
    "127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "017700000001",
    "0x7f000001", "0x7f.0x0.0x0.0x1", "127.0x1", "0", "[::ffff:7f00:1]", "[::1]", "localhost.", "127.0.0.1.",
    "１２７.0.0.1", "①27.0.0.1", "127。0。0。1", "ｌｏｃａｌｈｏｓｔ",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
async def test_engine_does_not_connect_to_an_internal_address_by_any_name(host: str) -> None:
    async with answering(lambda _: json('{"id": 1}', 201)) as server:
        engine = Engine(allowed=["10.0.0.1:1"])
        outcome = (await engine.write(spec_for(f"http://{host}:{server.port}"), "entries", [WRITE]))[0]
        await engine.close()
    assert outcome.result is Result.NOT_SENT
    assert server.seen == []


@pytest.mark.parametrize("host", SPELLINGS)
async def test_request_does_not_connect_to_an_internal_address_whoever_let_it_pass(host: str) -> None:
    async with answering(lambda _: json('{"id": 1}', 201)) as server:
        http = Http(Guard(["10.0.0.1:1"]))
        with pytest.raises(Unreachable) as refused:
            await http.send(Call("GET", URL(f"http://{host}:{server.port}/me"), {}))
        await http.close()
    assert refused.value.kind in ("guard", "name")
    assert not refused.value.sent
    assert server.seen == []


async def test_engine_does_not_follow_a_name_that_resolves_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    def inside(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    engine = Engine()
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *a, **k: inside(host, port))
    async with answering(lambda _: json('{"id": 1}', 201)) as server:
        report = await engine.test_connection(spec_for(f"http://erp.example:{server.port}"))
    await engine.close()
    assert report.category is Category.OUTAGE
    assert "address guard" in report.message
    assert server.seen == []


async def test_engine_does_not_follow_a_redirect_inside_and_ignores_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        answering(lambda _: json('{"id": 1}')) as inside,
        answering(lambda _: web.Response(status=307, headers={"Location": f"{inside.base}/me"})) as outside,
    ):
        monkeypatch.setenv("HTTP_PROXY", inside.base)
        engine = Engine(allowed=[f"127.0.0.1:{outside.port}"])
        report = await engine.test_connection(spec_for(outside.base))
        await engine.close()
    assert "address guard" in report.message
    assert report.category is Category.CONFIGURATION, "nothing is wrong with the way to the system itself"
    assert (len(outside.seen), len(inside.seen)) == (1, 0)


async def test_engine_drops_credentials_on_another_origin(engine: Engine) -> None:
    async with answering(lambda _: json('{"id": 1}')) as other:

        def move(seen: Seen) -> web.Response:
            return web.Response(status=308, headers={"Location": f"{other.base}/me"})

        async with answering(move) as server:
            assert (await engine.test_connection(spec_for(server.base))).ok
    assert "authorization" in server.seen[0].headers
    assert "authorization" not in other.seen[0].headers


async def test_engine_checks_the_token_address_too() -> None:
    async with answering(lambda _: json('{"access_token": "x"}')) as inside:
        manifest = SIGN_IN.replace("{answers.base}/token", f"{inside.base}/token")
        engine = Engine(allowed=["127.0.0.1:1"])
        outcome = (await engine.write(spec_for("https://api.acme.example", acme(manifest)), "entries", [WRITE]))[0]
        await engine.close()
    assert (outcome.result, outcome.category) == (Result.NOT_SENT, Category.OUTAGE)
    assert inside.seen == []
