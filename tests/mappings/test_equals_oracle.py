"""Whatever is written and whatever arrives, the compiled function and the slow interpreter agree."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from mappings import FormulaFailed, MappingErrors, compile_formula
from tests.mappings.oracle import Refused, meaning

NAMES = ["hours", "rate", "name", "flag", "day", "[Bill Rate]", "project.code", "project.size", "lines.amount", "lines"]
numbers = st.decimals(-(10**9), 10**9, places=4, allow_nan=False) | st.sampled_from([Decimal(0), Decimal("1E+30")])
scalars = st.one_of(
    st.none(),
    numbers,
    st.integers(-(10**20), 10**20),
    st.text(max_size=8),
    st.sampled_from(["", "2026-03-31", "7:30", "P-881", "12.50"]),
    st.booleans(),
    st.dates(date(1990, 1, 1), date(2050, 1, 1)),
    st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - made aware here
)
records = st.fixed_dictionaries(
    {},
    optional={
        "hours": scalars,
        "rate": scalars,
        "name": scalars,
        "flag": scalars,
        "day": scalars,
        "Bill Rate": scalars,
        "project": st.one_of(scalars, st.fixed_dictionaries({}, optional={"code": scalars, "size": scalars})),
        "lines": st.one_of(scalars, st.lists(st.fixed_dictionaries({}, optional={"amount": scalars}), max_size=3)),
    },
)
leaves = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(["0", "1", "2.50", "0.125", '"abc"', "'P-'", "TRUE", "FALSE", "NULL", '"2026-03-31"', '""']),
)


def compound(inner):
    pair = st.tuples(inner, inner)
    operators = st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<>", "<", "<=", ">", ">=", "AND", "OR"])
    of_two = st.sampled_from(["CONTAINS", "MIN", "MOD", "CONCAT", "STARTSWITH", "ITEM", "LEFT"])
    return st.one_of(
        st.tuples(pair, operators).map(
            lambda each: f"({each[0][0]} {each[1]} {each[0][1]})"
        ),
        inner.map(lambda each: f"-({each})"),
        inner.map(lambda each: f"NOT({each})"),
        st.tuples(inner, inner, inner).map(lambda each: "IF({}, {}, {})".format(*each)),
        st.tuples(inner, inner).map(lambda each: "COALESCE({}, {})".format(*each)),
        st.tuples(inner, inner, inner).map(lambda each: "OR({}, {}, {})".format(*each)),
        st.tuples(
            st.sampled_from(["ROUND", "UPPER", "TRIM", "LEFT", "LEN", "ISBLANK", "ABS", "FLOOR", "DATEVALUE", "YEAR",
                             "SUM", "COUNT", "MAX", "HOURS", "VALUE", "TEXT", "EOMONTH"]), inner,
        ).map(lambda each: "{}({})".format(*each)),
        st.tuples(inner, st.integers(0, 4)).map(lambda each: f"ROUND({each[0]}, {each[1]})"),
        st.tuples(of_two, inner, inner).map(
            lambda each: "{}({}, {})".format(*each)
        ),
    )  # fmt: skip


formulas = st.recursive(leaves, compound, max_leaves=8)


def outcome(run):
    try:
        value = run()
    except (Refused, FormulaFailed):
        return "refused"
    return type(value), repr(value)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(formulas, records)
@example("hours * rate", {"hours": "ab", "rate": 3})
@example("hours + rate", {"hours": [1], "rate": [2]})
@example("hours = 1", {"hours": True})
@example("IF(flag, project.code, project)", {"flag": False, "project": "P-881"})
@example("name & name", {"name": 7})
@example("hours < rate", {"hours": True, "rate": Decimal(2)})
def test_compiled_formula_equals_the_slow_interpreter(formula, record):
    try:
        compiled = compile_formula(formula)
    except MappingErrors:
        assume(False)
    assert outcome(lambda: compiled.run(record)) == outcome(lambda: meaning(formula, record))
