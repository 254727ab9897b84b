"""The line above the list: what is typed is read, written back and understood; what is wrong is told with its place."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exceptions_queue.query import line, values
from exceptions_queue.query.line import Term, Value, read, write
from exceptions_queue.query.words import TABLE, WORDS, understood

NOW = dt.datetime(2026, 10, 6, 12, tzinfo=dt.UTC)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
VALUES = st.lists(st.builds(Value, TEXTS, st.just(True)), min_size=1, max_size=3).map(tuple)
TERMS = st.builds(Term, st.sampled_from([*WORDS, "odd_word"]), VALUES, st.booleans()) | st.builds(
    Term, st.just(""), TEXTS.filter(str.strip).map(lambda text: (Value(text, True),)), st.booleans()
)


@settings(max_examples=80, deadline=None)
@given(st.lists(TERMS, max_size=6))
def test_what_is_written_is_read_again(terms: list[Term]) -> None:
    found = read(write(terms))
    assert found.wrong == ()
    assert list(found.terms) == terms


@settings(max_examples=120, deadline=None)
@given(st.text(alphabet='ab:,"- \t<>=.#1é_\x00', max_size=40))
def test_whatever_is_typed_is_read_and_its_places_are_in_it(text: str) -> None:
    for found in (read(text), understood(text, NOW)):
        assert all(
            0 <= each.start <= each.end <= max(len(text), 1) and each.said and each.accepted for each in found.wrong
        )
    again = write(read(text).terms)
    assert [(t.word, t.negated, [v.text for v in t.values]) for t in read(again).terms] == [
        (t.word, t.negated, [v.text for v in t.values]) for t in read(text).terms
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(TERMS, max_size=4), st.sampled_from(["class", "tag"]), TEXTS)
def test_choosing_twice_changes_nothing_else(terms: list[Term], word: str, value: str) -> None:
    first = read(write(terms))
    once = read(line.toggled(first, word, value))
    assert once.has(word, value) is not first.has(word, value)
    others = [each for each in first.terms if each.word != word or each.negated]
    assert [each for each in once.terms if each.word != word or each.negated] == others


def test_every_example_of_the_help_is_understood() -> None:
    told = " ".join(word.example for word in TABLE)
    assert understood(told, NOW).wrong == ()
    assert {term.word for term, _ in understood(told, NOW).meant} == set(WORDS)


@pytest.mark.parametrize(
    ("text", "start", "says", "instead"),
    [
        ("is:open clas:a", 8, "“clas” is no word of this line. Did you mean “class”?", "is:open class:a"),
        ("is:open -Clas:validation", 9, "Did you mean “class”?", "is:open -class:validation"),
        ("class:validatoin", 6, "Did you mean “validation”?", "class:validation"),
        ("is:open class:", 8, "Nothing stands behind “class:”.", ""),
        ("class:,validation", 6, "A comma has no value beside it.", ""),
        ('tag:"month', 4, "A quote is opened and never closed.", ""),
        ("amount:>much", 7, "“much” is no sum.", ""),
        ("amount:9..3", 7, "“9” is not below “3”.", "amount:3..9"),
        ("age:<2x", 4, "“2x” is no day.", ""),
        ("holds:>1.5", 6, "“1.5” is no whole number.", ""),
        ("opened:2026-02-30", 7, "“2026-02-30” is no day.", ""),
        ("xyzzy:1", 0, "“xyzzy” is no word of this line.", ""),
        ("is:open\x00", 7, "A character that is none.", ""),
        ('is:open ""', 8, "A text is looked for in which nothing stands.", ""),
        ('-"  "', 0, "A text is looked for in which nothing stands.", ""),
        ("a b c d e f", 10, "6 texts are looked for.", ""),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_said_with_its_place(text: str, start: int, says: str, instead: str) -> None:
    [wrong] = understood(text, NOW).wrong
    assert (wrong.start, wrong.instead) == (start, instead)
    assert says in wrong.said
    assert f"At character {start + 1}:" in str(wrong)


def test_all_that_is_wrong_is_said_at_once_and_the_rest_is_read() -> None:
    found = understood("is:opn amount:x nothing:1 tag:a", NOW)
    assert [each.start for each in found.wrong] == [3, 14, 16]
    assert [term.word for term, _ in found.meant] == ["is", "amount", "tag"]


def test_words_of_people_stand_for_the_values_that_are_kept() -> None:
    found = understood('kind:"Against a rule" IS:Put-Aside company:HP-DE', NOW)
    assert write(found.line.terms) == "class:validation is:snoozed entity:HP-DE"


@pytest.mark.parametrize(
    ("text", "least", "most", "ends"),
    [
        (">1000", Decimal(1000), None, (False, False)),
        ("<=1'000.50", None, Decimal("1000.50"), (True, True)),
        ("5..7", Decimal(5), Decimal(7), (True, False)),
        ("..7", None, Decimal(7), (True, False)),
        ("=5", Decimal(5), Decimal(5), (True, True)),
    ],
)
def test_sums_have_bounds(text: str, least: object, most: object, ends: tuple[bool, bool]) -> None:
    found = values.amount(Value(text))
    assert found is not None
    assert (found.least, found.most, (found.least_in, found.most_in)) == (least, most, ends)
    assert values.amount(Value("Unknown")) is None


def test_times_are_told_by_days_and_by_how_long_ago() -> None:
    day = dt.datetime(2026, 10, 5, tzinfo=dt.UTC)
    assert (values.ago(Value("2026-10-05"), NOW).least, values.ago(Value("2026-10-05"), NOW).most) == (
        day, day + dt.timedelta(days=1)
    )  # fmt: skip
    assert values.ago(Value(">2026-10-05"), NOW).least == day + dt.timedelta(days=1)
    assert values.ago(Value("<24h"), NOW).least == NOW - dt.timedelta(hours=24)
    assert values.ago(Value(">1w"), NOW).most == NOW - dt.timedelta(weeks=1)
    soon, past = values.due(Value("<2d"), NOW), values.due(Value("past"), NOW)
    assert (soon and soon.most, past and past.most) == (NOW + dt.timedelta(days=2), NOW)
    assert values.due(Value("none"), NOW) is None
