"""The answer of a system: bytes, and what they mean as JSON with exact decimals."""

import re
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import msgspec

from connectors.odd_text import decoded, kept

_MAX_DIGITS, _MAX_EXPONENT = 80, 60  # no business number is longer; a longer one is a trick or a fault


class NotJson(ValueError):
    """The body is not JSON, or holds a number that no business value has."""


@lru_cache(maxsize=10_000)  # hours, rates and amounts come again and again
def _exact(text: str) -> Decimal:
    number = Decimal(text)
    if len(text) > _MAX_DIGITS or abs(number.adjusted()) > _MAX_EXPONENT:
        raise ValueError("a number of absurd size")
    return number


_decoder = msgspec.json.Decoder(float_hook=_exact)


class Answer:
    """Status, headers (case-insensitive mapping), body; `json()` decodes once."""

    __slots__ = ("_json", "body", "headers", "status", "url")

    def __init__(self, status: int, headers: Any, body: bytes, url: str = "") -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.url = url
        self._json: Any = None

    def json(self) -> Any:
        """Return the decoded body (numbers with a point are Decimal); raises NotJson."""
        if self._json is None and self.body:
            try:
                self._json = decoded(_decoder.decode, self.body)
            except (msgspec.DecodeError, ValueError, ArithmeticError, UnicodeDecodeError, RecursionError) as error:
                raise NotJson(str(error)) from error
        return self._json

    def json_or_none(self) -> Any:
        """Return the decoded body, None when it is not JSON."""
        try:
            return self.json()
        except NotJson:
            return None

    @property
    def is_html(self) -> bool:
        start = self.body[:200].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))

    def words(self, limit: int = 500) -> str:
        """Return the body as text without tags, at most `limit` characters."""
        text = self.body[:20_000].decode("utf-8", "replace")
        if self.is_html or text.lstrip().startswith("<"):
            text = re.sub(r"(?is)<(script|style)\b.{0,20000}?</\1>", " ", text)
            text = re.sub(r"<[^>]*>", " ", text)
        return kept(re.sub(r"\s+", " ", text).strip()[:limit])

    @property
    def date(self) -> datetime | None:
        """The server's clock, if it says, and in which zone."""
        try:
            found = parsedate_to_datetime(self.headers.get("Date", ""))
        except (TypeError, ValueError):
            return None
        return found if found.tzinfo else None
