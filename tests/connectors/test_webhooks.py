"""Webhook signatures: right ones pass, everything else says why not."""

import base64
import hashlib
import hmac

import pytest

from connectors.spec import ConnectionSpec
from connectors.webhooks import event_id, handshake, verify
from tests.connectors.acme import MANIFEST, acme, spec_for

NOW = 1_790_000_000.0
WEBHOOKS = """webhooks:
  signature: {kind: hmac_sha256, header: X-Signature, secret: "{secrets.token}", prefix: "v0=",
    signed: "v0:{timestamp}:{body}", timestamp_header: X-Time, tolerance_seconds: 300}
  handshake: {kind: echo_body, parameter: challenge}
  event_id: event.id
documentation:"""
BODY = b'{"event": {"id": 5}, "x": "\xff"}'


def spec(secret: str = "s3cret-token-of-acme", webhooks: str = WEBHOOKS) -> ConnectionSpec:
    return spec_for("http://x", acme(MANIFEST.replace("documentation:", webhooks)), secrets={"token": secret})


def signed(body: bytes = BODY, stamp: str = "1790000000", secret: str = "s3cret-token-of-acme") -> dict[str, str]:
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {"x-signature": f"v0={digest}", "X-TIME": stamp}


def test_verify_accepts_the_right_signature_of_a_body_that_is_not_text() -> None:
    assert verify(spec(), signed(), BODY, now=NOW + 299).ok


@pytest.mark.parametrize(
    ("headers", "body", "now", "reason"),
    [
        (signed(), BODY + b" ", NOW, "wrong"),
        (signed(secret="another"), BODY, NOW, "wrong"),
        ({**signed(), "x-signature": "v0=ü"}, BODY, NOW, "wrong"),
        (signed(), BODY, NOW + 301, "stale"),
        (signed(), BODY, NOW - 301, "stale"),
        (signed(stamp="soon"), BODY, NOW, "stale"),
        ({"X-Time": "1790000000"}, BODY, NOW, "missing"),
        ({"X-Signature": signed()["x-signature"]}, BODY, NOW, "missing"),
        ({}, b"", NOW, "missing"),
    ],
)
def test_verify_says_why_a_request_is_refused(headers: dict[str, str], body: bytes, now: float, reason: str) -> None:
    verdict = verify(spec(), headers, body, now=now)
    assert (verdict.ok, verdict.reason) == (False, reason)


def test_verify_refuses_when_there_is_no_secret() -> None:
    assert verify(spec(""), signed(secret=""), BODY, now=NOW).reason == "no_secret"
    assert verify(spec_for("http://x"), {}, b"", now=NOW).reason == "no_secret"


def test_verify_knows_base64_and_plain_tokens() -> None:
    usual = (
        "webhooks:\n  signature: {kind: hmac_sha256, header: S, encoding: base64, "
        'secret: "{secrets.token}"}\ndocumentation:'
    )
    digest = base64.b64encode(hmac.new(b"s3cret-token-of-acme", BODY, hashlib.sha256).digest()).decode()
    assert verify(spec(webhooks=usual), {"s": digest}, BODY, now=NOW).ok
    token = 'webhooks:\n  signature: {kind: token, header: T, secret: "{secrets.token}"}\ndocumentation:'
    assert verify(spec(webhooks=token), {"T": "s3cret-token-of-acme"}, b"", now=NOW).ok


def test_handshake_is_answered_and_events_have_an_id() -> None:
    webhooks = spec().connector.manifest.webhooks
    assert webhooks is not None
    answer = handshake(webhooks, {}, {}, b'{"challenge": "abc"}')
    assert answer is not None
    assert answer[1] == b'{"challenge":"abc"}'
    assert handshake(webhooks, {}, {}, BODY) is None
    assert event_id(webhooks, {}, b'{"event": {"id": 5}}') == "5"
    assert event_id(webhooks, {}, BODY) == "5", "bytes that are no text are elsewhere in it"
    assert event_id(webhooks, {}, b'{"event": {"id": 5}') == ""
