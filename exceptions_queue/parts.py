"""The causes of an item that holds more than one, each as an item of its own that only its part of the members has.

A part is what the remedies of its cause work on: it has the item's number and state, and its own cause, kind, table,
key and members. It is made for a page or a verb and never stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from exceptions_queue import words
from exceptions_queue.models import WorkItem
from exceptions_queue.templatetags.shown import money
from routes.models import Failure

SHORT = 12  # characters of a fingerprint that stand for it in addresses
MOST = 50  # causes of one item that are told apart on a page; the rest is counted
SAID = ("category", "route_id", "connection_id", "entity", "field", "rule", "table", "table_key", "accepted", "cause",
        "hint", "title")  # fmt: skip

# A record that stopped on its way to three destinations for one cause counts its money once.
COUNTED = """
SELECT own, currency, sum(members)::int, sum(amount), coalesce(sum(members) FILTER (WHERE amount IS NULL), 0)::int
FROM (
    SELECT DISTINCT ON (own, coalesce(record_id, id)) own, currency, amount, count(*) OVER same AS members
    FROM (SELECT *, coalesce(nullif(own_fingerprint, ''), fingerprint) AS own FROM routes_failure
          WHERE fingerprint = %s AND closed_at IS NULL) f
    WINDOW same AS (PARTITION BY own, coalesce(record_id, id))
    ORDER BY own, coalesce(record_id, id), amount DESC NULLS LAST, id
) f GROUP BY 1, 2
"""


@dataclass(slots=True)
class Part:
    """One cause of an item, and what it holds of it."""

    own: str  # its fingerprint
    item: WorkItem  # as the remedies of this cause see it
    members: int
    sums: dict[str, Decimal]
    without_amount: int

    @property
    def code(self) -> str:
        """Return what stands for it in addresses."""
        return self.own[:SHORT]

    @property
    def holds(self) -> str:
        """Return in words what it holds: "37 time entries, 12,480.00 EUR"."""
        sums = [money(amount, currency) for currency, amount in sorted(self.sums.items())]
        return ", ".join([words.counted(self.members, self.item.entity), *sums])


def parts_of(item: WorkItem) -> list[Part]:
    """Return the causes of an item, the largest first; none where it holds one only. Three queries, or none."""
    if not item.gathers:
        return []
    with connection.cursor() as cursor:
        cursor.execute(COUNTED, [item.fingerprint])
        rows = cursor.fetchall()
    found: dict[str, Part] = {}
    for own, currency, members, amount, unknown in rows:
        part = found.setdefault(own, Part(own, item, 0, {}, 0))
        part.members += members
        part.without_amount += unknown
        if amount is not None:
            part.sums[currency] = part.sums.get(currency, Decimal(0)) + amount
    if len(found) < 2:
        return []
    kept = sorted(found.values(), key=lambda each: (-max(each.sums.values(), default=Decimal(0)), -each.members))[:MOST]
    told = {each["fingerprint"]: each for each in words.tell_parts(item.fingerprint, [each.own for each in kept])}
    for each in kept:
        if each.own in told:
            each.item = as_part(item, each.own, told[each.own])
            each.item.members, each.item.part_holds = each.members, each.holds
    return [each for each in kept if each.own in told]


def part_of(item: WorkItem, code: str) -> WorkItem | None:
    """Return the part of an item that an address names; None where it holds nothing of that, or that alone."""
    return next((each.item for each in parts_of(item) if each.code == code), None)


def by_failures(item: WorkItem, failures: Sequence[UUID]) -> list[tuple[WorkItem, list[UUID]]]:
    """Return some members of an item with the part to which each belongs; without any, the whole item."""
    if not item.gathers or not failures:
        return [(item, list(failures))]
    owns = dict(Failure.objects.filter(pk__in=list(failures)).values_list("pk", "own_fingerprint"))
    groups: dict[str, list[UUID]] = {}
    for each in failures:
        groups.setdefault(owns.get(each, "") or item.fingerprint, []).append(each)
    told = {each["fingerprint"]: each for each in words.tell_parts(item.fingerprint, list(groups))}
    return [(as_part(item, own, told[own]) if own in told else item, members) for own, members in groups.items()]


def as_part(item: WorkItem, own: str, told: dict[str, Any]) -> WorkItem:
    """Return an item as the remedies of one of its causes see it."""
    names = [field.attname for field in WorkItem._meta.concrete_fields]
    part = WorkItem(**{name: getattr(item, name) for name in names} | {name: told[name] for name in SAID})
    part._state.adding, part._state.db = False, item._state.db
    part.part = own
    part.legal_entity = item.legal_entity
    if part.connection_id == item.connection_id and "connection" in item._state.fields_cache:
        part.connection = item.connection
    return part
