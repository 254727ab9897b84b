"""What the hand-written forms say is what PostgreSQL reads, for any value."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DataError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routes.bulk import array, arrays, copy_in, moment, together

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)))
ROW = st.tuples(
    st.uuids(), TEXT, st.none() | st.integers(-(2**62), 2**62), st.none() | st.binary(max_size=20),
    st.none() | st.decimals(-10**9, 10**9, allow_nan=False, places=4), st.none() | st.booleans(),
    st.none() | st.dates(dt.date(1900, 1, 1)),
    st.none() | st.datetimes(dt.datetime(1900, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - the zone is beside it
)  # fmt: skip
# The table serves all draws of its module; and that a busy machine draws slowly says nothing of what is drawn.
SPARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
OFFSETS = st.integers(-86_399, 86_399).map(lambda seconds: dt.timezone(dt.timedelta(seconds=seconds)))


@pytest.fixture(scope="module")
def table(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE bulk (id uuid, words text, whole bigint, bytes bytea, exact numeric,"
                " yes bool, day date, moment timestamptz)"
            )
        yield
        connection.close()


@settings(max_examples=60, suppress_health_check=SPARED)
@given(rows=st.lists(ROW, max_size=8))
def test_copied_rows_read_back_as_they_were(table: None, rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bulk")
        copy_in(cursor, "COPY bulk FROM STDIN", rows)
        cursor.execute("SELECT * FROM bulk")
        assert list(map(plain, cursor.fetchall())) == list(map(plain, rows))


@settings(max_examples=60, suppress_health_check=SPARED)
@given(rows=st.lists(ROW, max_size=8))
def test_arrays_read_back_as_they_were(table: None, rows: list[tuple[object, ...]]) -> None:
    casts = ["uuid", "text", "bigint", "bytea", "numeric", "bool", "date", "timestamptz"]
    unnest = ", ".join(f"%s::{cast}[]" for cast in casts)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM unnest({unnest})", arrays(rows, len(casts)))
        assert list(map(plain, cursor.fetchall())) == list(map(plain, rows))


def plain(row: tuple[object, ...]) -> list[object]:
    return [bytes(value) if isinstance(value, memoryview) else value for value in row]


@pytest.mark.parametrize("value", [1.5j, object()])
def test_a_value_without_a_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no form"):
        array([value])


def test_numbers_and_ids_are_written_plainly() -> None:
    assert array([UUID(int=1), None, Decimal("1.50"), True]) == "{00000000000000000000000000000001,NULL,1.50,t}"


@given(st.datetimes(timezones=st.none() | st.just(dt.UTC) | OFFSETS) | st.dates())
def test_moments_keep_every_digit_and_the_seconds_of_an_offset(value: dt.date) -> None:
    assert type(value).fromisoformat(moment(value)) == value


@settings(max_examples=60, suppress_health_check=SPARED)
@given(rows=st.lists(ROW, max_size=8))
def test_lines_are_the_same_rows_together_with_other_statements(table: None, rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bulk")
        with transaction.atomic(), together():
            copy_in(cursor, "COPY bulk (id, words, whole, bytes, exact, yes, day, moment) FROM STDIN", rows)
            cursor.execute("SELECT 1")
        cursor.execute("SELECT * FROM bulk ORDER BY ctid")
        assert list(map(plain, cursor.fetchall())) == list(map(plain, rows))


def test_error_of_a_statement_among_others_is_raised_as_djangos(db: None) -> None:
    def work() -> None:
        with transaction.atomic(), together(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
            cursor.execute("SELECT 1")

    with pytest.raises(DataError):
        work()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
