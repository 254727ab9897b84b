"""Lists read few rows that they do not show, however they are narrowed: of a small company, an old route, a rare state.

Filled are 12,000 transactions, of which the old and the rare are the oldest. Each statement of a page is asked once
more with EXPLAIN ANALYZE: counted are the rows of the tables that grow that it really read, those thrown away included.
"""

import datetime as dt
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import Max, Min
from django.test.utils import CaptureQueriesContext

from exceptions_queue.codes import code_of
from governance.models import LegalEntity, RoleGrant
from governance.roles import Role
from routes.models import Destination, Record, Route, Run, Transaction
from routes.models.movement import TransactionQuerySet
from tests.exceptions_queue.test_pages import signed_in
from tests.governance.people import company, person

MANY = 12_000
OLD = 60  # of the old route, and of the small company: the oldest
READ = 1_200  # rows that a page may read of the tables that grow; it shows 50
GROWING = ("routes_transaction", "routes_record", "routes_run", "routes_delivery", "governance_auditentry")
SHARED = """
INSERT INTO routes_record (id, route_id, legal_entity_id, key, version, content_hash, outcome, state, received_at,
    correlation_id, amount, currency)
SELECT uuidv7(n.back), CASE WHEN n.n <= %(old)s THEN %(old_route)s ELSE %(route)s END,
    CASE WHEN n.n <= %(old)s THEN %(small)s ELSE %(large)s END, 'TE-' || lpad(n.n::text, 7, '0'), '1', '\\x00', 'new',
    CASE WHEN n.n <= 20 THEN 'waived' ELSE 'routed' END, now() + n.back, uuidv7(), 100, 'EUR'
FROM (SELECT n, (n - %(many)s) * interval '1 hour' AS back FROM generate_series(1, %(many)s) n) n;
INSERT INTO routes_transaction (id, record_id, destination_id, legal_entity_id, snapshot_id, key, version, "group",
    state, return_to, withdraws, attempts, waits_for, correlation_id, amount, currency, created_at)
SELECT uuidv7(r.received_at - now()), r.id, CASE WHEN r.route_id = %(route)s THEN %(to)s ELSE %(old_to)s END,
    r.legal_entity_id, %(snapshot)s, r.key, '1', '', CASE WHEN r.key <= 'TE-0000020' THEN 'failed'
    WHEN r.key <= 'TE-0000023' THEN 'validated' ELSE 'posted' END, '', false, 0, '', r.correlation_id, 100, 'EUR',
    r.received_at
FROM routes_record r;
INSERT INTO routes_run (id, route_id, legal_entity_id, trigger, requested_by, state, created_at, ended_at, pages, read,
    new, changed, unchanged, unreadable, withdrawn, echoes, attempts, message, compares)
SELECT uuidv7(n.back), %(route)s, %(large)s, 'schedule', 'Throughline', 'done', now() + n.back, now() + n.back, 1,
    n.read, n.read, 0, 0, 0, 0, 0, 0, '', false
FROM (SELECT n, (n - %(many)s) * interval '1 hour' AS back, CASE WHEN n <= 80 THEN 1 ELSE 0 END AS read
      FROM generate_series(1, %(many)s) n) n;
ANALYZE routes_record; ANALYZE routes_transaction; ANALYZE routes_run;
ANALYZE routes_route; ANALYZE routes_destination; ANALYZE governance_legalentity;
"""


