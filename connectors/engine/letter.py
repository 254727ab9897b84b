"""The requests of one operation, written out in advance but for the values in their path, their key and their body."""

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from yarl import URL

from canonical.failure import Category
from connectors.engine.bound import Bound
from connectors.engine.steps import scope_of
from connectors.http import Call
from connectors.manifest.stream import Operation, Write
from connectors.outcome import ConnectorFailure, WriteRequest
from connectors.template import Placeholder, Template
from connectors.tokens import Token

_LITERAL = re.compile(r"[!-~]*").fullmatch  # no blanks, nothing beyond ASCII
_ORDINARY = re.compile(r"[A-Za-z0-9_.~:-]+").fullmatch  # stands for itself in a path
_UNSAFE = re.compile(r"[\r\n\0]").search  # would end a header and begin another
_OURS = {"host", "content-length", "transfer-encoding", "connection", "expect"}  # headers that we write ourselves
_BODILESS = ("GET", "HEAD", "OPTIONS", "TRACE", "CONNECT")


class Letter:
    """Writes requests as bytes; `letter_for` makes one. `token` is the one that `sign` has put in, if any."""

    def __init__(self, bound: Bound, operation: Operation, path: Template, headers: dict[str, str], key: str) -> None:
        self.signed: Call | None = None  # what all requests share, with credentials
        self.token: Token | None = None
        self._bound, self._key = bound, key
        self._fixed = path.constant is not None
        self._places = () if self._fixed else tuple(_place(bound, part) for part in path.parts)
        url = bound.url(path, operation.query, {}) if self._fixed else URL(bound.base + "/", encoded=True)
        self._blank = bound.call(operation.method, url, headers, None if operation.body == "none" else b"")
        self._before = self._after = ""  # what stands before and after a path that varies

    async def sign(self) -> Call:
        """Write what all requests share, with the credentials as they are now; raises ConnectorFailure."""
        call = replace(self._blank, headers=dict(self._blank.headers))
        token = await self._bound.sign(call)
        head = [f"Host: {call.url.host_port_subcomponent}", *(f"{name}: {text}" for name, text in call.headers.items())]
        if any(map(_UNSAFE, head)):
            raise ConnectorFailure(Category.CONFIGURATION, "A header of the request holds a line break.", sent=False)
        shared = " HTTP/1.1\r\n" + "\r\n".join(head) + "\r\n" + (f"{self._key}: " if self._key else "")
        if self._fixed:
            self._before = f"{call.method} {call.url.raw_path_qs}{shared}"
        else:
            self._before = f"{call.method} {call.url.raw_path.rstrip('/')}"
            self._after = (f"?{call.url.raw_query_string}" if call.url.raw_query_string else "") + shared
        self.signed, self.token = call, token
        return call

    def written(self, request: WriteRequest, body: bytes | None) -> bytes:
        """Return the request's bytes; raises ConnectorFailure for an absent value or an unusable key."""
        start = self._before if self._fixed else f"{self._before}{self._path(request)}{self._after}"
        if self._key:
            if _UNSAFE(request.idempotency_key):
                message = f"The key {request.idempotency_key!r} holds a line break and cannot be sent."
                raise ConnectorFailure(Category.VALIDATION, message, sent=False)
            start = f"{start}{request.idempotency_key}\r\n"
        if body is None:
            return f"{start}Content-Length: 0\r\n\r\n".encode()
        return f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def call(self, signed: Call, request: WriteRequest, body: bytes | None) -> Call:
        """Return as a call what was written when `signed` was current, to be told of or followed."""
        url, headers = signed.url, signed.headers
        if not self._fixed:
            target, query = self._bound.base + self._path(request), url.raw_query_string
            url = URL(f"{target}?{query}" if query else target, encoded=True)
        if self._key:
            headers = {**headers, self._key: request.idempotency_key}
        return replace(signed, url=url, headers=headers, body=body, deadline=request.deadline)

    def _path(self, request: WriteRequest) -> str:
        return "".join([place if isinstance(place, str) else place(request) for place in self._places])


def letter_for(
    bound: Bound, write: Write, operation: Operation, path: Template, headers: dict[str, str] | None
) -> Letter | None:
    """Return the letter of an operation; None when more varies from request to request than a letter knows of.

    `path` is bound to the connection already; `headers` are None when they vary.
    """
    signer, key = bound.signer, write.idempotency_header
    if headers is None or operation.before or operation.then or operation.query:
        return None
    if signer.auth.kind == "oauth1" or bound.connector.override("sign") is not None:
        return None  # each request has a signature of its own
    names = [name.lower() for name in {**bound.headers, **headers}]
    credentials = {name.lower() for name in signer.header_names}
    if _OURS.intersection(names) or key.lower() in {*names, *credentials} or credentials.intersection(names):
        return None
    bodiless = operation.method in _BODILESS
    if bodiless or not _is_plain(path) or not _LITERAL(bound.base) or re.search(r"[?#]|//[^/]*@", bound.base):
        return None
    return Letter(bound, operation, path, headers, key)


def _is_plain(path: Template) -> bool:
    """Return whether it is a path below the base address whose values are all escaped."""
    literals = [part for part in path.parts if isinstance(part, str)]
    if not literals or path.parts[0] != literals[0] or not literals[0].startswith("/"):
        return False
    if any("#" in each or not _LITERAL(each) for each in literals):
        return False
    if path.constant is not None:
        return True
    raw = any(name == "raw" for each in path.placeholders for name, _ in each.filters)
    return path.escape and not raw and not any("?" in each for each in literals)


def _place(bound: Bound, part: str | Placeholder) -> str | Callable[[WriteRequest], str]:
    """Return a piece of text, or what gives the value of a placeholder as it stands in a path."""
    if isinstance(part, str):
        return part
    single, name = Template((part,), escape=True), part.name
    simple = not part.filters and name in ("key", "external_id", "idempotency_key")

    def value(request: WriteRequest) -> str:
        found = getattr(request, name) if simple else None
        if not found:
            return bound.text(single, scope_of(request))  # or says what is absent
        return found if _ORDINARY(found) else quote(found, safe="-._~:")

    return value
