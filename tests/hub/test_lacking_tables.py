"""A mapping that reads a table that is not there leads to making it, with its columns filled in, or says who may."""

from html import unescape
from typing import Any

import pytest
from django.urls import reverse

from governance.actor import ENGINE, By
from governance.models import LegalEntity
from governance.rights import Role
from hub.mapping_pages.lacking_tables import places
from mappings import shipped
from mappings.lacking import lacking
from mappings.models import LookupTable, Mapping
from mappings.tables import create_table
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def clients() -> Mapping:
    shipped.install()
    return Mapping.objects.get(key="harvest.clients")


def content(*formulas: str) -> dict[str, Any]:
    fields = [{"to": "bill_rate", "formula": each} for each in formulas]
    return {"name": "x", "from": {"system": "odoo", "stream": "t"}, "to": {"entity": "time_entry"}, "fields": fields}


@pytest.mark.parametrize(
    ("formula", "keys", "values"),
    [
        ('LOOKUP("rates.rate", role, currency)', ["role", "currency"], {"rate": "money"}),
        ('LOOKUP("rates", user.id)', ["user_id"], {"value": "money"}),
        ('LOOKUP("rates", ITEM(SPLIT(project.code, "-"), 1))', ["project_code"], {"value": "money"}),
        ('LOOKUP("rates.x", role, role)', ["key_1", "key_2"], {"x": "money"}),
        ('LOOKUP("rates.role", role) & "!"', ["role"], {"role_given": "text"}),
        ('LOOKUP("rates.x", "fixed")', ["key_1"], {"x": "money"}),
        ('IF(a, LOOKUP("rates.x", [Größe 1]), 1)', ["gr_e_1"], {"x": "text"}),
    ],
)
def test_columns_follow_from_the_formula(formula: str, keys: list[str], values: dict[str, str]) -> None:
    (found,) = lacking(content(formula), legal_entity=None, by=ENGINE)
    assert (found.name, found.keys, {name: kind.value for name, kind in found.values.items()}) == (
        "rates", keys, values,
    )  # fmt: skip


def test_what_is_there_or_cannot_be_read_lacks_nothing() -> None:
    create_table(name="rates", title="R", key_columns=["k"], value_columns={"v": "text"}, by=ENGINE)
    whole = content('LOOKUP("rates.v", k)', "LOOKUP(", 'LOOKUP(name, "x")', "1")
    assert lacking(whole, legal_entity=None, by=ENGINE) == []
    lacks = content('LOOKUP("a.v", k)', 'LOOKUP("b.v", k)', 'LOOKUP("a.w", k)')
    assert [each.name for each in lacking(lacks, legal_entity=None, by=ENGINE)] == ["a", "b"]


def test_table_of_another_company_is_none_for_a_mapping_of_ones_own() -> None:
    germany, britain = company("HP-DE"), company("HP-GB")
    for name, place in (("theirs", britain), ("ours", germany), ("shared", None)):
        create_table(
            name=name, title=name, legal_entity=place, key_columns=["k"], value_columns={"v": "text"}, by=ENGINE
        )
    reads = content('LOOKUP("theirs.v", k)', 'LOOKUP("ours.v", k)', 'LOOKUP("shared.v", k)')
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, germany)

    def names(place: LegalEntity | None, by: By) -> list[str]:
        return [each.name for each in lacking(reads, legal_entity=place, by=by)]

    assert names(germany, ingrid) == names(germany, ENGINE) == ["theirs"]
    assert names(None, ingrid) == ["theirs"], "that another company has one is not told"
    assert names(None, ENGINE) == []


def test_link_leads_to_a_form_that_makes_the_very_table(clients: Mapping) -> None:
    client = signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))
    for address in (f"/mappings/{clients.pk}/", f"/mappings/{clients.pk}/draft/"):
        answer = client.get(address)
        assert "Make the table customer_codes" in text_of(answer), address
    (link,) = [each for name, each in answer.context["lacking"] if name == "customer_codes"]
    assert link in unescape(answer.content.decode())

    form = client.get(link)
    sent = {
        "name": form.context["form"].initial["name"], "title": form.context["form"].initial["title"],
        "approval": "at_once", "column-INITIAL_FORMS": "0",
        "column-TOTAL_FORMS": str(len(form.context["columns"].initial)),
    }  # fmt: skip
    for number, column in enumerate(form.context["columns"].initial):
        sent |= {f"column-{number}-name": column["name"], f"column-{number}-kind": column["kind"]}
    assert client.post(reverse("tables:new"), sent).status_code == 302

    made = LookupTable.objects.get(name="customer_codes")
    assert made.key_columns == ["name"]
    assert sorted(made.value_columns) == ["customer_id", "legal_entity"]
    assert "customer_codes" not in str(client.get(f"/mappings/{clients.pk}/").context["lacking"])


def test_who_may_not_make_tables_reads_who_does(clients: Mapping) -> None:
    words = text_of(signed_in(person("Viktor Haas", Role.VIEWER)).get(f"/mappings/{clients.pk}/"))
    assert "customer_codes: an integration admin makes it under Tables." in words
    assert "Make the table" not in words


def test_table_is_made_for_the_mappings_company() -> None:
    germany = company("HP-DE")
    own = person("Greta Own", Role.INTEGRATION_ADMIN, germany)
    ((name, address),) = places(content('LOOKUP("rates.x", k)'), own, germany)
    assert "company=HP-DE" in address
    assert [places(content('LOOKUP("rates.x", k)'), own, None)] == [[(name, "")]]
    assert 'value="HP-DE" selected' in signed_in(own).get(address).content.decode()
