"""What waits for a connection to work again: how many transactions and how much money go on with it, in their order."""

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection

from routes import consignments

MOST = 10_000  # that are counted; beyond them it is "more than" so many

# A key's head is due or leased while it has something to send; what waits behind it follows.
HEADS = """
SELECT t.currency, count(*), count(t.amount), sum(t.amount)
FROM (SELECT transaction_id FROM routes_keyhead
      WHERE connection_id = %(connection)s AND due_at IS NOT NULL AND transaction_id IS NOT NULL LIMIT %(most)s) h
JOIN routes_transaction t ON t.id = h.transaction_id
WHERE %(of)s::bigint[] IS NULL OR t.legal_entity_id = ANY(%(of)s)
GROUP BY t.currency
"""


@dataclass(slots=True)
class Waiting:
    """What somebody sees of it."""

    count: int = 0
    unknown: int = 0  # of these, transactions without a known amount
    sums: dict[str, Decimal] = field(default_factory=dict)

    @property
    def more(self) -> bool:
        """Whether there is more than was counted."""
        return self.count > MOST


def behind(connection_id: int, *, of: Collection[int] | None = None) -> Waiting:
    """Return what waits to be sent to a connection; of some companies, if they are given. Three queries."""
    found = Waiting()
    with connection.cursor() as cursor:
        given = None if of is None else list(of)
        cursor.execute(HEADS, {"connection": connection_id, "most": MOST + 1, "of": given})
        for currency, count, known, amount in cursor.fetchall():
            found.count += count
            found.unknown += count - known
            if amount is not None:
                found.sums[currency] = found.sums.get(currency, Decimal(0)) + amount
        cursor.execute("SELECT id FROM routes_destination WHERE connection_id = %s", [connection_id])
        destinations = [row[0] for row in cursor.fetchall()]
    for travels in consignments.in_transit_to(destinations, of=of) if destinations else ():
        found.count += travels.count
        for currency, amount in travels.worth.items():
            found.sums[currency] = found.sums.get(currency, Decimal(0)) + amount
    return found
