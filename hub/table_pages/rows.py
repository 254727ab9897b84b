"""Add, correct, end, approve, refuse and withdraw rows, one page for each; and whole sheets of them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from canonical.entity import Mask
from exceptions_queue.pages.door import context, person
from governance.actor import as_actor, names
from governance.deed_page import ReasonForm
from governance.models import User
from governance.rights import NotAllowed, Right, require
from governance.seen import SEEN, carry
from hub.table_pages import grid
from hub.table_pages.pages import table_of, table_page
from mappings import discreet, overlapping, tables
from mappings.ending import end_row
from mappings.loosening import agree_to
from mappings.models import LookupTable, TableRow
from mappings.row_form import RowForm, words_of
from mappings.sheets import Sheet, days_of, read_sheet
from mappings.tables import RowErrors

LARGEST = 4_000_000  # bytes of an uploaded file
AROUND = 10_000  # bytes, of the other fields of the form that adds them
SAID = (
    "The row is kept. It counts from now on. What lacked it goes on by itself; what was stopped with another value is "
    "sent again from its work item."
)
WAITS = "The row is proposed. It counts once a second person has approved it."
ABOUT = {
    "corrections": "A row never changes: a new one takes its place from the first day that you give. To change a value "
    "from a day on, give that day; to put a mistake right, leave the days as they are.",
    "ends": "It holds until the day that you give, that day included. Nothing stands in its place afterwards.",
    "approvals": "It counts from now on.",
    "refusals": "It never counted.",
    "withdrawals": "It no longer counts on any day. What it gave until now stays explained.",
}
DECIDED = ("approvals", "refusals")  # by who is the second person
UNSEEN = (
    "This row holds what your roles do not let you see, such as pay, so you cannot put another in its place here. Ask "
    "somebody who may see it, or add a row of your own."
)
TITLES = {
    "corrections": "Correct", "ends": "End", "approvals": "Approve", "refusals": "Refuse", "withdrawals": "Withdraw",
}  # fmt: skip


class EndForm(ReasonForm):
    """The last day of a row, and why."""

    last_day = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))
    field_order = ("last_day", "reason")


@table_page
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a row to a table."""
    table = table_of(request, pk)
    require(person(request), Right.EDIT_TABLES, table.legal_entity)
    form = _marked(RowForm(_sent(request), table=table), table)
    about = "A row for a key and days that have one already stands in its place; the old one stays explained."
    return _shown(request, table, form, "Add a row", about, lambda: _add(table, form, person(request)))


@table_page
def change(request: HttpRequest, pk: int, row: int, name: str) -> HttpResponse:
    """Show what a step would do with a row, or take it."""
    table, user = table_of(request, pk), person(request)
    found = get_object_or_404(table.rows.select_related("table"), pk=row)
    if name not in ABOUT:
        raise Http404("There is no such step.")
    require(user, Right.APPROVE_TABLES if name in DECIDED else Right.EDIT_TABLES, table.legal_entity)
    masks = discreet.masks_of_table(table, user)
    if name == "corrections" and discreet.hides_some_of(found, table, masks):
        raise NotAllowed(UNSEEN)
    form: forms.Form = ReasonForm(_sent(request), label_suffix="")
    if name == "corrections":
        started: dict[str, Any] = {f"value_{column}": value for column, value in found.values.items()}
        started |= {"valid_from": found.valid_from, "valid_to": found.valid_to}
        form = _marked(RowForm(_sent(request), table=table, key=found.key, initial=started), table)
    elif name == "ends":
        form = EndForm(_sent(request), label_suffix="")
    form.fields["reason"].required = name != "approvals"

    def act() -> str:
        given = form.cleaned_data
        if isinstance(form, RowForm):
            return _add(table, form, user)
        if name == "ends":
            ended = end_row(table, found.pk, last_day=given["last_day"], by=user, reason=given["reason"])
            return f"{' / '.join(discreet.key_shown(table, ended.key, masks))} ends on {ended.valid_to}."
        verb = {
            "approvals": tables.approve_rows, "refusals": tables.refuse_rows, "withdrawals": tables.withdraw_rows,
        }[name]  # fmt: skip
        verb(table, [found.pk], by=user, reason=given["reason"])
        return f"{' / '.join(discreet.key_shown(table, found.key, masks))}: {ABOUT[name]}"

    title = f"{TITLES[name]} the row for {' / '.join(discreet.key_shown(table, found.key, masks))}"
    facts = _facts(found, table, masks)
    return _shown(request, table, form, title, ABOUT[name], act, facts, danger=name in ("refusals", "withdrawals"))


