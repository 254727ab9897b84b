"""Figures that are read from the database when somebody asks: states, what is due, what waits for people.

One statement a figure, none longer than a few seconds. What takes long is asked for less often, so that a figure takes
at most a twentieth of one connection of each web process; what could not be read in time is left out and named.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = 5.0  # that one statement may take
SPARING = 20  # an answer is kept so many times as long as it took
Row = tuple[object, ...]


@dataclass(frozen=True)
class Figure:
    """One gauge: the columns of `statement` are its labels, the last one is its value."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    statement: str


FIGURES = (
    Figure(
        "throughline_transactions", "Transactions by state, and by the lane of their destination", ("lane", "state"),
        "SELECT d.lane, t.state, sum(t.n) FROM (SELECT destination_id, state, count(*) AS n FROM routes_transaction"
        " GROUP BY 1, 2) t JOIN routes_destination d ON d.id = t.destination_id GROUP BY 1, 2",
    ),
    Figure(
        "throughline_open_failures", "Failures that are not closed, by category", ("category",),
        "SELECT category, count(*) FROM routes_failure WHERE closed_at IS NULL GROUP BY 1",
    ),
    Figure(
        "throughline_runs", "Runs that are open, and those begun in the last day, by the lane of their route",
        ("lane", "state"),
        "SELECT r.lane, x.state, count(*) FROM routes_route r JOIN LATERAL (SELECT state FROM routes_run"
        "  WHERE route_id = r.id AND created_at > (SELECT hub_now()) - interval '1 day'"
        "  UNION ALL SELECT state FROM routes_run WHERE route_id = r.id AND state IN ('waiting', 'running')"
        "  AND created_at <= (SELECT hub_now()) - interval '1 day') x ON true GROUP BY 1, 2",
    ),
    Figure(
        "throughline_queue_oldest_due_seconds", "Seconds since the oldest work of a lane has been due", ("lane",),
        "SELECT lane, greatest(0, extract(epoch FROM (SELECT hub_now()) - min(due_at))) FROM ("
        "  SELECT lane, due_at FROM routes_keyhead WHERE due_at <= (SELECT hub_now())"
        "  UNION ALL SELECT lane, due_at FROM routes_consignment"
        "   WHERE NOT set_apart AND due_at <= (SELECT hub_now())"
        "  UNION ALL SELECT 'intake', u.due_at FROM routes_run u JOIN routes_route r ON r.id = u.route_id"
        "   WHERE r.enabled AND u.due_at <= (SELECT hub_now())"
        "  UNION ALL SELECT 'intake', e.due_at FROM routes_inboundevent e JOIN routes_route r ON r.id = e.route_id"
        "   WHERE e.processed_at IS NULL AND r.enabled AND e.due_at <= (SELECT hub_now())"
        "  UNION ALL SELECT unnest(%(lanes)s::text[]), NULL"
        ") x GROUP BY 1",
    ),
    Figure(
        "throughline_unknown_effects", "Writes of which nobody knows whether they happened, by connection",
        ("connection",),
        "SELECT c.slug, count(e.id) FROM connectors_connection c"
        " LEFT JOIN routes_effect e ON e.connection_id = c.id AND e.state = 'unknown' GROUP BY 1",
    ),
    Figure(
        "throughline_open_work_items", "Work items that are not resolved, by category and state",
        ("category", "state"),
        "SELECT category, state, count(*) FROM exceptions_queue_workitem WHERE state <> 'resolved' GROUP BY 1, 2",
    ),
    Figure(
        "throughline_breaker_open", "1 where a connection is paused after failures, by connection", ("connection",),
        "SELECT slug, (breaker_state <> 'closed')::int FROM connectors_connection",
    ),
    Figure(
        "throughline_connection_paused", "1 where a person has paused a connection", ("connection",),
        "SELECT slug, paused::int FROM connectors_connection",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class _Kept:
    rows: list[Row] | None  # None: they could not be read
    until: float  # monotonic time


_kept: dict[str, _Kept] = {}


class Stored(Collector):
    """Reads every figure, or gives what is kept of it."""

    def collect(self) -> Iterator[Metric]:
        """Yield the figures, then which of them could not be read."""
        missing = GaugeMetricFamily(
            "throughline_figure_missing", "1 where a figure could not be read from the database", labels=["figure"]
        )
        for figure in FIGURES:
            rows = _rows(figure)
            missing.add_metric([figure.name], float(rows is None))
            if rows is not None:
                yield _family(figure, rows)
        yield missing


def _family(figure: Figure, rows: list[Row]) -> Metric:
    family = GaugeMetricFamily(figure.name, figure.meaning, labels=figure.labels)
    for *labels, value in rows:
        family.add_metric([str(label) for label in labels], float(str(value or 0)))
    return family


def _rows(figure: Figure) -> list[Row] | None:
    kept = _kept.get(figure.name)
    began = time.monotonic()
    if kept is None or began >= kept.until:
        rows = _read(figure.statement)
        now = time.monotonic()
        kept = _kept[figure.name] = _Kept(rows, now + SPARING * (now - began))
    return kept.rows


def _read(statement: str) -> list[Row] | None:
    from django.conf import settings

    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS * 1000:.0f}"])
            cursor.execute(statement, {"lanes": settings.LANES})
            return list(cursor.fetchall())
    except DatabaseError:  # too slow, or away: the figure is missing, and that is a figure
        return None
