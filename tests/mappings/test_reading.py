"""A draft tells nobody what they may not see: whatever it makes of it, and however far round."""

from typing import Any

import pytest

from governance import versions
from governance.actor import ENGINE
from governance.models import User
from governance.rights import Role
from mappings.models import Mapping
from mappings.reading import read_anew
from mappings.tables import NewRow, add_rows, create_table
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db
FIELDS: list[dict[str, Any]] = [
    {"to": "entry_id", "from": "id"}, {"to": "legal_entity", "value": "HP-DE"}, {"to": "worker_id", "from": "user.id"},
    {"to": "worker_name", "from": "user.name"}, {"to": "cost_rate", "from": "cost_rate"},
    {"to": "hours", "from": "hours"}, {"to": "worked_on", "from": "spent_date"}, {"to": "bill_rate", "from": "rate"},
    {"to": "description", "from": "notes"}, {"to": "currency", "value": "EUR"}, {"to": "project_code", "from": "p"},
    {"to": "customer_id", "value": "C"}, {"to": "task_code", "value": "T"}, {"to": "billable", "value": True},
    {"to": "approval_status", "value": "approved"}, {"to": "changed_at", "from": "updated_at"},
]  # fmt: skip
RULES = [{"name": "margin", "check": "cost_rate < bill_rate", "message": "Sold below cost."}]
INWARD = {
    "name": "in", "from": {"system": "harvest", "stream": "time_entries"}, "to": {"entity": "time_entry"},
    "fields": FIELDS, "rules": RULES,
}  # fmt: skip
OUTWARD = {
    "name": "out", "from": {"entity": "time_entry"}, "to": {"system": "tryton", "stream": "timesheets"},
    "fields": [{"to": "hours", "from": "hours"}, {"to": "cost", "from": "cost_rate"}],
}  # fmt: skip


def with_field(to: str, formula: str) -> list[dict[str, Any]]:
    return [*(each for each in FIELDS if each["to"] != to), {"to": to, "formula": formula}]


def anew(before: dict[str, Any], role: Role = Role.INTEGRATION_ADMIN, **changed: Any) -> list[str]:
    germany = company("HP-DE")
    Mapping.objects.get_or_create(key=before["name"], defaults={"title": "M", "legal_entity": germany})
    versions.install(kind="mapping", object_key=before["name"], content=before)
    made = versions.draft(
        kind="mapping", object_key=before["name"], content=before | changed, by=ENGINE, legal_entity=germany
    )
    by = User.objects.filter(username=role.value).first() or person(f"{role.value} There", role, germany)
    return read_anew(made, by=by, legal_entity=germany.pk)


@pytest.fixture
def costs(db: None) -> None:
    """Make tables with pay: one named for it, one whose first column is it."""
    for name, columns in (("costs", {"remark": "text", "cost_rate": "money"}), ("pay", {"cost_rate": "money"})):
        made = create_table(
            name=name, title=name, key_columns=["who"], value_columns=columns, by=ENGINE, legal_entity=company("HP-DE")
        )
        add_rows(made, [NewRow(("W-1",), dict.fromkeys(columns, "71.5"))], by=ENGINE)


def test_draft_that_reads_nothing_hidden_anew_is_told() -> None:
    assert anew(INWARD) == []
    assert anew(INWARD, fields=with_field("description", 'notes & " " & user.name & billable_rate')) == []
    assert anew(OUTWARD, fields=[*OUTWARD["fields"], {"to": "memo", "formula": '"by " & worker_name'}]) == []


@pytest.mark.usefixtures("costs")
@pytest.mark.parametrize(
    "formula",
    [
        "cost_rate", "source.cost_rate", "result.cost_rate", '"pays " & cost_rate', "notes & result.cost_rate * 2",
        'IF(cost_rate > 70, "much", "little")', "LEN(cost_rate)", 'COALESCE(notes, cost_rate, "")',
        'IF(ISBLANK(cost_rate), "", notes)', 'LOOKUP("costs.cost_rate", user.id)', 'LOOKUP("pay", user.id) & "!"',
        'IF(LOOKUP("costs.cost_rate", user.id) > 70, "a", "b")', 'FIELD(source.user, "name") & cost_rate',
        'IF(result.cost_rate > result.bill_rate, VALUE("x"), "")',
    ],
)  # fmt: skip
def test_field_that_is_shown_reads_no_pay(formula: str) -> None:
    fields = [*(each for each in FIELDS if each["to"] != "description"), {"to": "description", "formula": formula}]

    assert "the field “description”" in anew(INWARD, fields=fields)
    assert anew(INWARD, Role.CONTROLLER, fields=fields) == []


def test_what_another_field_carries_is_followed_and_a_changed_hidden_field_too() -> None:
    round_about = [*with_field("description", "cost_rate"), {"to": "role", "formula": 'result.description & "."'}]
    assert anew(INWARD, fields=round_about) == ["the field “description”", "the field “role”"]
    assert anew(INWARD, fields=with_field("cost_rate", 'IF(cost_rate > 70, VALUE("x"), 1)'))[0] == (
        "the field “cost_rate”"
    ), "that it fails tells what it reads"


@pytest.mark.parametrize(
    "rule",
    [
        {"check": "cost_rate < 70", "message": "m"}, {"check": "source.cost_rate < 70", "message": "m"},
        {"check": "FALSE", "message": "{cost_rate}"}, {"check": "result.cost_rate < 70", "message": "m"},
        {"check": "cost_rate < bill_rate", "message": "m", "severity": "warning"},
    ],
)  # fmt: skip
def test_rule_compares_and_quotes_no_pay(rule: dict[str, Any]) -> None:
    assert anew(INWARD, rules=[*RULES, {"name": "probe", **rule}]) == ["the rule “probe”"]


def test_rule_that_stands_is_given_no_other_number_to_compare_with() -> None:
    assert anew(INWARD, fields=with_field("bill_rate", "70")) == ["the rule “margin”"]
    assert anew(INWARD, fields=with_field("description", "hours & p")) == [], "it has no part in that"


@pytest.mark.usefixtures("costs")
def test_day_and_sides_count() -> None:
    looked_up = [*with_field("cost_rate", 'LOOKUP("pay", user.id)')]
    before = INWARD | {"fields": looked_up}
    assert anew(before, fields=[*looked_up[:-1], looked_up[-1]]) == []
    assert "the field “cost_rate”" in anew(before, on="updated_at")
    assert anew(before, **{"from": {"system": "harvest", "stream": "users"}}) != []


def test_canonical_fields_are_hidden_by_their_masks() -> None:
    for formula in ("cost_rate", "cost_rate * hours", 'IF(cost_rate > 70, "a", "b")', "result.cost & 1"):
        fields = [*OUTWARD["fields"], {"to": "memo", "formula": formula}]
        assert anew(OUTWARD, fields=fields) == ["the field “memo”"], formula
    assert anew(OUTWARD, fields=[{"to": "memo", "from": "cost_rate"}]) == ["the field “memo”"]


def test_what_a_path_holds_is_not_told_by_another_stream() -> None:
    clients = {"from": {"system": "harvest", "stream": "clients"}}
    assert "the field “description”" in anew(INWARD, **clients, fields=with_field("description", "billable_rate"))
