"""Traps of other queues (c11 of the specification) that no other test stands for: 2, 12 and 13.

The others: 1, 3 to 7 and 9 in `test_resubmitting` and `test_model_changes`, 8 in `test_history_stays`, 10 and 11 in
`tests/invariants` (`test_accounted`, `test_restarts`, `test_bulk_killed`) and `tests/routes/test_crash_matrix`, 14 in
`tests/intake/test_webhooks`.
"""

import ast
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from exceptions_queue import intake
from exceptions_queue.api.handling import WAYS
from exceptions_queue.api.remedies import SKINS
from exceptions_queue.bulk.choices import CHOICES
from exceptions_queue.models import WorkItem
from hub.supervisor.options import ROOT
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_pages import signed_in
from tests.routes.world import World

Make = Callable[..., World]
LATER = {"countdown", "eta", "retry_backoff", "autoretry_for", "default_retry_delay"}
OURS = ("canonical", "connectors", "exceptions_queue", "governance", "hub", "mappings", "routes")


def test_nothing_long_waits_in_the_broker() -> None:
    """Trap 12: what waits stands in the database with its time; a task says that there is something to do now."""
    found = []
    for app in OURS:
        for path in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    named = {each.arg for each in node.keywords}
                    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                    asks = called in ("apply_async", "shared_task", "task", "signature", "retry") and named & LATER
                    if asks or (called == "retry" and not node.args):
                        found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize("place", ["list", "item"])
def test_sending_again_is_offered_where_somebody_looks_first(quick_world: Make, quick_staff: Staff, place: str) -> None:
    """Trap 13: nobody has to open a member, a picture or a technical tab for it."""
    item = zero_hours(quick_world(), 2)
    intake.take_in()
    browser: Any = signed_in(quick_staff.farid)
    if place == "item":
        page = browser.get(reverse("queue:item", args=[item.number])).content.decode()
        assert reverse("queue:remedy", args=[item.number, "resubmissions"]) in page
        assert reverse("queue:trials", args=[item.number]) in page
    else:
        page = browser.get(reverse("queue:items")).content.decode()
        assert reverse("queue:item", args=[item.number]) in page
        assert reverse("queue:bulk-new") in page, "and all of the list at once"
    assert WorkItem.objects.count() == 1


# What one is asked for and many are not: which members (the plan says), what was seen (the plan is), the same twice.
OF_ONE = {"failures", "seen", "seen_until", "as_then", "was"}


def test_bulk_asks_what_a_single_one_asks() -> None:
    """Trap 2: not only the same deeds, each with the same to choose."""
    chosen = SimpleNamespace(configurations=list, fields=list, people=list)
    single = {skin.name: set(skin.body().fields) - OF_ONE for skin in (*SKINS, *WAYS)}
    many = {each.name: set(each.form(chosen, None).fields) - OF_ONE for each in CHOICES if each.name in single}
    differ = {name: single[name] ^ fields for name, fields in many.items() if single[name] != fields}
    assert differ.pop("tags") == {"names", "add", "take_away"}, "of many, some are added and some taken away"
    assert differ.pop("watchers") == {"wanted"}, "nobody stops watching many at once"
    assert differ == {}
    assert len(many) > 20
