"""Finding things by their business keys: records and transactions, numbers of the target, exceptions, and names.

Keys are matched exactly or by their beginning, which an index answers however many there are; a route or destination
is asked by its own part of the index. Names of what is configured are few and matched anywhere.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q

from connectors.models import Connection
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.items import Row, rows_of
from governance.models import User
from governance.roles import Right
from governance.scoping import ALL, entity_ids
from mappings.models import CrossReference
from routes.models import Record, Route, Transaction

SHORTEST = 2  # characters; a single one begins everything
LONGEST = 200
SHOWN = 10  # of each kind

# The beginning of a key, for each route or destination by its own part of the index, whose order of bytes it asks for.
BEGINNING = {
    "records": """
        SELECT found.id FROM routes_route part CROSS JOIN LATERAL (
            SELECT id FROM routes_record WHERE route_id = part.id AND key LIKE %(text)s {entities}
            ORDER BY key USING ~<~ LIMIT %(most)s) found
        """,
    "transactions": """
        SELECT found.id FROM routes_destination part CROSS JOIN LATERAL (
            SELECT id FROM routes_transaction WHERE destination_id = part.id AND key LIKE %(text)s {entities}
            ORDER BY key USING ~<~ LIMIT %(most)s) found
        """,
}


@dataclass(frozen=True, slots=True)
class Found:
    """What goes by the words that were typed, as far as somebody may see it."""

    items: list[Row] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    numbers: list[tuple[CrossReference, str]] = field(default_factory=list)  # with the connection's name
    routes: list[Route] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing at all."""
        kinds = (self.items, self.records, self.transactions, self.numbers, self.routes, self.connections)
        return not any(kinds)


def find(text: str, user: User) -> Found:
    """Return what goes by a text. At most fifteen queries. Raises ValueError with the remedy for an unusable text."""
    text = text.strip()
    if len(text) < SHORTEST:
        raise ValueError(f"Type at least {SHORTEST} characters of a key, a number or a name.")
    if len(text) > LONGEST:
        raise ValueError(f"No key has more than {LONGEST} characters. Type its beginning.")
    return Found(
        items=rows_of(_items(text, user), user),
        records=_records(text, user),
        transactions=_transactions(text, user),
        numbers=_numbers(text, user),
        routes=list(Route.objects.visible_to(user).filter(_named(text)).order_by("name")[:SHOWN]),
        connections=list(Connection.objects.visible_to(user).filter(_named(text)).order_by("name")[:SHOWN]),
    )


def _named(text: str) -> Q:
    return Q(name__icontains=text) | Q(slug__icontains=text)


def _items(text: str, user: User) -> list[WorkItem]:
    """Return open items by number, by a key that is missing, or by what all their members share."""
    visible = WorkItem.objects.visible_to(user).select_related("legal_entity").prefetch_related("amounts")
    by_key = Q(table_key__contains=[text])
    for name in ("project_code", "customer_id", "worker_id", "contract_id"):
        by_key |= Q(about__contains={name: text})
    found = list(visible.open().filter(by_key).by_money()[:SHOWN])
    digits = text.removeprefix("#")
    if digits.isascii() and digits.isdecimal() and len(digits) < 19:
        found = [*visible.filter(number=int(digits)), *(item for item in found if item.number != int(digits))]
    return found


def _records(text: str, user: User) -> list[Record]:
    """Return records whose key at the source begins so, of each its newest version."""
    visible = Record.objects.visible_to(user).select_related("route", "legal_entity")
    found = visible.filter(pk__in=_beginning("records", text, user)).order_by("key", "route", "-version")
    newest: dict[tuple[int, str], Record] = {}
    for record in found:
        newest.setdefault((record.route_id, record.key), record)
    return list(newest.values())[:SHOWN]


def _transactions(text: str, user: User) -> list[Transaction]:
    visible = Transaction.objects.visible_to(user).select_related("destination", "legal_entity")
    found = visible.filter(pk__in=_beginning("transactions", text, user))
    return list(found.order_by("key", "destination__name", "-version")[:SHOWN])


def _beginning(kind: str, text: str, user: User) -> list[UUID]:
    seen = entity_ids(user, Right.VIEW)
    statement = BEGINNING[kind].format(entities="" if seen is ALL else "AND legal_entity_id = ANY(%(entities)s)")
    asked: dict[str, Any] = {
        "text": f"{like(text)}%",
        "most": 2 * SHOWN,
        "entities": [] if seen is ALL else sorted(seen),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return [id_ for (id_,) in cursor.fetchall()]


def like(text: str) -> str:
    """Return a text for a pattern of LIKE in which every character stands for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _numbers(text: str, user: User) -> list[tuple[CrossReference, str]]:
    """Return what goes by a number or an id in another system: a project there, an invoice's number."""
    same = Q(external_id=text) | Q(reference=text) | Q(canonical_key=text)
    found = list(CrossReference.objects.visible_to(user).filter(same).order_by("entity", "canonical_key")[:SHOWN])
    names = dict(Connection.objects.filter(pk__in={x.connection_id for x in found}).values_list("pk", "name"))
    return [(x, names.get(x.connection_id, "a former connection")) for x in found]
