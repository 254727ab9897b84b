"""Rows of tables in the admin: added, corrected, approved, refused and withdrawn by those whom the verbs let."""

from typing import Any

import pytest
from django.test import Client

from governance.actor import ENGINE
from governance.rights import Role
from mappings.models import Approval, LookupTable
from mappings.tables import NewRow, add_rows, create_table
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def static_root(settings: Any, tmp_path: Any) -> None:
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it


def signed_in(name: str, role: Role, *where: Any) -> Client:
    client = Client()
    client.force_login(person(name, role, *where, is_staff=True))
    return client


def rates(approval: Approval = Approval.AT_ONCE) -> LookupTable:
    return create_table(
        name="bill_rates", title="Bill rates", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE,
        approval=approval,
    )  # fmt: skip


def test_finance_adds_a_row_and_corrects_it_from_a_day_on() -> None:
    table, farid = rates(), signed_in("Farid Amini", Role.FINANCE)
    page = f"/admin/mappings/lookuptable/{table.pk}"
    assert farid.get(f"{page}/change/")["Location"] == f"/tables/{table.pk}/"
    typed = {"key_0": "Principal", "value_rate": "295", "reason": "price list"}

    wrong = farid.post(f"{page}/rows/", typed | {"value_rate": "-5"})
    assert (wrong.status_code, b"-5 is less than 0." in wrong.content) == (422, True)
    assert farid.post(f"{page}/rows/", typed).status_code == 302
    row = table.rows.in_force().get()
    shown = farid.get(f"/admin/mappings/tablerow/{row.pk}/change/").content.decode()
    assert "Role: Principal" in shown
    assert "Rate: 295" in shown
    assert "Farid Amini" in shown.partition("Proposed by")[2]
    assert "person:" not in shown
    corrected = {"value_rate": "310", "valid_from": "2026-12-01", "reason": "new price list"}
    assert "/corrections/" in farid.get(f"/admin/mappings/tablerow/{row.pk}/change/").content.decode()
    assert farid.post(f"/admin/mappings/tablerow/{row.pk}/corrections/", corrected).status_code == 302

    told = [(each.values["rate"], str(each.valid_from)) for each in table.rows.in_force().order_by("valid_to")]
    assert told == [("295", "None"), ("310", "2026-12-01")]


def test_another_person_refuses_or_approves_a_proposed_row() -> None:
    table, clara = rates(Approval.ALWAYS), signed_in("Clara Voss", Role.CONTROLLER)
    farid = person("Farid Amini", Role.FINANCE, is_staff=True)
    first = add_rows(table, [NewRow(("Principal",), {"rate": "5"})], by=farid).waiting[0]
    page = f"/admin/mappings/tablerow/{first.pk}"
    assert "/refusals/" in clara.get(f"{page}/change/").content.decode()

    assert clara.post(f"{page}/refusals/", {"reason": ""}).status_code == 422
    assert clara.post(f"{page}/refusals/", {"reason": "not on the price list"}).status_code == 302
    second = add_rows(table, [NewRow(("Principal",), {"rate": "295"})], by=farid).waiting[0]
    assert clara.post(f"/admin/mappings/tablerow/{second.pk}/approvals/", {}).status_code == 302

    assert [row.values["rate"] for row in table.rows.in_force()] == ["295"]


def test_rows_for_all_companies_are_not_offered_to_finance_of_one() -> None:
    table = rates()
    row = add_rows(table, [NewRow(("Principal",), {"rate": "295"})], by=ENGINE).in_force[0]
    grace = signed_in("Grace Field", Role.FINANCE, company("HP-GB"))

    assert grace.get(f"/admin/mappings/tablerow/{row.pk}/corrections/").status_code in (403, 404)
    assert grace.post(f"/admin/mappings/lookuptable/{table.pk}/rows/", {}).status_code in (403, 404)


def test_row_out_of_force_is_only_looked_at() -> None:
    table, clara = rates(), signed_in("Clara Voss", Role.CONTROLLER)
    row = add_rows(table, [NewRow(("Principal",), {"rate": "295"})], by=ENGINE).in_force[0]
    assert clara.post(f"/admin/mappings/tablerow/{row.pk}/withdrawals/", {"reason": "entered twice"}).status_code == 302

    page = clara.get(f"/admin/mappings/tablerow/{row.pk}/change/").content.decode()

    assert "/corrections/" not in page
    assert clara.get(f"/admin/mappings/tablerow/{row.pk}/corrections/").status_code == 403
