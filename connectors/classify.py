"""Turns an answer into a verdict by the manifest's error table. A status alone decides nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from canonical.failure import Category
from connectors import paths
from connectors.answer import Answer
from connectors.manifest.model import ErrorRow, Errors, Manifest, Throttle
from connectors.odd_text import kept
from connectors.registry import Connector


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer that is not a success means."""

    category: Category
    message: str
    hint: str
    certain: bool  # the system certainly did nothing
    retry_after: float | None
    renew: bool
    row: ErrorRow | None  # None: the table has no row for it
    parent_key: str = ""  # of the record that the system says it lacks


def verdict_on(connector: Connector, answer: Answer, good: frozenset[int] | None, stream: str = "") -> Verdict | None:
    """Return None for a success, else what the answer means; `good` None accepts every 2xx."""
    own = connector.override("classify")
    row = own(answer, stream) if own else None
    errors = connector.manifest.errors
    if row is None and _succeeded(answer, good, errors):
        return None
    return judge(connector.manifest, answer, row)


def judge(manifest: Manifest, answer: Answer, row: ErrorRow | None = None) -> Verdict:
    """Return what an answer means that is known to be no success."""
    data = answer.json_or_none()
    words = message_in(manifest.errors, data, answer)
    row = row or matching_row(manifest.errors, answer.status, data, words)
    if row is None:
        message = (
            f"{manifest.title} answered with status {answer.status}: {words}"
            if words
            else f"{manifest.title} answered with status {answer.status} and no words"
        )
        return Verdict(
            Category.INTERNAL,
            message,
            "The connector's error table has no row for this answer.",
            False,
            None,
            False,
            None,
        )
    retry_after = retry_after_in(manifest.throttle, answer) if row.category is Category.THROTTLED else None
    own = paths.find(data, row.message) if row.message else None
    told = kept(own) if isinstance(own, str) else words
    text = told[:1000] or f"{manifest.title} answered with status {answer.status}"
    named = row.parent.search(words) if row.parent is not None else None
    parent_key = str(named.group(1) or "") if named else ""
    return Verdict(row.category, text, row.hint, row.certain, retry_after, row.renew, row, parent_key)


def _succeeded(answer: Answer, good: frozenset[int] | None, errors: Errors) -> bool:
    fits = 200 <= answer.status < 300 if good is None else answer.status in good
    if not fits or not errors.envelope:
        return fits
    return not paths.first(answer.json_or_none(), errors.envelope)


def message_in(errors: Errors, data: object, answer: Answer) -> str:
    """Return the vendor's words, without a preamble that says nothing: where the manifest says, else the text."""
    found = paths.first(data, errors.message)
    if isinstance(found, str) and found:
        words = errors.preamble.sub("", found, count=1) if errors.preamble is not None else found
        return kept((words or found)[:1000])
    return answer.words() if found is None else kept(str(found)[:1000])


def matching_row(errors: Errors, status: int, data: object, words: str) -> ErrorRow | None:
    """Return the first row that fits."""
    code = paths.first(data, errors.code)
    text = None if code is None else str(code)
    for row in errors.rows:
        if row.statuses and status not in row.statuses:
            continue
        if row.codes and text not in row.codes:
            continue
        if row.pattern is not None and not row.pattern.search(words):
            continue
        return row
    return None


def retry_after_in(throttle: Throttle, answer: Answer) -> float:
    """Return the seconds to wait: from the header (seconds or a date), the body, or the usual ones."""
    seconds = _seconds(answer.headers.get(throttle.header))
    if seconds is None and throttle.path:
        seconds = _seconds(paths.find(answer.json_or_none(), throttle.path))
    return min(throttle.default if seconds is None else max(seconds, 0.0), throttle.maximum)


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    text = str(value).strip()
    try:
        return float(text) if float(text) == float(text) else None  # NaN is no number of seconds
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return None
