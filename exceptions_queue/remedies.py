"""Which remedies an item offers to somebody, with what each would do; and doing them from what was typed.

One row of the table for each remedy: the page shows it, the address names it, the verb does it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from canonical.failure import Category
from exceptions_queue import releasing, verbs, words
from exceptions_queue.forms import (
    CorrectionForm,
    CrossReferenceForm,
    NeedsReasonForm,
    OutcomeForm,
    RemedyForm,
    RowCorrectionForm,
    TableRowForm,
)
from exceptions_queue.made_with import ReadRow, rows_read
from exceptions_queue.models import Release, WorkItem
from exceptions_queue.permitted import rights_in, who_may
from exceptions_queue.tasks import nudge_release
from exceptions_queue.templatetags.shown import money
from exceptions_queue.verbs.add_table_row import table_of
from exceptions_queue.verbs.approve_table_row import rows_waiting
from exceptions_queue.verbs.correct_field import correctable
from governance.actor import names
from governance.models import LegalEntity, User
from governance.roles import Right
from mappings.models import LookupTable, TableRow

AT_ONCE = 5.0  # seconds that a page works on a release before a worker goes on with it
SYSTEM = (Category.OUTAGE, Category.CREDENTIALS)
# What no row that was read can be to blame for.
UNREAD = (
    *SYSTEM, Category.UNMAPPED_VALUE, Category.MISSING_REFERENCE, Category.APPROVAL_MISSING, Category.OUTCOME_UNKNOWN,
    Category.CLOSED_PERIOD, Category.TRANSIENT, Category.THROTTLED, Category.INTERNAL, Category.NO_RIGHT,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides which remedies make sense; gathered once for a page."""

    item: WorkItem
    user: User
    has_records: bool
    field: str  # the failing canonical field
    table: LookupTable | None
    rows_waiting: list[TableRow]
    read: list[ReadRow]  # rows of tables that members were made with
    first_value: str = ""  # what the hub would send now, to begin a correction with


@dataclass(slots=True)
class Remedy:
    """One remedy as the page shows it."""

    name: str  # in the address: a noun
    title: str
    button: str
    effect: str
    form: forms.Form | None
    needs: str = ""  # which role is lacking and who has it, when this person may not
    row: int | None = None  # the table row that it is about
    opened: bool = False  # its form is not folded away
    each: bool = False  # done member by member
    danger: bool = False
    given: list[tuple[str, str]] = field(default_factory=list)  # what is settled already: the key of the row


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of remedy: when it makes sense, who may, what it asks and what it does."""

    name: str
    title: str
    button: str
    right: Right
    makes_sense: Callable[[Facts], bool]
    form: Callable[[Facts, Mapping[str, Any] | None], forms.Form]
    act: Callable[[Facts, Any], str]
    releases: bool = True
    each: bool = False
    danger: bool = False
    on_table: bool = False  # the right is asked where the table belongs, which may serve every company


def facts_of(item: WorkItem, user: User, *, field: str = "", first_value: str = "") -> Facts:
    """Gather what decides about an item's remedies. At most seven queries."""
    has_records = item.failures().filter(record_id__isnull=False).exists()
    table = table_of(item) if item.table else None
    read = rows_read(item) if has_records and item.category not in UNREAD else []
    return Facts(item, user, has_records, field, table, rows_waiting(item, read), read, first_value)


def offered(facts: Facts, rights: frozenset[Right]) -> list[Remedy]:
    """Return the remedies that make sense for an open item, the likeliest first."""
    if not facts.item.is_open or not facts.item.members:
        return []
    shown: list[Remedy] = []
    for kind in KINDS:
        if not kind.makes_sense(facts):
            continue
        if kind.name == "row-corrections":
            shown += _row_corrections(kind, facts)
        else:
            shown.append(_shown(kind, facts, rights))
    return shown


