"""A keyset with an overlap: every read begins a little earlier, and the cursor never moves back."""

import json

from connectors.answer import Answer
from connectors.engine.position import Position
from connectors.manifest.stream import Cursor, Paging, Read, Stream
from connectors.template import compile_template

CURSOR = Cursor(
    "keyset", fields=(("at", ("at",)), ("id", ("id",))), initial={"at": "1970-01-01T00:00:00Z", "id": 0}, overlap=60.0
)
STORED = {"at": "2026-11-20T10:00:00Z", "id": 7}


def position(stored: dict[str, object] | None) -> Position:
    path = compile_template("/rpc")
    read = Read("POST", path, (), (), None, (), CURSOR, Paging("keyset"), 2, None, None)
    stream = Stream("lines", "Lines", "", "", (("id",),), (), ("at",), "latest", "", "", read, None)
    return Position(stream, read, stored, None)


def take(place: Position, *records: tuple[str, int]) -> tuple[dict[str, object], bool]:
    rows = [{"at": at, "id": id_} for at, id_ in records]
    return place.take(Answer(200, {}, json.dumps(rows).encode()), rows)


def test_first_read_begins_at_the_beginning() -> None:
    assert position(None).scope()["cursor"] == CURSOR.initial


def test_next_read_begins_earlier_by_the_overlap() -> None:
    assert position(STORED).scope()["cursor"] == {"at": "2026-11-20T09:59:00Z", "id": 0}


def test_cursor_stays_when_nothing_came() -> None:
    assert take(position(STORED)) == (STORED, True)


def test_cursor_does_not_move_back_to_what_came_late() -> None:
    assert take(position(STORED), ("2026-11-20T09:59:30Z", 9)) == (STORED, True)


def test_a_read_that_was_cut_off_goes_on_where_it_was() -> None:
    assert position({**STORED, "resume": {"keyset": "begun"}}).scope()["cursor"] == STORED


def test_cursor_moves_on_with_what_is_new() -> None:
    place = position(STORED)

    first = take(place, ("2026-11-20T09:59:30Z", 9), ("2026-11-20T10:00:00Z", 7))
    second = take(place, ("2026-11-20T10:00:05Z", 10))

    assert first == ({**STORED, "resume": {"keyset": "begun"}}, False)
    assert second == ({"at": "2026-11-20T10:00:05Z", "id": 10}, True)


FAR = "9999-12-31T23:59:59Z"


def test_record_that_lies_ahead_moves_no_cursor() -> None:
    place = position(STORED)
    first = take(place, ("2026-11-20T10:00:05Z", 10), (FAR, 11))
    assert first == ({"at": "2026-11-20T10:00:05Z", "id": 10, "resume": {"keyset": "begun"}}, False)
    assert place.scope()["cursor"] == {"at": FAR, "id": 11}, "the next page of this read still follows it"
    assert take(place, (FAR, 12)) == ({"at": "2026-11-20T10:00:05Z", "id": 10}, True)


def test_place_that_lies_ahead_already_begins_anew() -> None:
    place = position({"at": FAR, "id": 11})
    assert place.scope()["cursor"] == CURSOR.initial
    assert take(place, ("2026-11-20T10:00:05Z", 10)) == ({"at": "2026-11-20T10:00:05Z", "id": 10}, True)
