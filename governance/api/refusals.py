"""What a caller of our API can be told is wrong: stable types, words for people, and the places in the body.

How it is rendered (problem+json, RFC 9457) is the project's business, not known here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem: what never changes about it."""

    name: str  # last part of the problem's type
    status: int
    title: str


TYPE = "urn:throughline:problem:"  # and the kind's name; it never changes
UNREADABLE = Kind("unreadable-body", 400, "The body cannot be read as JSON")
BAD_HEADER = Kind("bad-header", 400, "A header of the request is not usable")
METHOD = Kind("method-not-allowed", 405, "This address does not take that method")
NOT_ALLOWED = Kind("not-allowed", 403, "Your roles do not allow this")
NOT_FOUND = Kind("not-found", 404, "There is nothing at this address for you")
STALLED = Kind("body-stalled", 408, "The body stopped coming")
NO_LENGTH = Kind("length-required", 411, "The request does not say how long its body is")
TOO_LARGE = Kind("too-large", 413, "The body is larger than what is taken at once")
MEDIA_TYPE = Kind("media-type", 415, "The body has a media type that is not taken here")
INVALID = Kind("invalid-records", 422, "The records are not in the agreed form")
KEY_REUSED = Kind("idempotency-key-reused", 422, "The Idempotency-Key was used for another body")
BAD_PARAMETER = Kind("bad-parameter", 400, "A parameter of the address is not usable")
SCOPE_MISSING = Kind("scope-missing", 403, "The token was not made for this")
NOT_POSSIBLE = Kind("not-possible", 409, "This cannot be done as things are")
STALE = Kind("stale", 412, "Somebody has changed this meanwhile")
INVALID_BODY = Kind("invalid-body", 422, "The body is not in the agreed form")
IF_MATCH_NEEDED = Kind("if-match-needed", 428, "Say which state you have read")
KINDS = (
    UNREADABLE, BAD_HEADER, NOT_ALLOWED, NOT_FOUND, STALLED, NO_LENGTH, TOO_LARGE, MEDIA_TYPE, INVALID, KEY_REUSED,
    METHOD, BAD_PARAMETER, SCOPE_MISSING, NOT_POSSIBLE, STALE, INVALID_BODY, IF_MATCH_NEEDED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong in a body."""

    pointer: str  # JSON Pointer (RFC 6901) into the body: /records/0/hours
    detail: str
    accepted: str  # the form that would be accepted, in words

    def as_json(self) -> dict[str, str]:
        """Return it as it stands in the answer."""
        return {"pointer": self.pointer, "detail": self.detail, "accepted": self.accepted}


@dataclass(frozen=True, slots=True)
class ParameterError:
    """One thing that is wrong in an address."""

    parameter: str
    detail: str
    accepted: str  # in words

    def as_json(self) -> dict[str, str]:
        """Return it as it stands in the answer."""
        return {"parameter": self.parameter, "detail": self.detail, "accepted": self.accepted}


class Refused(Exception):
    """A request that is answered with a problem; nothing of it was stored."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: Sequence[FieldError | ParameterError] = (),
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Say what is wrong and the remedy in `detail`; `more` are members of its own, such as a position."""
        super().__init__(detail)
        self.kind, self.detail, self.errors, self.more = kind, detail, tuple(errors), dict(more or {})
        self.headers = dict(headers or {})


def not_there(what: str, name: object) -> Refused:
    """Return the refusal of what does not exist, in the words for what the caller must not know to exist."""
    return Refused(NOT_FOUND, f"There is no {what} “{str(name)[:80]}”. Check the address.")
