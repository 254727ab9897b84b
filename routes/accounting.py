"""The books of a run: what was read, and what became of it at each destination. Reads only.

For each destination: new + changed = transactions in all states + not chosen (with the condition's words) + stopped at
the record. What does not add up is shown as a difference; success never means "dropped quietly". A destination that was
added later has not been asked about what came before it: that counts as not chosen, and says so.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from uuid import UUID

from django.db import connection

from governance.actor import ENGINE, By
from governance.scoping import ALL, entity_ids
from mappings.spoken import spoken
from routes import consignments, shares
from routes.choosing import WITHDRAWN
from routes.consignments import InTransit
from routes.models import Destination, Run

# A transaction belongs to the company of its record, so the parts of a run's books add up by themselves.
OF_COMPANIES = "(%s::bigint[] IS NULL OR r.legal_entity_id = ANY(%s::bigint[]))"


EARLIER = "it came before this destination was there"  # why a record went nowhere, though no condition left it out
# Known to the hub is a destination since the first configuration that has it. A record that came before, or was worked
# out with one that lacks it, and names the destination nowhere, was never asked about it.
CAME_BEFORE = f"""
WITH known AS (
    SELECT (d.value ->> 'id')::bigint AS destination, min(s.created_at) AS since
    FROM routes_snapshot s, jsonb_array_elements(s.content -> 'destinations') d
    WHERE s.route_id = %s AND (d.value ->> 'id')::bigint = ANY(%s) GROUP BY 1
)
SELECT k.destination, r.currency, count(*), sum(r.amount), sum(r.hours)
FROM known k JOIN routes_record r ON r.run_id = %s
WHERE r.outcome <> 'unreadable' AND r.state = 'routed' AND {OF_COMPANIES}
  AND NOT coalesce(jsonb_exists(r.not_chosen, k.destination::text), false)
  AND NOT EXISTS (SELECT FROM routes_transaction t WHERE t.record_id = r.id AND t.destination_id = k.destination)
  AND (r.received_at < k.since OR EXISTS (
      SELECT FROM routes_transaction t JOIN routes_snapshot s ON s.id = t.snapshot_id
      WHERE t.record_id = r.id
        AND NOT s.content -> 'destinations' @> jsonb_build_array(jsonb_build_object('id', k.destination))))
GROUP BY 1, 2
"""  # noqa: S608 - the condition is ours
Earlier = tuple[str, int, Decimal | None, Decimal | None]  # currency, records, amount, hours


def of_companies(seen: Collection[int] | None) -> tuple[list[int] | None, list[int] | None]:
    """Return the values of the condition above; ALL keeps the records of every company."""
    ids = None if seen is ALL else sorted(seen)
    return ids, ids


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
    conditions: dict[str, str] = field(default_factory=dict)  # the condition's words → what people read
    earlier: tuple[Earlier, ...] = ()  # the worth of what came before it was there, by currency

    @property
    def difference(self) -> int:
        """How many records nobody can account for; 0 when the books are right."""
        return self.due - sum(self.states.values()) - sum(self.not_chosen.values()) - self.stopped


@dataclass(frozen=True, slots=True)
class Books:
    """A run's control totals and those of its destinations; of one that holds more than somebody sees, their part."""

    read: int  # of a part: without what was unchanged
    new: int
    changed: int
    unchanged: int  # of a part: 0, for nothing is kept of what was unchanged, its company neither
    unreadable: int
    destinations: tuple[DestinationBook, ...]
    seen: frozenset[int] | None = ALL  # the companies that the part is of; ALL: this is the whole run

    @property
    def difference(self) -> int:
        """How many of the records read are not accounted for."""
        return self.read - self.new - self.changed - self.unchanged - self.unreadable

    @property
    def holds_more(self) -> bool:
        """Whether the run has read more, for companies that are not seen."""
        return self.seen is not ALL

    @property
    def balanced(self) -> bool:
        """Whether everything that was read is accounted for, everywhere."""
        return not self.difference and not any(each.difference for each in self.destinations)


