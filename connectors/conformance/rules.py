"""The rules. Each says what it proves, when it applies, and what is wrong when it does not hold."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from canonical.failure import Category
from connectors import paths, record_links
from connectors.conformance.leaks import leaks_in, listening
from connectors.conformance.replay import first_row_for
from connectors.conformance.subject import Subject
from connectors.engine import Engine
from connectors.manifest.stream import Write
from connectors.outcome import ConnectorFailure, Page, Result
from connectors.template import Placeholder

_PAGES_AT_MOST = 1000
T = TypeVar("T")
_WAIT = 1.0  # seconds that the simulator is told to ask for


class Broken(AssertionError):
    """A rule does not hold; says what was seen."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the suite."""

    name: str
    proves: str
    not_needed: Callable[[Subject], str]  # "" when the rule applies, else why not
    check: Callable[[Subject, Engine], Awaitable[None]]


async def hold(rule: Rule, subject: Subject, engine: Engine) -> str:
    """Check a rule; return "" or why it does not apply. Raises Broken, or LookupError when the subject lacks a part."""
    manifest = subject.connector.manifest
    reason = manifest.exempt.get(rule.name) or rule.not_needed(subject)
    if reason:
        return reason
    try:
        await rule.check(subject, engine)
    except ConnectorFailure as failure:
        raise Broken(f"{rule.name}: {failure.category}: {failure.message} {failure.hint}") from failure
    return ""


async def _paging_ends(subject: Subject, engine: Engine) -> None:
    for stream, expected in subject.records.items():
        pages = await _all_pages(subject, engine, stream)
        found = sum(len(page.records) for page in pages)
        if not pages[-1].last or found != expected:
            raise Broken(f"{stream}: {found} records on {len(pages)} pages, but the system holds {expected}.")


async def _cursor_resumes(subject: Subject, engine: Engine) -> None:
    for stream in subject.records:
        whole = await _all_pages(subject, engine, stream)
        if len(whole) < 2:
            raise LookupError(f"{stream}: the simulator needs more than one page of records for this rule.")
        rest = await _all_pages(subject, engine, stream, whole[0].cursor)
        expected = _keys(subject, stream, whole[1:])
        found = _keys(subject, stream, rest)
        if found != expected:
            raise Broken(
                f"{stream}: after the first page {len(expected)} records were left, {len(found)} came or others."
            )


async def _token_renewed_once(subject: Subject, engine: Engine) -> None:
    expire, logins = _needed(subject.expire_token, "expire_token"), _needed(subject.logins, "logins")
    bound = engine.bind(subject.spec)
    await _ask_test(engine, subject)
    before = await logins()
    await expire()
    await asyncio.gather(*(_ask_test(engine, subject) for _ in range(12)))
    renewed = await logins() - before
    if renewed != 1:
        raise Broken(f"12 requests with an expired token led to {renewed} logins at {bound.base}, not to one.")


async def _throttling_honoured(subject: Subject, engine: Engine) -> None:
    throttle = _needed(subject.throttle, "throttle")
    stream = next(iter(subject.records), "")
    if not stream:
        raise LookupError("The subject names no stream to read.")
    await throttle(_WAIT)
    clock = asyncio.get_running_loop().time()
    try:
        await anext(aiter(engine.read_pages(subject.spec, stream)))
    except ConnectorFailure as failure:
        if failure.category is not Category.THROTTLED or not failure.retry_after:
            raise Broken(f"A throttled read failed as {failure.category}: {failure.message}") from failure
        return
    waited = asyncio.get_running_loop().time() - clock
    if waited < _WAIT * 0.9:
        raise Broken(f"The system asked for {_WAIT} seconds; the next request came after {waited:.2f}.")


async def _error_rows_reached(subject: Subject, engine: Engine) -> None:
    manifest = subject.connector.manifest
    for row in manifest.errors.rows:
        reached = first_row_for(subject.connector, row.example)
        if reached is not row:
            other = f"row {reached.number} ({reached.category})" if reached else "no row"
            raise Broken(f"The example of row {row.number} ({row.category}) reaches {other}.")


