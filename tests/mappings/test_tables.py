"""Rows of lookup tables: added, approved by another person, replaced without ever changing, never two for one day."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from governance.models import AuditEntry, User
from governance.rights import NotAllowed, Role
from mappings.batch import run_batch
from mappings.compiled import compile_mapping
from mappings.models import Approval, LookupTable, TableRow
from mappings.models.lookup import hash_of
from mappings.tables import (
    NewRow,
    RowErrors,
    RowsCollide,
    RowsGone,
    add_rows,
    approve_rows,
    became_available,
    create_table,
    refuse_rows,
    withdraw_rows,
)
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
KEY = ("Consultant", "EUR")


@pytest.fixture
def ingrid() -> User:
    return person("Ingrid Solheim", Role.INTEGRATION_ADMIN)


@pytest.fixture
def farid() -> User:
    return person("Farid Amini", Role.FINANCE)


@pytest.fixture
def clara() -> User:
    return person("Clara Voss", Role.CONTROLLER)


def rates(by, approval=Approval.AT_ONCE, **more) -> LookupTable:
    return create_table(
        name="bill_rates", title="Bill rates", key_columns=["role", "currency"], value_columns={"rate": "money"},
        approval=approval, by=by, **more,
    )  # fmt: skip


def rate_on(day: str):
    content = {
        "name": "rates",
        "from": {"system": "harvest", "stream": "time_entries"},
        "to": {"system": "netsuite", "stream": "timebill"},
        "fields": [{"to": "rate", "formula": 'LOOKUP("bill_rates", role, currency, on: day)'}],
    }
    record = {"role": "Consultant", "currency": "EUR", "day": day}
    return run_batch(compile_mapping(content), [record], connection_id=None, legal_entity_id=None)[0]


def test_added_row_counts_at_once(ingrid, farid):
    table = rates(ingrid)

    added = add_rows(table, [NewRow(KEY, {"rate": "145.00"})], by=farid)

    assert added.available == [("bill_rates", KEY)]
    assert rate_on("2026-03-01").values == {"rate": Decimal("145.00")}
    assert rate_on("2026-03-01").hits == [added.in_force[0].pk]
    assert AuditEntry.objects.filter(verb="add", thing_id=str(added.in_force[0].pk)).count() == 1


@pytest.mark.parametrize("first", [None, date.min, date(2026, 3, 1)])
def test_new_row_for_ever_leaves_no_days_behind_it(ingrid, farid, first):
    table = rates(ingrid)
    add_rows(table, [NewRow(KEY, {"rate": "145.00"})], by=farid)

    add_rows(table, [NewRow(KEY, {"rate": "150.00"}, first, date.max)], by=farid)

    before = Decimal("145.00" if first and first != date.min else "150.00")
    assert [rate_on(day).values["rate"] for day in ("2026-02-28", "2030-01-01")] == [before, Decimal("150.00")]
    assert table.rows.filter(recorded_to=None).count() == (2 if first and first != date.min else 1)


def test_new_row_ends_the_old_one_and_keeps_its_other_days(ingrid, farid):
    table = rates(ingrid)
    add_rows(table, [NewRow(KEY, {"rate": "145.00"}, date(2026, 1, 1))], by=farid)

    add_rows(table, [NewRow(KEY, {"rate": "150.00"}, date(2026, 3, 1), date(2026, 3, 31))], by=farid)

    found = [rate_on(day).values["rate"] for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01")]
    assert found == [Decimal("145.00"), Decimal("150.00"), Decimal("150.00"), Decimal("145.00")]
    assert TableRow.objects.filter(recorded_to__isnull=False).count() == 1


def test_row_above_the_amount_waits_for_another_person(ingrid, farid, clara):
    table = rates(ingrid, Approval.ABOVE_AMOUNT, approval_column="rate", approval_amount=Decimal(200))

    added = add_rows(table, [NewRow(KEY, {"rate": "250"}), NewRow(("Analyst", "EUR"), {"rate": "90"})], by=farid)

    assert [row.words for row in added.waiting] == [KEY]
    assert rate_on("2026-03-01").problems[0].category == "approval_missing"
    with pytest.raises(NotAllowed):
        approve_rows(table, [added.waiting[0].pk], by=farid)
    assert approve_rows(table, [added.waiting[0].pk], by=clara).available == [("bill_rates", KEY)]
    assert rate_on("2026-03-01").values == {"rate": Decimal(250)}


def test_nobody_approves_their_own_row(ingrid, clara):
    table = rates(ingrid, Approval.ALWAYS)
    added = add_rows(table, [NewRow(KEY, {"rate": "145"})], by=clara)

    with pytest.raises(NotAllowed):
        approve_rows(table, [added.waiting[0].pk], by=clara)


def test_two_proposals_for_one_day_are_not_approved_together(ingrid, farid, clara):
    table = rates(ingrid, Approval.ALWAYS)
    march = (date(2026, 3, 1), date(2026, 3, 31))
    analyst = NewRow(("Analyst", "EUR"), {"rate": "90"})
    [first, other] = add_rows(table, [NewRow(KEY, {"rate": "145"}, *march), analyst], by=farid).waiting
    second = TableRow.objects.create(  # as if it was proposed before one proposal took the other's place
        table=table, key=list(KEY), key_hash=hash_of(KEY), valid_from=date(2026, 3, 15), values={"rate": "160"},
        proposed_by=f"person:{ingrid.pk}", proposed_at=timezone.now(),
    )  # fmt: skip

    with pytest.raises(RowsCollide) as raised:
        approve_rows(table, [first.pk, other.pk, second.pk], by=clara)

    said = str(raised.value)
    assert "145 (2026-03-01 to 2026-03-31, proposed by Farid Amini)" in said
    assert "160 (2026-03-15 to until further notice, proposed by Ingrid Solheim)" in said
    assert "Approve one of them" in said
    assert not table.rows.in_force().exists()
    assert approve_rows(table, [second.pk, other.pk], by=clara).available
    assert approve_rows(table, [first.pk], by=clara).available  # later, it takes the days from the other


def test_viewer_adds_nothing(ingrid):
    table = rates(ingrid)

    with pytest.raises(NotAllowed):
        add_rows(table, [NewRow(KEY, {"rate": "145"})], by=person("Viktor Lang", Role.VIEWER))


def test_every_problem_is_told_at_once_and_nothing_is_added(ingrid, farid):
    table = rates(ingrid)
    rows = [
        NewRow(("Consultant",), {"rate": "145"}),
        NewRow(KEY, {"rate": "a lot"}),
        NewRow(KEY, {"price": "1"}),
        NewRow(("X", "EUR"), {"rate": "1"}, date(2026, 2, 1), date(2026, 1, 1)),
    ]

    with pytest.raises(RowErrors) as raised:
        add_rows(table, rows, by=farid)

    assert {problem.number for problem in raised.value.problems} == {1, 2, 3, 4}
    assert not TableRow.objects.exists()


def test_database_refuses_two_rows_for_one_day(ingrid, farid):
    table = rates(ingrid)
    row = add_rows(table, [NewRow(KEY, {"rate": "145"}, date(2026, 1, 1))], by=farid).in_force[0]
    row.pk = None

    with pytest.raises(IntegrityError, match="table_row_no_overlap"), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.parametrize("change", [{"values": {"rate": "1"}}, {"valid_to": date(2026, 1, 1)}, {"key": ["X", "Y"]}])
def test_database_refuses_to_change_a_row(ingrid, farid, change):
    add_rows(rates(ingrid), [NewRow(KEY, {"rate": "145"})], by=farid)

    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        TableRow.objects.update(**change)


def test_database_refuses_to_delete_a_row(ingrid, farid):
    add_rows(rates(ingrid), [NewRow(KEY, {"rate": "145"})], by=farid)

    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        TableRow.objects.all().delete()


def test_withdrawn_row_no_longer_counts_but_is_explained_as_of_then(ingrid, farid):
    table = rates(ingrid)
    row = add_rows(table, [NewRow(KEY, {"rate": "145"})], by=farid).in_force[0]

    withdraw_rows(table, [row.pk], by=farid, reason="entered for the wrong role")

    assert rate_on("2026-03-01").problems[0].category == "unmapped_value"
    content = {
        "name": "rates",
        "from": {"system": "harvest", "stream": "time_entries"},
        "to": {"system": "netsuite", "stream": "timebill"},
        "fields": [{"to": "rate", "formula": 'LOOKUP("bill_rates", "Consultant", "EUR")'}],
    }
    then = run_batch(compile_mapping(content), [{}], connection_id=None, legal_entity_id=None, as_of=row.recorded_from)
    assert then[0].values == {"rate": Decimal(145)}


def test_who_waits_learns_of_a_new_key_after_the_commit(ingrid, farid, django_capture_on_commit_callbacks):
    told = []

    def hear(sender, table, keys, **_):
        told.append((table.name, keys))

    became_available.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            add_rows(rates(ingrid), [NewRow(KEY, {"rate": "145"})], by=farid)
    finally:
        became_available.disconnect(hear)

    assert told == [("bill_rates", [KEY])]


def test_own_table_of_a_legal_entity_comes_before_the_common_one(ingrid, farid):
    germany = company("HP-DE")
    add_rows(rates(ingrid), [NewRow(KEY, {"rate": "145"})], by=farid)
    add_rows(rates(ingrid, legal_entity=germany), [NewRow(KEY, {"rate": "160"})], by=farid)
    content = {
        "name": "rates",
        "from": {"system": "harvest", "stream": "time_entries"},
        "to": {"system": "netsuite", "stream": "timebill"},
        "fields": [{"to": "rate", "formula": 'LOOKUP("bill_rates", "Consultant", "EUR")'}],
    }

    found = [
        run_batch(compile_mapping(content), [{}], connection_id=None, legal_entity_id=entity)[0].values["rate"]
        for entity in (None, germany.pk)
    ]

    assert found == [Decimal(145), Decimal(160)]


@pytest.mark.parametrize(
    ("accepted", "rate", "said"),
    [
        ({}, "-5", "-5 is less than 0. The table accepts: Not less than 0."),
        ({"rate": {"lowest": None}}, "-5", ""),
        ({"rate": {"lowest": "20", "highest": "900"}}, "1000", "Not less than 20 and not more than 900."),
    ],
)
def test_value_that_no_rate_can_be_is_refused(ingrid, farid, accepted, rate, said):
    table = rates(ingrid, accepted=accepted)
    rows = [NewRow(KEY, {"rate": rate})]
    if not said:
        assert add_rows(table, rows, by=farid).in_force
        return

    with pytest.raises(RowErrors) as raised:
        add_rows(table, rows, by=farid)

    assert said in str(raised.value)


def test_text_outside_a_closed_list_is_refused(ingrid, farid):
    table = create_table(
        name="service_items", title="Service items", key_columns=["task"], value_columns={"item": "text"}, by=ingrid,
        accepted={"item": {"choices": ["SVC-BLD", "SVC-TST"]}},
    )  # fmt: skip

    with pytest.raises(RowErrors, match=r"SVC-AI is not accepted here\. The table accepts: One of: SVC-BLD, SVC-TST"):
        add_rows(table, [NewRow(("AI enablement",), {"item": "SVC-AI"})], by=farid)


@pytest.mark.parametrize(
    "accepted",
    [
        {"price": {"lowest": "0"}}, {"rate": {"least": "0"}}, {"rate": {"choices": ["A"]}}, {"rate": {"lowest": "x"}},
        {"rate": {"lowest": "9", "highest": "1"}}, {"rate": "cheap"},
    ],
)  # fmt: skip
def test_table_cannot_say_what_makes_no_sense(ingrid, accepted):
    with pytest.raises(ValidationError):
        rates(ingrid, accepted=accepted)


def test_refusing_and_withdrawing_need_a_reason(ingrid, farid, clara):
    table = rates(ingrid, Approval.ALWAYS)
    row = add_rows(table, [NewRow(KEY, {"rate": "145"})], by=farid).waiting[0]

    with pytest.raises(ValueError, match="needs a reason"):
        refuse_rows(table, [row.pk], by=clara, reason=" ")
    refuse_rows(table, [row.pk], by=clara, reason="not on the price list")

    assert not table.rows.waiting().exists()


def test_withdrawing_what_does_not_count_any_more_is_refused(ingrid, farid):
    table = rates(ingrid)
    row = add_rows(table, [NewRow(KEY, {"rate": "225"})], by=farid).in_force[0]
    other = add_rows(table, [NewRow(("Partner", "EUR"), {"rate": "300"})], by=farid).in_force[0]
    add_rows(table, [NewRow(KEY, {"rate": "240"}, date(2026, 12, 1))], by=farid)

    with pytest.raises(RowsGone, match="1 of these rows of Bill rates no longer count"):
        withdraw_rows(table, [row.pk, other.pk], by=farid, reason="entered for the wrong role")

    assert rate_on("2026-11-30").values == {"rate": Decimal(225)}
    assert TableRow.objects.in_force().filter(pk=other.pk).exists(), "nothing was withdrawn"
