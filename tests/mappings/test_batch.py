"""A batch asks each table once a round, and only the records that missed a key run again."""

from datetime import date

import pytest
from django.db import transaction

from governance.actor import ENGINE
from mappings.batch import _kept, run_batch, run_mixed
from mappings.compiled import compile_mapping
from mappings.cross_references import NewReference, ReferenceConflict, upsert
from mappings.models import CrossReference, LookupTable, TableRow
from mappings.tables import NewRow, add_rows, create_table, withdraw_rows
from tests.governance.people import company

pytestmark = pytest.mark.django_db


def content(*formulas: str, inward: bool = True) -> dict:
    sides = [{"system": "harvest", "stream": "time_entries"}, {"system": "netsuite", "stream": "timebill"}]
    if not inward:
        sides[0] = {"entity": "time_entry"}
    fields = [{"to": f"f{number}", "formula": formula} for number, formula in enumerate(formulas)]
    return {"name": "batch", "from": sides[0], "to": sides[1], "fields": fields}


def run(written: dict, records: list, connection_id: int | None = 1, **more):
    return run_batch(compile_mapping(written), records, connection_id=connection_id, legal_entity_id=None, **more)


@pytest.fixture
def tables():
    codes = create_table(
        name="task_codes", title="Task codes", key_columns=["task"], value_columns={"code": "text"}, by=ENGINE
    )
    names = create_table(
        name="code_names", title="Names", key_columns=["code"], value_columns={"name": "text"}, by=ENGINE
    )
    add_rows(codes, [NewRow((f"task {number}",), {"code": f"T{number}"}) for number in range(100)], by=ENGINE)
    add_rows(names, [NewRow((f"T{number}",), {"name": f"Name {number}"}) for number in range(100)], by=ENGINE)


# One query whether what was read before still counts, and one for each of the two tables, the second of which depends
# on the first.
@pytest.mark.parametrize("count", [1, 64, 65, 100])
def test_queries_do_not_grow_with_the_batch(tables, count, django_assert_num_queries):
    written = content('LOOKUP("code_names", LOOKUP("task_codes", task))')
    records = [{"task": f"task {number}"} for number in range(count)]

    with django_assert_num_queries(3):
        results = run(written, records)

    assert [result.values["f0"] for result in results] == [f"Name {number}" for number in range(count)]
    assert all(len(result.hits) == 2 and not result.misses for result in results)


def test_queries_do_not_grow_with_tables_connections_and_legal_entities(tables, django_assert_num_queries):
    entities = [company(code).pk for code in ("HP-DE", "HP-US", "HP-GB")]
    own = create_table(
        name="task_codes", title="Codes of one", key_columns=["task"], value_columns={"code": "text"}, by=ENGINE,
        legal_entity=company("HP-US"),
    )  # fmt: skip
    add_rows(own, [NewRow(("task 1",), {"code": "US1"})], by=ENGINE)
    upsert([NewReference(1, "project", "P-1", "10"), NewReference(1, "worker", "W-1", "10")], by=ENGINE)
    written = content('LOOKUP("task_codes", task)', 'LOOKUP("code_names", code)', 'XREF("project", id)',
                      'XREF("worker", id)')  # fmt: skip
    records = [{"task": "task 1", "code": "T2", "id": "10"}] * 6

    with django_assert_num_queries(3):  # whether what was read still counts, rows, cross-references
        results = run_mixed(compile_mapping(written), records, connection_id=1, legal_entities=entities * 2)

    told = [tuple(result.values.values()) for result in results]
    assert told == [(code, "Name 2", "P-1", "W-1") for code in ("T1", "US1", "T1")] * 2


