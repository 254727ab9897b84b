"""Addresses that people type: what cannot be called is refused in words where it is saved and where it is tried."""

import socket
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from yarl import URL

from canonical.failure import Category
from connectors.address import NotAnAddress, web_address
from connectors.connection_form import form_for
from connectors.engine import Engine
from connectors.outcome import Result, WriteRequest
from connectors.registry import registry
from tests.connectors.acme import MANIFEST, acme, spec_for
from tests.connectors.scripted import answering, json
from tests.connectors.simulated import SIGN_IN

ODD = {
    "api.acme.example": "does not begin with http:// or https://",
    "ftp://api.acme.example": "does not begin with http:// or https://",
    "http:/api.acme.example": "does not begin with http:// or https://",
    "http://": "names no system",
    "http:///v2": "names no system",
    "http://:8080": "names no system",
    "http://api.acme.example:99999": "port is not a whole number from 1 to 65535",
    "http://api.acme.example:0": "port is not a whole number from 1 to 65535",
    "http://api.acme.example:-1": "port is not a whole number from 1 to 65535",
    "http://api.acme.example:８０": "port is not a whole number from 1 to 65535",
    "http://api.acme.example:http": "port is not a whole number from 1 to 65535",
    "http://api.acme.example:" + "9" * 5000: "port is not a whole number from 1 to 65535",
    "http://a..b": "an empty part",
    "http://.a": "an empty part",
    "http://a。.b": "an empty part",
    "http://" + "a" * 64 + ".example": "longer than 63 characters",
    "http://" + ".".join(["a" * 60] * 5): "longer than 253 characters",
    "http://[::1": "its [ has no ]",
    "http://[::1]x": "behind its ]",
    "http://[::1].de": "behind its ]",
    "http://api.acme.example?tenant=1": "a ? or a # stands in it",
    "http://api.acme.example/v2/#top": "a ? or a # stands in it",
    "http://[zz]": "no IPv6 address",
    "http://[v1.x]": "no IPv6 address",
    "http://[1.2.3.4]": "no IPv6 address",
    "http://::1": "an IPv6 address without brackets",
    "http://a b": "a space or an invisible character",
    "http://a\x00b": "a space or an invisible character",
    "http://e\u200bvil.example": "a space or an invisible character",
    "http://a%62.example": "a character that no name has",
    "http://a\\b.example": "a character that no name has",
    "http://hub:s3cret@api.acme.example": "a user or a password stands in it",
    "http://2130706433": "a number that is no IPv4 address",
    "http://0x7f.1": "a number that is no IPv4 address",
    "http://256.1.1.1": "a number that is no IPv4 address",
    "http://1.2.3": "a number that is no IPv4 address",
    "http://xn--a.example": "begins with xn-- but",
    "http://xn--": "begins with xn-- but",
    "http://ü" + "a" * 70 + ".example": "longer than 63 characters",
    "http://\u05d0a.example": "cannot be written in the letters that the DNS knows",
}
PYTHON = ("codec", "Error", "Invalid URL", "IPv6 URL", "URL should", "0-65535", "Traceback")


@pytest.mark.parametrize(("written", "words"), ODD.items())
async def test_odd_address_is_refused_in_words_when_saved_and_when_tried(
    engine: Engine, acme_connector: Any, written: str, words: str
) -> None:
    connection = saved_unsaved(written)
    with pytest.raises(ValidationError) as refused:
        connection.clean()
    [saved] = refused.value.message_dict["answers"]
    report = await engine.test_connection(spec_for(written))

    assert saved.startswith("Address: “")
    assert report.message.startswith("'Address': “")
    assert words in saved
    assert words in report.message
    assert (report.ok, report.category, bool(report.remedy)) == (False, Category.CONFIGURATION, True)
    assert report.remedy in saved
    assert not [each for each in PYTHON if each in f"{saved} {report.message} {report.remedy}"]


def saved_unsaved(address: str) -> Any:
    """Return a connection as a form has filled it, not saved yet."""
    from connectors.models import Connection

    made = Connection(slug="acme", name="Acme", connector="acme", answers={"base": address})
    made.secrets = {"token": "s3cret-token-of-acme"}
    return made


