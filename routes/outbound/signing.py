"""Secrets of subscriptions, and signatures by Standard Webhooks 1.0 (standardwebhooks.com), which subscribers verify.

A signature covers the event's id, the time of sending and the bytes of the body. While several secrets overlap there
is a signature by each, and a subscriber that knows one of them believes.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

PREFIX = "whsec_"
BYTES = 32  # of a secret; the standard asks for 24 to 64
FEWEST, MOST = 24, 64
FORM = f"It is {PREFIX} and {FEWEST} to {MOST} bytes in base64, as the hub makes it."


def new_secret() -> str:
    """Return a new secret in the form that the standard's libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def is_secret(text: str) -> bool:
    """Return whether a text is a secret of the standard."""
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return False
    return text.startswith(PREFIX) and FEWEST <= len(key) <= MOST


def newest(stored: Mapping[str, Any] | None) -> str:
    """Return the secret that was made last; "" where none can be read."""
    return str(stored["signing"][0]["secret"]) if stored else ""


def kept(
    secret: str, before: Mapping[str, Any] | None = None, *, now: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Return what a subscription keeps: the new secret, and those before, of which the newest signs until a time.

    Those before that one sign for as long as was said of them; without a time none of them signs any more.
    """
    older = []
    if now and until:
        ends = [(each["secret"], each["until"] or until.isoformat()) for each in _all(before)]
        older = [
            {"secret": each, "until": end} for each, end in ends if each != secret and datetime.fromisoformat(end) > now
        ]
    return {"signing": [{"secret": secret, "until": None}, *older]}


def in_force(stored: Mapping[str, Any], now: datetime) -> list[str]:
    """Return the secrets that sign now, the newest first. Raises KeyLost."""
    return [each["secret"] for each in _all(stored) if not each["until"] or datetime.fromisoformat(each["until"]) > now]


def _all(stored: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return list(stored["signing"]) if stored else []


def headers(event_id: str, body: bytes, signing: Sequence[str], *, at: int) -> dict[str, str]:
    """Return the headers that sign an event; `at` in seconds since 1970, by a clock that people set right."""
    signed = f"{event_id}.{at}.".encode() + body
    signatures = " ".join(f"v1,{_signature(secret, signed)}" for secret in signing)
    return {"webhook-id": event_id, "webhook-timestamp": str(at), "webhook-signature": signatures}


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
