"""A mapping that routes of other companies use concerns these, too: a second person is asked who is theirs as well."""

from typing import Any

import pytest

from governance import versions
from governance.models import LegalEntity, State, User, Version
from governance.rights import NotAllowed, Role
from governance.versions import WrongState
from mappings import drafting
from mappings.models.mapping import KIND
from routes.models import Destination, Route
from tests.governance.people import company, person
from tests.intake.firm import Firm
from tests.routes.world import INWARD, OUTWARD

KEYS = {"us.in": INWARD, "us.out": OUTWARD}


@pytest.fixture
def used(firm: Firm, asking: LegalEntity) -> None:
    """Let a route of a company that asks for a second person go by mappings of one that does not."""
    for key, content in KEYS.items():
        versions.install(kind=KIND, object_key=key, content=content, legal_entity=company("HP-US"))
    LegalEntity.objects.exclude(pk=asking.pk).update(second_person=False)
    Route.objects.filter(pk=firm.pushed.pk).update(mapping="us.in")
    Destination.objects.filter(route=firm.pushed).update(mapping="us.out")


def submitted(key: str) -> tuple[Version, User]:
    states = company("HP-US")
    uma = person("Uma Reed", Role.INTEGRATION_ADMIN, states)
    content: dict[str, Any] = KEYS[key] | {"name": "Other"}
    version = drafting.draft(key=key, content=content, by=uma, legal_entity=states)
    return versions.submit(version, by=uma), uma


@pytest.mark.parametrize("key", KEYS)
def test_second_person_of_its_own_company_is_not_enough(used: None, key: str) -> None:
    version, uma = submitted(key)
    ugo = person("Ugo Hale", Role.CONTROLLER, company("HP-US"))

    with pytest.raises(NotAllowed, match="Routes of another company use this"):
        versions.approve(version, by=ugo)

    both = person("Cora Lind", Role.CONTROLLER)
    done = versions.publish(versions.approve(version, by=both), by=uma)
    assert done.state == State.PUBLISHED


def test_what_was_approved_before_the_route_used_it_waits(firm: Firm, used: None) -> None:
    Route.objects.filter(pk=firm.pushed.pk).update(mapping="ledger-time-in")
    version, uma = submitted("us.in")
    version = versions.approve(version, by=person("Ugo Hale", Role.CONTROLLER, company("HP-US")))
    Route.objects.filter(pk=firm.pushed.pk).update(mapping="us.in")

    with pytest.raises(WrongState, match="Take it back and send it in again"):
        versions.publish(version, by=uma)

    version.refresh_from_db()
    assert version.state == State.APPROVED


def test_company_that_asks_for_none_does_not(used: None, asking: LegalEntity) -> None:
    LegalEntity.objects.update(second_person=False)
    version, _ = submitted("us.in")

    assert versions.approve(version, by=person("Ugo Hale", Role.CONTROLLER, company("HP-US"))).approved_at


@pytest.mark.parametrize("key", KEYS)
def test_mapping_that_another_companys_route_goes_by_is_not_taken_out_of_force_by_one_person(
    firm: Firm, used: None, asking: LegalEntity, key: str
) -> None:
    uma = person("Uma Reed", Role.INTEGRATION_ADMIN, company("HP-US"))
    live = versions.published(KIND, key)

    with pytest.raises(WrongState, match="Routes of another company use this") as refused:
        versions.retire(live, by=uma, reason="we have a new one")
    assert asking.code not in str(refused.value)
    with pytest.raises(WrongState, match=asking.code):
        versions.retire(live, by=person("Ada Ruiz", Role.INTEGRATION_ADMIN), reason="we have a new one")
    assert versions.published(KIND, key) == live

    Route.objects.filter(pk=firm.pushed.pk).update(mapping="ledger-time-in")
    Destination.objects.filter(route=firm.pushed).update(mapping="ledger-time-out")
    assert versions.retire(live, by=uma, reason="we have a new one").state == State.RETIRED


def test_company_that_asks_for_none_lets_a_mapping_be_taken_out_of_force(used: None) -> None:
    LegalEntity.objects.update(second_person=False)
    uma = person("Uma Reed", Role.INTEGRATION_ADMIN, company("HP-US"))

    assert versions.retire(versions.published(KIND, "us.in"), by=uma, reason="old").state == State.RETIRED
