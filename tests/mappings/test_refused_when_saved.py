"""A formula that is wrong, unsafe or huge is refused when saved, every problem with its position and a remedy."""

import contextlib
import copy

import pytest

from mappings import MappingErrors, compile_formula, compile_mapping

SIDES = {"from": {"system": "harvest", "stream": "time_entries"}, "to": {"system": "netsuite", "stream": "timebill"}}


def problems(formula: str):
    with pytest.raises(MappingErrors) as raised:
        compile_formula(formula)
    return raised.value.problems


@pytest.mark.parametrize(
    ("formula", "position"),
    [
        ("", 0),
        ("hours +", 7),
        ("hours * ", 8),
        ("(hours", 0),
        ("hours)", 5),
        ("hours rate", 6),
        ("1,5", 1),
        ("a < b < c", 2),
        ("a % 2", 2),
        ('"open', 0),
        ("[open", 0),
        ("a == b", 3),
        ("a != b", 2),
        ("hours / 0", 8),
        ('"x" + 1', 0),
        ("ROUNDED(x)", 0),
        ("ROUND()", 0),
        ("ROUND(x, 99)", 9),
        ('MATCHES(x, "(")', 11),
        ("LOOKUP(table, x)", 7),
        ('LOOKUP("table")', 0),
        ('XREF("planet", x)', 5),
        ("IF(hours + 1, 2, 3)", 9),
        ("NOT 5", 4),
        ("result.amount", 0),
        ("ROUND(x, digits: 2)", 17),
        ('TODATE(x, "Mars/Olympus")', 10),
        ("lambda: x", 6),
        ("a; b", 1),
        ("`x`", 0),
        ("x[0]", 0),
        ("x := 5", 2),
    ],
)
def test_problem_has_position_and_remedy(formula, position):
    found = problems(formula)

    assert found[0].position == position, found[0]
    assert found[0].message
    assert found[0].remedy


def test_position_is_told_as_line_and_column():
    assert problems("ROUND(\n  hours rate\n)")[0].row_and_column == (2, 9)


def test_all_problems_come_at_once():
    assert len(problems("FOO(x) + BAR(y)")) == 2


@pytest.mark.parametrize(
    "formula",
    [
        "-" * 200_000,
        "-" * 3_000 + "1",
        "-" * 500 + "1",
        "(" * 100_000,
        "(" * 100 + "1" + ")" * 100,
        "1" + "+1" * 290,
        "1" + "^1" * 290,
        "1" * 50,
        '"' + "x" * 2_000 + '"',
        "a" + ".b" * 50,
        "IF(a," * 60 + "1" + ")" * 60,
        "SUM(" + ",".join("a" * 100) + ")",
        "NOT " * 300 + "a",
    ],
)
def test_huge_formula_is_refused(formula):
    assert problems(formula)[0].remedy


@pytest.mark.parametrize(
    "formula", ["__import__('os')", "open('x')", "exec('1')", "x.__class__.__mro__", "().__class__"]
)
def test_nothing_of_python_is_reachable(formula):
    try:
        value = compile_formula(formula).run({"x": {}})
    except MappingErrors:
        return
    assert value is None  # a path is only ever a path into the record


def test_mapping_tells_all_its_problems_with_their_places():
    content = {
        "name": "",
        **SIDES,
        "colour": "red",
        "fields": [
            {"to": "a", "formula": "FOO(1)"},
            {"to": "b"},
            {"to": "b", "value": 1, "from": "x"},
            {"to": "c", "from": "x", "mode": "sometimes"},
            {"to": "d", "from": "1 + 1"},
            {"to": "d.e", "from": "x", "as": "poem"},
            "nonsense",
        ],
        "rules": [{"name": "r", "check": "x >", "severity": "fatal", "message": "m"}],
    }

    with pytest.raises(MappingErrors) as raised:
        compile_mapping(content)

    places = {problem.path for problem in raised.value.problems}
    assert places >= {
        "name", "colour", "fields[1]", "fields[2]", "fields[3].mode", "fields[4].from", "fields[5].as", "fields[6]",
        "rules[0].check", "rules[0].severity",
    }  # fmt: skip


def test_what_has_to_be_a_text_is_one():
    content = copy.deepcopy(WHOLE) | {"meaning": [1, 2], "from": {"system": [1], "stream": {}}}
    content["fields"][1]["meaning"] = content["rules"][0]["meaning"] = content["rules"][0]["field"] = 5
    with pytest.raises(MappingErrors) as raised:
        compile_mapping(content)
    told = sorted(problem.path for problem in raised.value.problems)
    assert told == ["fields[1].meaning", "from.stream", "from.system", "meaning", "rules[0].field", "rules[0].meaning"]


