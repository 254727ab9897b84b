"""One request and its answer, kept for people to read: redacted by name and by value, bounded in size."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from connectors.manifest.model import Redaction

BODY_LIMIT = 16_384  # characters of each body that are kept
HIDDEN = "•••"


@dataclass(frozen=True, slots=True)
class Mask:
    """What must not be seen: names of headers and fields, and the secret values themselves."""

    redaction: Redaction
    values: tuple[str, ...] = ()

    def text(self, text: str) -> str:
        """Return the text without any secret value, in whatever spelling it stands."""
        for value in self.values:
            text = text.replace(value, HIDDEN)
        return text


def mask_for(redaction: Redaction, secrets: dict[str, Any]) -> Mask:
    """Return the mask of a connection; values under 4 characters would hide ordinary words and are left."""
    spelled: set[str] = set()
    for value in secrets.values():
        text = str(value)
        if len(text) >= 4:
            escaped = msgspec.json.encode(text).decode()[1:-1]
            spelled |= {text, quote(text, safe=""), quote_plus(text), escaped}
    return Mask(redaction, tuple(sorted(spelled, key=len, reverse=True)))


class Exchange:
    """Holds what was sent and answered, and shows it only redacted; the work is done when it is shown."""

    __slots__ = ("_call", "_mask", "_reply", "duration", "error", "method", "started", "status")

    def __init__(
        self,
        mask: Mask,
        call: tuple[str, str, dict[str, str], bytes | None],
        reply: tuple[int, Any, bytes] | None,
        *,
        started: datetime,
        duration: float,
        error: str = "",
    ) -> None:
        self._mask = mask
        self._call = call
        self._reply = reply
        self.method = call[0]
        self.status = reply[0] if reply else None
        self.started = started
        self.duration = duration  # seconds
        self.error = error

    def __repr__(self) -> str:
        return f"<Exchange {self.method} {self.status} {self.duration:.3f}s>"

    def __reduce__(self) -> str:
        raise TypeError("an exchange holds secrets until it is redacted; store redacted() instead")

    def redacted(self) -> dict[str, Any]:
        """Return method, url, status, started, duration_ms, error; headers and body as request_… and response_…."""
        _, url, headers, body = self._call
        status, reply_headers, reply_body = self._reply or (None, {}, b"")
        return {
            "method": self.method,
            "url": self._mask.text(_hide_query(url, self._mask)),
            "request_headers": self._headers(headers),
            "request_body": self._body(body or b""),
            "status": status,
            "response_headers": self._headers(reply_headers),
            "response_body": self._body(reply_body),
            "started": self.started.isoformat(),
            "duration_ms": round(self.duration * 1000, 1),
            "error": self._mask.text(self.error),
        }

    def _headers(self, headers: Any) -> dict[str, str]:
        hidden = self._mask.redaction.headers
        shown = [(str(name), str(value)) for name, value in headers.items()]
        return {name: HIDDEN if name.lower() in hidden else self._mask.text(value[:2000]) for name, value in shown}

    def _body(self, body: bytes) -> str:
        # Secrets are removed before the text is cut, lest half of one survives at the edge.
        text = body[: BODY_LIMIT * 4].decode("utf-8", "replace")
        return _hide_fields(self._mask.text(text), self._mask)[:BODY_LIMIT]


def _hide_fields(text: str, mask: Mask) -> str:
    if not text:
        return text
    names = "|".join(re.escape(name) for name in mask.redaction.fields)
    text = re.sub(rf'(?i)("(?:{names})"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^,}}\]\s]+)', rf'\1"{HIDDEN}"', text)
    return re.sub(rf"(?i)(^|&)({names})=[^&]*", rf"\1\2={HIDDEN}", text)


def _hide_query(url: str, mask: Mask) -> str:
    names = "|".join(re.escape(name) for name in mask.redaction.fields)
    return re.sub(rf"(?i)([?&])({names})=[^&#]*", rf"\1\2={HIDDEN}", url)