def test_rows_are_read_once_until_a_table_changes(tables, django_assert_num_queries):
    written, records = content('LOOKUP("task_codes", task)'), [{"task": "task 7"}, {"task": "task 8"}]
    run(written, records)

    with django_assert_num_queries(1):
        assert [result.values["f0"] for result in run(written, records)] == ["T7", "T8"]

    [row] = TableRow.objects.filter(table__name="task_codes", key=["task 7"])
    withdraw_rows(row.table, [row.pk], by=ENGINE, reason="a mistake")
    [problem] = run(written, records)[0].problems
    assert problem.category == "unmapped_value"


def test_row_that_was_rolled_back_is_not_remembered(tables):
    written = content('LOOKUP("task_codes", task)')
    assert run(written, [{"task": "task 200"}])[0].problems
    with transaction.atomic():
        add_rows(LookupTable.objects.get(name="task_codes"), [NewRow(("task 200",), {"code": "T200"})], by=ENGINE)
        assert run(written, [{"task": "task 200"}])[0].values["f0"] == "T200"
        transaction.set_rollback(True)

    assert run(written, [{"task": "task 200"}])[0].problems


def test_batch_is_not_kept_by_what_it_missed(tables):
    assert run(content('LOOKUP("task_codes", task)'), [{"task": "Brand new"}])[0].problems

    [view] = _kept.snapshots[None].views.values()
    assert [error.__traceback__ for error in view.absent.values()] == [None]


def test_row_without_validity_holds_on_every_day_and_one_with_it_on_its_own(tables):
    table = LookupTable.objects.get(name="task_codes")
    add_rows(table, [NewRow(("brief",), {"code": "B"}, date(2026, 3, 1), date(2026, 3, 31))], by=ENGINE)
    written = content('LOOKUP("task_codes", task, on: DATEVALUE(day))')
    days = ["2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"]

    def codes(task):
        return [result.values.get("f0") for result in run(written, [{"task": task, "day": day} for day in days])]

    assert codes("task 1") == ["T1"] * 4
    assert codes("brief") == [None, "B", "B", None]
    assert codes("task 2") == ["T2"] * 4  # fetched when the days were known already


def test_missing_row_offers_table_and_key(tables):
    [result] = run(content('LOOKUP("task_codes", task)'), [{"task": "Brand new"}])

    [problem] = result.problems
    assert (problem.category, problem.table, problem.key) == ("unmapped_value", "task_codes", ("Brand new",))


def test_missing_table_is_a_mistake_of_the_set_up():
    [result] = run(content('LOOKUP("nowhere", task)'), [{"task": "x"}])

    assert result.problems[0].category == "configuration"
    assert "no table" in result.problems[0].message


def test_wrong_column_or_number_of_keys_is_a_mistake_of_the_set_up(tables):
    [result] = run(content('LOOKUP("task_codes.price", task)', 'LOOKUP("task_codes", task, 1)'), [{"task": "task 1"}])

    assert [problem.category for problem in result.problems] == ["configuration", "configuration"]


def test_default_stands_in_for_a_missing_row(tables):
    [result] = run(content('LOOKUP("task_codes", task, default: "OTHER")'), [{"task": "Brand new"}])

    assert result.values == {"f0": "OTHER"}


def test_day_of_the_record_comes_from_the_caller(tables):
    seen = []

    def on(record):
        seen.append(record["task"])
        return date(2026, 3, 1)

    run(content('LOOKUP("task_codes", task)'), [{"task": "task 1"}], on=on)

    assert seen == ["task 1"]


def test_xref_translates_in_both_directions():
    upsert([NewReference(1, "project", "P-881", "4711")], by=ENGINE)

    [inward] = run(content('XREF("project", id)'), [{"id": 4711}])
    [outward] = run(content('XREF("project", project_code)', inward=False), [{"project_code": "P-881"}])

    assert inward.values == {"f0": "P-881"}
    assert outward.values == {"f0": "4711"}