def test_target_fields_must_exist_and_required_ones_be_filled():
    content = {"name": "x", "from": SIDES["from"], "to": {"entity": "task"}}
    with pytest.raises(MappingErrors, match="is not a field of task"):
        compile_mapping({**content, "fields": [{"to": "colour", "from": "x"}]})
    with pytest.raises(MappingErrors, match="task_code is required by task"):
        compile_mapping({**content, "fields": [{"to": "name", "from": "x"}]})


def test_source_fields_of_an_entity_must_exist():
    content = {"name": "x", "from": {"entity": "task"}, "to": SIDES["to"], "fields": [{"to": "a", "from": "colour"}]}
    with pytest.raises(MappingErrors, match="colour is not a field of the record"):
        compile_mapping(content)


def test_rule_speaks_of_the_result():
    content = {"name": "x", **SIDES, "fields": [{"to": "a", "from": "b"}]}
    rule = {"name": "r", "severity": "error", "message": "m"}
    with pytest.raises(MappingErrors, match=r"Use source\.b for the incoming record"):
        compile_mapping({**content, "rules": [{**rule, "check": "b > 1"}]})
    compile_mapping({**content, "rules": [{**rule, "check": "a > source.b"}]})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": "n" * 201}, "name"),
        ({"from": {"system": "s" * 60, "stream": "t" * 60}}, "from"),
        ({"to": {"stream": "t" * 120}}, "to"),
    ],
)
def test_name_that_no_list_has_room_for_is_refused(change: dict, path: str) -> None:
    content = {"name": "n" * 200, **SIDES, "fields": [{"to": "a", "from": "b"}]}
    compile_mapping({**content, "from": {"system": "s" * 60, "stream": "t" * 59}})
    with pytest.raises(MappingErrors) as raised:
        compile_mapping({**content, **change})
    assert [problem.path for problem in raised.value.problems] == [path]


def test_two_compilations_are_equal():
    content = {"name": "x", **SIDES, "fields": [{"to": "a", "formula": 'LOOKUP("t", b) & 1.50 & c'}]}
    one, other = compile_mapping(content), compile_mapping(dict(reversed(content.items())))

    assert (one.source_text, one.content_hash, one.sources) == (other.source_text, other.content_hash, other.sources)


ODD: list[object] = [None, [], {}, 5, "", "x", True, [[]], {"a": {}}, ["x"], float("nan"), "{", "\x00", 10**30, "("]
WHOLE = {
    "name": "odd", "from": {"system": "s", "stream": "t"}, "to": {"entity": "customer"},
    "fields": [{"to": "customer_id", "formula": "id", "as": "text"}, {"to": "name", "from": "name"}],
    "rules": [{"name": "r", "check": "TRUE", "severity": "error", "message": "m", "category": "validation"}],
}  # fmt: skip


def _places(value: object, path: tuple = ()):
    yield path
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(each, (*path, key))


@pytest.mark.parametrize("path", [path for path in _places(WHOLE) if path], ids=str)
def test_odd_value_at_any_place_is_refused_in_words_or_taken(path: tuple) -> None:
    for odd in ODD:
        content = copy.deepcopy(WHOLE)
        place = content
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = odd
        with contextlib.suppress(MappingErrors):  # anything else is an error of ours
            compile_mapping(content)


@pytest.mark.parametrize("value", [{"id": "5"}, [1, 2], {}, [], object()])
def test_constant_that_is_no_text_or_number_is_refused(value):
    content = SIDES | {"name": "m", "fields": [{"to": "subsidiary", "value": value}]}
    with pytest.raises(MappingErrors) as raised:
        compile_mapping(content)

    (problem,) = raised.value.problems
    assert problem.path == "fields[0].value"
    assert problem.message == "value: is neither a text nor a number."


@pytest.mark.parametrize("value", [None, True, 5, 0.5, "5", ""])
def test_constant_that_is_a_text_or_number_is_taken(value):
    compile_mapping(SIDES | {"name": "m", "fields": [{"to": "subsidiary", "value": value}]})


@pytest.mark.parametrize("formula", ['LOOKUP("cut_offs", period)', 'COALESCE(worked_on, LOOKUP("cut_offs", period))'])
def test_day_of_the_tables_is_not_looked_up_by_itself(formula):
    written = {"name": "x", **SIDES, "on": formula, "fields": [{"to": "a", "from": "a"}]}
    with pytest.raises(MappingErrors, match="says no day for that") as raised:
        compile_mapping(written)
    [found] = raised.value.problems
    assert (found.path, found.position) == ("on", formula.index("LOOKUP"))
    compile_mapping(written | {"on": formula.replace("period)", "period, on: worked_on)")})
