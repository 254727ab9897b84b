"""The audit trail's head is noted outside of the database, and a rewritten trail is found by it."""

from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from governance import audit
from governance.actor import ENGINE
from hub import doctor, trail


@pytest.fixture
def _state(settings: Any, tmp_path: Path) -> None:
    settings.STATE = tmp_path


def written(count: int) -> None:
    for number in range(count):
        audit.record(by=ENGINE, verb="try", thing=("test", str(number), "A thing"))


@pytest.mark.django_db
@pytest.mark.usefixtures("_state")
def test_head_is_noted_and_an_intact_trail_is_well() -> None:
    written(2)
    assert trail.note() == []
    written(1)
    assert trail.note() == []
    assert [each["entries"] for each in trail.notes()] == [2, 3]
    assert list(doctor.audit_trail()) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_state")
def test_trail_that_was_restored_from_before_is_found() -> None:
    written(1)
    audit.verify()
    trail.note()
    with trail.place().open("a") as file:
        file.write('{"at": "2026-11-02T08:00:00+00:00", "entries": 7, "head": "00ff", "wrong": []}\n{"cut sho')
    told = list(doctor.audit_trail())  # of the half line, too
    ((_, _, remedy),) = [each for each in told if "entry 7" in each[1]]
    assert {thing for thing, _, _ in told} == {"The audit trail is not as it was written"}
    assert "Line 3 of" in "".join(cause for _, cause, _ in told)
    assert str(trail.place()) in remedy
    assert connection.in_atomic_block
