"""The conformance suite holds for a good connector, and each of its rules fails for the one that breaks it."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.conformance import RULES, Broken, Rule, hold
from connectors.engine import Engine
from connectors.registry import Connector
from tests.connectors.acme import acme
from tests.connectors.scripted import answering
from tests.connectors.simulated import WITH_BATCH, Simulated, good


def edited(old: str, new: str) -> Connector:
    """Return the good connector with one thing changed."""
    assert old in WITH_BATCH, old
    return acme(WITH_BATCH.replace(old, new))


def restless() -> Connector:
    """Return a connector whose records have another key every time."""
    renamed = SimpleNamespace(decode_record=lambda record, _: {**record, "id": uuid.uuid4().hex})
    return acme(WITH_BATCH, renamed)


# The rule -> the connector that breaks it, and what its author got wrong.
BROKEN: dict[str, tuple[str, Any]] = {
    "paging_ends": (
        "stops after the first page",
        lambda: edited(
            'page: "{page.number}"}\n      records: entries\n      page_size: 2\n'
            "      cursor: {kind: timestamp, overlap_seconds: 60}\n      paging: {kind: page, total_pages: pages}",
            "page: 1}\n      records: entries\n      page_size: 2\n"
            "      cursor: {kind: timestamp, overlap_seconds: 60}\n      paging: {kind: none}",
        ),
    ),
    "cursor_resumes": ("names records anew at every read", restless),
    "token_renewed_once": ("does not say which answer means a stale token", lambda: edited("renew: true, ", "")),
    "throttling_honoured": (
        "reads the time to wait from the wrong place",
        lambda: edited("\nlimits:", "\nthrottle: {retry_after_header: X-Wait, default_seconds: 0.01}\nlimits:"),
    ),
    "error_rows_reached": (
        "has a row that an earlier one hides",
        lambda: edited(
            "    - {status: 401,",
            "    - {status: 4xx, category: refused, example: {status: 400}}\n    - {status: 401,",
        ),
    ),
    "secrets_hidden": (
        "puts a secret, encoded, into an address",
        lambda: edited("test: {path: /me, ", 'test: {path: /me, query: {k: "{secrets.token|base64}"}, '),
    ),
    "repeated_write": (
        "sends our key under a name that the system does not know",
        lambda: edited("{header: Idempotency-Key}", "{header: Idempotence-Key}"),
    ),
    "look_up_finds": ("looks in the wrong field", lambda: edited("match: ref,", "match: reference,")),
    "record_links": ("leads to another host", lambda: edited("https://app.acme.example/", "https://acme.example.net/")),
    "bad_row_alone": ("does not know that one bad item refuses the call", lambda: edited("        atomic: true\n", "")),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_rule_holds_for_the_good_connector(rule: Rule, engine: Engine) -> None:
    system = Simulated()
    async with answering(system.answer) as server:
        assert await hold(rule, system.subject(server.base, good()), engine) == ""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
async def test_rule_fails_for_the_connector_that_breaks_it(rule: Rule, engine: Engine) -> None:
    wrong, make = BROKEN[rule.name]
    system = Simulated()
    async with answering(system.answer) as server:
        with pytest.raises(Broken):
            await hold(rule, system.subject(server.base, make()), engine)
    assert wrong


async def test_exempt_rule_gives_its_reason(engine: Engine) -> None:
    reason = "The system has one page only, always."
    connector = edited("\nlimits:", f'\nexempt: {{paging_ends: "{reason}"}}\nlimits:')
    assert await hold(RULES[0], Simulated().subject("http://127.0.0.1:9", connector), engine) == reason
