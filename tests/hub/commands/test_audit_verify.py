"""`audit verify`: says what is proven; a trail that was changed ends it with 1."""

import json
from pathlib import Path

import pytest
from django.db import connection

from governance import audit
from governance.actor import ENGINE
from hub import trail


@pytest.fixture
def entries(db, settings, tmp_path: Path) -> None:
    settings.STATE = tmp_path
    for number in range(3):
        audit.record(by=ENGINE, verb="waive", thing=("record", str(number), f"TE-{number}"), reason="tried")


def test_verify_says_what_is_proven(entries, give) -> None:
    done = give("audit", "verify")
    assert (done.code, done.err) == (0, "")
    assert "3 entries: none was changed, removed or slipped in" in done.out
    assert "No head was noted outside of the database yet" in done.out
    trail.note()
    assert "passes through all 1 heads" in give("audit", "verify").out


def test_verify_finds_a_changed_entry(entries, give) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past the trigger that refuses changes
        cursor.execute("UPDATE governance_auditentry SET reason = 'nothing' WHERE thing_id = '1'")
        cursor.execute("SET session_replication_role = DEFAULT")
    done = give("audit", "verify", "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert (found["intact"], found["entries"]) == (False, 3)
    assert found["wrong"] == ["entry 2: The entry was changed after it was written."]
    assert "✗ The audit trail is not as it was written" in give("audit", "verify").out


def test_verify_finds_a_trail_that_was_rewritten_as_a_whole(entries, give) -> None:
    trail.note()
    note = json.loads(trail.place().read_text())
    trail.place().write_text(json.dumps(note | {"head": "0" * 64}) + "\n")
    done = give("audit", "verify")
    assert done.code == 1
    assert "it was rewritten or restored" in done.out


def test_half_a_line_swallows_not_the_next_note(entries) -> None:
    trail.place().write_text('{"at": "2026-01-0')  # a full disk cut it short
    trail.note()
    trail.note()
    assert [each["entries"] for each in trail.notes()] == [3, 3]


@pytest.mark.parametrize("line", ["{}", "[]", "7", '{"at": "soon", "entries": 1, "head": "00", "wrong": []}', "\\xff"])
def test_strange_note_is_named_and_the_rest_is_checked(entries, give, line: str) -> None:
    trail.note()
    strange = line.encode().replace(b"\\xff", b"\xff")
    good = json.loads(trail.place().read_text())
    rewritten = json.dumps(good | {"head": "0" * 64}).encode()
    trail.place().write_bytes(strange + b"\n" + rewritten + b"\n")
    done = give("audit", "verify", "--json")
    assert done.code == 1
    first, second = json.loads(done.out)["wrong"]
    assert first == f"Line 1 of {trail.place()} cannot be read: it is no note of a head."
    assert "it was rewritten or restored" in second
    done = give("doctor", "--json")
    checks = {each["title"]: each for each in json.loads(done.out)["checks"]}
    told = [each["cause"] for each in checks["The audit trail is the one that was noted"]["wrong"]]
    assert told == [first, second]
