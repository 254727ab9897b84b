"""Finding things by their business keys: records and transactions, numbers of the target, exceptions, and names.

How keys and numbers are found is `keys`; what is configured is found by its name (`named`).
"""

from dataclasses import dataclass, field

from django.db.models import Q

from connectors.models import Connection
from exceptions_queue import keys, named, naming
from exceptions_queue.models import State, WorkItem
from exceptions_queue.named import Named
from exceptions_queue.pages.items import Row, rows_of
from exceptions_queue.query.compiled import Asker, shown_whole
from governance.models import User
from mappings import discreet
from mappings.models import CrossReference
from routes.filters import versions_with
from routes.models import Record, Transaction
from routes.taken_back import told

SHORTEST = 2  # characters; a single one begins everything
LONGEST = 200
SHOWN = 10  # of each kind


@dataclass(frozen=True, slots=True)
class Found:
    """What goes by the words that were typed, as far as somebody may see it."""

    items: list[Row] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    transactions: list[Transaction] = field(default_factory=list)
    posted: list[Transaction] = field(default_factory=list)  # under this number or id of the target's own
    numbers: list[tuple[CrossReference, str]] = field(default_factory=list)  # with the connection's name
    named: list[Named] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether there is nothing at all."""
        moving = (self.items, self.records, self.transactions, self.posted)
        return not any((*moving, self.numbers, self.named))


def find(text: str, user: User) -> Found:
    """Return what goes by a text. At most 39 queries. Raises ValueError with the remedy for an unusable text."""
    text = text.strip()
    if len(text) < SHORTEST:
        raise ValueError(f"Type at least {SHORTEST} characters of a key, a number or a name.")
    if len(text) > LONGEST:
        raise ValueError(f"No key has more than {LONGEST} characters. Type its beginning.")
    return Found(
        items=rows_of(_items(text, user), user),
        records=_records(text, user),
        transactions=_transactions(text, user),
        posted=_posted_as(text, user),
        numbers=_numbers(text, user),
        named=named.find(text, user),
    )


def _items(text: str, user: User) -> list[WorkItem]:
    """Return open items by a key that is missing, by what all members share or hold; any by number or what it held.

    Those that ended come last, what ended last before the others.
    """
    visible = (
        WorkItem.objects.visible_to(user, keys.right_to_find(text))
        .select_related("legal_entity", "connection")
        .prefetch_related("amounts")
    )
    by_key = Q(table_key__contains=[text]) & shown_whole(Asker(user))  # a key may name a person
    for name in ("project_code", "customer_id", "worker_id", "contract_id"):
        by_key |= Q(about__contains={name: text})
    causes = keys.causes_of(text, user)
    found = list(visible.open().filter(by_key | Q(fingerprint__in=causes.now)).by_money()[:SHOWN])
    if causes.before:
        ended = visible.filter(state=State.RESOLVED, fingerprint__in=causes.before)
        found = [*found, *ended.order_by("-resolved_at", "-number")][:SHOWN]
    digits = text.removeprefix("#")
    if digits.isascii() and digits.isdecimal() and len(digits) < 19:
        found = [*visible.filter(number=int(digits)), *(item for item in found if item.number != int(digits))]
    return found


def _records(text: str, user: User) -> list[Record]:
    """Return records whose key at the source begins so, of each its newest version."""
    visible = Record.objects.visible_to(user, keys.right_to_find(text)).select_related("route", "legal_entity")
    begins = keys.beginning("records", text, user, most=2 * SHOWN)
    found = visible.filter(pk__in=begins).order_by("key", "route", "-version")
    newest: dict[tuple[int, str], Record] = {}
    for record in found:
        newest.setdefault((record.route_id, record.key), record)
    return list(newest.values())[:SHOWN]


def _transactions(text: str, user: User) -> list[Transaction]:
    """Return those whose key at the target begins so, and all that came of a record with exactly this key."""
    visible = Transaction.objects.visible_to(user, keys.right_to_find(text)).select_related(
        "destination", "legal_entity"
    )
    same = visible.filter(record_id__in=versions_with(text)).order_by("-version", "destination__name", "-pk")[:SHOWN]
    begin = visible.filter(pk__in=keys.beginning("transactions", text, user, most=2 * SHOWN))
    found = {row.pk: row for row in (*same, *begin.order_by("key", "destination__name", "-version")[:SHOWN])}
    return told(list(found.values())[:SHOWN])


def _posted_as(text: str, user: User) -> list[Transaction]:
    """Return what was posted under a number of the target's, or has this id there; the newest first."""
    ids = keys.posted_as(text)
    visible = Transaction.objects.visible_to(user, keys.right_to_find(text)).select_related(
        "destination", "legal_entity"
    )
    return told(visible.filter(pk__in=ids).order_by("-pk")[:SHOWN]) if ids else []


def _numbers(text: str, user: User) -> list[tuple[CrossReference, str]]:
    """Return what goes by a number or an id in another system: a project there, an invoice's number."""
    same = Q(external_id=text) | Q(reference=text) | Q(canonical_key=text)
    rows = list(
        CrossReference.objects.visible_to(user, keys.right_to_find(text))
        .filter(same)
        .order_by("entity", "canonical_key")[:SHOWN]
    )
    there = Connection.objects.only("name", "legal_entity").in_bulk({x.connection_id for x in rows})
    names = {pk: naming.name_of(each, user) for pk, each in there.items()}
    return [(x, names.get(x.connection_id, "a former connection")) for x in discreet.references_shown(rows, user)]
