"""Numbers of open items by what lists count them by, without looking at each: sums of what the database kept.

Whatever changes items, the database writes what that makes of their numbers beside it, in the same transaction, so that
the sums are right at each moment and nobody waits for anybody. A line whose words all ask for columns of the tally is
counted from it; any other is counted from the items.
"""

import logging
from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from exceptions_queue.models import State, WorkItemTally
from exceptions_queue.query.compiled import Asker, condition
from exceptions_queue.query.values import Compared
from exceptions_queue.query.words import Understood
from governance.scoping import EntityScopedQuerySet

log = logging.getLogger(__name__)
# By words, what a tally tells apart of their columns (migration 0031): what lies between the same two, it does not.
BOUNDS: dict[str, tuple[Any, ...]] = {
    "amount": (Decimal(1_000), Decimal(10_000), Decimal(100_000)), "again": (0, 1),
}  # fmt: skip
ASKED = frozenset({"class", "team", "assignee", "entity", "type", "route", "source", "due"})  # words, whatever is asked
STATES = frozenset({"open", "regressed", "billing", "payroll", *State.values})
MANY = 500  # changes from which on they are summed up
LOCK = 7_015_003  # of who sums up

COLUMNS = (
    "legal_entity_id", "state", "category", "owner", "assignee", "entity", "route_id", "due_at", "due_key", "due_of",
    "due_bills", "worth", "worth_currency", "reopened",
)  # fmt: skip
SUMS = ("items", "members", "whole", "money", "unpriced", "partly", "shared")
ALIKE = f"hashtextextended(ROW({', '.join(COLUMNS)})::text, 0)"  # of two that are not alike, summed apart all the same
SUM_UP = f"""
WITH known AS (
    DELETE FROM exceptions_queue_workitemtally
    WHERE {ALIKE} IN (SELECT {ALIKE} FROM exceptions_queue_workitemtally WHERE NOT is_sum)
    RETURNING *
)
INSERT INTO exceptions_queue_workitemtally ({", ".join((*COLUMNS, *SUMS))}, is_sum)
SELECT {", ".join(COLUMNS)}, {", ".join(f"sum({each})" for each in SUMS)}, true
FROM known GROUP BY {", ".join(COLUMNS)}
HAVING ({", ".join(f"sum({each})" for each in SUMS)}) <> ({", ".join("0" for _ in SUMS)})
"""  # noqa: S608 - the constants above


# Both sides are of one moment, so that they differ only where something has passed the triggers by.
IS_RIGHT = """
SELECT (SELECT (count(*), coalesce(sum(members), 0), coalesce(sum(worth), 0))
        FROM exceptions_queue_workitem WHERE state <> 'resolved')
    = (SELECT (coalesce(sum(items), 0)::bigint, coalesce(sum(members), 0)::bigint, coalesce(sum(whole), 0))
        FROM exceptions_queue_workitemtally)
"""


def serves(found: Understood) -> bool:
    """Return whether a line's open items can be counted from the tally: whether it asks only for columns of that."""
    return all(knows(term.word, meant) for term, meant in found.meant)


def knows(word: str, meant: Sequence[Any]) -> bool:
    """Return whether what is meant with a word can be told of rows of the tally."""
    if word == "is":
        return set(meant) <= STATES
    if word in BOUNDS:
        return all(_is_between_bounds(each, BOUNDS[word]) for each in meant)
    return word in ASKED


def rows(
    found: Understood, asker: Asker, *, without: frozenset[str] = frozenset()
) -> EntityScopedQuerySet[WorkItemTally]:
    """Return the rows of the tally that stand for a line's open items that somebody sees. Of one that it serves."""
    return WorkItemTally.objects.visible_to(asker.user).filter(condition(found, asker, without=without))


def sum_up() -> int:
    """Put one row in place of those that are alike once there are many changes; return how many there were.

    Where the sums are not those of the items, these are counted anew. Part of the sweep. Whoever counts meanwhile sees
    all of the rows before or all of those after.
    """
    changes = WorkItemTally.objects.filter(is_sum=False)
    return summed_up(changes, most=MANY, lock=LOCK, sums=SUM_UP, is_right=IS_RIGHT, anew="exceptions_queue_tally_anew")


def summed_up(changes: QuerySet[Any], *, most: int, lock: int, sums: str, is_right: str, anew: str) -> int:
    """Sum the changes of a tally up once there are so many; return how many there were, none where another does it.

    `sums` puts one row in place of those that are alike, `is_right` tells whether the sums are those of the items, and
    `anew` names the function of the database that counts them anew.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
        if not cursor.fetchone()[0]:
            return 0
        number = changes.count()
        if number < most:
            return 0
        cursor.execute(sums)
        cursor.execute(is_right)
        if not cursor.fetchone()[0]:
            log.error("the numbers of open exceptions were not those of the items; they are counted anew (%s)", anew)
            cursor.execute(f"SELECT {anew}()")
        return number


def _is_between_bounds(value: Compared | None, bounds: Collection[Any]) -> bool:
    return value is None or all(each is None or each in bounds for each in (value.least, value.most))
