"""The money beside a run's books: sums by state and currency at each destination."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from routes.accounting import DestinationBook
from routes.models import Run
from routes.states import State

SUMS = """
SELECT destination_id, state, currency, sum(amount) FROM routes_transaction
WHERE run_id = %s AND amount IS NOT NULL GROUP BY destination_id, state, currency ORDER BY currency
"""


@dataclass(slots=True)
class Line:
    """How many transactions of a destination stand in one state, and their money by currency."""

    state: State
    count: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)


def lines(run: Run, books: tuple[DestinationBook, ...]) -> list[tuple[DestinationBook, list[Line]]]:
    """Return the lines of each destination, in the order of the states. One query."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, [run.pk])
        rows = cursor.fetchall()
    rows += [
        (book.id, each.state, currency, amount)
        for book in books
        for each in book.travelling
        for currency, amount in each.worth.items()
    ]
    return [(book, _lines(book, [row[1:] for row in rows if row[0] == book.id])) for book in books]


def _lines(book: DestinationBook, sums: list[tuple[str, str, Decimal]]) -> list[Line]:
    found = {state: Line(State(state), count) for state, count in book.states.items()}
    for state, currency, amount in sums:
        if state in found:
            found[state].sums[currency] = found[state].sums.get(currency, Decimal(0)) + amount
    return sorted(found.values(), key=lambda line: list(State).index(line.state))
