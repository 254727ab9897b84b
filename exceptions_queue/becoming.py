"""What members would come to by a correction that nobody has made yet: it is worked out as it would be sent."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from canonical.entities import ENTITIES
from exceptions_queue.verbs.asking import Wish
from routes import dry_run, right_values
from routes.bulk import array
from routes.models import Record
from routes.worked_out import Start, Tried


def amounts(wish: Wish) -> dict[UUID, tuple[Decimal | None, str]]:
    """Return amount and currency of each member of a wish to correct; no amount where nobody knows it.

    A constant number of queries. The values are such as their fields take.
    """
    records = [each.record_id for each in wish.members if each.record_id]
    keys = dict(Record.objects.filter(pk__in=records).values_list("pk", "key"))
    entity = ENTITIES[wish.item.entity]
    corrections: dict[str, dict[str, Any]] = {}
    for member in wish.members:
        if member.record_id:
            typed = _typed(wish.typed, member.pk)
            read = {name: right_values.read(entity, entity.by_name[name], value) for name, value in typed.items()}
            corrections.setdefault(keys[member.record_id], {}).update(read)
    tried = Tried((), corrections)
    moving = [each.transaction_id for each in wish.members if each.transaction_id]
    stopped = [each.record_id for each in wish.members if each.record_id and not each.transaction_id]
    found = dry_run.transactions(moving, start=Start.SOURCE, configuration="now", tried=tried, brief=True)
    found += dry_run.records(stopped, configuration="now", tried=tried, brief=True)
    of_subject: dict[UUID | None, list[tuple[Decimal | None, str]]] = {}
    for seen in found:
        subject = seen.transaction if seen.transaction in moving else seen.record
        of_subject.setdefault(subject, []).append((seen.amount, seen.currency))
    return {each.pk: _most(of_subject.get(each.transaction_id or each.record_id, [])) for each in wish.members}


# Where a newer version of its record took a member's place, that counts.
CAME_TO = """
SELECT f.id, x.amount, x.currency
FROM routes_failure f
LEFT JOIN routes_transaction t ON t.id = f.transaction_id
JOIN routes_record r ON r.id = coalesce(f.record_id, t.record_id)
LEFT JOIN routes_sourcehead h ON h.route_id = r.route_id AND h.key = r.key
JOIN LATERAL (
    SELECT x.amount, x.currency FROM routes_transaction x
    WHERE x.record_id = CASE WHEN t.state = 'superseded' THEN h.record_id ELSE r.id END
      AND (t.id IS NULL OR x.destination_id = t.destination_id) AND NOT x.withdraws
    ORDER BY abs(x.amount) DESC NULLS LAST LIMIT 1) x ON true
WHERE f.id = ANY(%s::uuid[]) AND x.amount IS NOT NULL
"""


def came_to(wish: Wish) -> dict[UUID, tuple[Decimal | None, str]]:
    """Return amount and currency of each member of a wish, as it is now that it was done; known ones. One query."""
    with connection.cursor() as cursor:
        cursor.execute(CAME_TO, [array([each.pk for each in wish.members])])
        return {id_: (amount, currency) for id_, amount, currency in cursor.fetchall()}


def _most(found: Sequence[tuple[Decimal | None, str]]) -> tuple[Decimal | None, str]:
    """Return the most of what a record would come to at its destinations; no amount where one is not known."""
    if not found or any(amount is None for amount, _ in found):
        return None, ""
    return max(found, key=lambda one: abs(one[0] or Decimal(0)))


def _typed(typed: Mapping[str, Any], member: UUID) -> Mapping[str, str]:
    """Return the values that are typed for a member, by field."""
    if "rows" in typed:
        rows: Mapping[str, Mapping[str, str]] = typed["rows"]
        return rows.get(str(member), {})
    return {typed["field"]: typed["value"]}
