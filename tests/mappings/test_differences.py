"""What a draft changes, in sentences."""

from typing import Any

from mappings.differences import differences

BASE: dict[str, Any] = {
    "name": "Time", "from": {"system": "harvest", "stream": "time_entries"}, "to": {"system": "x", "stream": "y"},
    "fields": [{"to": "hours", "from": "hours"}, {"to": "rate", "from": "rate"}],
    "rules": [{"name": "some", "check": "hours > 0", "severity": "error", "message": "None."}],
}  # fmt: skip
TITLES = {"bill_rates": "Rates by role"}


def told(**changes: Any) -> list[str]:
    return [str(each) for each in differences(BASE, BASE | changes, titles=TITLES)]


def test_nothing_changed_says_nothing() -> None:
    assert told() == []


def test_change_of_origin_names_the_table_by_its_title() -> None:
    fields = [BASE["fields"][0], {"to": "rate", "formula": 'LOOKUP("bill_rates", role, currency)', "if_blank": "omit"}]

    assert told(fields=fields) == [
        "Rate: was copied from ‘rate’, now looked up in ‘Rates by role’ by role and currency; left out where blank."
    ]


def test_added_removed_and_moved_fields_are_told() -> None:
    assert told(fields=[{"to": "rate", "from": "rate"}, {"to": "memo.text", "value": "x"}]) == [
        "memo.text: new, always ‘x’.",
        "Hours: no longer filled; it was copied from ‘hours’.",
    ]
    assert told(fields=BASE["fields"][::-1]) == ["Order: the fields stand in another order."]


def test_fields_of_lines_are_told_apart_from_those_above() -> None:
    lines = {"to": "lines", "each": "rows", "fields": [{"to": "rate", "from": "r"}]}
    other = {"to": "lines", "each": "rows", "fields": [{"to": "rate", "value": 5}]}
    old, new = (BASE | {"fields": [*BASE["fields"], each]} for each in (lines, other))

    assert [str(each) for each in differences(old, new)] == ["Lines, Rate: was copied from ‘r’, now always ‘5’."]


def test_change_of_a_constants_kind_alone_is_told() -> None:
    old, new = (BASE | {"fields": [{"to": "hours", "value": each}]} for each in (5, "5"))

    assert [str(each) for each in differences(old, new)] == ["Hours: ‘5’ was a number, now a text."]


def test_rules_are_told_by_what_they_do() -> None:
    changed = {"name": "some", "check": "hours >= 0", "severity": "warning", "message": "None."}
    fresh = {"name": "most", "check": "hours < 24", "severity": "error", "message": "Many."}

    assert told(rules=[changed, fresh]) == [
        "Rule ‘some’: condition was ‘hours > 0’, now ‘hours >= 0’; only warns now.",
        "Rule ‘most’: new: ‘hours < 24’ must hold, else it stops the record; message ‘Many.’.",
    ]
    assert told(rules=[]) == ["Rule ‘some’: removed."]


def test_other_table_of_the_same_title_is_told() -> None:
    titles = {"rates_2026": "Rates", "rates_2027": "Rates"}
    for before, after in (("role", "role"), ("role", "grade")):
        old, new = (
            BASE | {"fields": [{"to": "rate", "formula": f'LOOKUP("{table}", {key})'}]}
            for table, key in (("rates_2026", before), ("rates_2027", after))
        )
        (said,) = map(str, differences(old, new, titles=titles))
        assert "the table was ‘rates_2026’, now ‘rates_2027’, which is called the same" in said


def test_new_row_and_rule_tell_all_that_they_say() -> None:
    field = {"to": "memo", "from": "memo", "mode": "if_new", "as": "text", "if_blank": "omit", "meaning": "for them"}
    rule = {
        "name": "most", "check": "hours < 24", "severity": "warning", "message": "Many.", "field": "hours",
        "category": "amount_mismatch", "waivable": True, "meaning": "agreed",
    }  # fmt: skip
    assert told(fields=[*BASE["fields"], field], rules=[*BASE["rules"], rule]) == [
        "Memo: new, copied from ‘memo’; written only where the record is new; written as text; left out where blank; "
        "meaning ‘for them’.",
        "Rule ‘most’: new: ‘hours < 24’ must hold, else it warns; message ‘Many.’; field to correct ‘hours’; kind of "
        "failure ‘amount mismatch’; may be waived; meaning ‘agreed’.",
    ]


def test_heads_are_told() -> None:
    assert told(name="Hours", on="worked_on") == [
        "Name: was ‘Time’, now ‘Hours’.",
        "Day that tables are read for: was nothing, now ‘worked_on’.",
    ]
