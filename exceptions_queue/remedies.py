"""Which remedies an item offers to somebody, with what each would do; and doing them from what was typed.

One row of the table for each remedy: the page shows it, the address names it, the verb does it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from canonical.failure import Category
from exceptions_queue import releasing, verbs, words
from exceptions_queue.forms import (
    CorrectionForm,
    CrossReferenceForm,
    NeedsReasonForm,
    OutcomeForm,
    RemedyForm,
    TableRowForm,
)
from exceptions_queue.models import Release, WorkItem
from exceptions_queue.permitted import who_may
from exceptions_queue.tasks import nudge_release
from exceptions_queue.templatetags.shown import money
from exceptions_queue.verbs.add_table_row import tables_of
from exceptions_queue.verbs.approve_table_row import rows_of
from exceptions_queue.verbs.correct_field import correctable
from exceptions_queue.verbs.move_to_next_period import LIMIT, offers
from governance.models import User
from governance.roles import Right
from mappings.models import LookupTable, TableRow
from routes import decisions
from routes.models import Transaction
from routes.periods import Offer
from routes.reprocess import STOPPED

AT_ONCE = 5.0  # seconds that a page works on a release before a worker goes on with it
SYSTEM = (Category.OUTAGE, Category.CREDENTIALS)


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which remedies make sense; gathered once for a page."""

    item: WorkItem
    user: User
    has_records: bool
    failing: str  # the failing canonical field
    table: LookupTable | None
    rows: list[TableRow]  # with the item's key, that count or wait for a second person
    first_value: str = ""  # what the hub would send now, to begin a correction with
    stopped: bool = True  # whether something of it is stopped, and not only waits in its place
    offers: dict[UUID, Offer] = field(default_factory=dict)  # the next open period, by transaction
    reversal: bool = False  # what is in doubt takes back something posted

    @property
    def rows_waiting(self) -> bool:
        """Whether a row with the item's key waits for a second person."""
        return any(row.approved_at is None for row in self.rows)

    @property
    def lacks_row(self) -> bool:
        """Whether a row has to be added: none waits for approval, nor does one count that was approved meanwhile."""
        if self.table is None or not self.item.table_key or self.rows_waiting:
            return False
        return self.item.category == Category.UNMAPPED_VALUE or (_held_for_row(self) and not self.rows)


@dataclass(slots=True)
class Remedy:
    """One remedy as the page shows it."""

    name: str  # in the address: a noun
    title: str
    button: str
    effect: str
    form: RemedyForm | None
    needs: str = ""  # who may do it, when this person may not
    each: bool = False  # done member by member
    danger: bool = False
    given: list[tuple[str, str]] = field(default_factory=list)  # what is settled already: the key of the row
    elsewhere: list[UUID] = field(default_factory=list)  # rows that were ticked and are not among those shown


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of remedy: when it makes sense, who may, what it asks and what it does."""

    name: str
    title: str
    button: str
    right: Right
    makes_sense: Callable[[Facts], bool]
    form: Callable[[Facts, Mapping[str, Any] | None], RemedyForm]
    act: Callable[[Facts, Any], str]
    releases: bool = True
    each: bool = False
    danger: bool = False

    def asked(self, facts: Facts, data: Mapping[str, Any] | None = None) -> RemedyForm:
        """Return the remedy's form, empty or with what was typed; its ids are its own among all forms of a page."""
        form = self.form(facts, data)
        form.auto_id = f"{self.name}-%s"
        return form


def facts_of(item: WorkItem, user: User, *, field: str = "", first_value: str = "") -> Facts:
    """Gather what decides about an item's remedies. At most ten queries."""
    has_records = item.failures().filter(record_id__isnull=False).exists()
    tables = tables_of(item)
    return Facts(
        item, user, has_records, field, next(iter(tables), None), rows_of(item, tables), first_value,
        _any_stopped(item), offers(item), _is_reversal(item),
    )  # fmt: skip


def _any_stopped(item: WorkItem) -> bool:
    """Return whether something of an item can be sent again; of the unforeseen, some only waits to be tried again."""
    if item.category != Category.INTERNAL:
        return True
    members = item.failures().filter(record_id__isnull=False)
    moving = members.filter(transaction_id__isnull=False).values("transaction_id")
    of_records = members.filter(transaction_id=None)
    return of_records.exists() or Transaction.objects.filter(pk__in=moving, state__in=STOPPED).exists()


def _is_reversal(item: WorkItem) -> bool:
    """Whether a reversal is in doubt: those have an item of their own, so one member tells."""
    first = item.failures().first() if item.category == Category.OUTCOME_UNKNOWN else None
    return first is not None and first.transaction_id is not None and decisions.takes_back([first.transaction_id])


