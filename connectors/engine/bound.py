"""A connection made ready for requests: addresses, headers and mask worked out once, calls signed and classified."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from yarl import URL

from canonical.failure import Category
from connectors.address import NotAnAddress, base_address, web_address
from connectors.answer import Answer
from connectors.auth.signer import Signer
from connectors.classify import Verdict, verdict_on
from connectors.engine.splice import Wrap, wrapper
from connectors.exchange import Exchange, Mask, mask_for
from connectors.http import Call, Http, Unreachable
from connectors.line import Line
from connectors.manifest.model import Manifest
from connectors.outcome import ConnectorFailure, WriteRequest
from connectors.spec import ConnectionSpec
from connectors.template import Scope, Structure, Template, TemplateError, Templates, render_all
from connectors.tokens import Token, Tokens

_UNSAFE = re.compile(r"[\r\n\0]").search  # would end a header and begin another
# What it means that no usable answer came, when nothing can have happened by it. An address that is not let through and
# a line that is not secure keep all records alike, and none of them is to blame: everything waits for the remedy.
_CATEGORIES = {
    "name": Category.OUTAGE,
    "guard": Category.OUTAGE,
    "refused": Category.OUTAGE,
    "tls": Category.OUTAGE,
    "astray": Category.CONFIGURATION,
    "deadline": Category.TRANSIENT,
    "timeout": Category.TRANSIENT,
    "broken": Category.TRANSIENT,
    "too_big": Category.SHAPE,
    "encoding": Category.SHAPE,
    "redirect": Category.SHAPE,
}
_NO_LINE = (
    "A certificate that has ended is renewed by whoever runs the system; an authority of one's own is made known "
    "to the hub's machine. Everything goes on by itself then."
)


class Bound:
    """One connection on this loop. Made from a spec; thrown away when the spec changes."""

    def __init__(self, spec: ConnectionSpec, http: Http, tokens: Tokens) -> None:
        self.spec = spec
        self.connector = spec.connector
        self.manifest = spec.connector.manifest
        self.scope: dict[str, Any] = {"answers": answers_of(spec), "secrets": spec.secrets}
        self.base = self._callable(self.text(self.manifest.base_url), base_address).rstrip("/")
        self.origin = self._url(self.base).origin()
        self.headers = {"User-Agent": "Throughline", "Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        self.headers |= self.rendered(self.manifest.headers, {})
        self.timeout = min(spec.timeout, self.manifest.limits.timeout or spec.timeout)
        self.http = http
        try:
            self.signer = Signer(replace(spec, answers=self.scope["answers"]), tokens, self._login_call)
        except TemplateError as error:
            raise _not_configured(error) from error
        self.carrying = (*self.signer.header_names, *_secret_headers(self.manifest))
        hidden = frozenset(name.lower() for name in self.carrying)
        redaction = self.manifest.redaction
        self.redaction = replace(redaction, headers=redaction.headers | hidden)
        self._mask: tuple[Token | None, Mask] = (None, mask_for(self.redaction, spec.secrets))

    def text(self, template: Template, scope: Scope | None = None) -> str:
        """Render a template; raises ConnectorFailure (configuration) naming the absent value."""
        try:
            return template.text({**self.scope, **(scope or {})})
        except TemplateError as error:
            raise _not_configured(error) from error

    def rendered(self, templates: Templates, scope: Scope) -> dict[str, str]:
        """Render headers or parameters; raises ConnectorFailure (configuration)."""
        try:
            return render_all(templates, {**self.scope, **scope}) if templates else {}
        except TemplateError as error:
            raise _not_configured(error) from error

    def url(self, path: Template, query: Templates, scope: Scope) -> URL:
        """Return the address of a path with its parameters."""
        written = self.text(path, scope)
        url = self._url(written if written.startswith(("http://", "https://")) else self.base + written)
        parameters = self.rendered(query, scope)
        return url.update_query(parameters) if parameters else url

    def _url(self, written: str) -> URL:
        try:
            url = URL(written, encoded=True)
            url.origin()
        except ValueError:
            return URL(self._callable(written), encoded=True)
        return url

    def _callable(self, written: str, read: Callable[[str], str] = web_address) -> str:
        """Return an address in the form in which it is called; raises ConnectorFailure (configuration)."""
        try:
            return read(written)
        except NotAnAddress as error:
            words = error.words(mask_for(self.manifest.redaction, self.spec.secrets).text(written))
            raise ConnectorFailure(Category.CONFIGURATION, words, hint=error.remedy, sent=False) from error

    def call(
        self, method: str, url: URL, headers: dict[str, str], body: bytes | None = None, deadline: float = 0
    ) -> Call:
        """Return a call with the connection's headers and limits, not signed yet."""
        limits = self.manifest.limits
        merged = {**self.headers, **headers}
        if any(map(_UNSAFE, merged.values())):
            raise ConnectorFailure(Category.VALIDATION, "A header of the request would hold a line break.", sent=False)
        if body is not None and "Content-Type" not in merged:
            merged["Content-Type"] = "application/json"
        return Call(
            method, url, merged, body, self.timeout, deadline, limits.response_bytes, limits.redirects, self.carrying
        )  # fmt: skip

    def line(self) -> Line:
        """Return a line to this connection's origin, for one worker."""
        return self.http.line(self.origin, timeout=self.timeout, limit=self.manifest.limits.response_bytes)

    def render_body(self, body: Structure | None, scope: Scope) -> bytes | None:
        """Render a request body; raises ConnectorFailure (configuration)."""
        try:
            return None if body is None else body.json({**self.scope, **scope})
        except TemplateError as error:
            raise _not_configured(error) from error

    def wrapper(self, structure: Structure) -> Wrap:
        """Return what writes the structure around a request's bytes; both raise ConnectorFailure (configuration)."""
        try:
            wrap = wrapper(structure, self.scope)
        except TemplateError as error:
            raise _not_configured(error) from error

        def safely(request: WriteRequest, body: bytes) -> bytes:
            try:
                return wrap(request, body)
            except TemplateError as error:
                raise _not_configured(error) from error

        return safely

    async def send(self, call: Call) -> tuple[Answer, Exchange, Token | None]:
        """Sign and send; return answer and exchange. Raises Unreachable, or ConnectorFailure from signing in."""
        token = await self.sign(call)
        clock = time.monotonic()
        try:
            answer = await self.http.send(call)
        except Unreachable as error:
            raise self.lost(error, call, token, clock) from error
        return answer, self.exchanged(call, token, clock, answer), token

    async def sign(self, call: Call) -> Token | None:
        """Put the credentials on the call; return the token that was used. Raises ConnectorFailure."""
        try:
            return await self.signer.sign(call)
        except TemplateError as error:
            raise _not_configured(error) from error

    async def is_current(self, token: Token) -> bool:
        """Return whether requests are to be signed with this token; raises ConnectorFailure from signing in."""
        return await self.signer.current() is token.values

    def lost(self, error: Unreachable, call: Call, token: Token | None, clock: float) -> Unreachable:
        """Return the error with the exchange that it ended; `clock` is time.monotonic() at its start."""
        error.exchange = self.exchanged(call, token, clock, None, str(error))  # type: ignore[attr-defined]  # travels with the error
        return error

    def exchanged(
        self, call: Call, token: Token | None, clock: float, answer: Answer | None, error: str = ""
    ) -> Exchange:
        """Return what was sent and answered since `clock` (time.monotonic()), to be shown redacted."""
        if token is not self._mask[0]:
            secrets = {**self.spec.secrets, **{f"token.{name}": value for name, value in _texts(token)}}
            self._mask = (token, mask_for(self.redaction, secrets))
        duration = time.monotonic() - clock
        started = datetime.now(UTC) - timedelta(seconds=duration)
        request = (call.method, str(call.url), call.headers, call.body)
        reply = None if answer is None else (answer.status, answer.headers, answer.body)
        return Exchange(self._mask[1], request, reply, started=started, duration=duration, error=error)

    def hidden(self, words: str) -> str:
        """Return words without any secret that stands in them: systems repeat what they refuse."""
        return self._mask[1].text(words)

    @contextmanager
    def discreet(self) -> Iterator[None]:
        """Let no failure that passes tell a secret."""
        try:
            yield
        except ConnectorFailure as failure:
            failure.message = self.hidden(failure.message)
            failure.args = (failure.message,)
            raise

    async def exchange(
        self, call: Callable[[], Call], good: frozenset[int] | None, stream: str
    ) -> tuple[Answer, Exchange, Verdict | None]:
        """Send what `call` makes; once more after renewing the token, when the table says that it was stale.

        A write is sent again only if that answer is also proof that nothing was done. The verdict is None for a
        success. Raises Unreachable, or ConnectorFailure from signing in.
        """
        answer, exchange, token = await self.send(call())
        return await self.settled(call, answer, exchange, token, good, stream)

    async def settled(
        self,
        call: Callable[[], Call],
        answer: Answer,
        exchange: Exchange,
        token: Token | None,
        good: frozenset[int] | None,
        stream: str,
    ) -> tuple[Answer, Exchange, Verdict | None]:
        """Judge the first answer to what `call` makes; go on as `exchange` says."""
        verdict = verdict_on(self.connector, answer, good, stream)
        if verdict is None or token is None or not (verdict.renew and verdict.certain):
            return answer, exchange, verdict
        try:
            await self.signer.renew(token)
        except ConnectorFailure as failure:
            # The refused request is answered for; what is wrong now is the sign-in.
            return (
                answer,
                exchange,
                replace(verdict, category=failure.category, message=failure.message, hint=failure.hint),
            )
        answer, exchange, _ = await self.send(call())
        return answer, exchange, verdict_on(self.connector, answer, good, stream)

    async def ask(self, call: Call, *, good: frozenset[int] | None = None, stream: str = "") -> tuple[Answer, Exchange]:
        """Send a request that changes nothing, renewing a stale token once; raises ConnectorFailure."""

        def unsigned() -> Call:
            return replace(call, headers=dict(call.headers))

        try:
            answer, exchange, verdict = await self.exchange(unsigned, good, stream)
        except Unreachable as error:
            raise failure_of(error) from error
        if verdict is not None:
            raise failure_from(verdict, answer, exchange)
        return answer, exchange

    async def _login_call(self, method: str, address: str, headers: dict[str, str], body: bytes | None) -> Answer:
        absolute = address.startswith(("http://", "https://"))
        url = self._url(address if absolute else self.base + address)
        call = self.call(method, url, headers, body)
        call.redirects = 0  # credentials are never carried along
        try:
            return await self.http.send(call)
        except Unreachable as error:
            failure = failure_of(error)
            failure.sent = False  # the login is not the request that it was for
            raise failure from error


