"""Test connection says in words what is wrong."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from yarl import URL

from canonical.failure import Category
from connectors.engine import Engine
from connectors.engine.bound import failure_of
from connectors.http import Call, Unreachable
from tests.connectors.acme import spec_for
from tests.connectors.scripted import answering, json, raw


async def test_trial_names_the_account_that_answered(engine: Engine) -> None:
    async with answering(lambda _: json('{"id": 1, "email": "hub@halden-partner.example"}')) as server:
        report = await engine.test_connection(spec_for(server.base))
    assert (report.ok, report.message) == (True, "Connected to Acme as hub@halden-partner.example.")


async def test_trial_says_when_credentials_or_rights_are_wrong(engine: Engine) -> None:
    expected = {401: (Category.CREDENTIALS, "The credentials were refused"), 403: (Category.NO_RIGHT, "lacks a right")}
    for status, (category, words) in expected.items():
        async with answering(lambda _, s=status: json('{"message": "no"}', s)) as server:
            report = await engine.test_connection(spec_for(server.base))
        assert report.category is category
        assert words in report.message
        assert report.remedy


async def test_deep_answer_is_told_by_its_status(engine: Engine) -> None:
    deep = "[" * 5_000 + "]" * 5_000
    for status, category in {401: Category.CREDENTIALS, 200: Category.SHAPE}.items():
        async with answering(lambda _, s=status: json(deep, s)) as server:
            report = await engine.test_connection(spec_for(server.base))
        assert report.category is category


async def test_trial_says_when_another_system_answers(engine: Engine) -> None:
    async with answering(lambda _: json("<!doctype html><html>Router</html>")) as server:
        report = await engine.test_connection(spec_for(server.base))
    assert report.category is Category.SHAPE
    assert "it is not Acme: it sent a web page" in report.message


async def test_trial_says_when_nobody_listens(engine: Engine) -> None:
    async with answering(lambda _: json("{}")) as server:
        pass
    report = await engine.test_connection(spec_for(server.base))
    assert "does not accept connections" in report.message
    assert "firewall" in report.remedy


async def test_trial_writes_a_host_as_it_is_written(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(host: str, port: int, *_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", here)
    async with answering(lambda _: json("{}")) as gone:
        pass
    async with raw(b"", hang_up=False) as silent:
        reports = [
            await engine.test_connection(spec_for(f"http://erp.example:{port}", timeout=0.2))
            for port in (gone.port, silent.port)
        ]
    assert reports[0].message == (
        f"The address erp.example:{gone.port} does not accept connections: connection refused."
    )
    assert reports[1].message == f"The address erp.example:{silent.port} did not answer within 0.2 seconds."


async def test_request_to_what_is_no_address_quotes_it(engine: Engine) -> None:
    call = Call("GET", URL("http://2130706433:1/me?key=s3cret"), {})
    with pytest.raises(Unreachable) as refused:
        await engine._http.send(call)
    assert failure_of(refused.value).message == "“http://2130706433:1” is not an address that can be called."


async def test_trial_says_when_a_name_does_not_resolve(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    report = await engine.test_connection(spec_for("https://api.acme.invalid"))
    assert report.message == "The name api.acme.invalid does not resolve."


async def test_trial_says_when_the_connection_is_not_secure(engine: Engine) -> None:
    async with raw(b"HTTP/1.1 400 plain\r\n\r\n") as server:
        report = await engine.test_connection(spec_for(server.base.replace("http:", "https:")))
    assert report.category is Category.OUTAGE
    assert "secure connection" in report.message


async def test_trial_says_when_nothing_comes(engine: Engine) -> None:
    async with raw(b"", hang_up=False) as server:
        report = await engine.test_connection(spec_for(server.base, timeout=0.2))
    assert "did not answer within 0.2 seconds" in report.message


async def test_trial_warns_of_clocks_that_differ(engine: Engine) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)
    async with answering(lambda _: json('{"id": 1}', Date=date)) as server:
        report = await engine.test_connection(spec_for(server.base))
    assert report.ok
    assert "clocks differ by 60" in report.remedy


async def test_trial_asks_for_missing_and_wrong_answers_before_it_connects(engine: Engine) -> None:
    missing = await engine.test_connection(spec_for("http://127.0.0.1:9", secrets={}))
    assert missing.message == "'Access token' has no answer."
    wrong = await engine.test_connection(spec_for("http://127.0.0.1:9", answers={"account": "12a"}))
    assert "'12a' does not have the right form" in wrong.message


@pytest.mark.parametrize(("sent", "category"), [(False, Category.OUTAGE), (True, Category.TRANSIENT)])
def test_address_that_swallows_every_packet_is_out_of_order(sent: bool, category: Category) -> None:
    assert failure_of(Unreachable("timeout", "nothing came", sent=sent)).category is category
