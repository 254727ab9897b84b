"""The queue that is filled for measuring is one that the hub could have made, and all that is asked of it opens."""

import datetime as dt
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import connection

from bench.lists import measure
from bench.queue import addresses, fill, indexes, plans
from bench.queue.size import Size
from connectors.registry import load_all, registry, vendor_folders
from exceptions_queue.models import WorkItem
from governance.models import User
from hub.supervisor.options import ROOT
from routes.models import Failure, Transaction
from routes.states import MOVES

SIZE = Size(transactions=3_000, items=60, members=600, bodies=1_500)
HISTORY = """
SELECT t.state, array_agg(h.from_state ORDER BY h.at, h.id), array_agg(h.to_state ORDER BY h.at, h.id)
FROM routes_transaction t JOIN routes_history h ON h.subject_id = t.id GROUP BY t.id, t.state
"""
LEDGER = """
SELECT count(*) FROM routes_transaction t
LEFT JOIN routes_effect e ON e.transaction_id = t.id AND e.state = 'confirmed'
LEFT JOIN routes_keyhead h ON h.connection_id = e.connection_id AND h.object = e.object AND h.key = t.key
    AND h.live_effect_id = e.id AND h.live_transaction_id = t.id
WHERE (t.state = 'posted') <> (h.id IS NOT NULL)
"""
BODIES = """
SELECT count(r.canonical_payload_id), count(b.body), count(*) FILTER (WHERE b.body::json ->> 'entry_id' = r.key
    AND (r.amount IS NULL OR (b.body::json ->> 'amount')::numeric = r.amount))
FROM routes_record r LEFT JOIN LATERAL routes_body(r.canonical_payload_id) b ON true
"""
INDEXES = """
SELECT regexp_replace(pg_get_indexdef(indexrelid), 'INDEX \\S+ ON', 'INDEX ON') FROM pg_index i
WHERE indrelid = ANY(%s::regclass[]) ORDER BY 1
"""


def rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@pytest.fixture
def indexed(db: None, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Fill the database; return the indexes that there were before."""
    ours = load_all(vendor_folders(ROOT / "bench" / "connectors"))
    monkeypatch.setitem(vars(registry), "connectors", registry.connectors | ours)
    monkeypatch.setattr("bench.queue.skeleton.SLICE", 2_000)
    before = rows(INDEXES, list(indexes.TABLES))
    fill.fill(SIZE, dt.datetime.now(dt.UTC))
    return before


def test_filled_queue_is_as_the_hub_would_have_made_it_and_all_that_is_asked_of_it_opens(
    indexed: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    is_as_the_hub_would_have_made_it(indexed)  # one filling for both
    monkeypatch.setattr("bench.queue.plans.PLANNED", 20)
    monkeypatch.setattr(measure, "call_command", collected := Mock())  # collects what is static, of which no page says
    settings.STATIC_ROOT = tmp_path  # measuring sets more, all of which ends with this test
    all_that_is_asked_of_it_opens()
    assert collected.call_count == 1


def is_as_the_hub_would_have_made_it(indexed: list[tuple[Any, ...]]) -> None:
    assert rows(INDEXES, list(indexes.TABLES)) == indexed
    assert Transaction.objects.count() == SIZE.transactions
    assert Failure.objects.filter(closed_at=None, taken=True).count() == SIZE.members
    items = WorkItem.objects.open()
    assert items.count() == SIZE.items == WorkItem.objects.exclude(pk__in=items).count()
    assert items.order_by("-members").first().members == SIZE.largest == SIZE.members * 4 // 10
    assert items.filter(reckoned_at=None).count() == 0
    histories = rows(HISTORY)
    assert len(histories) == SIZE.transactions
    for state, came, went in histories:
        assert (went[-1], came[0]) == (state, "")
        assert came[1:] == went[:-1]
        assert all(new in MOVES[old] for old, new in zip(came, went, strict=True))
    assert rows(LEDGER) == [(0,)]
    named, found, right = rows(BODIES)[0]
    assert named == found == right >= SIZE.bodies * 0.4
    seen = WorkItem.objects.visible_to(User.objects.get(username="farid")).open().count()
    assert SIZE.items * 0.4 < seen < SIZE.items * 0.6, "who works for one company sees about half"


def all_that_is_asked_of_it_opens() -> None:
    found = addresses.find()
    asked = [each for each in addresses.all_of(found) if each.user == "farid"]
    measured, browsers = measure.in_process([each for each in asked if "API" in each.what], 1, ["farid"])
    for each in asked:
        if each.address.startswith("/") and not each.address.startswith("/api/"):
            assert browsers["farid"].get(each.address).status_code == 200, each
    measured += plans.measure(found, 1)
    assert {each.asked.group for each in measured} >= {"List", "One item", "Bulk plan"}
