"""What a person types as a correction: what cannot be meant is refused, with what would be accepted."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from canonical.entities import ENTITIES
from governance.models import User
from governance.rights import Role
from routes import overlays, right_values
from routes.models import Overlay, Record
from tests.governance.people import person
from tests.routes.world import World, entry

TIME = ENTITIES["time_entry"]
ABSURD = [
    "NaN", "-NaN", "sNaN", "Infinity", "-inf", "1e400", "1E2", "1_0", "\u0663", "\uff18", "7,5", "+8", "0x10", "8 h",
    "", "-3", "745", "99999999999999999999999", "1.23456", "8\x00", "8.", ".5",
]  # fmt: skip


def read(field: str, value: str) -> Any:
    return right_values.read(TIME, TIME.by_name[field], value)


@pytest.mark.parametrize("value", ABSURD)
def test_right_value_refuses_hours_that_cannot_be_meant(value: str) -> None:
    with pytest.raises(right_values.NotARightValue, match=r"does not fit hours: .+\. Enter .+\."):
        read("hours", value)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("hours", " 7.5 ", Decimal("7.5")), ("hours", "0.00", Decimal("0.00")),
        ("amount", "-120.25", Decimal("-120.25")),
        ("worked_on", "2026-10-05", date(2026, 10, 5)), ("billable", "yes", True), ("description", " Tests ", "Tests"),
        ("description", "", None), ("approval_status", "approved", "approved"),
    ],
)  # fmt: skip
def test_right_value_has_its_fields_type(field: str, value: str, wanted: object) -> None:
    assert read(field, value) == wanted


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("worked_on", "2026-13-01"), ("worked_on", "20261005"), ("worked_on", "\u0662026-10-05"), ("billable", "maybe"),
        ("approval_status", "done"), ("currency", "Euro"), ("description", "a\x00b"), ("amount", "1e9"),
    ],
)  # fmt: skip
def test_right_value_refuses_what_is_not_of_the_fields_form(field: str, value: str) -> None:
    with pytest.raises(right_values.NotARightValue, match="does not fit"):
        read(field, value)


@pytest.mark.parametrize("value", ["NaN", "1_0", "\u0663", "1e400"])
def test_correction_of_hours_that_cannot_be_meant_is_not_kept(quick_world: Callable[..., World], value: str) -> None:
    world = quick_world()
    world.take_in(entry(1, hours="0.00"))
    by: User = person("Farid Amini", Role.FINANCE)
    with pytest.raises(ValueError, match="does not fit hours"):
        overlays.correct(record=Record.objects.get().pk, field="hours", value=value, reason="slip", by=by)
    assert not Overlay.objects.exists()
