"""What is known of the two sides of a mapping, and what is said of a field that its source does not have."""

from typing import Any

import pytest

from governance.rights import Role
from mappings import drafting, shipped, sides, starting
from mappings.compiled import compile_mapping
from mappings.formula.problems import MappingErrors
from mappings.sides import Side, doubts, source_side, target_side
from tests.governance.people import person

HARVEST = {"system": "harvest", "stream": "time_entries"}
NETSUITE = {"system": "netsuite", "stream": "time_entries"}
PERIODS = {"system": "netsuite", "stream": "accounting_periods"}


def doubted(source: dict[str, Any], *formulas: str, rules: Any = (), **more: Any) -> list[str]:
    """Return the fields that are doubted in a mapping of these formulas."""
    fields = [{"to": f"x{number}", "formula": each} for number, each in enumerate(formulas)]
    content = {"name": "n", "from": source, "to": {"stream": "t"}, "fields": fields, "rules": list(rules)} | more
    found = doubts(compile_mapping(content).content, source_side(source))
    return [each.message.partition("has no field ")[2].partition(",")[0].rstrip(".") for each in found]


def test_every_shipped_mapping_reads_only_what_is_known_of_its_source_and_fills_what_its_target_takes() -> None:
    for each in shipped.load():
        assert doubts(each.compiled.content, source_side(each.content["from"])) == [], each.key
        taken = {field.name for field in target_side(each.content["to"]).fields}
        assert {rule.name for rule in each.compiled.content.fields} <= taken, each.key


def test_stream_is_known_by_its_manifest_else_by_its_samples() -> None:
    known = source_side(HARVEST)
    assert {"hours", "user.name", "project.code"} <= set(known.by_name)
    assert (known.words, known.closed) == ("Harvest: Time entries", False)
    periods = source_side(PERIODS)
    assert (periods.closed, periods.by_name["starts_on"].about) == (True, "first day")
    assert source_side({"system": "nowhere", "stream": "x"}).fields == ()
    assert "colour" in source_side(HARVEST, [{"colour": "red"}]).by_name


def test_target_says_what_it_requires_first() -> None:
    names = [(each.name, each.required) for each in target_side(NETSUITE).fields]
    assert [name for name, required in names if required] == ["employee.id", "hours", "tranDate"]
    assert names[:3] == [("employee.id", True), ("hours", True), ("tranDate", True)]
    assert len(names) > 8
    ours = target_side({"entity": "time_entry"}).fields
    assert [each.required for each in ours] == sorted((each.required for each in ours), reverse=True)


def test_field_that_the_source_does_not_have_is_doubted_with_the_nearest_name() -> None:
    assert doubted(HARVEST, "hourz") == ["hourz"]
    assert doubted(HARVEST, "hours", "user", "user.name", "notes & spent_date", "hub.key") == []
    assert doubted(HARVEST, "user.nam", "hours.minutes") == ["user.nam", "hours.minutes"]
    assert doubted(HARVEST, "external_reference.id") == [], "the sample has it blank: what is below is not known"
    assert doubted(HARVEST, "hours", on="spent") == ["spent"]
    rule = {"name": "r", "check": "source.hourz > 0 OR x0 > 0", "severity": "error", "message": "m"}
    assert doubted(HARVEST, "hours", rules=[rule]) == ["hourz"]
    content = {"name": "n", "from": HARVEST, "to": {"stream": "t"}, "fields": [{"to": "x", "formula": "1 + hourz"}]}
    [said] = doubts(compile_mapping(content).content, source_side(HARVEST))
    assert (said.position, said.path, said.remedy) == (4, "fields[0].formula", "Did you mean hours?")


def test_fields_of_lines_are_looked_for_in_the_lines() -> None:
    side = Side("Shop, Orders", source_side({}, [{"lines": [{"amount": 1}], "no": "1"}]).fields)
    inner = [{"to": "a", "formula": "amount"}, {"to": "b", "formula": "amont & source.no & source.nr"}]
    fields = [{"to": "rows", "each": "lines", "fields": inner}]
    content = {"name": "n", "from": {"stream": "orders"}, "to": {"stream": "t"}, "fields": fields}

    found = doubts(compile_mapping(content).content, side)

    assert [each.message for each in found] == [
        "Shop, Orders has no field lines.amont, as far as the hub knows.",
        "Shop, Orders has no field nr, as far as the hub knows.",
    ]


@pytest.mark.django_db
def test_draft_that_reads_what_a_closed_stream_does_not_have_is_refused_by_the_verb() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    content: Any = starting.start_of("netsuite.accounting_periods").content  # type: ignore[union-attr]  # it is there
    wrong = content | {"fields": [each | {"from": "name"} if each.get("from") == "periodname" else each
                                  for each in content["fields"]]}  # fmt: skip
    assert wrong != content

    with pytest.raises(MappingErrors, match="NetSuite: Accounting periods has no field name"):
        drafting.draft(key="own.periods", content=wrong, by=ingrid)

    made = drafting.draft(key="own.periods", content=content, by=ingrid)
    with pytest.raises(MappingErrors):
        drafting.revise(made, content=wrong, by=ingrid)


def test_new_table_has_a_row_for_each_field_of_its_target_and_copies_what_has_the_same_name() -> None:
    table = starting.from_target("Mine", {"entity": "time_entry"}, NETSUITE)

    rows = {row.to: row for row in table.fields}
    assert [row.to for row in table.fields][:3] == ["employee.id", "hours", "tranDate"]
    assert (rows["hours"].source, rows["hours"].as_kind) == ("hours", "decimal")
    assert (rows["memo"].source, rows["memo"].if_blank) == ("", "omit")


def test_starts_are_those_between_the_two_sides() -> None:
    keys = {each.key for each in starting.starts()}
    assert {"harvest.time_entries", "netsuite.time_entries", "tryton.time_entries"} <= keys
    assert [each.key for each in starting.starts({"entity": "time_entry"}, NETSUITE)] == ["netsuite.time_entries"]
    assert [each.key for each in starting.starts({"entity": "worker"}, NETSUITE)] == []
    assert starting.start_of("nowhere.nothing") is None


@pytest.mark.django_db
def test_free_name_has_a_number_where_the_name_is_taken() -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN)
    content = starting.starts()[0].content
    assert starting.free_key("harvest.tasks") == "harvest.tasks"
    drafting.draft(key="harvest.tasks", content=content, by=ingrid)
    assert starting.free_key("harvest.tasks") == "harvest.tasks-2"


def test_steps_of_odd_names() -> None:
    assert sides.steps_of("a.[Bill Rate]") == ("a", "Bill Rate")
    assert sides.steps_of("not a name") == ("not a name",)
