"""The queue reads few of its items: far behind in a list, of a company that one does not see, and by what is shared."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from exceptions_queue import ordering, search, solved_before
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.items import ordered
from exceptions_queue.query.words import understood
from governance.roles import Role
from tests.exceptions_queue.test_lists_read_little import plans, read_of
from tests.governance.people import company, person

MANY, READ = 4_000, 200
FILLED = """
INSERT INTO exceptions_queue_workitem ({columns})
SELECT {values} FROM exceptions_queue_workitem w CROSS JOIN generate_series(1, %s) n;
ANALYZE exceptions_queue_workitem
"""
DIFFERENT = {
    "fingerprint": "'x' || n", "rank": "n %% 100", "table_key": "to_jsonb(ARRAY['K-' || n])",
    "about": "jsonb_build_object('project_code', 'P-' || n)", "first_seen": "first_seen - n * interval '1 minute'",
}  # fmt: skip


@pytest.fixture
def many(db: None) -> Any:
    """Make many open items of one company; return who sees it."""
    now = timezone.now()
    WorkItem.objects.create(
        legal_entity=company("HP-DE"), fingerprint="x", category="refused", owner="finance", title="x", cause="x",
        first_seen=now, last_seen=now, opened_at=now, members=1, table_key=["K-0"],
    )  # fmt: skip
    columns = [str(field.column) for field in WorkItem._meta.concrete_fields if not field.primary_key]
    named = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(DIFFERENT.get(name, f'w."{name}"') for name in columns)
    with connection.cursor() as cursor:
        for statement in FILLED.format(columns=named, values=values).split(";\n"):
            cursor.execute(statement, [MANY] if "%s" in statement else None)
    return person("Farid Amini", Role.FINANCE, company("HP-DE"))


def read(statements: CaptureQueriesContext) -> int:
    """Return how many rows of items the statements really read."""
    nodes = [node for query in statements.captured_queries for node in plans(query["sql"])]
    return sum(read_of(node) for node in nodes if node.get("Relation Name") == "exceptions_queue_workitem")


@pytest.mark.parametrize("sort", ["money", "oldest", "newest"])
def test_page_far_behind_reads_only_its_own_rows(many: Any, sort: ordering.Order) -> None:
    rows = ordered(understood("is:open", timezone.now()), many, sort)
    place = ordering.place_of(rows[MANY // 2], sort)
    with CaptureQueriesContext(connection) as captured:
        shown = list(rows.filter(ordering.behind(sort, place)).order_by(*rows.query.order_by)[:50])
    assert [row.pk for row in shown] == [row.pk for row in rows[MANY // 2 + 1 : MANY // 2 + 51]]
    assert read(captured) <= READ


def test_company_that_one_does_not_see_is_not_looked_for(many: Any) -> None:
    company("HP-GB")
    for code in ("HP-GB", "nowhere"):
        with CaptureQueriesContext(connection) as captured:
            assert list(ordered(understood(f"is:open entity:{code}", timezone.now()), many)[:50]) == []
        assert read(captured) == 0, code


def test_missing_key_and_shared_project_are_found_by_their_indexes(many: Any) -> None:
    for text in ("K-77", "P-77", "K-none"):
        with CaptureQueriesContext(connection) as captured:
            found = search._items(text, many)
        assert len(found) == (text != "K-none"), text
        assert read(captured) <= 10, text
    with CaptureQueriesContext(connection) as captured:
        assert len(ordered(understood("is:open project:P-77", timezone.now()), many)[:50]) == 1
    assert read(captured) <= 10


def test_how_a_rule_ended_is_looked_for_among_the_last_that_were_resolved(
    many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solved_before, "RECENT", 100)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exceptions_queue_workitem SET state = 'resolved', resolution = 'waived', root_cause = 'no_action',"
            " resolved_by = 'engine:engine', resolved_at = last_seen - number * interval '1 minute'"
            " WHERE table_key <> %s",
            ['["K-0"]'],
        )
        cursor.execute("ANALYZE exceptions_queue_workitem")
    item = WorkItem.objects.open().get()
    item.rule = "that-never-ended"
    with CaptureQueriesContext(connection) as captured:
        assert solved_before._alike(item, many) == []
    assert 0 < read(captured) <= 3 * 100
    item.rule = ""
    last = WorkItem.objects.exclude(pk=item.pk).order_by("-resolved_at")[:3]
    assert solved_before._alike(item, many) == list(last)
