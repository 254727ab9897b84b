"""What a provider is asked cannot be turned against the network that the hub runs in."""

from collections.abc import Iterator

import pytest
import requests

from hub.sign_in import outbound
from hub.sign_in.outbound import GuardedSession
from tests.hub import fake_provider
from tests.hub.fake_provider import FakeProvider

PAGE = "/.well-known/openid-configuration"


@pytest.fixture
def provider(settings) -> Iterator[FakeProvider]:
    with fake_provider.running() as made:
        settings.OUTBOUND_ALLOWED = [f"127.0.0.1:{made.port}"]
        yield made


def asked(url: str) -> int:
    with GuardedSession() as session:
        return session.get(url, timeout=2).status_code


def test_address_that_the_operator_allows_is_asked(provider: FakeProvider) -> None:
    assert asked(provider.url + PAGE) == 200
    assert asked(f"http://localhost:{provider.port}{PAGE}") == 200


@pytest.mark.parametrize("written", ["127.0.0.1", "localhost"])
def test_internal_address_is_refused_however_it_is_written(provider: FakeProvider, settings, written: str) -> None:
    settings.OUTBOUND_ALLOWED = []
    with pytest.raises(requests.ConnectionError, match="refused by the address guard"):
        asked(f"http://{written}:{provider.port}{PAGE}")
    assert provider.asked == []


def test_name_that_leads_inside_is_refused_by_the_address_it_leads_to(settings, monkeypatch) -> None:
    found = [(2, 1, 6, "", ("10.0.0.5", 443))]
    monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(requests.ConnectionError, match=r"10\.0\.0\.5 port 443 is an internal address"):
        asked("https://login.example/")


def test_line_that_others_can_read_is_not_used() -> None:
    with pytest.raises(requests.exceptions.InvalidURL, match="not https"):
        asked("http://login.example/token")


def test_redirects_are_not_followed(provider: FakeProvider) -> None:
    with pytest.raises(requests.TooManyRedirects):
        asked(provider.url + "/elsewhere")
    assert provider.asked == ["/elsewhere"]


def test_proxies_of_the_environment_are_not_used(provider: FakeProvider, monkeypatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert asked(provider.url + PAGE) == 200