def offered(facts: Facts, rights: frozenset[Right]) -> list[Remedy]:
    """Return the remedies that make sense for an open item, the likeliest first."""
    if not facts.item.is_open or not facts.item.members:
        return []
    return [_shown(kind, facts, rights) for kind in KINDS if kind.makes_sense(facts)]


def _shown(kind: Kind, facts: Facts, rights: frozenset[Right]) -> Remedy:
    may = kind.right in rights
    remedy = Remedy(kind.name, kind.title, kind.button, "", kind.asked(facts) if may else None)
    remedy.effect = effect(facts.item) if kind.releases else ""
    remedy.needs = "" if may else who_may(kind.right)
    remedy.each, remedy.danger = kind.each, kind.danger
    if kind.name == "period-moves":
        remedy.given, remedy.effect = _days(facts), f"proposes {_holds(facts.item)}; sent once a second person approves"
    if kind.name == "table-rows" and facts.table:
        remedy.given = list(zip(facts.table.key_columns, facts.item.table_key or [], strict=False))
    return remedy


def effect(item: WorkItem) -> str:
    """Return what a remedy of the whole item sets free: "releases 37 time entries, 12,480.00 EUR"."""
    return f"releases {_holds(item)}"


def _holds(item: WorkItem) -> str:
    sums = ", ".join(money(each.amount, each.currency) for each in item.amounts.all())
    return f"{words.counted(item.members, item.entity)}{f', {sums}' if sums else ''}"


def _days(facts: Facts) -> list[tuple[str, str]]:
    """Return which days would move, and where to; without an open period for some, how many stay."""
    found = facts.offers.values()
    first, last = min(offer.was for offer in found), max(offer.was for offer in found)
    periods = sorted({f"{offer.day}, in the period {offer.starts_on} to {offer.ends_on}" for offer in found})
    told = [("day now", str(first) if first == last else f"{first} to {last}"), ("would be", " and ".join(periods))]
    stays = min(facts.item.members, LIMIT) - len(found)
    return [*told, ("stays", f"{words.counted(stays, facts.item.entity)}: no open period is known")] if stays else told


def by_name(name: str) -> Kind | None:
    """Return the kind that an address names."""
    return next((kind for kind in KINDS if kind.name == name), None)


