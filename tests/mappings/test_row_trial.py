"""A sample beside each row of a mapping's table: before, after, problems, and what a person may not see."""

from dataclasses import replace
from typing import Any

import pytest

from canonical.entity import Mask
from governance.actor import ENGINE
from governance.rights import NotAllowed, Role
from mappings import shipped
from mappings.field_table import FieldRow, FieldTable, RuleRow, table_of
from mappings.models import Mapping
from mappings.row_trial import Sample, TableTrial, blanked, mistakes_of, try_rows
from mappings.tables import NewRow, add_rows, create_table
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
OUT = {"system": "x", "stream": "y"}


def table(*rows: FieldRow, rules: tuple[RuleRow, ...] = (), **more: Any) -> FieldTable:
    return FieldTable("Time", source={"system": "harvest", "stream": "t"}, target=OUT, fields=rows, rules=rules, **more)


def tried(given: FieldTable, record: dict[str, Any], **more: Any) -> Any:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    return try_rows(None, table=given, sample=Sample(record, **more), by=ingrid)


def test_each_row_shows_what_it_reads_and_gives() -> None:
    create_table(name="rates", title="Rates", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE)
    given = table(
        FieldRow("h", source="hours"), FieldRow("r", "lookup", table="rates", keys=("person.role",)),
        FieldRow("l", "lines", "rows"), FieldRow("x", source="n", inside=True),
        rules=(RuleRow("some", "h > 5", message="Only {h}."), RuleRow("known", "NOT(ISBLANK(h))", message="no")),
    )  # fmt: skip

    found = tried(given, {"hours": 3, "person": {"role": "Analyst"}, "rows": [{"n": 7}]})

    assert [row.before for row in found.fields] == [
        [("hours", 3)], [("person.role", "Analyst")], [("rows", [{"n": 7}])], [("n", 7)]
    ]  # fmt: skip
    assert [found.fields[0].after, found.fields[3].after] == [3, 7]
    assert "the table rates has no row for 'Analyst'" in found.fields[1].said[0][1]
    assert [rule.after for rule in found.rules] == [False, True]
    assert found.rules[0].said == [("error", "Only 3.")]


def test_wrong_rows_do_not_keep_the_others_from_being_shown() -> None:
    given = table(
        FieldRow("a", "formula", "hours +"), FieldRow("b", "formula", "result.a"), FieldRow("", source="hours"),
        FieldRow("h", source="hours"), FieldRow("h", source="hours"), FieldRow("l", "lines", "rows"),
        rules=(RuleRow("x", "nothing > 1", message="m"), RuleRow("x", "h > 1", message="m")), on="(",
    )  # fmt: skip

    found = tried(replace(given, name=""), {"hours": 3})

    assert found.fields[3].after == 3
    places = [(place.what, place.row, place.part) for place, _ in found.mistakes]
    assert ("field", 0, "formula") in places
    assert ("field", 2, "to") in places
    assert ("", -1, "name") in places
    position = next(each.position for place, each in found.mistakes if place.row == 0)
    assert position == 7


def test_lines_that_are_wrong_take_their_fields_with_them_and_nothing_is_told_twice() -> None:
    given = table(
        FieldRow("h", source="hours"), FieldRow("l", "lines", "rows +"), FieldRow("h", source="n", inside=True),
        FieldRow("m", "lines", "rows"),
    )  # fmt: skip

    found = tried(given, {"hours": 3, "rows": []})

    assert found.fields[0].after == 3
    assert [(place.row, place.part) for place, _ in found.mistakes] == [(1, "each"), (3, "fields")]


def test_lacking_required_fields_are_told_and_the_others_shown() -> None:
    given = FieldTable(
        "Tasks",
        source={"system": "h", "stream": "t"},
        target={"entity": "task"},
        fields=(FieldRow("name", source="n"),),
    )

    found = tried(given, {"n": "Build"})

    assert found.fields[0].after == "Build"
    assert {place.part for place, _ in found.mistakes} == {"fields"}


def test_what_is_hidden_reaches_no_formula_and_every_row_that_reads_it_says_so() -> None:
    given = table(
        FieldRow("cost", source="user.cost"), FieldRow("twice", "formula", "result.cost * 2"),
        FieldRow("text", "formula", '"pays " & user.cost'), FieldRow("hours", source="hours"),
        rules=(RuleRow("r", "cost > 5", message="{cost}"), RuleRow("s", "source.user.cost > 5", message="m")),
    )  # fmt: skip
    record = blanked({"user": {"cost": 80}, "hours": 2}, {"user.cost"})

    found = tried(given, record, hidden=frozenset({"user.cost"}))

    assert [row.hidden for row in found.fields] == [True, True, True, False]
    assert [row.hidden for row in found.rules] == [True, True]
    assert "80" not in str(found)
    assert found.fields[1].said == []


def test_target_that_is_masked_is_hidden_though_its_source_is_not() -> None:
    shipped.install()
    given = table_of(Mapping.objects.get(key="harvest.time_entries").published().content)
    record = {"cost_rate": 80, "hours": 2}

    found = tried(given, record, masks=frozenset({Mask.NONE, Mask.PERSON}))

    assert [row.hidden for row, name in zip(found.fields, given.fields, strict=True) if name.to == "cost_rate"] == [
        True
    ]


