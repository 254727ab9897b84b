"""Of two windows of one form, the older one overwrites nothing that the other has changed."""

from typing import Any

import pytest
from django.test import Client
from oauth2_provider.models import get_application_model

from governance import clients
from governance.models import User
from governance.rights import Role
from mappings.models import Approval, LookupTable
from routes.outbound import subscribing
from routes.outbound.wishes import Wishes
from tests.door import marks
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


def window(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def two_windows(address: str, users: tuple[User, User], first: dict[str, Any], second: dict[str, Any]) -> str:
    """Open a form twice, keep one and then the other; return what the second person is told, and let them insist."""
    one, other = (window(user) for user in users)
    opened, older = marks(one, address), marks(other, address)
    assert opened == older
    assert opened.keys() == {"_seen"}, "the form carries a mark"
    assert one.post(address, first | opened).status_code == 302
    for mark in ({}, {"_seen": ""}):
        bare = other.post(address, second | mark)
        assert bare.status_code == 422
        assert "does not say which state" in bare.content.decode()
    refused = other.post(address, second | older)
    assert refused.status_code == 422
    body = refused.content.decode()
    assert f"{users[0].get_full_name()} has changed this" in body
    return body


@pytest.fixture
def two() -> tuple[User, User]:
    one, other = (person(name, Role.INTEGRATION_ADMIN, is_staff=True) for name in ("Ingrid Solheim", "Ida Berg"))
    return one, other


def test_client_that_was_switched_off_stays_so() -> None:
    olga, root = (person(name, Role.OPERATOR, is_staff=True) for name in ("Olga Petrova", "Ruth Bell"))
    made, _ = clients.register(name="Time tool", scopes=["process:read"], by=olga)

    body = two_windows(
        f"/admin/governance/apiclient/{made.pk}/changes/", (olga, root), {"scopes": ["process:read"]},
        {"scopes": ["process:read"], "enabled": "on", "requests_per_minute": "50"},
    )  # fmt: skip

    assert "Enabled is no now; yours: yes." in body
    assert 'value="50"' in body, "what was typed stays"
    row = get_application_model().objects.get()
    assert (row.enabled, row.requests_per_minute) == (False, None)


def test_address_of_a_subscription_is_not_put_back(two: tuple[User, User]) -> None:
    germany = company("HP-DE")
    row, _ = subscribing.subscribe(Wishes("Lake", "https://events.acme.example/in", germany), by=two[0])
    typed = {"name": "Lake", "address": "https://events.acme.example/in"}
    address = f"/admin/routes/subscription/{row.pk}/changes/"
    renamed = typed | {"name": "Warehouse"}

    body = two_windows(address, two, typed | {"address": "https://events.acme.example/new"}, renamed)

    assert "Address is “https://events.acme.example/new” now; yours: “https://events.acme.example/in”." in body
    row.refresh_from_db()
    assert (row.name, row.address) == ("Lake", "https://events.acme.example/new")
    again = window(two[1])
    assert again.post(address, renamed | marks(again, address)).status_code == 302, "told of it, one may insist"


def test_second_person_of_a_table_stays_as_it_was_chosen(two: tuple[User, User]) -> None:
    table = LookupTable.objects.create(
        name="bill_rates",
        title="Rates",
        key_columns=["role"],
        value_columns={"rate": "money"},
        approval=Approval.ALWAYS,
    )
    typed = {
        "title": "Rates", "meaning": "", "approval": Approval.ALWAYS.value, "approval_column": "",
        "approval_amount": "", "reason": "Small rates", "column-TOTAL_FORMS": "1", "column-INITIAL_FORMS": "1",
        "column-0-lowest": "", "column-0-highest": "", "column-0-choices": "",
    }  # fmt: skip
    theirs = typed | {"approval": Approval.AT_ONCE.value, "column-0-highest": "900"}

    body = two_windows(f"/tables/{table.pk}/definition/", two, theirs, typed | {"title": "Bill rates"})

    assert f"Second person is “{Approval.AT_ONCE.label}” now; yours: “{Approval.ALWAYS.label}”." in body
    assert "rate: Not more than is 900 now; yours: empty." in body
    assert 'value="Bill rates"' in body, "what was typed stays"
    table.refresh_from_db()
    assert (table.title, table.approval, table.accepted) == ("Rates", Approval.AT_ONCE, {"rate": {"highest": "900"}})
