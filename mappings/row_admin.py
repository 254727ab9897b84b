"""The admin's pages for rows of lookup tables: add, correct, approve, refuse and withdraw, by the tables' verbs."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from governance import deed_page
from governance.actor import names
from governance.deed_page import Deed, ReasonForm, button
from governance.models import User
from governance.rights import Right, allowed
from mappings import tables
from mappings.models import LookupTable, TableRow
from mappings.row_form import RowForm, words_of

LIST = "admin:mappings_tablerow_changelist"
COUNTS = (
    "It counts from now on. What lacked it goes on by itself; what was stopped with another value is sent again from"
)
SAID = f"The row is kept. {COUNTS} its work item."
WAITS = "The row is proposed. It counts once a second person has approved it."


def add_page(request: HttpRequest, table: LookupTable) -> HttpResponse:
    """Show the form for a new row of a table, or add it."""
    form = RowForm(deed_page.sent(request), table=table)
    about = "A row for a key and days that have one already stands in its place; the old one stays explained."
    return deed_page.shown(request, Deed(f"Add a row to {table}", "Add the row", form, _adding(request, table),
                                         reverse(LIST) + f"?table__id__exact={table.pk}", about))  # fmt: skip


def correct_page(request: HttpRequest, row: TableRow) -> HttpResponse:
    """Show the form for what shall stand in a row's place, or put it there."""
    started = {f"value_{name}": value for name, value in row.values.items()}
    started |= {"valid_from": row.valid_from, "valid_to": row.valid_to}
    form = RowForm(deed_page.sent(request), table=row.table, key=row.key, initial=started)
    about = (
        "A row never changes: a new one takes its place from the first day that you give here. To change a value from "
        "a day on, give that day; to put a mistake right, leave the days as they are."
    )
    return deed_page.shown(request, Deed(f"Correct {row} of {row.table}", "Keep the new row", form,
                                         _adding(request, row.table), _back(row), about, _facts(row)))  # fmt: skip


def decide_page(request: HttpRequest, row: TableRow, verb: str) -> HttpResponse:
    """Show what approving, refusing or withdrawing a row would mean, or do it."""
    titles = {"approve": "Approve", "refuse": "Refuse", "withdraw": "Withdraw"}
    done = {"approve": "It counts from now on.", "refuse": "It never counted.", "withdraw": "It no longer counts."}
    doing = {"approve": tables.approve_rows, "refuse": tables.refuse_rows, "withdraw": tables.withdraw_rows}[verb]
    form = ReasonForm(deed_page.sent(request))
    form.fields["reason"].required = verb != "approve"

    def act(typed: forms.Form) -> str:
        doing(row.table, [row.pk], by=person(request), reason=typed.cleaned_data["reason"])
        return f"{row.table}: {row}. {done[verb]}"

    title = f"{titles[verb]} {row} of {row.table}"
    deed = Deed(title, f"{titles[verb]} the row", form, act, _back(row), "", _facts(row), danger=verb != "approve")
    return deed_page.shown(request, deed)


class RowActions:
    """Buttons on a row's page; each is there for those whom the verb lets do it."""

    actions_detail = ["correct_row", "approve_row", "refuse_row", "withdraw_row"]

    @button("Correct", "corrections", "edit_row")
    def correct_row(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put another row in the place of one in force, or of a proposed one."""
        return correct_page(request, self._row(request, object_id))

    @button("Approve", "approvals", "decide_row")
    def approve_row(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give a second person's consent."""
        return decide_page(request, self._row(request, object_id), "approve")

    @button("Refuse", "refusals", "decide_row")
    def refuse_row(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Say no to a proposed row."""
        return decide_page(request, self._row(request, object_id), "refuse")

    @button("Withdraw", "withdrawals", "edit_row")
    def withdraw_row(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a row out of force without a successor."""
        return decide_page(request, self._row(request, object_id), "withdraw")

    def has_edit_row_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a row that counts or waits, to those who may add rows to its table."""
        return self._may(request, object_id, Right.EDIT_TABLES, waiting=False)

    def has_decide_row_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it for a row that waits, to those who may approve rows of its table."""
        return self._may(request, object_id, Right.APPROVE_TABLES, waiting=True)

    def _may(self, request: HttpRequest, object_id: str | None, right: Right, *, waiting: bool) -> bool:
        row = self._rows(request).filter(pk=object_id, recorded_to=None).first() if object_id else None
        if row is None or (waiting and row.approved_at is not None):
            return False
        return allowed(person(request), right, row.table.legal_entity)

    def _row(self, request: HttpRequest, object_id: str) -> TableRow:
        row: TableRow = get_object_or_404(self._rows(request), pk=object_id)
        return row

    def _rows(self, request: HttpRequest) -> Any:
        return TableRow.objects.visible_to(person(request)).select_related("table__legal_entity")


class TableActions:
    """The button with which a table's page adds a row."""

    actions_detail = ["add_row"]

    @button("Add a row", "rows", "add_row")
    def add_row(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Add a row to the table."""
        visible = LookupTable.objects.visible_to(person(request)).select_related("legal_entity")
        return add_page(request, get_object_or_404(visible, pk=object_id))

    def has_add_row_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those who may add rows to this table."""
        table = LookupTable.objects.filter(pk=object_id).select_related("legal_entity").first() if object_id else None
        return table is not None and allowed(person(request), Right.EDIT_TABLES, table.legal_entity)


def person(request: HttpRequest) -> User:
    """Return who is signed in."""
    assert isinstance(request.user, User)
    return request.user


def _adding(request: HttpRequest, table: LookupTable) -> Any:
    def act(form: forms.Form) -> str:
        assert isinstance(form, RowForm)
        added = tables.add_rows(table, [form.row()], by=person(request), reason=form.cleaned_data["reason"])
        return WAITS if added.waiting else SAID

    return act


def _back(row: TableRow) -> str:
    return reverse(LIST) + f"?table__id__exact={row.table_id}"


def _facts(row: TableRow) -> list[tuple[str, str]]:
    keys = [(words_of(name), part) for name, part in zip(row.table.key_columns, row.key, strict=False)]
    values = [(words_of(name), str(value)) for name, value in row.values.items()]
    days = [("Days", f"{row.valid_from or 'since ever'} to {row.valid_to or 'until further notice'}")]
    return [*keys, *values, *days, ("Proposed by", names([row.proposed_by])[row.proposed_by])]
