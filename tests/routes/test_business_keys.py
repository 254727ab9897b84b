"""Keys of several parts: two records are one only where every part is the same."""

from hypothesis import example, given
from hypothesis import strategies as st

from routes.arrivals import joined, key_of

PART = st.text(alphabet="ab/\\", min_size=1, max_size=4)
TWO_KEYS = st.integers(1, 3).flatmap(lambda size: st.tuples(*[st.lists(PART, min_size=size, max_size=size)] * 2))


@given(TWO_KEYS)
@example((["A/1", "2"], ["A", "1/2"]))
@example((["A\\", "2"], ["A", "\\/2"]))
def test_other_parts_give_another_key(keys: tuple[list[str], list[str]]) -> None:
    one, other = keys
    assert (joined(one) == joined(other)) == (one == other)


def test_key_of_plain_parts_reads_as_it_was_written() -> None:
    paths = [("project",), ("worker", "id")]
    assert key_of({"project": "P-1", "worker": {"id": 7}}, paths) == "P-1/7"
    assert key_of({"project": "P/1"}, paths[:1]) == "P/1"  # a single part needs no sign
