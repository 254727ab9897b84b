"""Who loosens the approval of a table's rows gets none in force alone, whatever way and order they try."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from governance.models import AuditEntry, RoleGrant, User
from governance.rights import NotAllowed, Role
from mappings.defining import define_table
from mappings.ending import end_row
from mappings.loosening import PolicyChanged, agree_to, loosens
from mappings.models import Approval, LookupTable
from mappings.tables import NewRow, add_rows, approve_rows, create_table, withdraw_rows
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
ROW = NewRow(("Consultant",), {"rate": "145.00"})
ALWAYS, NEVER = (Approval.ALWAYS, "", None), (Approval.AT_ONCE, "", None)
ABOVE = (Approval.ABOVE_AMOUNT, "rate", Decimal(100))


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.fixture
def clara() -> User:
    return person("Clara Voss", Role.CONTROLLER)


def table(by: Any, approval: str = Approval.ALWAYS, **more: Any) -> LookupTable:
    return create_table(
        name="bill_rates", title="Rate card", key_columns=["role"], value_columns={"rate": "money"}, by=by,
        approval=approval, **more,
    )  # fmt: skip


def put(row: LookupTable, approval: str, by: User, reason: str = "A quiet month", **more: Any) -> LookupTable:
    return define_table(row, title=row.title, meaning="", approval=approval, by=by, reason=reason, **more)


@pytest.mark.parametrize(
    ("before", "after", "loose"),
    [
        (ALWAYS, NEVER, True), (ALWAYS, ABOVE, True), (ABOVE, NEVER, True),
        (ABOVE, (Approval.ABOVE_AMOUNT, "rate", Decimal(101)), True),
        (ABOVE, (Approval.ABOVE_AMOUNT, "cost", Decimal(100)), True),
        (ABOVE, (Approval.ABOVE_AMOUNT, "rate", Decimal(99)), False),
        (ABOVE, ABOVE, False), (ABOVE, ALWAYS, False), (NEVER, ABOVE, False), (NEVER, NEVER, False),
    ],
)  # fmt: skip
def test_less_consent_is_told_from_more(before: Any, after: Any, loose: bool) -> None:
    assert loosens(before, after) == loose


def test_loosening_and_putting_it_back_gets_no_row_in_force_alone(ingrid: User, clara: User) -> None:
    row = put(table(ingrid), Approval.AT_ONCE, ingrid)

    first = add_rows(row, [ROW], by=ingrid)
    row = put(row, Approval.ALWAYS, ingrid)
    second = add_rows(row, [ROW], by=ingrid)
    row = put(row, Approval.ABOVE_AMOUNT, ingrid, approval_column="rate", approval_amount=Decimal(1000))
    third = add_rows(row, [ROW], by=ingrid)

    assert [len(each.in_force) for each in (first, second, third)] == [0, 0, 0]
    assert len(approve_rows(row, [third.waiting[0].pk], by=clara).in_force) == 1


def test_loosening_takes_no_row_out_of_force_alone(ingrid: User, clara: User) -> None:
    row = table(ingrid)
    kept = add_rows(row, [ROW], by=ingrid).waiting[0]
    approve_rows(row, [kept.pk], by=clara)
    row = put(row, Approval.AT_ONCE, ingrid)

    with pytest.raises(NotAllowed):
        withdraw_rows(row, [kept.pk], by=ingrid, reason="Gone")
    with pytest.raises(NotAllowed):
        end_row(row, kept.pk, last_day=date(2026, 1, 31), by=ingrid, reason="Gone")


def test_loosening_asks_a_reason_and_is_audited(ingrid: User) -> None:
    row = table(ingrid)

    with pytest.raises(ValidationError, match="Say why"):
        put(row, Approval.AT_ONCE, ingrid, reason=" ")
    put(row, Approval.AT_ONCE, ingrid)

    entry = AuditEntry.objects.get(thing_kind="mappings.lookuptable", verb="change")
    assert (entry.reason, entry.before["approval"], entry.after["approval"]) == ("A quiet month", "always", "at_once")


def test_table_before_a_stricter_one_of_all_companies_counts_as_loosened(ingrid: User) -> None:
    table(ingrid)

    with pytest.raises(ValidationError, match="Say why"):
        table(ingrid, Approval.AT_ONCE, legal_entity=company("HP-DE"))
    own = table(ingrid, Approval.AT_ONCE, legal_entity=company("HP-DE"), reason="Other rates")

    assert not add_rows(own, [ROW], by=ingrid).in_force


def test_another_person_who_approves_rows_lets_it_hold_for_everybody(ingrid: User, clara: User) -> None:
    row = put(table(ingrid), Approval.AT_ONCE, ingrid)
    both = person("Bea Both", Role.INTEGRATION_ADMIN)
    with pytest.raises(NotAllowed):
        agree_to(row, policy=row.policy, by=both)
    with pytest.raises(PolicyChanged):
        agree_to(row, policy="Always a second person", by=clara)
    browser, at = signed_in(clara), f"/tables/{row.pk}/"

    assert "as Ingrid Solheim wanted" in text_of(browser.get(at))
    assert "Look at it and agree" in text_of(browser.get(at))
    assert browser.post(at + "agreements/", {"policy": row.policy}).status_code == 302

    row.refresh_from_db()
    assert "wanted" not in text_of(browser.get(at))
    assert len(add_rows(row, [ROW], by=ingrid).in_force) == 1


def test_nobody_agrees_to_what_they_loosened(clara: User) -> None:
    RoleGrant.objects.create(user=clara, role=Role.INTEGRATION_ADMIN, granted_by="engine:engine")
    row = put(table(clara), Approval.AT_ONCE, clara)

    with pytest.raises(NotAllowed, match="that was you"):
        agree_to(row, policy=row.policy, by=clara)