async def _secrets_hidden(subject: Subject, engine: Engine) -> None:
    secrets = [str(value) for value in subject.spec.secrets.values() if len(str(value)) >= 4]
    with listening(logging.DEBUG) as lines:
        exchanges = [await _ask_test(engine, subject)]
        token = await engine.bind(subject.spec).signer.current()
        if subject.write_stream and subject.bad_body:
            request = subject.request(_new_key(), bad=True)
            outcome = (await engine.write(subject.spec, subject.write_stream, [request]))[0]
            exchanges += [outcome.exchange.redacted()] if outcome.exchange else []
    secrets += [str(value) for value in token.values() if isinstance(value, str) and len(value) >= 8]
    for where, shown in (("the log", lines), ("an exchange", exchanges)):
        if leaks := leaks_in(shown, secrets):
            raise Broken(f"A secret stands in {where}: {leaks}")


async def _repeated_write_has_one_effect(subject: Subject, engine: Engine) -> None:
    effects, request = _needed(subject.effects, "effects"), subject.request(_new_key())
    for _ in range(2):
        outcome = (await engine.write(subject.spec, subject.write_stream, [request]))[0]
        if outcome.result not in (Result.CONFIRMED, Result.REFUSED):
            raise Broken(f"The write ended {outcome.result}: {outcome.message}")
    count = await effects(request.key)
    if count != 1:
        raise Broken(f"The same write twice had {count} effects.")


async def _look_up_finds(subject: Subject, engine: Engine) -> None:
    request = subject.request(_new_key())
    before = (await engine.look_up(subject.spec, subject.write_stream, [request]))[0]
    if before.found:
        raise Broken(f"The look-up finds {before.external_id} under a key that was never written.")
    outcome = (await engine.write(subject.spec, subject.write_stream, [request]))[0]
    if outcome.result is not Result.CONFIRMED:
        raise Broken(f"The write ended {outcome.result}: {outcome.message}")
    found = (await engine.look_up(subject.spec, subject.write_stream, [request]))[0]
    if not found.found or found.external_id != outcome.external_id:
        raise Broken(f"Written as {outcome.external_id}, but the look-up says {found.external_id}.")