@pytest.mark.parametrize(
    ("written", "called"),
    [
        ("https://api.acme.example/v2", "https://api.acme.example/v2"),
        ("HTTP://localhost.:8080", "HTTP://localhost.:8080"),
        ("http://192.0.2.10:1/a/ü", "http://192.0.2.10:1/a/ü"),
        ("http://[2001:db8::1]:65535", "http://[2001:db8::1]:65535"),
        ("http://a_b-c.example:", "http://a_b-c.example:"),
        ("http://" + "a" * 63 + ".example", "http://" + "a" * 63 + ".example"),
        ("https://xn--tda.example/ü", "https://xn--tda.example/ü"),
        ("https://ü.example:8443/v2", "https://xn--tda.example:8443/v2"),
        ("https://Straße.example", "https://xn--strae-oqa.example"),
        ("https://例え。example", "https://xn--r8jz45g.example"),
    ],
)
def test_address_is_kept_but_for_an_international_name_which_gets_its_form_of_the_dns(
    acme_connector: Any, written: str, called: str
) -> None:
    saved_unsaved(written).clean()
    assert web_address(written) == called
    assert URL(called, encoded=True).host


async def test_answer_of_another_form_is_told_the_usual_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, acme_connector: Any
) -> None:
    changed = acme(MANIFEST.replace("{title: Address,", "{title: Address, pattern: 'https://[^ ]*[^/ ]',"))
    monkeypatch.setitem(registry.connectors, "acme", changed)
    with pytest.raises(ValidationError, match=r"not the right form\. For example https://api\.acme\.example\."):
        saved_unsaved("https://api.acme.example/").clean()
    report = await engine.test_connection(spec_for("https://api.acme.example/", changed))
    assert report.remedy.startswith("For example https://api.acme.example.")


async def test_international_name_is_called_by_the_name_that_the_dns_knows(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def known(host: str, port: int, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async with answering(lambda _: json('{"id": 1, "email": "hub@acme.example"}')) as server:
        monkeypatch.setattr(socket, "getaddrinfo", known)
        report = await engine.test_connection(spec_for(f"http://bücher.example:{server.port}"))
    assert (report.ok, report.message) == (True, "Connected to Acme as hub@acme.example.")
    assert set(asked) == {"xn--bcher-kva.example"}
    assert server.seen[0].headers["host"] == f"xn--bcher-kva.example:{server.port}"


@pytest.mark.django_db
def test_form_says_at_the_question_what_is_wrong_with_its_address(acme_connector: Any) -> None:
    form = form_for("acme")({"name": "A", "slug": "a", "connector": "acme", "answer_base": "http://a..b"})
    assert not form.is_valid()
    [told] = form.errors["answer_base"]
    assert told == (
        "“http://a..b” is not an address that can be called: its name has an empty part, as between two dots. "
        "Write for example https://api.acme.example."
    )


async def test_address_made_of_answers_and_secrets_names_the_question_and_shows_no_secret(engine: Engine) -> None:
    made = acme(MANIFEST.replace("{answers.base}", "https://{answers.account}.acme.example:{secrets.token}"))
    report = await engine.test_connection(spec_for("https://unused.example", made, answers={"account": "12"}))
    assert report.message.startswith("'Account number': “https://12.acme.example:•••” is not an address")
    assert "port" in report.message


async def test_token_address_is_checked_too(engine: Engine) -> None:
    manifest = SIGN_IN.replace("{answers.base}/token", "https://{answers.account}..example/token")
    report = await engine.test_connection(
        spec_for("https://api.acme.example", acme(manifest), answers={"account": "123"})
    )
    assert report.message.startswith("'Account number': “https://123..example/token” is not an address")


async def test_stored_odd_address_ends_a_write_in_words_before_it_is_sent(engine: Engine) -> None:
    request = WriteRequest("create", "K", "i", b"{}")
    [outcome] = await engine.write(spec_for("http://a..b"), "entries", [request])
    assert (outcome.result, outcome.category) == (Result.NOT_SENT, Category.OUTAGE)
    assert "“http://a..b” is not an address that can be called" in outcome.message
    assert outcome.hint.startswith("Write for example")


@pytest.mark.parametrize("location", ["http://[::1", "http://a.example:99999", "http://ü..example", "http://xn--a.b"])
async def test_redirect_to_an_odd_address_is_told_in_words(engine: Engine, location: str) -> None:
    async with answering(lambda _: json("{}", 307, Location=location)) as server:
        report = await engine.test_connection(spec_for(server.base))
    assert report.category is Category.SHAPE
    assert report.message == "Redirected to what is no web address: its host or port is wrong."
    assert report.remedy
    assert len(server.seen) == 1


def test_refusal_says_cause_and_remedy() -> None:
    with pytest.raises(NotAnAddress) as refused:
        web_address("http://[::1")
    assert refused.value.remedy == "Write an IPv6 address as in https://[2001:db8::1]:8443."