def _reason(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    return RemedyForm(data)


def _needs_reason(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    return NeedsReasonForm(data)


def _row_form(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    assert facts.table is not None
    return TableRowForm(data, table=facts.table)


def _correction_form(facts: Facts, data: Mapping[str, Any] | None) -> RemedyForm:
    started = {"field": facts.failing, "value": facts.first_value}
    return CorrectionForm(data, fields=correctable(facts.item, facts.user), initial=started)


def _released(release: Release) -> str:
    """Begin with a release at once, leave the rest to a worker, and say how far it is."""
    if releasing.work(seconds=AT_ONCE, release=release.pk):
        nudge_release(release.pk)
    release.refresh_from_db()
    # Counted from what is open still: rows and links that appear release their members by themselves, too.
    left = release.item.failures().count()
    said = f"{max(0, release.asked - left):,} went on."
    if not release.done_at:
        return f"{said} The rest follows in a moment."
    return f"{said} {left:,} stopped again; why is said with them." if left else said


def _add_row(facts: Facts, typed: Any) -> str:
    form = typed["form"]
    added = verbs.add_table_row(
        facts.item, by=facts.user, values=form.values(), valid_from=typed["valid_from"], valid_to=typed["valid_to"],
        reason=typed["reason"],
    )  # fmt: skip
    if added.release is None:
        return "The row is proposed. It counts once a second person has approved it; what waits for it stays here."
    return f"The row is added. {_released(added.release)}"


def _approve_row(facts: Facts, typed: Any) -> str:
    release = verbs.approve_table_row(facts.item, by=facts.user, reason=typed["reason"])
    return f"The row is approved. {_released(release)}"


def _link(facts: Facts, typed: Any) -> str:
    release = verbs.add_cross_reference(
        facts.item, by=facts.user, external_id=typed["external_id"], reference=typed["reference"],
        reason=typed["reason"],
    )  # fmt: skip
    return f"The link is kept. {_released(release)}"


def _correct(facts: Facts, typed: Any) -> str:
    went_on = verbs.correct_field(
        facts.item, by=facts.user, field=typed["field"], value=typed["value"], reason=typed["reason"],
        failures=typed["failures"],
    )  # fmt: skip
    return f"Corrected. {went_on:,} went on; the source is compared with your correction from now on."


def _move(facts: Facts, typed: Any) -> str:
    moved = verbs.move_to_next_period(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"])
    return f"{words.counted(moved, facts.item.entity)} proposed for the next open period. A second person approves."


def _resubmit(facts: Facts, typed: Any) -> str:
    done = verbs.resubmit(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"])
    return _released(done) if isinstance(done, Release) else f"{done:,} went on."


def _waive(facts: Facts, typed: Any) -> str:
    waived = verbs.waive(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"])
    return f"{words.counted(waived, facts.item.entity)} will not be delivered."


def _approve(facts: Facts, typed: Any) -> str:
    approved = verbs.approve(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"])
    return f"{approved:,} approved."


def _decide(facts: Facts, typed: Any) -> str:
    if not typed["failures"] or len(typed["failures"]) != 1:
        raise verbs.NotPossible("Choose the one row that you have looked up. Each is decided by itself.")
    verbs.decide_unknown(
        facts.item, by=facts.user, failure=typed["failures"][0], happened=typed["happened"],
        reference=typed["reference"], reason=typed["reason"],
    )  # fmt: skip
    if facts.reversal:
        return "Noted: it is reversed there." if typed["happened"] else "Noted: it is not, and is reversed again."
    return "Noted: it is there." if typed["happened"] else "Noted: it is not there, and is sent again."


def _try_system(facts: Facts, typed: Any) -> str:
    verbs.ask_system(facts.item, by=facts.user, reason=typed["reason"])
    return "The next request tries it. If it works, everything that waits goes on in order."


def _try_now(facts: Facts, typed: Any) -> str:
    verbs.try_now(facts.item, by=facts.user, reason=typed["reason"])
    return "It is tried now. If it works, this closes by itself."


def _read_again(facts: Facts, typed: Any) -> str:
    verbs.read_again(facts.item, by=facts.user, reason=typed["reason"])
    return "A run is asked for. It reads on from where the last good one ended."


def _is(*categories: Category) -> Callable[[Facts], bool]:
    return lambda facts: facts.item.category in categories


def _sendable(facts: Facts) -> bool:
    sends = facts.has_records and facts.stopped
    if _held_for_row(facts):
        return sends and not facts.rows_waiting
    return sends and facts.item.category not in (Category.APPROVAL_MISSING, Category.OUTCOME_UNKNOWN)


def _held_for_row(facts: Facts) -> bool:
    """Whether the members wait for a table's row: they have no bytes yet, and nobody could approve them themselves."""
    return facts.item.category == Category.APPROVAL_MISSING and bool(facts.item.table)


KINDS = (
    Kind("row-approvals", "Approve the proposed row", "Approve the row", Right.APPROVE_TABLES,
         lambda f: f.rows_waiting, _reason, _approve_row),
    Kind("table-rows", "Add the missing row", "Add the row", Right.EDIT_TABLES,
         lambda f: f.lacks_row, _row_form, _add_row),
    Kind("cross-references", "It exists there already: link it", "Link it", Right.EDIT_TABLES,
         lambda f: f.item.category == Category.MISSING_REFERENCE and bool(f.item.table_key and f.item.connection_id),
         lambda f, data: CrossReferenceForm(data), _link),
    Kind("approvals", "Approve", "Approve", Right.APPROVE,
         lambda f: f.item.category == Category.APPROVAL_MISSING and not f.item.table, _reason, _approve),
    Kind("outcomes", "Say what you found in the target", "Keep this", Right.RESUBMIT,
         _is(Category.OUTCOME_UNKNOWN), lambda f, data: OutcomeForm(data, reversal=f.reversal), _decide,
         releases=False, each=True),
    Kind("probes", "Try the system now", "Try now", Right.OPERATE, _is(*SYSTEM), _reason, _try_system, releases=False),
    Kind("tries", "Try it now", "Try now", Right.RESUBMIT, _is(Category.INTERNAL), _reason, _try_now, releases=False),
    Kind("readings", "Read the source again", "Read again", Right.RESUBMIT,
         lambda f: not f.has_records and f.item.category not in (*SYSTEM, Category.APPROVAL_MISSING, Category.INTERNAL),
         _reason, _read_again, releases=False),
    Kind("period-moves", "Post in the next open period", "Propose it", Right.EDIT_OVERLAY, lambda f: bool(f.offers),
         _needs_reason, _move, releases=False),
    Kind("corrections", "Correct a field", "Correct and send again", Right.EDIT_OVERLAY,
         lambda f: _sendable(f) and f.item.category != Category.MISSING_REFERENCE, _correction_form, _correct),
    Kind("resubmissions", "Send again as it is", "Send again", Right.RESUBMIT, _sendable, _reason, _resubmit),
    Kind("waivers", "Do not deliver", "Waive", Right.WAIVE,
         lambda f: f.has_records and f.item.category != Category.OUTCOME_UNKNOWN, _needs_reason, _waive,
         releases=False, danger=True),
)  # fmt: skip

__all__ = ["KINDS", "Facts", "Kind", "Remedy", "by_name", "effect", "facts_of", "offered"]