async def _bad_row_alone(subject: Subject, engine: Engine) -> None:
    batch = _write(subject).batch
    size = min(batch.size, 20) if batch is not None else 2
    requests = [subject.request(_new_key(), bad=place == size // 2) for place in range(size)]
    outcomes = await engine.write(subject.spec, subject.write_stream, requests)
    for place, outcome in enumerate(outcomes):
        expected = Result.REFUSED if place == size // 2 else Result.CONFIRMED
        if outcome.result is not expected:
            raise Broken(f"Item {place} of {size} ended {outcome.result}, not {expected}: {outcome.message}")


async def _all_pages(
    subject: Subject, engine: Engine, stream: str, cursor: dict[str, object] | None = None
) -> list[Page]:
    pages: list[Page] = []
    async for page in engine.read_pages(subject.spec, stream, cursor=cursor):
        pages.append(page)
        if len(pages) > _PAGES_AT_MOST:
            raise Broken(f"{stream}: still no last page after {_PAGES_AT_MOST}.")
    return pages


def _keys(subject: Subject, stream: str, pages: list[Page]) -> set[tuple[str, ...]]:
    fields = subject.connector.manifest.streams[stream].key
    return {tuple(str(paths.find(record, path)) for path in fields) for page in pages for record in page.records}


async def _ask_test(engine: Engine, subject: Subject) -> dict[str, object]:
    bound, test = engine.bind(subject.spec), subject.connector.manifest.test
    url, headers = bound.url(test.path, test.query, {}), bound.rendered(test.headers, {})
    _, exchange = await bound.ask(bound.call(test.method, url, headers, bound.render_body(test.body, {})))
    return exchange.redacted()


def _needed(part: T | None, name: str) -> T:
    if part is None:
        raise LookupError(f"The subject has no {name}; this rule needs it.")
    return part


def _new_key() -> str:
    return f"T-{uuid.uuid4().hex[:12]}"


def _write(subject: Subject) -> Write:
    write = subject.written().write
    if write is None:
        raise LookupError(f"{subject.write_stream} is not written.")
    return write


def _always(_: Subject) -> str:
    return ""


def _reads(subject: Subject) -> str:
    readable = any(stream.read for stream in subject.connector.manifest.streams.values())
    return "" if readable else "No stream of this system is read."


def _has_token(subject: Subject) -> str:
    auth = subject.connector.manifest.auth_named(subject.spec.auth)
    return "" if auth.has_token else f"The way to sign in ({auth.kind}) has no token that could expire."


def _throttles(subject: Subject) -> str:
    rows = subject.connector.manifest.errors.rows
    throttled = any(row.category is Category.THROTTLED for row in rows)
    return "" if throttled else "The error table knows no throttling."


def _idempotent(subject: Subject) -> str:
    if not subject.write_stream:
        return "No stream of this system is written."
    kind = _write(subject).write_class
    return (
        ""
        if kind == "idempotent"
        else f"The class is {kind}: the target does not absorb repeats, the hub never sends them."
    )


def _looks_up(subject: Subject) -> str:
    if not subject.write_stream:
        return "No stream of this system is written."
    return "" if _write(subject).look_up else f"The class is {_write(subject).write_class}: there is no look-up."


def _batches(subject: Subject) -> str:
    if not subject.write_stream:
        return "No stream of this system is written."
    return "" if _write(subject).batch else "Every record is written by a call of its own."


async def _record_links_own_host(subject: Subject, engine: Engine) -> None:
    manifest = subject.connector.manifest
    answers = {q.name: q.example or q.default for q in manifest.questions if not q.secret and (q.example or q.default)}
    for name, stream in manifest.streams.items():
        if stream.record_link is None:
            continue
        record: dict[str, Any] = {}
        for part in stream.record_link.placeholders:
            _put_example(record, part)
        if not record_links.made(manifest, answers, name, id_="1", record=record):
            raise Broken(f"{name}: its link is no https address of the system's own host, made from the examples.")


def _put_example(record: dict[str, Any], part: Placeholder) -> None:
    """Give a record the value that a link reads of it: a day where it is written as one, else a number."""
    if part.steps[0] != "record":
        return
    inner = record
    for step in part.steps[1:-1]:
        inner = inner.setdefault(step, {})
    inner[part.steps[-1]] = "2026-10-05" if part.filters else "1"


def _links(subject: Subject) -> str:
    linked = any(stream.record_link for stream in subject.connector.manifest.streams.values())
    return "" if linked else "No stream of this system says where its records are seen."


RULES = (
    Rule("paging_ends", "Every record is read, and the last page says so.", _reads, _paging_ends),
    Rule("cursor_resumes", "A read that was cut off goes on where it was stored.", _reads, _cursor_resumes),
    Rule("token_renewed_once", "An expired token is renewed once for all.", _has_token, _token_renewed_once),
    Rule("throttling_honoured", "Nothing is sent before the time asked for.", _throttles, _throttling_honoured),
    Rule("error_rows_reached", "Each row of the error table is reached by its example.", _always, _error_rows_reached),
    Rule("secrets_hidden", "No secret stands in a log or an exchange.", _always, _secrets_hidden),
    Rule("repeated_write", "The same write twice has one effect.", _idempotent, _repeated_write_has_one_effect),
    Rule("look_up_finds", "The look-up finds what was written, and nothing else.", _looks_up, _look_up_finds),
    Rule("record_links", "A link to a record leads to its own system.", _links, _record_links_own_host),
    Rule("bad_row_alone", "One bad row of a batch does not refuse the others.", _batches, _bad_row_alone),
)
