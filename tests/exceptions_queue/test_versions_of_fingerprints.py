"""A better way to tell causes apart does not split what is open by an earlier one."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from canonical.failure import Category
from canonical.problem import Problem
from exceptions_queue import intake, verbs
from exceptions_queue.models import WorkItem
from routes import failures, fingerprints
from routes.models import Failure
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.test_intake import write_down
from tests.exceptions_queue.test_query import staff
from tests.governance.people import company
from tests.routes.world import World

__all__ = ["staff"]
Make = Callable[..., World]
NAMES = re.compile(r"\b[A-Z][a-z]+ [A-Z][a-z]+\b")


@pytest.fixture
def world(quick_world: Make) -> World:
    return quick_world()


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what brings a second version, which also leaves out names of people."""

    def bring() -> None:
        both = {1: fingerprints.without_values, 2: lambda t: NAMES.sub("#", fingerprints.without_values(t))}
        monkeypatch.setattr(fingerprints, "VERSIONS", both)

    return bring


def trouble(world: World, words: str, **more: Any) -> failures.Trouble:
    problem = Problem("error", Category.REFUSED, "", None, words)
    return failures.Trouble(company("HP-DE").pk, world.route.pk, "deliver", problem, **more)


def refused(world: World, words: str) -> None:
    write_down([trouble(world, words, record=uuid4())])
    intake.take_in()


def known() -> dict[str, tuple[int, int, int]]:
    """Return by title the open items: their numbers' order, members and version."""
    rows = WorkItem.objects.open().order_by("number")
    return {row.title.split(": ")[-1]: (row.members, row.fingerprint_version, row.reopened) for row in rows}


def test_open_items_take_in_what_is_of_their_cause_and_new_causes_get_the_new_version(
    world: World, newer: Callable[[], None]
) -> None:
    refused(world, "Ana Ruiz is locked")
    refused(world, "Maria Lopes is locked")
    newer()
    refused(world, "Ana Ruiz is locked")
    refused(world, "Carl Berg is locked")
    refused(world, "Dora Wolf is locked")
    assert known() == {
        "Ana Ruiz is locked": (2, 1, 0), "Maria Lopes is locked": (1, 1, 0), "Carl Berg is locked": (2, 2, 0),
    }  # fmt: skip


def test_item_of_an_earlier_version_is_found_until_it_closes(world: World, newer: Callable[[], None]) -> None:
    refused(world, "Ana Ruiz is locked")
    newer()
    refused(world, "Ana Ruiz is locked")
    Failure.objects.update(closed_at="2026-10-06T10:00Z", closed_how="waived", taken=False)
    intake.take_in()
    assert known() == {}, "what came by the new version closes it, too"
    refused(world, "Ana Ruiz is locked")
    refused(world, "Carl Berg is locked")
    assert known() == {"Ana Ruiz is locked": (2, 2, 0)}


def test_cause_that_is_the_same_by_both_keeps_its_item_and_its_history(world: World, newer: Callable[[], None]) -> None:
    refused(world, "Line 3 has no account")
    Failure.objects.update(closed_at="2026-10-06T10:00Z", closed_how="waived", taken=False)
    intake.take_in()
    newer()
    refused(world, "Line 7 has no account")
    assert known() == {"Line 3 has no account": (1, 1, 1)}
    assert Failure.objects.filter(closed_at=None, earlier_fingerprints=None).count() == 1


def test_merged_item_of_an_earlier_version_is_found_as_well(
    world: World, staff: Staff, newer: Callable[[], None]
) -> None:
    refused(world, "Ana Ruiz is locked")
    refused(world, "Maria Lopes is locked")
    ana, maria = WorkItem.objects.order_by("number")
    verbs.merge(ana, by=staff.farid, items=[maria.number], reason="people who have left")
    newer()
    refused(world, "Maria Lopes is locked")
    assert known() == {"Ana Ruiz is locked": (3, 1, 0)}


def test_what_is_written_down_once_stays_once(world: World, staff: Staff, newer: Callable[[], None]) -> None:
    from django.db import transaction
    from django.utils import timezone

    def once() -> bool:
        with transaction.atomic():
            return failures.write_down_once(trouble(world, "Ana Ruiz is locked"), at=timezone.now())

    assert once()
    intake.take_in()
    newer()
    assert not once(), "an earlier version's failure is the same"
    refused(world, "Line 3 has no account")
    other, one = WorkItem.objects.order_by("number")
    verbs.merge(one, by=staff.farid, items=[other.number], reason="the same")
    assert not once(), "wherever the queue holds it"
    assert Failure.objects.count() == 2