def _shown(kind: Kind, facts: Facts, rights: frozenset[Right]) -> Remedy:
    place: LegalEntity | None = facts.item.legal_entity
    tables = [row.table for row in facts.rows_waiting] or ([facts.table] if facts.table else [])
    if kind.on_table and tables:
        place = tables[0].legal_entity
        rights = rights_in(facts.user, place.pk if place else None)
    may = kind.right in rights
    remedy = Remedy(kind.name, kind.title, kind.button, "", kind.form(facts, None) if may else None)
    remedy.effect = effect(facts.item) if kind.releases else ""
    remedy.needs = "" if may else who_may(kind.right, place)
    remedy.each, remedy.danger = kind.each, kind.danger
    if kind.name == "table-rows" and facts.table:
        remedy.given = list(zip(facts.table.key_columns, facts.item.table_key or [], strict=False))
        if facts.rows_waiting:
            remedy.title, remedy.button, remedy.effect = "Propose another row in its place", "Propose this row", ""
    if kind.name in ("row-approvals", "row-refusals"):
        remedy.given = [pair for row in facts.rows_waiting for pair in told(row)]
    return remedy


def told(row: TableRow) -> list[tuple[str, str]]:
    """Return a table row as people read it: key, values, days, who proposed it."""
    keys = list(zip(row.table.key_columns, row.key, strict=False))
    days = [
        ("first day", f"{row.valid_from or 'since ever'}"),
        ("last day", f"{row.valid_to or 'until further notice'}"),
    ]
    proposed = [("proposed by", names([row.proposed_by])[row.proposed_by])]
    return [*keys, *((name, str(value)) for name, value in row.values.items()), *days, *proposed]


def _row_corrections(kind: Kind, facts: Facts) -> list[Remedy]:
    """Return one remedy for each row that members were made with and the person may correct; else who may."""
    shown: list[Remedy] = []
    lacking: dict[int | None, LegalEntity | None] = {}
    for read in facts.read:
        table, place = read.row.table, read.row.table.legal_entity
        if kind.right not in rights_in(facts.user, table.legal_entity_id):
            lacking[table.legal_entity_id] = place
            continue
        title = f"This was made with the row {read.row} of {table}: correct it"
        remedy = Remedy(kind.name, title, kind.button, effect(facts.item), RowCorrectionForm(old=read.row))
        remedy.row = read.row.pk
        remedy.given = list(zip(table.key_columns, read.row.key, strict=False))
        shown.append(remedy)
    if not shown and lacking:
        needs = who_may(kind.right, next(iter(lacking.values())))
        shown.append(Remedy(kind.name, kind.title, kind.button, "", None, needs=needs))
    return shown


def effect(item: WorkItem) -> str:
    """Return what a remedy of the whole item sets free: "releases 37 time entries, 12,480.00 EUR"."""
    sums = ", ".join(money(each.amount, each.currency) for each in item.amounts.all())
    return f"releases {words.counted(item.members, item.entity)}{f', {sums}' if sums else ''}"


def by_name(name: str) -> Kind | None:
    """Return the kind that an address names."""
    return next((kind for kind in KINDS if kind.name == name), None)


def _reason(facts: Facts, data: Mapping[str, Any] | None) -> forms.Form:
    return RemedyForm(data)


def _needs_reason(facts: Facts, data: Mapping[str, Any] | None) -> forms.Form:
    return NeedsReasonForm(data)


def _row_form(facts: Facts, data: Mapping[str, Any] | None) -> forms.Form:
    assert facts.table is not None
    return TableRowForm(data, table=facts.table)


def _row_correction_form(facts: Facts, data: Mapping[str, Any] | None) -> forms.Form:
    wanted = str((data or {}).get("row", ""))
    read = next((each for each in facts.read if str(each.row.pk) == wanted), facts.read[0])
    return RowCorrectionForm(data, old=read.row)


def _correction_form(facts: Facts, data: Mapping[str, Any] | None) -> forms.Form:
    started = {"field": facts.field, "value": facts.first_value}
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


def _refuse_row(facts: Facts, typed: Any) -> str:
    verbs.refuse_table_row(facts.item, by=facts.user, reason=typed["reason"])
    return "The row is refused and never counted. Another one can be proposed here."


