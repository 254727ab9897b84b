"""What is so about an item: what its remedies depend on, gathered once for a page."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models.expressions import RawSQL

from canonical.failure import Category
from connectors import sign_in_again
from exceptions_queue.made_with import ReadRow, rows_read
from exceptions_queue.models import WorkItem
from exceptions_queue.parts import parts_of
from exceptions_queue.seen import Seen, seen_of
from exceptions_queue.verbs.add_table_row import tables_of
from exceptions_queue.verbs.approve_table_row import rows_of
from exceptions_queue.verbs.move_to_next_period import offers
from exceptions_queue.verbs.waive_rule import offered as rule_may_pass
from governance import second_person
from governance.models import User
from governance.roles import Right
from governance.scoping import ALL, entity_ids
from mappings.models import LookupTable, TableRow
from routes import asking_for_parents, claims, decisions, overlays, sending_back, unforeseen, waiting_behind
from routes.models import Transaction
from routes.overlays import STAGE
from routes.periods import Offer
from routes.shipments import destination_of
from routes.waiting_behind import Waiting
from routes.worked_out import STOPPED

# What a target may have by other ways, though it refused it; one member tells where it was refused.
LINKABLE = (Category.DUPLICATE, Category.CONFLICT, Category.REFUSED, Category.VALIDATION)
BESIDE = 10  # items that are told beside an item; further ones are counted


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which remedies make sense."""

    item: WorkItem
    user: User
    has_records: bool
    failing: str  # the failing canonical field
    table: LookupTable | None  # to which a row with the item's key is added
    rows: list[TableRow]  # see rows_of: they count or wait for a second person
    read: list[ReadRow]  # rows of tables that members were made with
    first_value: str = ""  # what the hub would send now, to begin a correction with
    stopped: bool = True  # whether something of it is stopped, and not only waits in its place
    offers: dict[UUID, Offer] = field(default_factory=dict)  # the next open period, by transaction
    beside: list[WorkItem] = field(default_factory=list)  # other open items that wait for the same row
    beside_more: int = 0  # further ones of them, which are only counted
    seen: Seen | None = None  # its open members, as they are now
    reversal: bool = False  # what is in doubt takes back something posted
    can_ask: bool = False  # what is in doubt can be asked of its target
    linkable: bool = False  # something was refused that may stand at the target already
    may_pass: bool = False  # its rule is marked as one that may be let pass once
    seen_until: int = 0  # the newest correction there is
    contradicted: bool = False  # the source contradicts a correction, and somebody has to decide
    can_ask_for_parent: bool = False  # the parent that it waits for can be looked up at the target
    can_sign_in: bool = False  # what its connection's way to sign in asks is known
    asks_second_person: str = ""  # the company that wants one for changes of its connection; "" none does
    waiting: Waiting | None = None  # of a system that takes nothing: what goes on with it
    stands: bool = False  # something stands at a target under the key of what it holds, and nobody takes it back yet
    only_questioned: bool = False  # all that it holds is posted, and only doubted
    goes_back: str = ""  # what happens at its source to what is sent back; "" where that takes nothing back
    never_goes_back: str = ""  # why that takes nothing back, where its connector says so
    several: bool = False  # it holds several causes, and all of them are meant

    @property
    def rows_waiting(self) -> list[TableRow]:
        """Return the rows that wait for a second person."""
        return [row for row in self.rows if row.approved_at is None]

    @property
    def held_for_row(self) -> bool:
        """Whether members wait for a table's row: they have no bytes yet, and nobody could approve them themselves."""
        return self.item.category == Category.APPROVAL_MISSING and bool(self.item.table)

    @property
    def lacks_row(self) -> bool:
        """Whether a row has to be added: none waits for approval, nor does one count that was approved meanwhile."""
        if self.table is None or not self.item.table_key or self.rows_waiting:
            return False
        return self.item.category == Category.UNMAPPED_VALUE or (self.held_for_row and not self.rows)

    @property
    def replaces_row(self) -> bool:
        """Whether another row can be proposed in the place of one that waits: in the table to which it is added."""
        if self.table is None or not (self.held_for_row or self.item.category == Category.UNMAPPED_VALUE):
            return False
        return any(row.table_id == self.table.pk for row in self.rows_waiting)


def facts_of(item: WorkItem, user: User, *, field: str = "", first_value: str = "") -> Facts:
    """Gather what decides about an item's remedies. At most nineteen queries."""
    there = RawSQL(STANDS, [item.fingerprint])  # noqa: S611 - a constant and its parameter
    first = item.failures().filter(record_id__isnull=False).values_list("stage", there)
    first_stage, standing = first.first() or (None, 0)
    has_records = first_stage is not None
    tables = tables_of(item)
    read = rows_read(item) if has_records else []
    beside = _beside(item, user, next(iter(tables), None))
    return Facts(
        item, user, has_records, field, next(iter(tables), None), rows_of(item, tables, read), read, first_value,
        _any_stopped(item), offers(item), beside[:BESIDE], max(0, len(beside) - BESIDE), seen_of(item),
        _is_reversal(item), _can_ask(item), item.category in LINKABLE and first_stage == "deliver", rule_may_pass(item),
        overlays.newest(), first_stage == STAGE,
        _can_ask_for_parent(item), stands=bool(standing), only_questioned=_only_questioned(item),
        several=item.part is None and bool(parts_of(item)), **_of_system(item, user), **_of_source(item),
    )  # fmt: skip


