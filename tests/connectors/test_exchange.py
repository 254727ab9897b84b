"""Exchanges are shown redacted, by name and by value, and bounded."""

import pickle
from datetime import UTC, datetime

import pytest

from connectors.exchange import BODY_LIMIT, HIDDEN, Exchange, mask_for
from connectors.manifest.model import Redaction

SECRET = 'pä"ss/word 1'


def exchange(url: str = "https://x/", body: bytes = b"", reply: bytes = b"", **headers: str) -> Exchange:
    redaction = Redaction(frozenset({"authorization", "set-cookie"}), frozenset({"password", "iban"}))
    call = ("POST", url, headers, body)
    answer = (200, {"Set-Cookie": "sid=1", "X-Echo": f"you said {SECRET}"}, reply)
    return Exchange(mask_for(redaction, {"token": SECRET}), call, answer, started=datetime.now(UTC), duration=0.1)


def test_redacted_hides_headers_by_name_and_secrets_by_value() -> None:
    shown = exchange(Authorization=f"Bearer {SECRET}", Accept="text/plain").redacted()
    assert shown["request_headers"] == {"Authorization": HIDDEN, "Accept": "text/plain"}
    assert shown["response_headers"] == {"Set-Cookie": HIDDEN, "X-Echo": f"you said {HIDDEN}"}


@pytest.mark.parametrize("spelled", ["p%C3%A4%22ss%2Fword%201", "p%C3%A4%22ss%2Fword+1"])
def test_redacted_hides_secrets_in_addresses_however_they_are_spelled(spelled: str) -> None:
    assert exchange(f"https://x/?q={spelled}").redacted()["url"] == f"https://x/?q={HIDDEN}"


def test_redacted_hides_fields_of_bodies_and_forms() -> None:
    body = '{"Password": "a\\"b", "iban" : 12345, "note": "ok"}'
    shown = exchange(body=body.encode(), reply=b"grant=x&password=abc&y=1").redacted()
    assert shown["request_body"] == f'{{"Password": "{HIDDEN}", "iban" : "{HIDDEN}", "note": "ok"}}'
    assert shown["response_body"] == f"grant=x&password={HIDDEN}&y=1"


def test_redacted_leaves_no_half_secret_at_the_edge_and_is_bounded() -> None:
    body = b"x" * (BODY_LIMIT - 3) + SECRET.encode() + b"y" * 100_000
    shown = exchange(body=body).redacted()["request_body"]
    assert len(shown) == BODY_LIMIT
    assert "pä" not in shown


def test_exchange_cannot_be_stored_or_printed_unredacted() -> None:
    made = exchange(Authorization=SECRET)
    assert SECRET not in repr(made)
    with pytest.raises(TypeError, match="redacted"):
        pickle.dumps(made)
