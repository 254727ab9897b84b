"""The money and hours beside a run's books: what was read, and what became of it at each destination.

For each destination: what was read + what was corrected here = what stands in all states + not chosen + stopped at the
record, in every currency and in hours. What does not add up is shown as a difference.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from routes.accounting import EARLIER, OF_COMPANIES, Books, DestinationBook, of_companies
from routes.models import Run
from routes.states import State

# Of a record whose business key changed, the transaction under the new key counts, as in the books. One that was made
# anew from its record, with a correction or another configuration, has a canonical form, and so a worth, of its own.
SUMS = f"""
WITH taken AS (
    SELECT id, state, not_chosen, amount, currency, hours FROM routes_record r
    WHERE run_id = %s AND outcome <> 'unreadable' AND {OF_COMPANIES}
), placed AS (
    SELECT DISTINCT ON (t.record_id, t.destination_id) t.destination_id, t.state, t.amount, t.currency, t.hours,
        r.amount AS read_amount, r.currency AS read_currency, r.hours AS read_hours,
        t.canonical_payload_id IS NOT NULL AS anew
    FROM taken r JOIN routes_transaction t ON t.record_id = r.id
    ORDER BY t.record_id, t.destination_id, t.withdraws, t.id
)
SELECT 'read', 0, '', currency, sum(amount), sum(hours) FROM taken GROUP BY currency
UNION ALL
SELECT 'stopped', 0, '', currency, sum(amount), sum(hours) FROM taken WHERE state <> 'routed' GROUP BY currency
UNION ALL
SELECT 'not chosen', n.key::bigint, n.value, currency, sum(amount), sum(hours)
FROM taken, jsonb_each_text(not_chosen) n WHERE state = 'routed' GROUP BY 2, 3, 4
UNION ALL
SELECT 'state', destination_id, state, currency, sum(amount), sum(hours) FROM placed GROUP BY 2, 3, 4
UNION ALL
SELECT 'corrected', destination_id, '', currency, sum(amount), sum(hours) FROM (
    SELECT destination_id, currency, amount, hours FROM placed WHERE anew
    UNION ALL SELECT destination_id, read_currency, -read_amount, -read_hours FROM placed WHERE anew) changed
GROUP BY 2, 4
ORDER BY 4
"""  # noqa: S608 - the condition is ours
Row = tuple[str, int, str, str, Decimal | None, Decimal | None]  # what, destination, of it, currency, amount, hours


@dataclass(slots=True)
class Worth:
    """Money by currency, and hours; what is not known is left out."""

    sums: dict[str, Decimal] = field(default_factory=dict)
    hours: Decimal = Decimal(0)

    def add(self, other: "Worth", times: int = 1) -> None:
        """Add another worth, or take it off."""
        for currency, amount in other.sums.items():
            self.sums[currency] = self.sums.get(currency, Decimal(0)) + times * amount
        self.hours += times * other.hours

    def __bool__(self) -> bool:
        return bool(self.hours) or any(self.sums.values())

    @property
    def apart_from_nothing(self) -> dict[str, Decimal]:
        """Return the sums that are not zero."""
        return {currency: amount for currency, amount in self.sums.items() if amount}


@dataclass(slots=True)
class Line:
    """How many transactions of a destination stand in one state, and their worth."""

    state: State
    count: int = 0
    worth: Worth = field(default_factory=Worth)

    @property
    def sums(self) -> dict[str, Decimal]:
        """Return their money by currency."""
        return self.worth.sums


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a condition left out."""

    condition: str  # the formula
    called: str  # what people call it
    count: int
    worth: Worth


@dataclass(slots=True)
class Account:
    """What a run brought for one destination, in money and hours."""

    due: Worth = field(default_factory=Worth)
    corrected: Worth = field(default_factory=Worth)  # how much more stands there than was read, by corrections here
    stopped: Worth = field(default_factory=Worth)
    not_chosen: list["LeftOut"] = field(default_factory=list)
    difference: Worth = field(default_factory=Worth)  # what nobody can account for


def lines(run: Run, books: Books) -> list[tuple[DestinationBook, list[Line], Account]]:
    """Return the lines of each destination, in the order of the states, and what they add up to. One query.

    They are of the companies that the books are of.
    """
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [run.pk, *of_companies(books.seen)])
        rows: list[Row] = cursor.fetchall()
    return [(book, *_account(book, [row for row in rows if row[1] in (0, book.id)])) for book in books.destinations]


def _account(book: DestinationBook, rows: list[Row]) -> tuple[list[Line], Account]:
    found = {state: Line(State(state), count) for state, count in book.states.items()}
    for state, line in found.items():
        line.worth = _worth(row for row in rows if row[0] == "state" and row[2] == state)
    read, corrected, stopped = (
        _worth(row for row in rows if row[0] == what) for what in ("read", "corrected", "stopped")
    )
    account = Account(read, corrected, stopped)
    for each in book.travelling:
        found[each.state].worth.add(Worth(dict(each.worth)))
    for words, count in book.not_chosen.items():
        worth = _worth(row for row in rows if row[0] == "not chosen" and row[2] == words)
        if words == EARLIER:
            worth = _worth(("", 0, "", currency, amount, hours) for currency, _, amount, hours in book.earlier)
        account.not_chosen.append(LeftOut(words, book.conditions.get(words, words), count, worth))
    account.difference.add(account.due)
    account.difference.add(account.corrected)
    left_out, standing = (each.worth for each in account.not_chosen), (line.worth for line in found.values())
    for worth in (account.stopped, *left_out, *standing):
        account.difference.add(worth, -1)
    if book.travelling:  # hours are told of what has arrived only
        account.difference.hours = Decimal(0)
    return sorted(found.values(), key=lambda line: list(State).index(line.state)), account


def _worth(rows: Iterable[Row]) -> Worth:
    worth = Worth()
    for *_, currency, amount, hours in rows:
        worth.add(Worth({} if amount is None else {currency: amount}, hours or Decimal(0)))
    return worth
