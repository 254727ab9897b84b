"""The line that says it all above a list: what is at stake, until when, and which few causes explain most of it.

Money is told in the reporting currency, a record's once, however many causes of the list hold it. What nobody knows the
worth of is named and adds nothing.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from exceptions_queue import naming, tallies, words
from exceptions_queue.due_words import Due, due_of
from exceptions_queue.models import WorkItem
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.permitted import masks_by_entity
from exceptions_queue.query import kept
from exceptions_queue.query.compiled import Asker, narrowed
from exceptions_queue.query.line import with_values, write
from exceptions_queue.query.words import Understood, understood
from exceptions_queue.worth import Sum as Owed
from exceptions_queue.worth import rates_for
from exceptions_queue.yardstick import measures
from governance.calendars import working_times
from governance.models import User
from governance.scoping import grants_read_once

MOST_CAUSES = 3  # that are said to explain the sum
ENOUGH = Decimal("0.9")  # of it; fewer causes than the most are named once they explain so much
CANDIDATES = 20  # causes of most money that are looked at
MOST_SHARED = 20_000  # records that several causes hold are told apart up to so many; above, the sum is "at least"

COLUMNS = (
    "number", "fingerprint", "legal_entity_id", "members", "without_amount", "worth", "worth_once", "worth_currency",
    "due_at", "due_key",
)  # fmt: skip
FIRST = ("due_key", "due_at", "due_of", "legal_entity_id")  # what is told of the first deadline
# What is read of each line is narrowed at once, so that a hundred thousand of them stay in memory, and looked through
# three times: for the first deadline, for the most money, and for all sums.
SAID = """
WITH mine AS MATERIALIZED (
    SELECT number, members, money, without_amount > 0 AND money IS NOT NULL AS is_partly, money < worth AS is_shared,
        due_at, due_key, legal_entity_id
    FROM (SELECT *, CASE WHEN worth_currency = %s THEN coalesce(worth_once, worth) END AS money FROM ({rows}) list) l
), first AS MATERIALIZED (
    SELECT due_key, due_at, number FROM mine WHERE due_at IS NOT NULL AND members > 0
    ORDER BY due_at, due_key COLLATE "C", legal_entity_id, number LIMIT 1
), most AS MATERIALIZED (
    SELECT number, money FROM mine WHERE money > 0 ORDER BY money DESC, number LIMIT %s
)
SELECT count(*), coalesce(sum(members), 0), coalesce(sum(money), 0), count(*) FILTER (WHERE money IS NULL),
    count(*) FILTER (WHERE is_partly), coalesce(sum(members) FILTER (WHERE is_shared), 0),
    (SELECT to_jsonb(f) FROM (SELECT first.due_key, first.due_at, w.due_of, w.legal_entity_id
        FROM first JOIN exceptions_queue_workitem w ON w.number = first.number) f),
    count(*) FILTER (WHERE due_key = (SELECT due_key FROM first)),
    coalesce(sum(money) FILTER (WHERE due_key = (SELECT due_key FROM first)), 0),
    ARRAY(SELECT number FROM most ORDER BY money DESC, number),
    ARRAY(SELECT money FROM most ORDER BY money DESC, number)
FROM mine
"""
# Records of this list of which the cause that counts them is not in it: the first of the list counts them instead.
ELSEWHERE = """
WITH list AS MATERIALIZED ({rows})
SELECT DISTINCT ON (f.record_id) mine.number, mine.legal_entity_id, mine.due_key,
    coalesce(f.occurred_on, f.opened_at::date), f.currency, f.amount
FROM list mine JOIN routes_failure f ON f.fingerprint = mine.fingerprint AND f.closed_at IS NULL AND f.taken
WHERE mine.worth_once < mine.worth AND f.record_id IS NOT NULL AND f.amount IS NOT NULL AND EXISTS (
    SELECT FROM routes_failure o WHERE o.record_id = f.record_id AND o.closed_at IS NULL AND o.taken
        AND o.fingerprint < f.fingerprint AND o.amount IS NOT NULL)
  AND NOT EXISTS (
    SELECT FROM routes_failure o WHERE o.record_id = f.record_id AND o.closed_at IS NULL AND o.taken
        AND o.fingerprint < f.fingerprint AND o.amount IS NOT NULL AND o.fingerprint IN (SELECT fingerprint FROM list))