def books(run: Run, *, by: By = ENGINE) -> Books:
    """Return the books of a run, finished or not, as far as somebody sees what it has read.

    Six queries whatever its size; for somebody who does not see every company at most ten. One more where a destination
    does not add up, to see what came before it was there.
    """
    run = Run.objects.get(pk=run.pk)
    seen = entity_ids(by) if shares.hold_more([run], by) else ALL
    totals = _totals(run, seen)
    stopped = _stopped(run.pk, seen)
    states: dict[int, dict[str, int]] = {}
    moved: dict[int, int] = {}
    for destination, state, number, first in _transactions(run.pk, seen):
        if first:
            states.setdefault(destination, {})[state] = number
        else:
            moved[destination] = moved.get(destination, 0) + number
    travelling: dict[int, list[InTransit]] = {}
    for each in consignments.in_transit(run.pk, of=seen):
        travelling.setdefault(each.destination, []).append(each)
        standing = states.setdefault(each.destination, {})
        standing[each.state] = standing.get(each.state, 0) + each.count
    left_out: dict[int, dict[str, int]] = {}
    for destination, words, number in _not_chosen(run.pk, seen):
        left_out.setdefault(destination, {})[words] = number
    _, new, changed, *_ = totals
    due = new + changed
    kept = [
        DestinationBook(
            id_, name, due, states.get(id_, {}), left_out.get(id_, {}), stopped, moved.get(id_, 0),
            tuple(travelling.get(id_, ())), {words: called(words, *condition) for words in left_out.get(id_, {})},
        )
        for id_, name, *condition in _destinations(run, {*states, *left_out})
    ]  # fmt: skip
    return Books(*totals, tuple(_with_earlier(run, kept, seen)), seen)


def _with_earlier(run: Run, kept: list[DestinationBook], seen: Collection[int] | None) -> list[DestinationBook]:
    """Return the books with what came before their destination was there, where they do not add up without it."""
    odd = [book.id for book in kept if book.difference > 0]
    if not odd:
        return kept
    found: dict[int, list[Earlier]] = {}
    with connection.cursor() as cursor:
        cursor.execute(CAME_BEFORE, [run.route_id, odd, run.pk, *of_companies(seen)])
        for destination, *earlier in cursor.fetchall():
            found.setdefault(destination, []).append(tuple(earlier))
    return [_added_later(book, found[book.id]) if book.id in found else book for book in kept]


def _added_later(book: DestinationBook, earlier: list[Earlier]) -> DestinationBook:
    not_chosen = book.not_chosen | {EARLIER: sum(each[1] for each in earlier)}
    return replace(book, not_chosen=not_chosen, conditions=book.conditions | {EARLIER: EARLIER}, earlier=tuple(earlier))


def _totals(run: Run, seen: Collection[int] | None) -> tuple[int, int, int, int, int]:
    """Return how many records were read, new, changed, unchanged and unreadable."""
    if seen is ALL:
        return run.read, run.new, run.changed, run.unchanged, run.unreadable
    part = shares.share(run.pk, seen)
    return part.new + part.changed + part.unreadable, part.new, part.changed, 0, part.unreadable


def called(words: str, condition: str, name: str) -> str:
    """Return in words what left a record out, by what its destination says today: "by the condition “billable time”".

    `words` are those that were kept then: the formula, or why there was none to ask. A condition without a name is
    told by what it asks, and so is one that has been changed since.
    """
    if words == WITHDRAWN:
        return words
    said = spoken(words)
    if words != condition:
        return f"by a condition of before, “{said}”" if said else "by a condition of before"
    return f"by the condition “{name or said}”" if name or said else "by the condition"


def _destinations(run: Run, seen: Iterable[int]) -> list[tuple[int, str, str, str]]:
    """Return the destinations that the run's records met, with their conditions; those of today where it met none."""
    rows = Destination.objects.filter(route_id=run.route_id).order_by("pk")
    met = set(seen)
    told = rows.values_list("pk", "name", "condition", "condition_name", "enabled")
    return [row[:4] for row in told if row[0] in met or (row[4] and not met)]


def _stopped(run: UUID, seen: Collection[int] | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM routes_record r"  # noqa: S608 - the condition is ours
            f" WHERE run_id = %s AND outcome <> 'unreadable' AND state <> 'routed' AND {OF_COMPANIES}",
            [run, *of_companies(seen)],
        )
        return int(cursor.fetchone()[0])


def _transactions(run: UUID, seen: Collection[int] | None) -> list[tuple[int, str, int, bool]]:
    """Return (destination, state, number, whether each is its record's first there).

    A record whose business key changed has two transactions: the one under the new key counts for it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT destination_id, state, count(*), place = 1 FROM (
                SELECT t.destination_id, t.state,
                       row_number() OVER (PARTITION BY t.record_id, t.destination_id ORDER BY t.withdraws, t.id)
                           AS place
                FROM routes_record r JOIN routes_transaction t ON t.record_id = r.id
                WHERE r.run_id = %s AND {OF_COMPANIES}) counted
            GROUP BY 1, 2, 4
            """,  # noqa: S608 - the condition is ours
            [run, *of_companies(seen)],
        )
        return list(cursor.fetchall())


def _not_chosen(run: UUID, seen: Collection[int] | None) -> list[tuple[int, str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.key::bigint, n.value, count(*)"  # noqa: S608 - the condition is ours
            " FROM routes_record r, jsonb_each_text(r.not_chosen) n"
            f" WHERE r.run_id = %s AND r.state = 'routed' AND {OF_COMPANIES} GROUP BY 1, 2",
            [run, *of_companies(seen)],
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
