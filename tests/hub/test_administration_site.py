"""The administration where a form arrives incomplete or an address leads nowhere: words of ours, and no error."""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin import site
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import DateTimeField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.models import MaintenanceWindow
from governance import clients
from governance.models import ApiClient, RoleGrant
from governance.rights import Right, Role, allowed_anywhere
from governance.scoping import grants_read_once
from mappings.defining import define_table
from mappings.models import Approval
from mappings.tables import create_table
from routes.models import Destination, Route
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person
from tests.routes.conftest import make_world

__all__ = ["make_world"]
pytestmark = pytest.mark.django_db


def test_address_of_a_row_of_any_kind_leads_nowhere_instead_of_failing() -> None:
    clients.register(name="Spreadsheet", scopes=["process:read"], by=person("Rosa Root", is_superuser=True))
    client = Client(raise_request_exception=False)
    client.force_login(person("Olga Petrenko", Role.OPERATOR))
    row = ApiClient.objects.get()
    kind = ContentType.objects.get_for_model(ApiClient)
    assert client.get(f"/admin/r/{kind.pk}/{row.pk}/").status_code == 404
    assert client.get("/admin/search/?s=route").status_code == 404
    assert client.get(f"/admin/governance/apiclient/{row.pk}/change/").status_code == 200


def test_form_whose_rows_did_not_arrive_says_so_in_our_words() -> None:
    germany = company("HP-DE")
    route = Route.objects.create(slug="time", name="Time", legal_entity=germany, canonical_entity="time_entry")
    client = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    sent = {"name": "Hours", "slug": "time", "legal_entity": str(germany.pk), "canonical_entity": "time_entry"}
    answer = client.post(f"/admin/routes/route/{route.pk}/change/", sent)
    words = text_of(answer)
    assert answer.status_code == 200
    assert "This form arrived incomplete, so nothing of it was kept" in words
    assert "ManagementForm" not in words
    route.refresh_from_db()
    assert route.name == "Time"


def test_who_only_reads_a_destination_is_told_its_fields_in_words(make_world: Any) -> None:
    world = make_world()
    Destination.objects.filter(pk=world.destination.pk).update(delta_fields=["hours", "amount"])
    client = signed_in(person("Clara Voss", Role.CONTROLLER))
    words = text_of(client.get(f"/admin/routes/destination/{world.destination.pk}/change/"))
    assert "Delta fields hours, amount" in words
    assert "&quot;hours&quot;" not in words


def test_heads_say_where_one_is() -> None:
    germany = company("HP-DE")
    route = Route.objects.create(slug="time", name="Time", legal_entity=germany, canonical_entity="time_entry")
    client = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    for address, says in (
        ("/admin/routes/route/", "Routes"),
        ("/admin/routes/route/add/", "Add route"),
        ("/admin/", "Administration"),
        (f"/admin/routes/route/{route.pk}/change/", "Time"),
        (f"/admin/routes/route/{route.pk}/delete/", "Delete route “Time”"),
        (f"/admin/routes/route/{route.pk}/history/", "History of Time"),
    ):
        page = client.get(address).content.decode()
        head = page.partition("<h1")[2].partition(">")[2].partition("</h1>")[0]
        assert " ".join(head.split()) == says, address


def test_history_of_a_table_says_in_words_who_agrees_to_rows() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    table = create_table(
        name="rates", title="Rates", key_columns=["role"], value_columns={"rate": "money"}, by=ingrid,
        approval=Approval.ALWAYS,
    )  # fmt: skip
    define_table(table, title="Rates", meaning="", approval=Approval.AT_ONCE, by=ingrid, reason="A quiet month")
    words = text_of(signed_in(ingrid).get(f"/admin/mappings/lookuptable/{table.pk}/history/"))
    assert f"Approval {Approval.ALWAYS.label} {Approval.AT_ONCE.label}" in words
    assert "at_once" not in words


def test_rights_are_asked_once_while_a_page_is_made_and_anew_elsewhere() -> None:
    olga = person("Olga Petrenko", Role.OPERATOR, company("HP-DE"), password_set_by="person:7")
    with CaptureQueriesContext(connection) as queries, grants_read_once():
        assert allowed_anywhere(olga, Right.OPERATE)
        assert not allowed_anywhere(olga, Right.MANAGE_USERS), "nobody has vouched for the account"
        assert not allowed_anywhere(olga, Right.EDIT_CONFIGURATION)
        assert not allowed_anywhere(person("Viktor Lang"), Right.VIEW), "another person's are other answers"
    assert sum("governance_rolegrant" in query["sql"] for query in queries) == 2
    RoleGrant.objects.all().delete()
    assert not allowed_anywhere(olga, Right.OPERATE)


def test_what_a_form_changes_counts_for_what_comes_after_it_in_the_same_request() -> None:
    """Only pages that change nothing keep answers."""
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    client = signed_in(ingrid)
    with CaptureQueriesContext(connection) as queries:
        client.post("/admin/governance/legalentity/add/", {"code": "HP-FR"})
    assert sum("governance_rolegrant" in query["sql"] for query in queries) > 1


def test_pages_are_shown_without_scripts_too() -> None:
    client = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    body = client.get("/admin/routes/route/").content.decode()
    [inside] = re.findall(r"<noscript>(.*?)</noscript>", body.partition("</head>")[0], re.S)
    assert "administration/no_script.css" in inside, "the library hides the page until a script has begun"
    assert "html[x-cloak]" in (settings.BASE_DIR / "static/administration/no_script.css").read_text()


def test_no_two_moments_share_a_line_of_a_form() -> None:
    """Each is a day and a time: side by side they lie over each other's words."""
    reverse("admin:index")  # by which the administration is put together
    assert MaintenanceWindow in {one.model for kind in site._registry.values() for one in kind.inlines}
    shown: list[Any] = [*site._registry.values()]
    shown += [one(kind.model, site) for kind in site._registry.values() for one in kind.inlines]
    beside = [
        (type(each).__name__, name, line)
        for each in shown
        for _, part in each.fieldsets or ()
        for line in part["fields"]
        if isinstance(line, tuple | list)
        for name in line
        if isinstance(_field(each.model, name), DateTimeField)
    ]
    assert beside == []


def _field(model: Any, name: str) -> Any:
    return next((each for each in model._meta.get_fields() if each.name == name), None)
