"""What running a mapping gives: typed values, problems in words with field, position and value, bounded work."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from mappings import FormulaFailed, compile_formula, compile_mapping

SIDES = {"from": {"system": "harvest", "stream": "time_entries"}, "to": {"system": "netsuite", "stream": "timebill"}}


def run(record, *fields, rules=(), **more):
    content = {"name": "x", **SIDES, "fields": list(fields), "rules": list(rules), **more}
    return compile_mapping(content).run(record)


def problem(formula, record):
    with pytest.raises(FormulaFailed) as raised:
        compile_formula(formula).run(record)
    [found] = raised.value.problems
    return found


@pytest.mark.parametrize(
    ("formula", "record", "position", "value", "words"),
    [
        ("hours * 2", {"hours": None}, 0, None, "A number is needed, but hours is blank"),
        ("2 * hours", {"hours": "abc"}, 4, "abc", "hours is the text 'abc'"),
        ("a + b", {"a": Decimal(1), "b": "x"}, 4, "x", "b is the text 'x'"),
        ("amount / hours", {"amount": 5, "hours": 0}, 7, Decimal(0), "cannot be divided by zero"),
        ("name > 5", {"name": "abc"}, 0, "abc", "cannot be compared"),
        ("IF(name, 1, 2)", {"name": "x"}, 3, "x", "A condition is needed"),
        ("DATEVALUE(day)", {"day": "2026-02-30"}, 10, "2026-02-30", "is not a date"),
        ("DATETIME(day)", {"day": "2026-02-03T10:00"}, 9, "2026-02-03T10:00", "no time zone"),
        ("project.code", {"project": "P-1"}, 0, "P-1", "code is asked of the text 'P-1'"),
        ("VALUE(day)", {"day": "Q4 ABC"}, 6, "Q4 ABC", "The text 'Q4 ABC' is not a number"),
        ("a ^ 1000", {"a": 2}, 4, Decimal(1000), "The power is the number 1000"),
        ("a * b", {"a": Decimal("1E+80"), "b": Decimal("1E+80")}, 2, None, "too large"),
    ],
)
def test_problem_names_field_position_and_value_in_words(formula, record, position, value, words):
    found = problem(formula, record)

    assert (found.field, found.position, found.value) == ("value", position, value)
    assert words in found.message
    assert found.accepted


@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+400"), 10**40, Decimal("1E-400")])
@pytest.mark.parametrize("kind", ["money", "decimal", "integer", None])
def test_number_beyond_all_measure_is_a_shape_problem(number, kind):
    field = {"to": "a", "from": "a"} if kind is None else {"to": "a", "from": "a", "as": kind}

    assert [each.category for each in run({"a": number}, field).problems] == ["shape"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("225,00", "but a is the text '225,00', which has a comma. Accepted: a number such as 225.00."),
        ("1.234,50", "which has a comma. Accepted: a number such as 225.00."),
        ("EUR 225.00", "which is not only digits with a point. Accepted: a number such as 225.00."),
        ("1.2.3", "which is not only digits with a point. Accepted: a number such as 225.00."),
        ("1e5", "which is not only digits with a point. Accepted: a number such as 225.00."),
        ("seven", "but a is the text 'seven'. Accepted: a number such as 225.00."),
        (
            "1" * 29,
            "which has too many digits. Accepted: a number below 1,000,000,000,000,000,000, with at most 28 digits",
        ),
        (
            "-0." + "1" * 29,
            "which has too many digits. Accepted: a number below 1,000,000,000,000,000,000, with at most 28 digits",
        ),
        ("1" * 19, "too large or too fine. Accepted: a number below 1,000,000,000,000,000,000."),
        (10**18, "too large or too fine. Accepted: a number below 1,000,000,000,000,000,000."),
        (True, "but a is TRUE. Accepted: a number such as 225.00."),
    ],
)
@pytest.mark.parametrize("kind", ["money", "decimal", "integer"])
def test_what_is_no_number_is_told_why_and_the_limit_is_told_of_what_is_too_large(kind, given, words):
    [found] = run({"a": given}, {"to": "a", "from": "a", "as": kind}).problems

    assert words in found.message


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        ("text", 7, "7"),
        ("text", Decimal("7.50"), "7.50"),
        ("integer", Decimal("7.0"), 7),
        ("decimal", "7.25", Decimal("7.25")),
        ("money", 5, Decimal(5)),
        ("date", "2026-03-31", date(2026, 3, 31)),
        ("datetime", "2026-03-31T10:00:00Z", datetime(2026, 3, 31, 10, tzinfo=UTC)),
        ("datetime", " 2026-03-31T10:00:00Z ", datetime(2026, 3, 31, 10, tzinfo=UTC)),
        ("boolean", "T", True),
        ("boolean", 0, False),
        ("money", None, None),
        ("date", "", None),
    ],
)
def test_value_takes_the_kind_of_its_field(kind, given, wanted):
    result = run({"a": given}, {"to": "a", "from": "a", "as": kind})

    assert result.problems == []
    assert (result.values["a"], type(result.values["a"])) == (wanted, type(wanted))


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("CEILING(7, -2)", Decimal(8)),
        ("FLOOR(7, -2)", Decimal(6)),
        ("CEILING(-7, -2)", Decimal(-6)),
        ("MOD(7, -2)", Decimal(-1)),
        ('XREF("project", nothing, default: "P-0")', "P-0"),
        ('XREF("project", "", default: "P-0")', "P-0"),
        ('LOOKUP("rates", "Partner", nothing, default: 1)', Decimal(1)),
        ('TEXT(DATETIME("2026-03-31 18:30", "Europe/Berlin"), "hh:mmZ")', "16:30Z"),
        ('TEXT(DATETIME("2026-03-31 18:30", "Europe/Berlin"), "hh:mm")', "18:30"),
        ('COUNT(SPLIT(many, ","))', Decimal(10_000)),
    ],
)
def test_formula_gives_what_the_guide_says(formula, wanted):
    assert run({"many": "," * 9_999}, {"to": "a", "formula": formula}).values == {"a": wanted}


@pytest.mark.parametrize("formula", ['XREF("project", a)', 'LOOKUP("rates", a)', 'LOOKUP("rates", "x", a)'])
@pytest.mark.parametrize("blank", ["", None])
def test_blank_key_waits_for_nothing_that_could_come(formula, blank):
    found = run({"a": blank}, {"to": "a", "formula": formula})

    assert not found.misses
    accepted = "a text, a number or a date; default: says what to take instead"
    assert [(each.category, each.message) for each in found.problems] == [
        ("validation", f"a: The key to look up is blank. Accepted: {accepted}.")
    ]


@pytest.mark.parametrize("depth", ["b", "b.c", "b.c.d", "b.c.d.e"])
def test_path_that_stops_at_a_text_stops_its_own_field_alone(depth):
    written = {"to": "deep", "formula": f"a.{depth}"}
    result = run(
        {"a": "x", "hours": 5}, written, {"to": "deeper", "formula": "a.b.c.d.e.f"}, {"to": "n", "from": "hours"}
    )

    assert result.values == {"n": 5}
    [found] = result.problems
    assert (found.category, found.field) == ("shape", "deep")
    assert "b is asked of" in found.message


def test_text_of_too_many_parts_is_refused():
    [found] = run({"a": "," * 10_000}, {"to": "a", "formula": 'COUNT(SPLIT(a, ","))'}).problems

    assert "too long" in found.message


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("integer", Decimal("7.5")),
        ("decimal", "seven"),
        ("date", "31.03.2026"),
        ("date", "2026-W14-2"),
        ("boolean", "maybe"),
        ("datetime", "2026-03-31"),
        ("lines", "x"),
        ("money", True),
        ("text", {"a": 1}),
    ],
)
def test_value_of_another_kind_is_refused_with_what_would_be_accepted(kind, given):
    [found] = run({"a": given}, {"to": "a", "from": "a", "as": kind}).problems

    assert found.accepted
    assert found.field == "a"


def test_one_record_tells_all_its_problems_and_what_depends_on_them_stays_silent():
    result = run(
        {"a": "x", "b": None, "c": Decimal(3)},
        {"to": "first", "formula": "a * 2"},
        {"to": "second", "formula": "b * 2"},
        {"to": "third", "formula": "result.first + 1"},
        {"to": "fourth", "formula": "c * 2"},
        rules=[
            {"name": "r", "check": "first > 0", "message": "m"},
            {"name": "s", "check": "fourth > 10", "message": "m"},
        ],
    )

    assert [each.field for each in result.problems] == ["first", "second", "s"] or [
        (each.field or each.rule) for each in result.problems
    ] == ["first", "second", "s"]
    assert result.values == {"fourth": Decimal(6)}


def test_rule_says_its_message_with_values():
    result = run(
        {"hours": Decimal(26)},
        {"to": "hours", "from": "hours"},
        rules=[
            {"name": "a day", "check": "hours <= 24", "message": "{hours} hours in one day.", "field": "hours"},
            {"name": "odd", "check": "hours < 12", "message": "A long day.", "severity": "warning"},
        ],
    )

    assert [(each.severity, each.rule, each.message) for each in result.problems] == [
        ("error", "a day", "26 hours in one day."),
        ("warning", "odd", "A long day."),
    ]
    assert result.problems[0].value == Decimal(26)


def test_lines_are_built_from_a_list_and_name_their_number():
    lines = {
        "to": "lines",
        "each": "items",
        "fields": [
            {"to": "amount", "formula": "hours * rate"},
            {"to": "text", "formula": 'source.number & "/" & name'},
        ],
    }
    record = {
        "number": "INV-1",
        "items": [{"hours": Decimal(2), "rate": Decimal(100), "name": "Design"}, {"hours": None, "rate": Decimal(1)}],
    }

    result = run(record, lines, {"to": "total", "formula": "SUM(result.lines.amount)"})

    assert result.values["lines"][0] == {"amount": Decimal(200), "text": "INV-1/Design"}
    assert [each.field for each in result.problems] == ["lines[1].amount"]


def test_nested_targets_lists_and_omitted_blanks():
    result = run(
        {"a": 1, "b": None},
        {"to": "customer.id", "from": "a"},
        {"to": "custom[1].value", "from": "a"},
        {"to": "customer.[VAT No]", "from": "b", "if_blank": "omit"},
    )

    assert result.values == {"customer": {"id": 1}, "custom": [None, {"value": 1}]}


def test_modes_keep_what_the_target_has():
    content = {
        "name": "x",
        **SIDES,
        "fields": [
            {"to": "a", "from": "a"},
            {"to": "b", "from": "a", "mode": "if_new"},
            {"to": "c.d", "from": "a", "mode": "if_empty"},
        ],
    }
    mapping = compile_mapping(content)
    values = mapping.run({"a": 1}).values

    assert mapping.merged(values, None) == {"a": 1, "b": 1, "c": {"d": 1}}
    assert mapping.merged(values, {"b": 2}) == {"a": 1, "c": {"d": 1}}
    assert mapping.merged(values, {"c": {"d": 5}}) == {"a": 1, "c": {}}


def test_only_the_branch_that_is_taken_is_computed():
    assert compile_formula("IF(TRUE, 1, 1 / zero)").run({"zero": 0}) == 1
    assert compile_formula('COALESCE(a, 1 / zero, "x")').run({"a": 5, "zero": 0}) == 5
    assert compile_formula("flag OR 1 / zero > 0").run({"flag": True, "zero": 0}) is True


@pytest.mark.parametrize(
    ("formula", "record"),
    [
        ("a & a & a & a", {"a": "x" * 60_000}),
        ('SUBSTITUTE(a, "x", a)', {"a": "x" * 9_000}),
        ("JOIN(a, b)", {"a": ["x"] * 9_000, "b": "y" * 90}),
        ("SUM(a)", {"a": [1] * 20_000}),
        ("9 ^ 99 * 9 ^ 99", {}),
        ('MATCHES(a, "(x+x+)+y")', {"a": "x" * 200_000}),
        ("ITEM(a, 1000000000000)", {"a": []}),
        ('EXTRACT(t, "(.*){100}")', {"t": "a" * 50_000}),
        ('MATCHES(t, "(a|b|(.*)){90}x")', {"t": "a" * 100_000}),
    ],
)
def test_work_is_bounded_when_it_runs(formula, record):
    assert problem(formula, record).message


def test_what_is_no_record_is_a_shape_problem():
    content = {"name": "x", **SIDES, "fields": [{"to": "a", "from": "a"}]}

    assert compile_mapping(content).run(["x"]).problems[0].category == "shape"


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ({"formula": "MAX(days)"}, {}),
        ({"formula": "DATEVALUE(spent_date)"}, {}),
        ({"formula": "MAX(days)"}, {"on": "DATEVALUE(spent_date)"}),
    ],
)
def test_date_that_a_formula_gives_is_kept_whatever_day_counts_for_the_tables(rule, more):
    day = date(2026, 10, 5)
    content = {
        "name": "x", "from": {"system": "hub", "stream": "posted"}, "to": {"entity": "invoice"},
        "fields": [
            *({"to": name, "value": "X"} for name in ("legal_entity", "invoice_id", "customer_id", "currency")),
            {"to": "net_amount", "value": "1"},
            {"to": "issued_on"} | rule,
        ],
    }  # fmt: skip
    found = compile_mapping(content | more).run({"days": [day], "spent_date": "2026-10-05"})
    assert found.values["issued_on"] == day
