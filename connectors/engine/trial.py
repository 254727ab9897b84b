"""Tries a connection and says in words what is wrong: name, guard, TLS, credentials, right, clock, wrong system."""

from datetime import UTC, datetime

from canonical.failure import Category
from connectors import paths
from connectors.answer import NotJson
from connectors.answered import refused_addresses
from connectors.engine.bound import Bound, answers_of, failure_of
from connectors.http import Unreachable
from connectors.manifest.model import Manifest
from connectors.manifest.patterns import compile_pattern
from connectors.outcome import ConnectorFailure, TestReport
from connectors.spec import ConnectionSpec

_SKEW = 120.0  # seconds by which the two clocks may differ before signatures and tokens fail

_REMEDIES = {
    "name": "Check the address for a typing error; the name must be known to the DNS of the hub's machine.",
    "guard": "If it is meant to be reached, ask the operator of the hub to add address and port to OUTBOUND_ALLOWED.",
    "refused": "Check address and port, and whether a firewall lets the hub through.",
    "tls": "Check that the address is right; a private certificate authority must be made known to the hub's machine.",
    "timeout": "The system may be down or a firewall may swallow the request; try the address from the hub's machine.",
    "broken": "Something between the hub and the system closes the connection; check proxy and firewall.",
    "astray": "Enter the address that is meant itself: the system redirects to one that cannot be called.",
    "redirect": "Enter the address that the system redirects to, with https.",
    "too_big": "The address answers something else than the system's interface; check the path.",
    "encoding": "The address answers something else than the system's interface; check the path.",
}


async def test_connection(bound: Bound) -> TestReport:
    """Return whether the connection works; raises ConnectorFailure for what the error table has judged."""
    test = bound.manifest.test
    url, headers = bound.url(test.path, test.query, {}), bound.rendered(test.headers, {})
    call = bound.call(test.method, url, headers, bound.render_body(test.body, {}))
    try:
        answer, exchange = await bound.ask(call)
    except ConnectorFailure as failure:
        cause = failure.__cause__
        if isinstance(cause, Unreachable):
            return _out_of_reach(cause, failure)
        raise
    try:
        data = answer.json()
    except NotJson:
        data = None
    absent = [paths.written(path) for path in test.expect if paths.find(data, path) is None]
    if absent:
        kind = "a web page" if answer.is_html else f"an answer without {', '.join(absent)}"
        message = f"{url.host} answers, but it is not {bound.manifest.title}: it sent {kind}."
        return TestReport(
            False, message, "Check the address: it must be that of the interface (API).", Category.SHAPE, exchange
        )
    shown = paths.find(data, test.shows) if test.shows else None
    skew = _skew(answer.date)
    words = f"Connected to {bound.manifest.title}" + (f" as {shown}." if shown is not None else ".")
    if skew:
        return TestReport(
            True, words, f"The clocks differ by {skew:.0f} seconds; set the hub's clock by NTP before signatures fail."
        )
    return TestReport(True, words)


def unanswered(spec: ConnectionSpec) -> TestReport | None:
    """Return what is wrong with the answers themselves, None when nothing is."""
    manifest, answers = spec.connector.manifest, answers_of(spec)
    auth = manifest.auth_named(spec.auth)
    refused = refused_addresses(manifest, auth, answers, spec.secrets)
    for question in manifest.questions:
        if not question.asked_for(auth.name):
            continue
        values = spec.secrets if question.secret else answers
        value = values.get(question.name)
        if value in (None, ""):
            if question.required:
                return _wrong(f"{question.title!r} has no answer.", question.where or question.help)
            continue
        if question.name in refused:
            words, remedy = refused[question.name]
            return _wrong(f"{question.title!r}: {words}", remedy)
        if question.pattern and not compile_pattern(question.pattern).fullmatch(str(value)):
            usual = question.example or question.default
            example = f"For example {usual}. " if usual else ""
            shown = "The value entered" if question.secret else repr(str(value))
            return _wrong(f"{question.title!r}: {shown} does not have the right form.", example + question.where)
        if question.choices and value not in question.choices:
            return _wrong(f"{question.title!r}: {value!r} is not possible.", f"One of: {', '.join(question.choices)}.")
    return None


def _wrong(message: str, remedy: str) -> TestReport:
    return TestReport(False, message, remedy or "Complete the answers.", Category.CONFIGURATION)


def _out_of_reach(error: Unreachable, failure: ConnectorFailure) -> TestReport:
    remedy = _REMEDIES.get(error.kind, "Try again; if it stays, look at the exchange.")
    return TestReport(False, failure.message, remedy, failure_of(error).category, failure.exchange)


def report_of(failure: ConnectorFailure, manifest: Manifest) -> TestReport:
    """Return the report for a judged failure."""
    cause = failure.__cause__
    if isinstance(cause, Unreachable):
        return _out_of_reach(cause, failure)
    remedies = {
        Category.CREDENTIALS: "Enter the credentials again; check that they are of this account and environment.",
        Category.NO_RIGHT: "Ask the administrator of the system for the missing right.",
        Category.THROTTLED: "The system is asked too often just now; try again in a while.",
        Category.OUTAGE: "The system is out of order at the moment; try again in a while.",
    }
    remedy = (
        failure.hint
        or manifest.test.help
        or remedies.get(failure.category, "Look at the exchange in the technical tab.")
    )
    words = {Category.CREDENTIALS: "The credentials were refused", Category.NO_RIGHT: "The user lacks a right"}
    prefix = words.get(failure.category)
    message = f"{prefix}: {failure.message}" if prefix else failure.message
    return TestReport(False, message, remedy, failure.category, failure.exchange)


def _skew(date: datetime | None) -> float:
    if date is None or date.tzinfo is None:
        return 0.0
    seconds = abs((datetime.now(UTC) - date).total_seconds())
    return seconds if seconds > _SKEW else 0.0
