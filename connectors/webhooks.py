"""Webhooks in: whether a request really comes from the vendor, and what its handshake must be answered.

Only the signature and the age are judged here. A body that is not expected is no reason to refuse: it is committed and
becomes a failure of category shape.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from connectors import paths
from connectors.manifest.model import Signature, Webhooks
from connectors.odd_text import decoded
from connectors.spec import ConnectionSpec
from connectors.template import TemplateError


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the signature is right; `reason` says in one word why not: no_secret, missing, wrong, stale."""

    ok: bool
    reason: str = ""


def verify(spec: ConnectionSpec, headers: Mapping[str, str], body: bytes, *, now: float) -> Verified:
    """Check a request against the connection's secret. `now` is epoch seconds by the database's clock."""
    webhooks = spec.connector.manifest.webhooks
    if webhooks is None:
        return Verified(False, "no_secret")
    signature, given = webhooks.signature, {name.lower(): value for name, value in headers.items()}
    try:
        secret = signature.secret.text({"answers": spec.answers, "secrets": spec.secrets})
    except TemplateError:
        secret = ""
    if not secret:  # an empty secret would let anyone sign
        return Verified(False, "no_secret")
    sent = given.get(signature.header, "")
    stamp = given.get(signature.timestamp_header, "") if signature.timestamp_header else ""
    if not sent or (signature.timestamp_header and not stamp):
        return Verified(False, "missing")
    if stamp and not _recent(stamp, signature.tolerance, now):
        return Verified(False, "stale")
    expected = secret if signature.kind == "token" else _signed(signature, secret, stamp, body)
    # Bytes, because compare_digest refuses texts that are not ASCII, and a header may hold anything.
    good = hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode())
    return Verified(good, "" if good else "wrong")


def _signed(signature: Signature, secret: str, stamp: str, body: bytes) -> str:
    message = body
    if signature.signed is not None:
        # The body is spliced in as bytes: it need not be text.
        mark = "\ufdd0body\ufdd1"
        before, _, after = signature.signed.text({"timestamp": stamp, "body": mark}).partition(mark)
        message = before.encode() + body + after.encode()
    digest = hmac.new(secret.encode(), message, hashlib.sha256)
    encoded = digest.hexdigest() if signature.encoding == "hex" else base64.b64encode(digest.digest()).decode()
    return signature.prefix + encoded


def _recent(stamp: str, tolerance: float, now: float) -> bool:
    try:
        moment = float(stamp)
    except ValueError:
        return False
    if moment > 1e11:  # milliseconds
        moment /= 1000
    return abs(now - moment) <= tolerance


def handshake(
    webhooks: Webhooks, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> tuple[dict[str, str], bytes] | None:
    """Return (headers, body) to answer the vendor's handshake with, None when this request is none."""
    name = webhooks.handshake_parameter
    if webhooks.handshake == "echo_query" and name in query:
        return {"Content-Type": "text/plain"}, query[name].encode()
    if webhooks.handshake == "echo_header":
        value = {key.lower(): text for key, text in headers.items()}.get(name.lower())
        return None if value is None else ({name: value}, b"")
    if webhooks.handshake == "echo_body":
        value = paths.find(_json(body), paths.compile_path(name))
        return None if value is None else ({"Content-Type": "application/json"}, msgspec.json.encode({name: value}))
    return None


def event_id(webhooks: Webhooks, headers: Mapping[str, str], body: bytes) -> str:
    """Return the vendor's id of the event, "" when it has none; a repeated id is a repeated event."""
    if webhooks.event_header:
        return {key.lower(): text for key, text in headers.items()}.get(webhooks.event_header, "")
    found = paths.find(_json(body), webhooks.event_id) if webhooks.event_id else None
    return "" if found is None else str(found)


def _json(body: bytes) -> Any:
    try:
        return decoded(msgspec.json.decode, body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