@table_page
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree, as the second person, to an approval of rows that somebody has loosened."""
    table, user = table_of(request, pk), person(request)
    require(user, Right.APPROVE_TABLES, table.legal_entity)
    form = ReasonForm(_sent(request), label_suffix="")
    form.fields["reason"].required = False
    form.fields["policy"] = forms.CharField(max_length=200, widget=forms.HiddenInput, initial=table.policy)

    def act() -> str:
        given = form.cleaned_data
        agree_to(table, policy=given["policy"], by=user, reason=given["reason"])
        return f"Agreed. The rows of everybody follow it from now on: {table.policy}."

    who = ", ".join(sorted(names(table.loosened_by).values())) or "nobody"
    about = f"{table.policy}: so {who} wanted it. Once you agree, that holds for rows of {who}, too."
    return _shown(request, table, form, "Agree to who approves rows", about, act)


class SheetForm(forms.Form):
    """A sheet, pasted or uploaded, and why."""

    file = forms.FileField(required=False, label="CSV file", help_text="As spreadsheets save it under “CSV UTF-8”.")
    text = forms.CharField(
        required=False, strip=False, label="Or paste the rows",
        widget=forms.Textarea(attrs={"rows": 8, "class": "code", "spellcheck": "false"}),
    )  # fmt: skip
    reason = forms.CharField(
        max_length=500, label="Why", widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the history."
    )

    def clean(self) -> dict[str, Any]:
        """Take the text of the file, where one was uploaded."""
        given = dict(self.cleaned_data)
        file = given.get("file")
        if file is not None and file.size > LARGEST:
            self.add_error("file", f"The file has more than {LARGEST // 1_000_000} MB. Upload it in parts.")
        elif file is not None:
            try:
                given["text"] = file.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                self.add_error("file", "The file is no UTF-8 text. Save it in your spreadsheet as “CSV UTF-8”.")
        elif not given.get("text", "").strip() and not self.errors:
            self.add_error("text", "Paste rows, or choose a file.")
        if not self.errors and _sent_back(given["text"]) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            at = "text" if file is None else "file"
            self.add_error(at, "The sheet is longer than a page can send back once you have seen it. Add it in parts.")
        return given


def _sent_back(text: str) -> int:
    """Return how many bytes the page sends when somebody adds the rows of a sheet that they have seen."""
    return len(text.encode()) + text.count("\n") + AROUND  # browsers send an end of line as two characters


@table_page
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what a sheet would change, every mistake by its line; add its rows once somebody has seen that."""
    table, user = table_of(request, pk), person(request)
    require(user, Right.EDIT_TABLES, table.legal_entity)
    form = SheetForm(_sent(request), request.FILES or None, label_suffix="")
    read: Sheet | None = None
    status, seen = 200, ""
    if request.method == "POST":
        status = 422
        if form.is_valid():
            seen = form.cleaned_data["text"]
            masks = discreet.masks_of_table(table, user)
            read = read_sheet(table, seen, proposed_by=as_actor(user).reference, masks=masks)
            status = 422 if read.problems else 200
            if not read.problems and read.rows and request.POST.get("do") == "add":
                try:
                    with transaction.atomic():
                        overlapping.refuse_unseen(table, read.rows, overlapping.shown_until(request.POST.get(SEEN, "")))
                        added = tables.add_rows(table, read.rows, by=user, reason=form.cleaned_data["reason"])
                except RowErrors as error:
                    read.problems += [(0, str(each)) for each in error.problems]
                    status = 422
                else:
                    said = f"{len(added.in_force)} rows count now, {len(added.waiting)} wait for a second person."
                    messages.success(request, said)
                    return redirect("tables:table", pk=table.pk)
    columns = [*table.key_columns, *table.value_columns, "valid_from", "valid_to"]
    more = context(
        "tables", table=table, form=form, read=read, seen=seen, columns=",".join(columns),
        mark=overlapping.newest(table),
    )  # fmt: skip
    return render(request, "hub/table/sheet.html", more, status=status)


def _marked(form: RowForm, table: LookupTable) -> RowForm:
    """Return a form that says up to which row its page can have shown the table."""
    form.fields[SEEN] = forms.CharField(
        required=False, max_length=20, widget=forms.HiddenInput, initial=overlapping.newest(table)
    )
    return form


@transaction.atomic
def _add(table: LookupTable, form: RowForm, user: User) -> str:
    overlapping.refuse_unseen(table, [form.row()], overlapping.shown_until(form.cleaned_data[SEEN]))
    added = tables.add_rows(table, [form.row()], by=user, reason=form.cleaned_data["reason"])
    return WAITS if added.waiting else SAID


def _shown(
    request: HttpRequest, table: LookupTable, form: forms.Form, title: str, about: str, act: Any,
    facts: list[tuple[str, str]] | None = None, *, danger: bool = False,
) -> HttpResponse:  # fmt: skip
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                messages.success(request, act())
            except NotAllowed as error:
                form.add_error(None, str(error))
                status = 403
            except RowErrors as error:
                if SEEN in form.fields:
                    carry(form, str(overlapping.newest(table)))
                for problem in error.problems:
                    _place(form, table, problem.column, f"{problem.message} {problem.remedy}")
            except ValueError as error:
                form.add_error("last_day" if "last_day" in form.fields else None, str(error).splitlines())
            else:
                return redirect("tables:table", pk=table.pk)
    more = context("tables", table=table, form=form, title=title, about=about, facts=facts or [], danger=danger)
    return render(request, "hub/table/row.html", more, status=status)


def _place(form: forms.Form, table: LookupTable, column: str, words: str) -> None:
    """Say what is wrong at the input that it is about."""
    inputs = {f"value_{name}": name for name in table.value_columns}
    inputs |= {f"key_{number}": name for number, name in enumerate(table.key_columns)}
    inputs |= {"valid_from": "valid from", "valid_to": "valid to"}
    name = next((each for each, of in inputs.items() if of == column and each in form.fields), None)
    form.add_error(name, words)


def _facts(row: TableRow, table: LookupTable, masks: frozenset[Mask]) -> list[tuple[str, str]]:
    key = discreet.key_shown(table, row.key, masks)
    keys = [(words_of(name), part) for name, part in zip(table.key_columns, key, strict=False)]
    values = [(words_of(name), str(value)) for name, value in discreet.values_shown(row.values, masks).items()]
    people = names([row.proposed_by])
    why = [("Why", discreet.reason_shown(row, table, masks))] if row.reason else []
    days = [("Days", days_of(row))]
    if row.approved_at is None and row.recorded_to is None:
        old = grid.replaced_by(row, table.rows.in_force().with_keys([tuple(row.key)]), masks)
        days.append(("Takes the place of", "; ".join(old) or "nothing: no row holds on these days"))
    return [*keys, *values, *days, ("Proposed by", people[row.proposed_by]), *why]


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None