ORDER BY f.record_id, f.fingerprint, f.amount DESC
"""


class Cause(NamedTuple):
    """One of the few causes that hold most of the money."""

    number: int
    title: str
    amount: Decimal
    percent: int
    line: str  # of the list of this one alone


@dataclass(frozen=True, slots=True)
class First:
    """The earliest deadline of anything in the list."""

    of: str
    due: Due
    causes: int
    amount: Decimal  # of the causes that hold something of it
    line: str


@dataclass(frozen=True, slots=True)
class Stake:
    """What is at stake in a list."""

    causes: int
    members: int
    amount: Decimal
    currency: str
    at_least: bool  # more records than can be told apart are in several causes
    unknown: int  # causes of which nobody knows the worth
    unknown_line: str
    partly: int  # causes of which it is known in part
    partly_line: str
    first: First | None
    explained: tuple[Cause, ...]  # the fewest that explain most of it
    percent: int  # of the money that they hold together
    explained_line: str


def stake_of(text: str, user: User) -> Stake | None:
    """Return what is at stake in the list of a line that is known to be right."""
    return stake(understood(text, timezone.now()), user)


def stake(found: Understood, user: User) -> Stake | None:
    """Return what is at stake in what is open of a list, to somebody; None where nothing is open.

    At most twelve queries, however much there is; of very many it is kept for seconds, as the numbers beside the list.
    """

    def work_out() -> tuple[Stake | None, int]:
        worked_out = _stake(found, user)
        return worked_out, worked_out.causes if worked_out else 0

    return kept.numbers(("stake", write(found.line.terms)), user, timezone.now(), work_out)


@grants_read_once()
def _stake(found: Understood, user: User) -> Stake | None:
    rows = narrowed(found, user).open().order_by()
    currency = measures().reporting.currency
    told = _tallied(found, user, rows, currency) if tallies.serves(found) else _told(rows, currency)
    if not told.causes:
        return None
    money = dict(zip(told.numbers, told.amounts, strict=True))
    whole, first_amount, at_least = told.amount, told.first_amount, told.shared > MOST_SHARED
    if told.shared and not at_least:
        for number, key, more in _elsewhere(rows, currency):
            whole += more
            money[number] = money.get(number, Decimal(0)) + more
            if told.first and told.first["due_key"] == key:
                first_amount += more
    explained, percent = _explained(found, user, money, whole, told.items)
    return Stake(
        told.causes, told.members, whole, currency, at_least,
        told.unknown, with_values(found.line, "amount", ["unknown"]),
        told.partly, with_values(found.line, "has", ["unknown-amount"]),
        _first(found, told, first_amount, user), explained, percent,
        with_values(found.line, "number", [str(each.number) for each in explained]),
    )  # fmt: skip


class _Told(NamedTuple):
    causes: int
    members: int
    amount: Decimal
    unknown: int
    partly: int
    shared: int  # members of causes of which another one counts a part
    first: Any  # its columns, by name
    first_causes: int
    first_amount: Decimal
    numbers: list[int]
    amounts: list[Decimal]
    items: dict[int, WorkItem] = {}  # of those numbers, where they were read; never changed


def _tallied(found: Understood, user: User, rows: WorkItemQuerySet, currency: str) -> _Told:
    """Return what is told of the items of a line that the tally serves. Two queries, neither over all items."""
    is_known = ExpressionWrapper(Q(worth_currency=currency), output_field=BooleanField())
    alike = tallies.rows(found, Asker(user)).order_by().values(*FIRST, is_known=is_known)
    sums = [each for each in alike.annotate(**{f"n_{each}": Sum(each) for each in tallies.SUMS}) if each["n_items"]]
    priced = [each for each in sums if each["is_known"]]
    due = [each for each in sums if each["due_at"] and each["n_members"]]
    first = min(due, key=lambda each: (each["due_at"], each["due_key"], each["legal_entity_id"]), default=None)
    then = [each for each in sums if first and each["due_key"] == first["due_key"]]
    money = Coalesce("worth_once", "worth")
    most = rows.filter(worth_currency=currency).annotate(money=money).filter(money__gt=0).order_by("-money", "number")
    top = list(most.select_related("connection")[:CANDIDATES]) if any(each["n_money"] for each in priced) else []
    return _Told(
        sum(each["n_items"] for each in sums), sum(each["n_members"] for each in sums),
        sum((each["n_money"] for each in priced), Decimal(0)),
        sum(each["n_unpriced" if each["is_known"] else "n_items"] for each in sums),
        sum(each["n_partly"] for each in priced), sum(each["n_shared"] for each in priced),
        first, sum(each["n_items"] for each in then),
        sum((each["n_money"] for each in then if each["is_known"]), Decimal(0)),
        [item.number for item in top], [_counted(item) for item in top], {item.number: item for item in top},
    )  # fmt: skip


def _counted(item: WorkItem) -> Decimal:
    """Return what an item adds to a sum."""
    return (item.worth if item.worth_once is None else item.worth_once) or Decimal(0)


def _told(rows: WorkItemQuerySet, currency: str) -> _Told:
    try:
        sql, given = rows.values_list(*COLUMNS).query.sql_with_params()
    except EmptyResultSet:  # the line leaves nothing, whatever there is
        return _Told(0, 0, Decimal(0), 0, 0, 0, None, 0, Decimal(0), [], [])
    with connection.cursor() as cursor:
        cursor.execute(SAID.format(rows=sql), [currency, *given, CANDIDATES])
        row = cursor.fetchone()
    told = _Told(*row)
    first = told.first and msgspec.json.decode(told.first)
    return told._replace(first=first and first | {"due_at": dt.datetime.fromisoformat(first["due_at"])})


def _elsewhere(rows: WorkItemQuerySet, currency: str) -> list[tuple[int, str, Decimal]]:
    """Return by cause what it holds of records that only a cause outside the list counts. Three queries."""
    sql, given = rows.values_list(*COLUMNS).query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(ELSEWHERE.format(rows=sql), given)
        found = cursor.fetchall()
    rates = rates_for(measures().reporting, {each[4] for each in found})
    sums: dict[tuple[int, str], list[Owed]] = defaultdict(list)
    for number, entity, key, day, in_currency, amount in found:
        sums[number, key].append(Owed(entity, day, in_currency, amount))
    return [(number, key, rates.worth(each).amount or Decimal(0)) for (number, key), each in sums.items()]


def _first(found: Understood, told: _Told, amount: Decimal, user: User) -> First | None:
    if told.first is None:
        return None
    working = working_times({told.first["legal_entity_id"]})[told.first["legal_entity_id"]]
    of = naming.due_of(told.first["due_key"], told.first["due_of"], user)
    return First(
        of, due_of(told.first["due_at"], of, timezone.now(), working), told.first_causes, amount,
        with_values(found.line, "blocks", [told.first["due_key"]]),
    )  # fmt: skip


def _explained(
    found: Understood, user: User, money: dict[int, Decimal], whole: Decimal, known: Mapping[int, WorkItem]
) -> tuple[tuple[Cause, ...], int]:
    """Return the fewest causes that explain most of a sum, and how much of it in per cent. At most two queries."""
    chosen: dict[int, Decimal] = {}
    for number, amount in sorted(money.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_CAUSES]:
        chosen[number] = amount
        if sum(chosen.values()) >= ENOUGH * whole:
            break
    if whole <= 0:
        return (), 0
    items = {number: known[number] for number in chosen if number in known}
    others = WorkItem.objects.select_related("connection")
    items |= others.in_bulk(chosen.keys() - items.keys())  # asks nothing where there are none
    masks = masks_by_entity(user, {item.legal_entity_id for item in items.values()})
    causes = tuple(
        Cause(
            number, words.title_for(items[number], masks[items[number].legal_entity_id], user), amount,
            int(100 * amount / whole), with_values(found.line, "number", [str(number)]),
        )
        for number, amount in chosen.items()
    )  # fmt: skip
    return causes, int(100 * sum(chosen.values()) / whole)
