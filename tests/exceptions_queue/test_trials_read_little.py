"""What is sent again, or only tried, reads the rows of its own records, however many there are."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from routes import dry_run, worked_out
from routes.models import Transaction
from tests.exceptions_queue.test_lists_read_little import MANY, filled, plans, read_of

__all__ = ["filled"]
SOME = 1_000


def _rows(ids: list[Any], *, as_then: bool) -> dict[str, int]:
    """Return how many rows of each table loading transactions reads, and of tables that are looked at at all."""
    with CaptureQueriesContext(connection) as captured:
        assert len(worked_out.load(ids, as_then=as_then)) == len(ids)
    assert len(captured) == 1
    found: dict[str, int] = {}
    for query in captured.captured_queries:
        for node in plans(query["sql"]):
            if table := node.get("Relation Name", ""):
                name = "_".join(table.split("_")[:2])
                found[name] = found.get(name, 0) + read_of(node)
    return found


@pytest.fixture
def ids(filled: dict[str, Any]) -> list[Any]:
    return list(Transaction.objects.order_by("-pk").values_list("pk", flat=True)[:SOME])


def test_records_of_the_transactions_alone_are_read(ids: list[Any]) -> None:
    read = _rows(ids, as_then=False)
    assert SOME <= read["routes_record"] < MANY / 4


def test_moves_are_read_only_for_what_is_tried_as_then(ids: list[Any]) -> None:
    assert _rows(ids, as_then=False).get("routes_transition", 0) == 0
    with CaptureQueriesContext(connection) as captured:
        dry_run.transactions(ids[:1], start=worked_out.Start.SOURCE, configuration="now")
    assert not any("routes_transition" in node.get("Relation Name", "") for query in captured.captured_queries
                   if query["sql"].lstrip().startswith("SELECT") for node in plans(query["sql"]))  # fmt: skip
    assert worked_out.load(ids[:1], as_then=True)[0]["worked_out_at"] is not None
    assert worked_out.load(ids[:1], as_then=False)[0]["worked_out_at"] is None
