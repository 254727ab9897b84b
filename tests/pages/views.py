"""The named views of the hub, and which of them are no pages, each with the reason."""

from collections.abc import Iterator
from typing import Any

from django.urls import get_resolver

SENT = "takes what a form sends, and is no page"
MACHINES = "for programs"
NOT_WALKED = {
    "queue:take": SENT,
    "queue:watch": SENT,
    "queue:handle": SENT,
    "queue:remedy": SENT,
    "queue:sent-again": SENT,
    "queue:questioned": SENT,
    "queue:columns": SENT,
    "queue:grouping-rule-removal": SENT,
    "queue:merges": "leads back to the list unless some are ticked there; tests/exceptions_queue/test_merging_pages.py",
    "queue:views": SENT,
    "queue:view": SENT,
    "queue:view-share": SENT,
    "queue:view-delete": SENT,
    "queue:bulk-steer": SENT,
    "queue:correction-withdrawals": SENT,
    "queue:request-answer": SENT,
    "queue:policy-agreement": SENT,
    "queue:emergency-opening": SENT,
    "queue:emergency-ending": SENT,
    "queue:emergency-review": SENT,
    "queue:emergency-question": SENT,
    "queue:member-present": SENT,
    "queue:member-check": "a part of a field's form, while somebody types",
    "queue:member-correct": SENT,
    "changes:test": SENT,
    "changes:trial": SENT,
    "changes:preview": SENT,
    "hub:pause": SENT,
    "hub:resume": SENT,
    "hub:probe": SENT,
    "hub:redelivery": SENT,
    "hub:drop": SENT,
    "program-end": SENT,
    "session-end": SENT,
    "sessions-end": SENT,
    "logout": SENT,
    "account_logout": SENT,
    "admin-sign-out": SENT,
    "login": "another name of `account_login`",
    "openid_connect_login": "leads to the firm's provider at once; tests/hub/test_provider_sign_in.py goes there",
    "openid_connect_callback": "where the provider sends people back to",
    "oauth2_provider:token": MACHINES,
    "oauth2_provider:revoke-token": MACHINES,
    "webhook": MACHINES,
    "mappings:preview": "a part of a draft's page, while somebody types",
    "mappings:new-preview": "the same of a new one",
    "queue:sheet": "a file",
    "queue:bulk-run-sheet": "a file",
    "queue:edits-sheet": "a file",
    "queue:progress": "a part of an item's page, while something is being let go",
}

ASKED_BY_THE_CLOCK = {"queue:news"}  # what a page asks for by itself while it is looked at: seen on a slow day only


def named() -> set[str]:
    """Return the names of all views that are not below /api/."""
    return {name for name, path in _of(get_resolver()) if not path.startswith("api/")}


def _of(resolver: Any, names: str = "", paths: str = "") -> Iterator[tuple[str, str]]:
    for each in resolver.url_patterns:
        path = paths + str(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from _of(each, f"{names}{each.namespace}:" if each.namespace else names, path)
        elif each.name:
            yield names + each.name, path