def _correct_row(facts: Facts, typed: Any) -> str:
    release = verbs.correct_table_row(
        facts.item, by=facts.user, row=typed["row"], values=typed["form"].values(), valid_from=typed["valid_from"],
        valid_to=typed["valid_to"], reason=typed["reason"],
    )  # fmt: skip
    if release is None:
        return "The row is proposed. It counts once a second person has approved it; what waits for it stays here."
    return f"The row is corrected. {_released(release)}"


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
    return "Noted: it is there." if typed["happened"] else "Noted: it is not there, and is sent again."


def _try_system(facts: Facts, typed: Any) -> str:
    verbs.ask_system(facts.item, by=facts.user, reason=typed["reason"])
    return "The next request tries it. If it works, everything that waits goes on in order."


def _read_again(facts: Facts, typed: Any) -> str:
    verbs.read_again(facts.item, by=facts.user, reason=typed["reason"])
    return "A run is asked for. It reads on from where the last good one ended."


def _is(*categories: Category) -> Callable[[Facts], bool]:
    return lambda facts: facts.item.category in categories


def _sendable(facts: Facts) -> bool:
    return facts.has_records and facts.item.category not in (Category.APPROVAL_MISSING, Category.OUTCOME_UNKNOWN)


KINDS = (
    Kind("row-approvals", "Approve the proposed row", "Approve the row", Right.APPROVE_TABLES,
         lambda f: bool(f.rows_waiting), _reason, _approve_row, on_table=True),
    Kind("row-refusals", "Refuse the proposed row", "Refuse the row", Right.APPROVE_TABLES,
         lambda f: bool(f.rows_waiting), _needs_reason, _refuse_row, releases=False, danger=True, on_table=True),
    Kind("table-rows", "Add the missing row", "Add the row", Right.EDIT_TABLES,
         lambda f: f.table is not None and bool(f.item.table_key)
         and f.item.category in (Category.UNMAPPED_VALUE, Category.APPROVAL_MISSING), _row_form, _add_row,
         on_table=True),
    Kind("row-corrections", "Correct a row that this was made with", "Correct the row", Right.EDIT_TABLES,
         lambda f: bool(f.read), _row_correction_form, _correct_row, on_table=True),
    Kind("cross-references", "It exists there already: link it", "Link it", Right.EDIT_TABLES,
         lambda f: f.item.category == Category.MISSING_REFERENCE and bool(f.item.table_key and f.item.connection_id),
         lambda f, data: CrossReferenceForm(data), _link),
    Kind("approvals", "Approve", "Approve", Right.APPROVE,
         lambda f: f.item.category == Category.APPROVAL_MISSING and not f.rows_waiting, _reason, _approve),
    Kind("outcomes", "Say what you found in the target", "Keep this", Right.RESUBMIT,
         _is(Category.OUTCOME_UNKNOWN), lambda f, data: OutcomeForm(data), _decide, releases=False, each=True),
    Kind("probes", "Try the system now", "Try now", Right.OPERATE, _is(*SYSTEM), _reason, _try_system, releases=False),
    Kind("readings", "Read the source again", "Read again", Right.RESUBMIT,
         lambda f: not f.has_records and f.item.category not in (*SYSTEM, Category.APPROVAL_MISSING), _reason,
         _read_again, releases=False),
    Kind("corrections", "Correct a field", "Correct and send again", Right.EDIT_OVERLAY,
         lambda f: _sendable(f) and f.item.category != Category.MISSING_REFERENCE, _correction_form, _correct),
    Kind("resubmissions", "Send again as it is", "Send again", Right.RESUBMIT, _sendable, _reason, _resubmit),
    Kind("waivers", "Do not deliver", "Waive", Right.WAIVE,
         lambda f: f.has_records and f.item.category != Category.OUTCOME_UNKNOWN, _needs_reason, _waive,
         releases=False, danger=True),
)  # fmt: skip

__all__ = ["KINDS", "Facts", "Kind", "Remedy", "by_name", "effect", "facts_of", "offered"]
