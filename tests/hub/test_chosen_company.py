"""New mappings and tables of somebody who may only in some companies: those are offered, and another is refused."""

from typing import Any

import pytest
from django.test import Client

from governance.models import LegalEntity, RoleGrant, User, Version
from governance.rights import Role
from mappings.models import LookupTable
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.hub.test_mapping_pages import sent
from tests.hub.test_new_mappings import TYPED

pytestmark = pytest.mark.django_db
TABLE = {
    "title": "Items", "name": "items", "meaning": "", "approval": "always", "column-TOTAL_FORMS": "2",
    "column-INITIAL_FORMS": "0", "column-0-name": "task", "column-0-kind": "key", "column-1-name": "code",
    "column-1-kind": "text", "column-0-choices": "", "column-1-choices": "",
}  # fmt: skip
PLACES = [("/mappings/new/", TYPED), ("/tables/new/", TABLE)]
GERMANY = ("HP-DE", "HP-DE Halden & Partner GmbH")


@pytest.fixture
def ingrid() -> User:
    """Return somebody who edits in HP-DE, only looks in HP-GB, and is nobody in HP-US."""
    made = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"))
    RoleGrant.objects.create(user=made, role=Role.VIEWER, legal_entity=company("HP-GB"), granted_by="engine:engine")
    company("HP-US")
    return made


def offered(client: Client, address: str) -> list[tuple[str, str]]:
    return list(client.get(address).context["form"].fields["company"].choices)


def test_mapping_of_ones_own_company_is_made_from_the_first_page_to_the_last(ingrid: User) -> None:
    client = signed_in(ingrid)
    begun = client.post("/mappings/new/", TYPED | {"start": "netsuite.time_entries", "company": "HP-DE"})
    address: str = begun.headers["Location"]

    page = client.get(address)
    form = page.context["form"]

    assert page.status_code == 200
    assert page.context["sampled"], "the connector's sample is tried, with the rows of the chosen company"
    pasted = sent(form, sample="pasted", pasted='{"hours": 2}')
    tried = client.post(address.replace("/fields/", "/trials/"), pasted)
    assert (tried.status_code, tried.context["sampled"]) == (200, True)
    assert client.post(address, sent(form, note="ours")).status_code == 302
    assert Version.objects.get().legal_entity == company("HP-DE")


@pytest.mark.parametrize(("address", "typed"), PLACES)
def test_only_company_is_chosen_already_and_all_of_them_are_not_offered(
    ingrid: User, address: str, typed: dict[str, Any]
) -> None:
    client = signed_in(ingrid)

    assert offered(client, address) == [GERMANY]
    page = client.get(address).content.decode()
    assert "Empty: it serves all of them." not in page

    for wrong in ("", "HP-GB", "HP-US", "HP-XX"):
        answer = client.post(address, typed | {"company": wrong})
        assert answer.status_code == 422, wrong
        assert set(answer.context["form"].errors) == {"company"}, wrong
        assert "Choose" in answer.context["form"].errors["company"][0]
        assert answer.context["form"]["name"].value() == typed["name"], "what was typed is kept"
        assert "Halden & Partner Inc." not in text_of(answer)
    assert (Version.objects.count(), LookupTable.objects.count()) == (0, 0)


@pytest.mark.parametrize(("address", "typed"), PLACES)
def test_one_of_several_has_to_be_chosen(ingrid: User, address: str, typed: dict[str, Any]) -> None:
    RoleGrant.objects.create(
        user=ingrid, role=Role.INTEGRATION_ADMIN, legal_entity=company("HP-US"), granted_by="engine:engine"
    )
    client = signed_in(ingrid)

    assert [value for value, _ in offered(client, address)] == ["", "HP-DE", "HP-US"]
    assert set(client.post(address, typed | {"company": ""}).context["form"].errors) == {"company"}
    assert client.post(address, typed | {"company": "HP-US"}).status_code == 302


@pytest.mark.parametrize(("address", "typed"), PLACES)
def test_whoever_may_everywhere_is_offered_all_companies_at_once(address: str, typed: dict[str, Any]) -> None:
    company("HP-DE")
    client = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))

    assert offered(client, address) == [("", "All"), GERMANY]
    assert client.post(address, typed | {"company": ""}).status_code == 302
    assert LegalEntity.objects.count() == 1