# Looked for among the first members: an exception of thousands for which something stands has it there as well.
STANDS = """
SELECT count(*) FROM (
    SELECT transaction_id FROM routes_failure
    WHERE fingerprint = %s AND closed_at IS NULL AND transaction_id IS NOT NULL ORDER BY id LIMIT 200) m
JOIN routes_transaction t ON t.id = m.transaction_id AND NOT t.withdraws
JOIN routes_destination d ON d.id = t.destination_id
JOIN routes_keyhead h ON h.connection_id = d.connection_id AND h.object = d.stream AND h.key = t.key
WHERE h.live_transaction_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM routes_reversal v JOIN routes_transaction g ON g.id = v.transaction_id
    WHERE v.effect_id = h.live_effect_id AND g.state NOT IN ('waived', 'superseded'))
  AND NOT EXISTS (
    SELECT FROM routes_transaction w WHERE w.id = h.transaction_id AND w.withdraws)
  AND NOT EXISTS (
    SELECT FROM routes_effect e WHERE e.connection_id = h.connection_id AND e.object = h.object AND e.key = h.key
        AND e.state IN ('sent', 'unknown'))
"""


def _only_questioned(item: WorkItem) -> bool:
    """Return whether nothing of an item has stopped: it was opened about what is posted, and that is not taken back."""
    if item.category != Category.QUESTIONED:
        return False
    moving = item.failures().filter(transaction_id__isnull=False).values("transaction_id")
    return not Transaction.objects.filter(pk__in=moving, state__in=STOPPED).exists()


def _can_ask_for_parent(item: WorkItem) -> bool:
    """Whether the parent that members wait for can be asked for at the target."""
    if item.category != Category.MISSING_REFERENCE or not (item.table and item.table_key and item.connection_id):
        return False
    return asking_for_parents.place(item.connection_id, item.table) is not None


def _of_source(item: WorkItem) -> dict[str, Any]:
    """Return what happens at the source to what is sent back, or why nothing can be."""
    if item.route is None:
        return {}
    way, why = sending_back.way_of(item.route)
    return {"goes_back": way.about} if way is not None else {"never_goes_back": why}


def _of_system(item: WorkItem, user: User) -> dict[str, Any]:
    """Return what is so of a system that takes nothing: what goes on with it, and whose consent a new sign-in needs."""
    if item.category not in (Category.OUTAGE, Category.CREDENTIALS) or item.connection is None:
        return {}
    seen = entity_ids(user, Right.VIEW)
    found: dict[str, Any] = {"waiting": waiting_behind.behind(item.connection.pk, of=None if seen is ALL else seen)}
    if item.category == Category.CREDENTIALS:
        company = second_person.asks_for(user, item.connection.companies_concerned())
        found |= {
            "can_sign_in": bool(sign_in_again.questions(item.connection)), "asks_second_person": str(company or ""),
        }  # fmt: skip
    return found


def _beside(item: WorkItem, user: User, table: LookupTable | None) -> list[WorkItem]:
    """Return the other items, as far as somebody may see them, that a row with the item's key sets free, too."""
    if table is None or not item.table_key:
        return []
    same = WorkItem.objects.visible_to(user).open().filter(
        table=item.table, table_key=item.table_key, category=item.category, members__gt=0,
        table_key__contains=item.table_key,  # which follows from it, and has an index
    )  # fmt: skip
    if table.legal_entity_id is not None:
        same = same.filter(legal_entity_id=table.legal_entity_id)
    return list(same.exclude(pk=item.pk).order_by("pk").prefetch_related("amounts"))


def _any_stopped(item: WorkItem) -> bool:
    """Return whether something of an item can be sent again; of the unforeseen, some only waits to be tried again."""
    if not unforeseen.is_tried_again(item.category, item.rule):
        return True
    members = item.failures().filter(record_id__isnull=False)
    moving = members.filter(transaction_id__isnull=False).values("transaction_id")
    of_records = members.filter(transaction_id=None)
    return of_records.exists() or Transaction.objects.filter(pk__in=moving, state__in=STOPPED).exists()


def _is_reversal(item: WorkItem) -> bool:
    """Whether a reversal is in doubt: those have an item of their own, so one member tells."""
    first = item.failures().first() if item.category == Category.OUTCOME_UNKNOWN else None
    return first is not None and first.transaction_id is not None and decisions.takes_back([first.transaction_id])


def _can_ask(item: WorkItem) -> bool:
    """Whether the target of what is in doubt can be asked by our key; one member tells."""
    if item.category != Category.OUTCOME_UNKNOWN:
        return False
    first = item.failures().first()
    found = claims.held([first.transaction_id]) if first is not None and first.transaction_id else []
    return bool(found) and destination_of(found[0]).write.can_look_up