def test_rows_of_the_samples_company_count() -> None:
    germany = company("HP-DE")
    made = create_table(
        name="rates", title="R", key_columns=["role"], value_columns={"rate": "money"}, by=ENGINE, legal_entity=germany
    )
    add_rows(made, [NewRow(("A",), {"rate": "5"})], by=ENGINE)
    given = table(FieldRow("r", "lookup", table="rates", keys=("role",)))

    assert tried(given, {"role": "A"}, legal_entity_id=germany.pk).fields[0].after == 5


def test_only_those_who_edit_or_approve_there_may_try() -> None:
    shipped.install()
    mapping = Mapping.objects.get(key="harvest.clients")
    given = table_of(mapping.published().content)
    try_rows(mapping, table=given, sample=None, by=person("Clara Voss", Role.CONTROLLER))
    with pytest.raises(NotAllowed):
        try_rows(mapping, table=given, sample=None, by=person("Viktor Lang", Role.VIEWER))
    here, there = company("HP-DE"), company("HP-US")
    mapping.legal_entity = here
    local = person("Grace Field", Role.INTEGRATION_ADMIN, here)
    with pytest.raises(NotAllowed, match="company whose records"):
        try_rows(mapping, table=given, sample=Sample({}, legal_entity_id=there.pk), by=local)


def test_shipped_mappings_have_no_mistakes() -> None:
    for each in shipped.load():
        assert mistakes_of(table_of(each.content)) == []


@pytest.mark.parametrize("formula", ['LOOKUP("costs.cost_rate", who)', 'LOOKUP("pay", who) & "!"'])
def test_what_a_table_says_of_pay_is_not_told_by_a_trial(formula: str) -> None:
    germany = company("HP-DE")
    table = create_table(
        name="costs", title="Costs", key_columns=["who"], value_columns={"cost_rate": "money", "remark_of_it": "text"},
        legal_entity=germany, by=ENGINE,
    )  # fmt: skip
    add_rows(table, [NewRow(("W-1",), {"cost_rate": "71.5", "remark_of_it": "seldom"})], by=ENGINE)
    alone = create_table(
        name="pay",
        title="Pay",
        key_columns=["who"],
        value_columns={"cost_rate": "money"},
        by=ENGINE,
        legal_entity=germany,
    )
    add_rows(alone, [NewRow(("W-1",), {"cost_rate": "71.5"})], by=ENGINE)
    content = {
        "name": "X", "from": {"system": "odoo", "stream": "t"}, "to": {"system": "odoo", "stream": "u"},
        "fields": [{"to": "rate", "formula": formula}, {"to": "more", "formula": 'LOOKUP("costs.remark_of_it", who)'}],
        "rules": [{"name": "cheap", "check": 'LOOKUP("costs.cost_rate", source.who) < 50', "message": "Dear."}],
    }  # fmt: skip
    mapping = Mapping.objects.create(key="x", title="X", legal_entity=germany)

    def tried(role: Role) -> TableTrial:
        by = person(f"{role.name.title()} Person", role, germany)
        sample = Sample({"who": "W-1"}, legal_entity_id=germany.pk)
        return try_rows(mapping, table=table_of(content), sample=sample, by=by)

    seen, unseen = tried(Role.CONTROLLER), tried(Role.INTEGRATION_ADMIN)
    assert "71.5" in str(seen.fields[0].after)
    assert [each.hidden for each in unseen.fields] == [True, False]
    assert unseen.rules[0].hidden
    assert [each.hidden for each in (*seen.fields, *seen.rules)] == [False] * 3


def test_pay_in_lines_is_told_by_no_row_that_reads_them() -> None:
    germany = company("HP-DE")
    made = create_table(
        name="pay",
        title="P",
        key_columns=["who"],
        value_columns={"cost_rate": "money"},
        legal_entity=germany,
        by=ENGINE,
    )
    add_rows(made, [NewRow((who,), {"cost_rate": f"{rate}.5"}) for who, rate in (("A", 71), ("B", 72))], by=ENGINE)
    fields = [
        {"to": "lines", "each": "items", "fields": [
            {"to": "cost", "formula": 'LOOKUP("pay", who)'},
            {"to": "n", "formula": 'LOOKUP("pay", who) & "x"', "as": "integer"},
        ]},
        {"to": "total", "formula": "SUM(result.lines.cost)"}, {"to": "first", "formula": "TEXT(result.total)"},
        {"to": "open", "formula": "note"},
    ]  # fmt: skip
    rules = [
        {"name": "r", "check": "total < 5", "message": "{first}"},
        {"name": "s", "check": "FALSE", "message": "{lines}"},
    ]
    content = {
        "name": "X", "from": {"system": "odoo", "stream": "t"}, "to": {"system": "odoo", "stream": "u"},
        "fields": fields, "rules": rules,
    }  # fmt: skip
    mapping = Mapping.objects.create(key="x", title="X", legal_entity=germany)
    sample = Sample({"items": [{"who": "A"}, {"who": "B"}], "note": "n"}, legal_entity_id=germany.pk)
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, germany)

    found = try_rows(mapping, table=table_of(content), sample=sample, by=ingrid)

    shown = [each for each in (*found.fields, *found.rules) if not each.hidden]
    assert [each.after for each in shown] == ["n"]
    assert "71.5" not in str((shown, found.said))
    assert "72.5" not in str((shown, found.said))
    assert not any(each.said for each in (*found.fields, *found.rules) if each.hidden)
