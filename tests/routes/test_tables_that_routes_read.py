"""A table that a formula of a route reads is not deleted, and its page names the route."""

from typing import Any

import pytest
from django.urls import reverse

from governance.models import User
from governance.rights import Role
from mappings import table_readers
from mappings.deleting import CannotDelete, delete_table
from routes.models import Destination
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.mappings.test_deleting import WHY, table


@pytest.fixture
def ingrid(db: None) -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.mark.parametrize(
    ("field", "formula", "said"),
    [
        ("key_formula", 'LOOKUP("bill_rates", role) & "/" & hub.key', "the key of “Ledger”"),
        ("condition", 'lookup ("bill_rates.rate", role) > 100', "the condition of “Ledger”"),
        ("approval_formula", "LOOKUP('bill_rates', role) > 100", "the approval of “Ledger”"),
    ],
)
def test_table_that_a_formula_of_a_route_reads_is_not_deleted(
    ingrid: User, quick_world: Any, field: str, formula: str, said: str
) -> None:
    world = quick_world()
    Destination.objects.filter(pk=world.destination.pk).update(**{field: formula})
    row = table()

    with pytest.raises(CannotDelete, match="Change its formulas first") as raised:
        delete_table(row, by=ingrid, reason=WHY)

    assert f"the route “{world.route.name}” ({said}) reads it" in str(raised.value)
    page = reverse("tables:table", args=[row.pk])
    client = signed_in(ingrid)
    assert said in text_of(client.get(page))
    assert reverse("tables:deletion", args=[row.pk]) not in client.get(page).content.decode()
    words = text_of(client.get(reverse("tables:deletion", args=[row.pk])))
    assert "It cannot be deleted yet" in words
    assert said in words
    stranger = person("Grace Field", Role.INTEGRATION_ADMIN, company("HP-US"))
    told, hidden = table_readers.visible(table_readers.others(row), stranger)
    assert (told, hidden) == ([], 1)

    Destination.objects.filter(pk=world.destination.pk).update(**{field: ""})
    delete_table(row, by=ingrid, reason=WHY)


def test_table_of_another_company_is_deleted_whatever_a_route_reads(ingrid: User, quick_world: Any) -> None:
    world = quick_world()
    Destination.objects.filter(pk=world.destination.pk).update(condition='LOOKUP("bill_rates", role) > 100')
    elsewhere = table(legal_entity=company("HP-US"))
    own = table(legal_entity=world.route.legal_entity)

    delete_table(elsewhere, by=ingrid, reason=WHY)
    with pytest.raises(CannotDelete):
        delete_table(own, by=ingrid, reason=WHY)