def test_row_without_the_column_gives_no_blank():
    columns = {"rate": "money", "unit": "text"}
    de = company("HP-DE")
    shared = create_table(name="rates", title="Rates", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE)
    own = create_table(
        name="rates", title="Ours", key_columns=["role"], value_columns=columns, legal_entity=de, by=ENGINE
    )
    add_rows(shared, [NewRow((role,), {"rate": "300"}) for role in ("Partner", "Coach")], by=ENGINE)
    add_rows(own, [NewRow(("Coach",), {"rate": "200", "unit": "day"})], by=ENGINE)
    made = compile_mapping(content('LOOKUP("rates.unit", role)', 'LOOKUP("rates.rate", role)'))

    coach, partner = run_batch(
        made, [{"role": "Coach"}, {"role": "Partner"}], connection_id=None, legal_entity_id=de.pk
    )

    assert coach.values == {"f0": "day", "f1": 200}
    assert partner.values == {"f1": 300}
    assert [(each.category, each.field) for each in partner.problems] == [("unmapped_value", "f0")]


def test_row_that_waits_holds_the_records_of_its_own_days_alone():
    table = create_table(
        name="rates", title="Rates", key_columns=["role"], value_columns={"rate": "money"}, approval="always", by=ENGINE
    )
    add_rows(table, [NewRow(("Partner",), {"rate": "300"}, date(2027, 1, 1), date(2027, 12, 31))], by=ENGINE)
    written = content('LOOKUP("rates", role, on: worked_on)')
    days = ("2026-12-31", "2027-01-01", "2027-12-31", "2028-01-01")

    found = run(written, [{"role": "Partner", "worked_on": day} for day in days])

    held, lacking = "approval_missing", "unmapped_value"
    assert [each.problems[0].category for each in found] == [lacking, held, held, lacking]
    assert "Add it" in found[0].problems[0].message


def test_missing_reference_waits_for_its_parent():
    [result] = run(content('XREF("project", id)'), [{"id": 9}])

    [problem] = result.problems
    assert (problem.category, problem.table, problem.key) == ("missing_reference", "project", ("9",))


@pytest.mark.parametrize("count", [1, 500])
def test_upsert_takes_two_queries_and_returns_what_changed(count, django_assert_num_queries):
    references = [NewReference(1, "project", f"P-{number}", str(number)) for number in range(count)]

    with django_assert_num_queries(4):  # savepoint, conflicts, upsert, release
        assert len(upsert(references, by=ENGINE)) == count

    assert upsert(references, by=ENGINE) == []
    assert upsert([NewReference(1, "project", "P-0", "x0")], by=ENGINE)[0].external_id == "x0"
    assert CrossReference.objects.count() == count


def test_upsert_refuses_an_id_that_stands_for_another_record():
    upsert([NewReference(1, "project", "P-1", "10")], by=ENGINE)

    with pytest.raises(ReferenceConflict, match="10 is P-1, not P-2"):
        upsert([NewReference(1, "project", "P-2", "10"), NewReference(1, "project", "P-3", "11")], by=ENGINE)

    assert CrossReference.objects.count() == 1


def test_references_of_one_connection_are_not_those_of_another():
    upsert([NewReference(1, "project", "P-1", "10", company("HP-DE").pk)], by=ENGINE)

    [result] = run(content('XREF("project", id)'), [{"id": "10"}], connection_id=2)

    assert result.problems[0].category == "missing_reference"


def test_row_of_other_days_is_told_with_them(tables):
    table = LookupTable.objects.get(name="task_codes")
    spans = [(date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 6, 1), None)]
    add_rows(table, [NewRow(("brief",), {"code": "B"}, *span) for span in spans], by=ENGINE)

    [result] = run(content('LOOKUP("task_codes", task, on: DATEVALUE(day))'), [{"task": "brief", "day": "2026-04-01"}])

    [problem] = result.problems
    assert (problem.category, problem.table, problem.key) == ("unmapped_value", "task_codes", ("brief",))
    assert (
        "a row for 'brief' from 2026-03-01 to 2026-03-31 and from 2026-06-01 on, but none on 2026-04-01"
        in problem.message
    )
