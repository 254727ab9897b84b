"""Decides how a write ended: confirmed by proof, refused for certain, not sent for certain, otherwise unknown."""

from typing import Any

from canonical.failure import Category
from connectors import paths
from connectors.answer import Answer
from connectors.classify import Verdict, judge
from connectors.engine.bound import failure_of
from connectors.exchange import Exchange
from connectors.http import Unreachable
from connectors.manifest.model import Manifest
from connectors.manifest.stream import Found, Operation
from connectors.outcome import ConnectorFailure, Result, WriteOutcome, WriteRequest
from connectors.registry import Connector

_CONFIRMED = Result.CONFIRMED
_ASK = "Nobody can tell yet whether it happened; the hub asks the system before anything is sent again."


def found_in(found: Found | None, answer: Answer, data: Any, request: WriteRequest) -> str | None:
    """Return the id, reference or version that the answer gives, None when it does not."""
    if found is None:
        return None
    if found.source == "request":
        return request.external_id
    if found.source == "body":
        value = paths.find(data, found.path)
        if value is None or type(value) is str:
            return value
        return None if isinstance(value, (dict, list)) else str(value)
    header: str | None = answer.headers.get("Location" if found.source == "location" else found.header)
    if header is None or found.source == "header":
        return header
    match = found.pattern.search(header)
    return str(match.group(1)) if match else None


class Proof:
    """Sees at once that a write of this operation is confirmed; leaves every doubt to the error table."""

    __slots__ = ("_envelope", "_id", "_reads", "_reference", "_success", "_version")

    def __init__(self, connector: Connector, operation: Operation) -> None:
        self._success = operation.success if connector.override("classify") is None else frozenset()
        self._envelope = connector.manifest.errors.envelope
        self._id, self._reference, self._version = operation.id, operation.reference, operation.version
        found = [part for part in (operation.id, operation.reference, operation.version) if part is not None]
        self._reads = bool(self._envelope) or any(part.source == "body" for part in found)

    def of(self, answer: Answer, request: WriteRequest) -> WriteOutcome | None:
        """Return the outcome when it is confirmed beyond doubt, else None."""
        if answer.status not in self._success:
            return None
        data = answer.json_or_none() if self._reads else None
        if data is None:
            if answer.is_html:
                return None
        elif type(data) is not dict or (self._envelope and paths.first(data, self._envelope)):
            return None
        external_id = found_in(self._id, answer, data, request)
        if external_id is None and self._id is not None:
            return None
        return WriteOutcome(
            _CONFIRMED,
            external_id or request.external_id,
            found_in(self._reference, answer, data, request) or "",
            found_in(self._version, answer, data, request) or "",
            status=answer.status,
        )


def accepted(operation: Operation, request: WriteRequest, answer: Answer, exchange: Exchange) -> WriteOutcome:
    """Return the outcome of an answer whose status and envelope are good: proof, unless the promised id is absent."""
    wants_body = any(
        part is not None and part.source == "body" for part in (operation.id, operation.reference, operation.version)
    )
    data = answer.json_or_none() if wants_body else None
    external_id = found_in(operation.id, answer, data, request)
    if (operation.id is not None and external_id is None) or answer.is_html:
        message = f"The system answered {answer.status} but not what it made: {answer.words(200) or 'an empty body'}"
        return doubtful(message, answer.status, exchange)
    return WriteOutcome(
        Result.CONFIRMED,
        external_id or request.external_id,
        found_in(operation.reference, answer, data, request) or "",
        found_in(operation.version, answer, data, request) or "",
        status=answer.status,
    )


def doubtful(
    message: str, status: int | None, exchange: Exchange | None, hint: str = "", retry_after: float | None = None
) -> WriteOutcome:
    """Return the outcome "unknown"."""
    return WriteOutcome(
        Result.UNKNOWN,
        category=Category.OUTCOME_UNKNOWN,
        message=message,
        hint=hint or _ASK,
        retry_after=retry_after,
        status=status,
        exchange=exchange,
    )


def declined(verdict: Verdict, status: int | None, exchange: Exchange | None) -> WriteOutcome:
    """Return the outcome of an answer that is no success: refused when the table is certain, otherwise unknown."""
    if not verdict.certain:
        return doubtful(verdict.message, status, exchange, verdict.hint, verdict.retry_after)
    return WriteOutcome(
        Result.REFUSED,
        category=verdict.category,
        message=verdict.message,
        hint=verdict.hint,
        retry_after=verdict.retry_after,
        status=status,
        exchange=exchange,
        parent_key=verdict.parent_key,
        retry=verdict.row.retry if verdict.row is not None else None,
    )


def unanswered(error: Unreachable) -> WriteOutcome:
    """Return the outcome of a request without a usable answer: not sent when no byte left, otherwise unknown."""
    failure = failure_of(error)
    if error.sent:
        return doubtful(failure.message, None, failure.exchange)
    return unsent(failure)


def unsent(failure: ConnectorFailure) -> WriteOutcome:
    """Return the outcome "not sent" for a failure before the first byte."""
    return WriteOutcome(
        Result.NOT_SENT,
        category=failure.category,
        message=failure.message,
        hint=failure.hint,
        retry_after=failure.retry_after,
        status=failure.status,
        exchange=failure.exchange,
        retry=failure.retry,
    )


def judge_item(manifest: Manifest, answer: Answer) -> Verdict:
    """Return the verdict on one item of a batch, judged as if it were an answer of its own."""
    return judge(manifest, answer)
