"""The books of a run: what was read, and what became of it at each destination. Reads only.

For each destination: new + changed = transactions in all states + not chosen (with the condition's words) + stopped at
the record. What does not add up is shown as a difference; success never means "dropped quietly".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from routes import consignments
from routes.consignments import InTransit
from routes.models import Destination, Run


@dataclass(frozen=True, slots=True)
class DestinationBook:
    """What became of a run's records at one destination, in numbers of records."""

    id: int
    name: str
    due: int  # records that had to be accounted for: the run's new and changed ones
    states: dict[str, int] = field(default_factory=dict)  # state → transactions
    not_chosen: dict[str, int] = field(default_factory=dict)  # the condition's words → records
    stopped: int = 0  # before a destination was chosen
    moved: int = 0  # further transactions that take back what a record's former business key left there
    travelling: tuple[InTransit, ...] = ()  # counted among the states, not yet among the transactions

    @property
    def difference(self) -> int:
        """How many records nobody can account for; 0 when the books are right."""
        return self.due - sum(self.states.values()) - sum(self.not_chosen.values()) - self.stopped


@dataclass(frozen=True, slots=True)
class Books:
    """A run's control totals and those of its destinations."""

    read: int
    new: int
    changed: int
    unchanged: int
    unreadable: int
    destinations: tuple[DestinationBook, ...]

    @property
    def difference(self) -> int:
        """How many of the records read are not accounted for."""
        return self.read - self.new - self.changed - self.unchanged - self.unreadable

    @property
    def balanced(self) -> bool:
        """Whether everything that was read is accounted for, everywhere."""
        return not self.difference and not any(each.difference for each in self.destinations)


def books(run: Run) -> Books:
    """Return the books of a run, finished or not, with six queries whatever its size."""
    run = Run.objects.get(pk=run.pk)
    stopped = _stopped(run.pk)
    states: dict[int, dict[str, int]] = {}
    moved: dict[int, int] = {}
    for destination, state, number, first in _transactions(run.pk):
        if first:
            states.setdefault(destination, {})[state] = number
        else:
            moved[destination] = moved.get(destination, 0) + number
    travelling: dict[int, list[InTransit]] = {}
    for each in consignments.in_transit(run.pk):
        travelling.setdefault(each.destination, []).append(each)
        standing = states.setdefault(each.destination, {})
        standing[each.state] = standing.get(each.state, 0) + each.count
    left_out: dict[int, dict[str, int]] = {}
    for destination, words, number in _not_chosen(run.pk):
        left_out.setdefault(destination, {})[words] = number
    due = run.new + run.changed
    return Books(
        run.read, run.new, run.changed, run.unchanged, run.unreadable,
        tuple(
            DestinationBook(
                id_, name, due, states.get(id_, {}), left_out.get(id_, {}), stopped, moved.get(id_, 0),
                tuple(travelling.get(id_, ())),
            )
            for id_, name in _destinations(run, {*states, *left_out})
        ),
    )  # fmt: skip


def _destinations(run: Run, seen: Iterable[int]) -> list[tuple[int, str]]:
    """Return the destinations that the run's records met; those of today where it met none."""
    rows = Destination.objects.filter(route_id=run.route_id).order_by("pk").values_list("pk", "name", "enabled")
    met = set(seen)
    return [(id_, name) for id_, name, enabled in rows if id_ in met or (enabled and not met)]


def _stopped(run: UUID) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM routes_record WHERE run_id = %s AND outcome <> 'unreadable' AND state <> 'routed'",
            [run],
        )
        return int(cursor.fetchone()[0])


def _transactions(run: UUID) -> list[tuple[int, str, int, bool]]:
    """Return (destination, state, number, whether each is its record's first there).

    A record whose business key changed has two transactions: the one under the new key counts for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT destination_id, state, count(*), place = 1 FROM (
                SELECT t.destination_id, t.state,
                       row_number() OVER (PARTITION BY t.record_id, t.destination_id ORDER BY t.withdraws, t.id)
                           AS place
                FROM routes_record r JOIN routes_transaction t ON t.record_id = r.id WHERE r.run_id = %s) counted
            GROUP BY 1, 2, 4
            """,
            [run],
        )
        return list(cursor.fetchall())


def _not_chosen(run: UUID) -> list[tuple[int, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.key::bigint, n.value, count(*) FROM routes_record r, jsonb_each_text(r.not_chosen) n"
            " WHERE r.run_id = %s AND r.state = 'routed' GROUP BY 1, 2",
            [run],
        )
        return list(cursor.fetchall())


UNEXPLAINED = """
WITH steps AS (
    SELECT subject_id, to_state AS state, 1 AS change FROM routes_history
    UNION ALL SELECT subject_id, from_state, -1 FROM routes_history WHERE from_state <> ''
), standing AS (
    SELECT subject_id, state, sum(change) AS times FROM steps GROUP BY 1, 2 HAVING sum(change) <> 0
)
SELECT t.id FROM routes_transaction t
WHERE NOT EXISTS (SELECT FROM standing s WHERE s.subject_id = t.id AND s.state = t.state AND s.times = 1)
   OR EXISTS (SELECT FROM standing s WHERE s.subject_id = t.id AND s.state <> t.state)
ORDER BY t.id LIMIT %s
"""


def unexplained(limit: int = 100) -> list[UUID]:
    """Return transactions whose history does not lead, unbroken, to the state they are in. Reads everything: slow.

    Every state that was left must have been reached, and the one that was not left must be the transaction's own.
    Actor, time and reason of each step are held by the table itself.
    """
    with connection.cursor() as cursor:
        cursor.execute(UNEXPLAINED, [limit])
        return [row[0] for row in cursor.fetchall()]
