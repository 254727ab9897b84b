"""Bodies share rows: whatever is stored together, each is found again by its id, exactly."""

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from governance.identifiers import new_id
from routes import bodies
from routes.bodies import Bodies
from routes.models import Payload

STAGES = ("source", "canonical", "request")
ALL = st.lists(
    st.tuples(
        st.sampled_from(STAGES),
        st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))),
        st.lists(st.integers(1, 2**40)),
    )
)


def in_database(id_: UUID) -> tuple[str, list[int]] | None:
    """Return what queries see of a body."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT body, table_rows FROM routes_body(%s)", [id_])
        found: list[tuple[str, list[int]]] = cursor.fetchall()
        assert len(found) < 2
        return found[0] if found else None


class TestAnyBodies(TestCase):
    @settings(deadline=None, max_examples=50)
    @given(ALL)
    def test_each_is_found_as_it_was_added(self, added: list[tuple[str, str, list[int]]]) -> None:
        made = Bodies()
        ids = [UUID(made.add(*each)) for each in added]
        made.write()
        found = bodies.read(ids)
        assert len(found) == len(set(ids)) == len(added)
        for id_, (_, body, hits) in zip(ids, added, strict=True):
            assert (str(found[id_]), found[id_].hits) == (body, tuple(hits))
            assert in_database(id_) == (body, hits)
        assert bodies.contents([i.hex for i in ids]) == [body.encode() for _, body, _ in added]
        stored = {stage for stage, _, _ in added}
        assert set(Payload.objects.values_list("stage", flat=True)) == stored
        assert Payload.objects.count() == len(stored), "a row for each stage"


@pytest.mark.django_db
def test_more_than_a_row_holds_go_to_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST", 3)
    made = Bodies()
    ids = [made.add("source", f"body {n}", [n]) for n in range(7)]
    made.write()
    assert bodies.contents(ids) == [f"body {n}".encode() for n in range(7)]
    assert Payload.objects.count() == 3


@pytest.mark.django_db
def test_written_once_is_written_once() -> None:
    made = Bodies()
    first = made.add("source", "first")
    made.write()
    second = made.add("source", "second")
    made.write()
    made.write()
    assert bodies.contents([second, first]) == [b"second", b"first"]


@pytest.mark.django_db
def test_what_is_not_kept_is_left_out() -> None:
    made = Bodies()
    kept = [UUID(made.add("source", text)) for text in ("one", "two")]
    made.write()
    beyond = UUID(int=kept[1].int + 1)
    gone = new_id()
    assert set(bodies.read([*kept, beyond, gone])) == set(kept)
    assert in_database(beyond) is None
    assert in_database(gone) is None
    with pytest.raises(LookupError):
        bodies.contents([gone.hex])


@pytest.mark.django_db
def test_only_body_of_a_row_answers_to_any_place() -> None:
    """So it is with those that were stored before bodies shared rows."""
    id_ = UUID(int=new_id().int | 0xBEEF)
    first = UUID(int=id_.int >> 16 << 16)
    Payload.objects.create(id=first, stage="source", ends=[3], bodies=b"old", hits=[7], hit_ends=[1])
    assert (str(bodies.read([id_])[id_]), bodies.read([id_])[id_].hits) == ("old", (7,))
    assert in_database(id_) == ("old", [7])


@pytest.mark.django_db
def test_reader_of_one_reads_no_whole_row() -> None:
    """The row of a page has some hundred thousand bytes: a query that wants one of its bodies reads some pieces."""
    made = Bodies()
    ids = [made.add("source", f"{n:05d}" * 200) for n in range(500)]
    made.write()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT body FROM routes_body('{ids[250]}')")
        told = cursor.fetchone()[0][0]["Plan"]
    assert told["Node Type"] != "Function Scan", "the planner sees through the function"
    assert told["Shared Hit Blocks"] + told["Shared Read Blocks"] < 40, told


@pytest.mark.django_db
def test_few_of_a_row_and_many_are_found_alike() -> None:
    made = Bodies()
    ids = [UUID(made.add("source", f'{{"é": {n}}}', [n, n + 1][: n % 3])) for n in range(bodies.CROWD + 7)]
    made.write()
    alone = Bodies()
    other = UUID(alone.add("request", "{}", [5]))
    alone.write()

    many = bodies.read([*ids, other, ids[0]])

    assert len(many) == len(ids) + 1
    for few in (ids[:1], ids[-3:], [other], [ids[1], other]):
        with CaptureQueriesContext(connection) as asked:
            assert bodies.read(few) == {id_: many[id_] for id_ in few}
        assert len(asked) <= 1
    assert [many[id_].hits for id_ in ids[:3]] == [(), (1,), (2, 3)]
    assert bodies.read([]) == {}