@pytest.fixture
def filled(quick_world: Any) -> dict[str, Any]:
    """Fill the tables; return the people who look, and a transaction in the middle."""
    world = quick_world()
    large, small = company("HP-DE"), company("HP-GB")
    Route.objects.update(legal_entity=large)
    route = world.route
    old = Route.objects.create(
        slug="old", name="Of old", legal_entity=large, connection=route.connection, stream=route.stream,
        canonical_entity=route.canonical_entity, mapping=route.mapping,
    )  # fmt: skip
    to = route.destinations.get()
    old_to = Destination.objects.create(
        route=old, name="Ledger", connection=to.connection, stream=to.stream, mapping=to.mapping
    )
    asked = {"many": MANY, "old": OLD, "route": route.pk, "old_route": old.pk, "to": to.pk, "old_to": old_to.pk,
             "large": large.pk, "small": small.pk, "snapshot": world.plan.snapshot_id}  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(SHARED, asked)
    return {
        "clara": person("Clara Voss", Role.CONTROLLER),
        "viktor": person("Viktor Lang", Role.VIEWER, small),
        "middle": Transaction.objects.order_by("pk")[MANY // 2].pk,
        "day": (dt.datetime.now(dt.UTC) - dt.timedelta(hours=MANY - 10)).date().isoformat(),
    }


def plans(statement: str) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a statement's plan, with what each of them really did."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}")
        found = cursor.fetchone()[0]
    waiting = [(json.loads(found) if isinstance(found, str) else found)[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", ())
        yield node


def read_of(node: dict[str, Any]) -> int:
    """Return how many rows a node of a plan has read, those that it threw away included."""
    thrown = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
    return round((node["Actual Rows"] + thrown) * node["Actual Loops"])


def read_by(address: str, user: Any) -> tuple[int, list[str], Any]:
    """Return how many rows of growing tables a page reads, the tables that it reads from end to end, and its answer."""
    browser = signed_in(user)
    browser.get(address)
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(address)
    assert answer.status_code == 200
    rows, whole = 0, []
    for query in captured.captured_queries:
        if not query["sql"].lstrip("( ").startswith(("SELECT", "WITH")):
            continue
        for node in plans(query["sql"]):
            table = node.get("Relation Name", "")
            if table.startswith(GROWING):
                rows += read_of(node)
                if node["Node Type"] == "Seq Scan" and read_of(node) > READ:
                    whole.append(table)
    return rows, whole, answer


TRANSACTIONS = (
    "", "state=failed", "state=validated", "state=unknown", "state=posted", "route=old", "entity=HP-GB",
    "route=old&entity=HP-GB", "route=time-to-ledger&entity=HP-GB", "state=failed&entity=HP-GB",
    "state=posted&route=old",
    "state=failed&route=time-to-ledger", "key=TE-0000077", "key=TE-X", "key=TE-00000",
    "key=TE-0000&route=old", "key=TE-00&route=old", "since={day}&until={day}",
    "until={day}", "until=2020-01-01", "until={day}&entity=HP-GB", "after={middle}", "after={middle}&state=failed",
    "warned=1",
)  # fmt: skip


@pytest.mark.parametrize("who", ["clara", "viktor"])
def test_transactions_read_little(filled: dict[str, Any], who: str) -> None:
    told = {}
    for query in TRANSACTIONS:
        asked = query.format(day=filled["day"], middle=code_of(filled["middle"]))
        rows, whole, _ = read_by(f"/transactions/?{asked}", filled[who])
        if rows > READ or whole:
            told[query] = (rows, whole)
    assert told == {}


@pytest.mark.parametrize("who", ["clara", "viktor"])
def test_runs_read_little(filled: dict[str, Any], who: str) -> None:
    told = {}
    for query in ("", "all=1", "state=stopped", "route=old", "entity=HP-GB", "until={day}"):
        rows, whole, _ = read_by(f"/runs/?{query.format(day=filled['day'])}", filled[who])
        if rows > READ or whole:
            told[query] = (rows, whole)
    assert told == {}


def records(query: str, user: Any) -> Any:
    from routes.filters import RecordFilter

    asking: Any = SimpleNamespace(user=user)  # of a request, the filter asks for no more
    return RecordFilter(data=query_dict(query), queryset=Record.objects.visible_to(user), request=asking).qs


def query_dict(query: str) -> Any:
    from django.http import QueryDict

    return QueryDict(query)


@pytest.mark.parametrize("who", ["clara", "viktor"])
def test_records_read_little(filled: dict[str, Any], who: str) -> None:
    told = {}
    queries = (
        "", "state=waived", "state=received", "state=routed", "route=old", "legal_entity=HP-GB", "key=TE-X",
        "route=time-to-ledger&legal_entity=HP-GB", "state=waived&route=time-to-ledger", "until=2020-01-01T00:00:00Z",
    )  # fmt: skip
    for query in queries:
        with CaptureQueriesContext(connection) as captured:
            found = records(query, filled[who]).newest(51)
        assert len(found) <= 51
        rows = sum(
            read_of(node)
            for asked in captured.captured_queries
            for node in plans(asked["sql"])
            if node.get("Relation Name", "").startswith(GROWING)
        )
        if rows > READ:
            told[query] = rows
    assert told == {}


def test_records_of_a_large_old_run_read_little(filled: dict[str, Any]) -> None:
    """The planner would walk back from the newest: so many are of the run that it expects to meet some soon."""
    run = Run.objects.order_by("created_at")[0]
    known = Record.objects.filter(key__lte="TE-0003000")
    times = known.aggregate(first=Min("received_at"), last=Max("received_at"))
    Run.objects.filter(pk=run.pk).update(created_at=times["first"], ended_at=times["last"])
    known.update(run=run)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE routes_record")
    with CaptureQueriesContext(connection) as captured:
        found = records(f"run={run.pk}", filled["clara"]).newest(51)
    assert [row.key for row in found[:2]] == ["TE-0003000", "TE-0002999"]
    assert len(found) == 51
    nodes = [node for asked in captured.captured_queries for node in plans(asked["sql"])]
    assert sum(read_of(node) for node in nodes if node.get("Relation Name", "").startswith(GROWING)) <= READ
    assert records(f"run={UUID(int=7)}", filled["clara"]).newest(51) == []


@pytest.mark.parametrize("who", ["clara", "viktor"])
def test_page_of_records_reads_little(filled: dict[str, Any], who: str) -> None:
    told = {}
    month = dt.datetime.now(dt.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    # A partition of few rows is walked for each pair of route and company rather than looked up.
    walked = 6 * min(Record.objects.filter(received_at__gte=month).count(), 31 * 24)
    queries = (
        "", "state=waived", "state=routed", "route=old", "entity=HP-GB", "key=TE-0000077", "key=TE-X",
        "connection=time", "connection=ledger", "stream=time_entries", "stream=none", "kind=time_entry",
        "kind=time_entry&connection=time&stream=time_entries&route=old", "kind=time_entry&state=waived&entity=HP-GB",
        "since={day}&until={day}", "until={day}&connection=time", "until=2020-01-01",
    )  # fmt: skip
    for query in queries:
        rows, whole, answer = read_by(f"/records/?{query.format(day=filled['day'])}", filled[who])
        if rows > READ + walked or whole:
            told[query] = (rows, whole)
        if query == "route=old" and who == "clara":  # a viewer of one company is offered its own routes
            assert len(answer.context["records"]) == 50
    assert told == {}


@pytest.mark.parametrize("who", ["clara", "viktor", "farid", "ingrid"])
def test_overview_reads_little(filled: dict[str, Any], who: str) -> None:
    """What it says of many rows was counted beside the work."""
    from routes import day_totals

    day_totals.bring_up_to_date()
    somebody = {"farid": Role.FINANCE, "ingrid": Role.INTEGRATION_ADMIN}
    user = filled[who] if who in filled else person(f"{who.title()} Somebody", somebody[who])
    rows, whole, _ = read_by("/?span=month", user)
    assert (rows <= READ, whole) == (True, [])


@pytest.mark.parametrize("who", ["clara", "viktor"])
def test_part_by_part_finds_the_same_rows(filled: dict[str, Any], who: str) -> None:
    """The short way and the plain one agree, whatever is asked together."""
    day = dt.datetime.now(dt.UTC) - dt.timedelta(hours=MANY - 300)
    places = list(Destination.objects.order_by("pk").values_list("pk", flat=True))
    small = LegalEntity.objects.get(code="HP-GB").pk

    def every(rows: TransactionQuerySet) -> list[TransactionQuerySet]:
        return [
            rows,
            rows.standing(["failed"]),
            rows.standing(["posted"]),
            rows.standing(["failed", "validated", "posted"]),
            rows.within("destination", places),
            rows.within("destination", places[:1]).within("legal_entity", [small]),
            rows.within("destination", places[1:]).standing(["posted", "failed"]),
            rows.within("destination", []),
            rows.until(day),
            rows.since(day).until(day + dt.timedelta(days=2)),
            rows.until(day).within("destination", places[1:]).filter(pk__lt=filled["middle"]),
        ]

    for rows in every(Transaction.objects.visible_to(filled[who])):
        assert [row.pk for row in rows.newest(51)] == [row.pk for row in rows.order_by("-pk")[:51]]


def test_clock_that_was_set_by_days_bounds_no_ids(filled: dict[str, Any]) -> None:
    """Ids tell the time only while nobody sets the clock: then the moments alone decide, however many rows are read."""
    from routes.models import ClockStep

    now = dt.datetime.now(dt.UTC)
    Transaction.objects.filter(key="TE-0000001").update(created_at=now + dt.timedelta(days=9000))
    assert not Transaction.objects.since(now + dt.timedelta(days=8000)).newest(5)
    ClockStep.objects.create(noticed_at=now, seconds=9000 * 86400)
    assert [row.key for row in Transaction.objects.since(now + dt.timedelta(days=8000)).newest(5)] == ["TE-0000001"]


def test_queries_of_a_list_do_not_grow(filled: dict[str, Any]) -> None:
    counts = {}
    grant = RoleGrant.objects.get(user=filled["viktor"])
    for code in ("HP-GB", "HP-DE"):  # 60 transactions, and nearly 12,000
        RoleGrant.objects.filter(pk=grant.pk).update(legal_entity=company(code))
        browser = signed_in(filled["viktor"])
        for query in ("", "state=failed", "entity={}", "since=2020-01-01"):
            address = f"/transactions/?{query.format(code)}"
            browser.get(address)
            with CaptureQueriesContext(connection) as captured:
                browser.get(address)
            counts.setdefault(query, []).append(len(captured))
    for slug in ("old", "time-to-ledger"):
        browser = signed_in(filled["clara"])
        with CaptureQueriesContext(connection) as captured:
            browser.get(f"/transactions/?route={slug}")
        counts.setdefault("route", []).append(len(captured))
    grown = {query: told for query, told in counts.items() if told[1] > told[0] or told[1] > 16}
    assert grown == {}