def _secret_headers(manifest: Manifest) -> tuple[str, ...]:
    """Return the headers that carry secrets beside those of the way to sign in, wherever the manifest has them."""
    parts = [manifest.headers, manifest.test.headers]
    for stream in manifest.streams.values():
        calls: list[Any] = [stream.read] if stream.read else []
        if stream.write:
            calls += [*stream.write.operations.values(), stream.write.batch, stream.write.look_up]
            calls += [step for each in stream.write.operations.values() for step in (*each.before, *each.then)]
        parts += [each.headers for each in calls if each is not None]
    named = ((name, template.placeholders) for part in parts for name, template in part)
    return tuple(sorted({name for name, places in named if any(each.steps[0] == "secrets" for each in places)}))


def answers_of(spec: ConnectionSpec) -> dict[str, Any]:
    """Return the connection's answers, completed by the manifest's defaults."""
    return spec.connector.manifest.completed(spec.answers)


def failure_of(error: Unreachable) -> ConnectorFailure:
    """Return the failure for a request that got no usable answer."""
    exchange = getattr(error, "exchange", None)
    # Where no connection came about in all that time, whatever swallows the packets is asked again for all alike.
    category = Category.OUTAGE if error.kind == "timeout" and not error.sent else _CATEGORIES[error.kind]
    late = True if error.kind == "deadline" else None  # it was not tried: its turn never came
    hint = _NO_LINE if error.kind == "tls" else ""
    words = _sentence(str(error))
    return ConnectorFailure(category, words, hint=hint, exchange=exchange, sent=error.sent, retry=late)


def failure_from(verdict: Verdict, answer: Answer, exchange: Exchange) -> ConnectorFailure:
    """Return the failure for an answer that the error table has judged."""
    return ConnectorFailure(
        verdict.category,
        verdict.message,
        hint=verdict.hint,
        retry_after=verdict.retry_after,
        status=answer.status,
        exchange=exchange,
        retry=verdict.row.retry if verdict.row is not None else None,
    )


def _not_configured(error: Exception) -> ConnectorFailure:
    hint = "Complete the connection's answers, or mend the manifest."
    return ConnectorFailure(Category.CONFIGURATION, _sentence(str(error)), hint=hint, sent=False)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _texts(token: Token | None) -> list[tuple[str, str]]:
    return (
        []
        if token is None
        else [(name, value) for name, value in token.values.items() if isinstance(value, str) and len(value) >= 8]
    )
