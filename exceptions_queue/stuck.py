"""Where what is stuck stands, and how much of it: read in sums, however many exceptions there are.

A place is what a deadline is worked out from: the company, the route, the kind of record, the day of its work, and the
posting period that holds that day. There are few places, of a year's days at most, and many items: places are read
first, their deadlines worked out, and the sums of each deadline's places asked of the database.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models.expressions import RawSQL

# A period is asked of the ledgers to which the route posts by day; where they differ, one that is closed counts, else
# the first to end.
PLACES = """
WITH places AS (
    SELECT {item} AS item, d.route_id, w.legal_entity_id, w.entity, d.day
    FROM exceptions_queue_workitem w JOIN exceptions_queue_workitemday d ON d.item_id = w.number
    WHERE w.state <> 'resolved' AND (%(entities)s::bigint[] IS NULL OR w.legal_entity_id = ANY(%(entities)s))
        AND (%(items)s::bigint[] IS NULL OR w.number = ANY(%(items)s))
    GROUP BY 1, 2, 3, 4, 5)
SELECT s.item, s.route_id, s.legal_entity_id, e.code, s.entity, s.day, c.name, c.slug, c.id, c.legal_entity_id,
    p.starts_on, p.ends_on, p.closed
FROM places s
JOIN governance_legalentity e ON e.id = s.legal_entity_id
LEFT JOIN LATERAL (
    SELECT q.connection_id, q.starts_on, q.ends_on, q.closed FROM routes_postingperiod q
    WHERE q.legal_entity_id = s.legal_entity_id AND s.day BETWEEN q.starts_on AND q.ends_on
      AND q.connection_id IN (SELECT x.connection_id FROM routes_destination x
                              WHERE x.route_id = s.route_id AND x.enabled AND x.posting_date <> '')
    ORDER BY q.closed DESC, q.ends_on, q.connection_id LIMIT 1) p ON true
LEFT JOIN connectors_connection c ON c.id = p.connection_id
"""
# A place is looked up by one text: by its parts the planner would join places to items first, a million of pairs.
STANDING = """
exceptions_queue_workitem w JOIN exceptions_queue_workitemday d ON d.item_id = w.number
JOIN unnest(%(lines)s::int[], %(places)s::text[]) AS t(line, place)
    ON t.place = concat_ws(' ', d.route_id, w.legal_entity_id, coalesce(d.day, 'infinity'), w.entity)
WHERE w.state <> 'resolved'
"""
SUMS = f"""
WITH parts AS (
    SELECT t.line, d.item_id, d.currency, sum(d.members) AS members, sum(coalesce(d.once, d.amount)) AS amount,
        sum(d.without_amount) AS without_amount
    FROM {STANDING} GROUP BY 1, 2, 3)
SELECT line, currency, count(DISTINCT item_id), sum(members), sum(amount), sum(without_amount),
    (array_agg(amount ORDER BY amount DESC NULLS LAST))[:%(most)s]
FROM parts GROUP BY GROUPING SETS ((line, currency), (line)) ORDER BY line, currency NULLS FIRST
"""  # noqa: S608 - built from the constant above
ITEMS = f"SELECT d.item_id FROM {STANDING}"  # noqa: S608 - the same


class Place(NamedTuple):
    """What decides about a deadline; `item` is 0 where the places of all items were asked for."""

    item: int
    route: int
    entity: int
    code: str
    about: str
    day: dt.date | None
    ledger: str | None
    slug: str | None
    ledger_id: int | None
    keeper: int | None  # the company whose ledger it is
    starts_on: dt.date | None
    ends_on: dt.date | None
    closed: bool | None

    @property
    def text(self) -> str:
        """Return what the place is looked up by."""
        return f"{self.route} {self.entity} {self.day or 'infinity'} {self.about}"


class Stuck(NamedTuple):
    """What stands in a line: of one currency, or of all where `currency` is None (then the amounts mean nothing)."""

    line: int
    currency: str | None
    items: int
    members: int
    amount: Decimal | None
    without_amount: int
    largest: list[Decimal | None]  # the parts of the items that hold most


def places(entities: Iterable[int] | None) -> list[Place]:
    """Return the places of all that is open, of some companies or of all (None). One query."""
    return _places("0", entities=None if entities is None else sorted(entities), items=None)


def places_of(items: Sequence[int]) -> list[Place]:
    """Return the places of some items, each with its item's number. One query."""
    return _places("w.number", entities=None, items=list(items))


def sums(lines: Sequence[tuple[int, Place]], most: int) -> list[Stuck]:
    """Return what stands in lines, given the places of each by its number. One query.

    Each line comes first as a whole, and then by currency, with the parts of the `most` items that hold most of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {**_given(lines), "most": most})
        return [Stuck(*row) for row in cursor.fetchall()]


def standing_in(found: Sequence[Place]) -> RawSQL:
    """Return an expression for the numbers of the items of which something stands in some places."""
    given = _given([(0, place) for place in found])
    statement = ITEMS.replace("%(lines)s", "%s").replace("%(places)s", "%s")
    return RawSQL(statement, (given["lines"], given["places"]))  # noqa: S611 - the constant above


def _places(item: str, **asked: Any) -> list[Place]:
    with connection.cursor() as cursor:
        cursor.execute(PLACES.format(item=item), asked)
        return [Place(*row) for row in cursor.fetchall()]


def _given(lines: Sequence[tuple[int, Place]]) -> dict[str, list[Any]]:
    return {"lines": [line for line, _ in lines], "places": [place.text for _, place in lines]}
