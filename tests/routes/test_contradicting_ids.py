"""An id that contradicts another keeps no other from being known."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from governance.models import LegalEntity
from mappings.models import CrossReference
from routes.models import Failure
from tests.routes.world import World, entry

Make = Callable[..., World]


@pytest.mark.parametrize("travels", [True, False])
def test_one_id_that_contradicts_loses_no_other(quick_world: Make, travels: bool) -> None:
    world = quick_world("ledger_idempotent", keeps_reference=True)
    world.travels = travels
    CrossReference.objects.create(
        connection_id=world.destination.connection_id, entity="time_entry", canonical_key="TE-OLD", external_id="X3",
        recorded_at=timezone.now(), legal_entity=LegalEntity.objects.get(code="HP-DE"),
    )  # fmt: skip
    world.take_in(*(entry(n) for n in range(1, 7)))
    world.deliver()
    assert world.states() == ["posted"] * 6
    known = CrossReference.objects.exclude(canonical_key="TE-OLD").values_list("canonical_key", flat=True)
    assert sorted(known) == [f"TE-000000{n}" for n in (1, 2, 4, 5, 6)]
    failure = Failure.objects.get()
    assert (failure.category, "X3 is TE-OLD, not TE-0000003" in failure.message) == ("conflict", True)
    assert failure.legal_entity.code == "HP-DE", "the record's own, which is not the route's"
