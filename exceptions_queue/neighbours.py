"""What stands around one transaction: its versions, its siblings, what it waits for, and what it was grouped with.

Only what the person may see is told; a neighbour in a legal entity of others is not even counted.
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from exceptions_queue import words
from governance.models import User
from routes.models import Collected, Overlay, Record, Route, Transaction, Wait
from routes.taken_back import told

MOST = 20  # neighbours of a kind that are listed
WAITS = {
    "parent": "Waits for {} to exist there",
    "approval": "Waits for a second person",
    "table": "Waits for a row of a table: {}",
    "period": "Waits for an open period: {}",
    "switch": "Waits until its destination is switched on",
}

VERSIONS = """
SELECT t.id, coalesce(array_agg(e.operation || ' ' || e.state ORDER BY e.number) FILTER (WHERE e.id IS NOT NULL), '{}')
FROM unnest(%s::uuid[]) AS t(id) LEFT JOIN routes_effect e ON e.transaction_id = t.id
GROUP BY t.id
"""
MEANS = {  # operation and state of an effect → what it did, as people say it
    "create confirmed": "posted", "update confirmed": "corrected in place", "reverse confirmed": "reversed",
    "void confirmed": "voided",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Version:
    """Another version of the same record at the same destination."""

    row: Transaction
    current: bool  # it is the one that is looked at
    newer: bool  # than the one that is looked at
    written: str  # what it did at the target, in order: "posted, then reversed"
    meant: Transaction  # whose hours and money it is about: one that takes back is about what it takes back


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands around a transaction."""

    versions: list[Version] = field(default_factory=list)  # in order, the one itself among them
    siblings: list[Transaction] = field(default_factory=list)  # the same version on its way to other destinations
    waits: str = ""  # what it waits for, a sentence
    waits_key: str = ""  # the key of the parent, to find it by
    waited_keys: list[str] = field(default_factory=list)  # of parents that it waited for before
    grouped_into: list[Transaction] = field(default_factory=list)  # an invoice that stands for it, with others
    made_of: list[Transaction] = field(default_factory=list)  # the first of what it stands for
    made_of_more: bool = False
    corrections: list[Overlay] = field(default_factory=list)  # people's, the newest first
    more: bool = False  # whether there are further versions than those listed

    @property
    def takes_back(self) -> Transaction | None:
        """Return what the one that is looked at takes back; None where it takes nothing back, or that is not seen."""
        return next((v.meant for v in self.versions if v.current and v.meant is not v.row), None)


def around(row: Transaction, record: Record, user: User) -> Neighbours:
    """Return a transaction's neighbours as far as somebody may see them. At most eleven queries, whatever there is."""
    visible = Transaction.objects.visible_to(user).select_related("destination", "legal_entity")
    same = list(
        visible.filter(destination_id=row.destination_id, key=row.key, record_id__in=_of_one_key(record))
        .order_by("-version", "-pk")[: MOST + 1]
    )  # fmt: skip
    members = list(Collected.objects.filter(record_id=record.pk).values_list("source_transaction_id", flat=True)[:200])
    waits, key = _waits(row)
    made_of = list(visible.filter(pk__in=members).order_by("key")[: MOST + 1]) if members else []
    return Neighbours(
        versions=_versions(same[:MOST], row),
        siblings=told(visible.filter(record_id=record.pk).exclude(pk=row.pk).order_by("destination__name")[:MOST]),
        waits=waits,
        waits_key=key,
        grouped_into=told(visible.filter(record_id__in=_groups(row)).order_by("version")[:MOST]),
        made_of=told(made_of[:MOST]),
        made_of_more=len(made_of) > MOST,
        corrections=list(
            Overlay.objects.visible_to(user).filter(route_id=record.route_id, key=record.key)
            .select_related("made_by").order_by("-made_at")[:MOST]
        ),
        more=len(same) > MOST,
    )  # fmt: skip


def _of_one_key(record: Record) -> list[UUID]:
    """Return the versions of a record: a key may have had other records' transactions before it."""
    found = Record.objects.filter(route_id=record.route_id, key=record.key).order_by("-version")
    return list(found.values_list("pk", flat=True)[: 2 * MOST])


def _versions(rows: list[Transaction], row: Transaction) -> list[Version]:
    if len(rows) < 2:
        return []
    with connection.cursor() as cursor:
        cursor.execute(VERSIONS, [[each.pk for each in rows]])
        written = {
            id_: ", then ".join(MEANS[each] for each in done if each in MEANS) for id_, done in cursor.fetchall()
        }
    found: list[Version] = []
    there: Transaction | None = None  # what the target had, as far as told
    for each in reversed(rows):
        did = written.get(each.pk, "")
        meant = there if each.withdraws and there is not None else each
        found.append(Version(each, each.pk == row.pk, each.version > row.version, did, meant))
        if did and not each.withdraws:
            there = each
    return found


def _waits(row: Transaction) -> tuple[str, str]:
    wait = Wait.objects.filter(transaction_id=row.pk).first()
    if wait is None or wait.kind not in WAITS:
        return "", ""
    table, _, key = wait.on.partition(":")
    named = wait.kind in ("parent", "table")
    return WAITS[wait.kind].format(f"{words.plain(table)} {key}" if named else wait.on), key if named else ""


def _groups(row: Transaction) -> list[UUID]:
    """Return the records into which a transaction was grouped, by the routes that read what was posted there."""
    routes = Route.objects.filter(upstream=row.destination_id).values("pk")
    found = Collected.objects.filter(route__in=routes, source_transaction_id=row.pk)
    return list(found.values_list("record_id", flat=True))
