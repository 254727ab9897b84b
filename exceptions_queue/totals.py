"""The control totals of a run, which must add up: what was read against what became of it, for each destination."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from routes.models import Destination, Run
from routes.states import State


@dataclass(slots=True)
class Line:
    """How many transactions of a destination stand in one state, and their money by currency."""

    state: State
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


@dataclass(slots=True)
class DestinationTotals:
    """Where the new and changed records of a run stand at one destination."""

    destination: Destination
    lines: list[Line]
    not_chosen: list[tuple[str, int]]  # condition → records that it left out
    before: int  # records that stopped or were replaced before their destinations were chosen
    expected: int  # new + changed

    @property
    def accounted(self) -> int:
        """Return how many records are explained."""
        return sum(line.count for line in self.lines) + sum(count for _, count in self.not_chosen) + self.before

    @property
    def adds_up(self) -> bool:
        """Return whether every new and changed record is explained."""
        return self.accounted == self.expected


STATES = """
SELECT t.destination_id, t.state, t.currency, count(*), sum(t.amount)
FROM routes_transaction t JOIN routes_record r ON r.id = t.record_id
WHERE t.run_id = %s AND (NOT t.withdraws OR r.outcome = 'withdrawn')
GROUP BY t.destination_id, t.state, t.currency
"""
NOT_CHOSEN = """
SELECT left_out.key::bigint, left_out.value, count(*)
FROM routes_record r CROSS JOIN LATERAL jsonb_each_text(r.not_chosen) AS left_out
WHERE r.run_id = %s AND jsonb_typeof(r.not_chosen) = 'object' GROUP BY 1, 2 ORDER BY 3 DESC
"""
BEFORE = """
SELECT count(*) FROM routes_record r
WHERE r.run_id = %s AND r.outcome <> 'unreadable' AND r.not_chosen IS NULL
  AND NOT EXISTS (SELECT FROM routes_transaction t WHERE t.record_id = r.id)
"""


def of_run(run: Run) -> list[DestinationTotals]:
    """Return a run's totals by destination. Four queries; their time grows with the run, not with the tables."""
    with connection.cursor() as cursor:
        cursor.execute(STATES, [run.pk])
        states = cursor.fetchall()
        cursor.execute(NOT_CHOSEN, [run.pk])
        left_out = cursor.fetchall()
        cursor.execute(BEFORE, [run.pk])
        before = cursor.fetchone()[0]
    destinations = Destination.objects.filter(route_id=run.route_id).select_related("connection").order_by("pk")
    return [
        DestinationTotals(
            destination,
            _lines([row for row in states if row[0] == destination.pk]),
            [(condition, count) for id_, condition, count in left_out if id_ == destination.pk],
            before,
            run.new + run.changed,
        )
        for destination in destinations
    ]


def _lines(rows: list[tuple[int, str, str, int, Decimal | None]]) -> list[Line]:
    found: dict[str, Line] = {}
    for _, state, currency, count, amount in rows:
        line = found.setdefault(state, Line(State(state)))
        line.count += count
        if amount is not None:
            line.sums[currency] = line.sums.get(currency, Decimal(0)) + amount
    return sorted(found.values(), key=lambda line: list(State).index(line.state))
