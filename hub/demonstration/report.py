"""What happened, in numbers and words: posted hours and money per company, and who waits for what and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from exceptions_queue import words
from hub.demonstration.movement import TIME

Money = dict[str, Decimal]  # amount by currency


@dataclass(frozen=True)
class Posted:
    """What stands in the ERP for one company."""

    legal_entity: str
    entries: int
    hours: Decimal
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class Cause:
    """One thing that stops entries: what, whose it is, and what hangs on it."""

    category: str
    title: str  # of the category, in words for finance
    words: str  # what is missing or wrong, as its work item says it
    remedy: str
    owner: str
    entries: int
    hours: Decimal
    money: Money  # empty where no amount is known yet


@dataclass(frozen=True)
class Report:
    """The state of the firm's time route."""

    read: int
    left_out: int  # not approved yet, internal, or taken back after its approval was withdrawn
    posted: list[Posted]
    causes: list[Cause]

    @property
    def waiting(self) -> int:
        """Return how many entries wait or need somebody."""
        return sum(cause.entries for cause in self.causes)


POSTED = """
SELECT e.code, count(*), coalesce(sum(t.hours), 0), coalesce(sum(t.amount), 0), e.currency
FROM routes_keyhead h
JOIN routes_transaction t ON t.id = h.live_transaction_id
JOIN routes_destination d ON d.id = t.destination_id JOIN routes_route r ON r.id = d.route_id
JOIN governance_legalentity e ON e.id = t.legal_entity_id
WHERE r.slug = %s GROUP BY e.code, e.currency ORDER BY e.code
"""
READ = """
SELECT count(*), count(*) FILTER (WHERE x.state = 'routed' AND (x.not_chosen IS NOT NULL OR EXISTS (
    SELECT FROM routes_transaction t WHERE t.record_id = x.id AND t.withdraws)))
FROM routes_sourcehead h JOIN routes_route r ON r.id = h.route_id JOIN routes_record x ON x.id = h.record_id
WHERE r.slug = %s
"""
# One line for one cause: what many companies lack in common (a table's row, a parent) is one thing to do.
CAUSES = """
SELECT f.category, f."table", f.table_key::text, f.currency, min(f.fingerprint),
       count(DISTINCT coalesce(f.transaction_id, f.record_id, f.run_id)), coalesce(sum(f.hours), 0), sum(f.amount)
FROM routes_failure f JOIN routes_route r ON r.id = f.route_id
WHERE f.closed_at IS NULL
GROUP BY f.category, f."table", f.table_key::text, CASE WHEN f."table" = '' THEN f.fingerprint END, f.currency, r.id
ORDER BY min(f.opened_at), 5
"""


def report() -> Report:
    """Return what the time route has posted and what stops the rest; a constant number of queries."""
    read, left_out = _rows(READ, [TIME])[0]
    posted = [Posted(*row) for row in _rows(POSTED, [TIME])]
    return Report(read, left_out, posted, _causes(_rows(CAUSES, [])))


def _causes(rows: Sequence[tuple[Any, ...]]) -> list[Cause]:
    told = {each["fingerprint"]: each for each in words.tell([row[4] for row in rows])}
    found: dict[tuple[Any, ...], Cause] = {}
    for category, table, key, currency, fingerprint, entries, hours, amount in rows:
        said = told[fingerprint]
        name = (category, table, key) if table else (category, said["title"], said["cause"])
        before = found.get(name)
        money = dict(before.money) if before else {}
        if currency and amount is not None:
            money[currency] = money.get(currency, Decimal(0)) + amount
        info = words.kind_of_cause(category, said["table_key"])
        found[name] = Cause(
            category,
            info.title,
            before.words if before else _in_words(said),
            before.remedy if before else said["hint"] or (info.meaning if table else ""),
            info.owner,
            entries + (before.entries if before else 0),
            hours + (before.hours if before else 0),
            money,
        )
    return sorted(found.values(), key=lambda cause: -cause.entries)


def _in_words(said: dict[str, Any]) -> str:
    """Return an item's title, and its cause where the title does not say that already."""
    title, cause = str(said["title"]), str(said["cause"])
    if said["table_key"]:
        return f"{title}."
    first = words.SENTENCE.split(cause, maxsplit=1)[0].rstrip(".")
    return f"{title}{cause.removeprefix(first)}" if title.endswith(first) else f"{title}. {cause}"


def _rows(statement: str, parameters: Sequence[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
