"""Make a lookup table, or change what it says of itself, column by column, without writing JSON."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from canonical.entity import Kind
from exceptions_queue.pages.door import context, page, person
from governance import seen
from governance.inputs import AmountField
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, allowed_anywhere, require
from hub.company_field import CompanyField
from hub.table_pages.pages import table_of, table_page
from mappings import tables
from mappings.accepted import NUMBERS, VALUE_KINDS
from mappings.defining import define_table
from mappings.models import Approval, LookupTable
from mappings.row_form import words_of

KINDS = {
    Kind.TEXT: "Text", Kind.INTEGER: "Whole number", Kind.DECIMAL: "Number", Kind.MONEY: "Money", Kind.DATE: "Day",
    Kind.BOOLEAN: "Yes or no",
}  # fmt: skip
COLUMN = RegexValidator(r"^[a-z][a-z0-9_]*\Z", "Use small letters, digits and underscore; begin with a letter.")
MOST = 20  # columns


class TableForm(forms.Form):
    """A table's own words, and who agrees to its rows."""

    title = forms.CharField(max_length=200, label="Title", help_text="As people read it: Rate card.")
    name = forms.CharField(
        max_length=60, label="Short name", validators=[COLUMN], help_text="As formulas write it: bill_rates."
    )
    meaning = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    company = CompanyField()
    approval = forms.ChoiceField(label="Second person", choices=Approval.choices)
    approval_column = forms.CharField(
        required=False, max_length=60, label="Column whose amount decides", help_text="Only for: above an amount."
    )
    approval_amount = AmountField(
        required=False, max_digits=18, decimal_places=4, label="Amount", help_text="Above it a second person agrees."
    )

    reason = forms.CharField(
        required=False, max_length=500, label="Reason",
        help_text="Needed where rows need less consent than before. Your own rows wait until somebody else agrees.",
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, fixed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        company = self.fields["company"]
        assert isinstance(company, CompanyField)
        if fixed:
            del self.fields["name"], self.fields["company"]
        else:
            company.offer_to(user)

    def clean(self) -> dict[str, Any]:
        """Ask for column and amount where they decide."""
        given = dict(self.cleaned_data)
        if given.get("approval") == Approval.ABOVE_AMOUNT:
            for name in ("approval_column", "approval_amount"):
                if given.get(name) in (None, "") and name not in self.errors:
                    self.add_error(name, "Say which column and which amount decide.")
        return given


class ColumnForm(forms.Form):
    """One column: its name, what it holds, and what it accepts."""

    name = forms.CharField(max_length=60, label="Column", validators=[COLUMN])
    kind = forms.ChoiceField(
        label="What it holds", choices=[("key", "Key"), *((kind.value, KINDS[kind]) for kind in VALUE_KINDS)]
    )
    lowest = AmountField(required=False, label="Not less than", max_digits=28)
    highest = AmountField(required=False, label="Not more than", max_digits=28)
    any_sign = forms.BooleanField(required=False, label="Negative, too")
    choices = forms.CharField(
        required=False, max_length=20_000, label="Only one of", widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One a line.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be said of such a column."""
        given = dict(self.cleaned_data)
        kind, low, high = given.get("kind"), given.get("lowest"), given.get("highest")
        if (low is not None or high is not None) and kind not in {each.value for each in NUMBERS}:
            self.add_error(
                "lowest" if low is not None else "highest", "Only a number has a lowest and a highest value."
            )
        if low is not None and high is not None and low > high:
            self.add_error("highest", "The lowest value is above the highest. Exchange them.")
        if given.get("choices", "").strip() and kind != Kind.TEXT:
            self.add_error("choices", "Only a text has a list of values.")
        return given

    @property
    def accepted(self) -> dict[str, Any]:
        """Return what the column accepts, as the table keeps it."""
        given = self.cleaned_data
        found: dict[str, Any] = {}
        for name in ("lowest", "highest"):
            if given[name] is not None:
                found[name] = f"{given[name]:f}"
        if given["any_sign"] and given["lowest"] is None and given["kind"] == Kind.MONEY:
            found["lowest"] = None
        choices = [line.strip() for line in given["choices"].splitlines() if line.strip()]
        return found | ({"choices": choices} if choices else {})


Columns = forms.formset_factory(ColumnForm, extra=0, max_num=MOST, validate_max=True)


@page
def new(request: HttpRequest) -> HttpResponse:
    """Make a table."""
    user = person(request)
    if not allowed_anywhere(user, Right.EDIT_CONFIGURATION):
        require(user, Right.EDIT_CONFIGURATION, None)
    sent = request.POST if request.method == "POST" else None
    asked = {name: request.GET.get(name, "")[:200] for name in ("name", "title", "company")}
    form = TableForm(sent, user=user, fixed=False, initial=asked)
    columns = Columns(_grown(request) or sent, initial=_asked_columns(request), prefix="column")
    if sent is None or request.POST.get("do") == "add":
        return _shown(request, None, form, columns, status=200, quiet=sent is not None)

    def make(given: dict[str, Any]) -> LookupTable:
        place = LegalEntity.objects.filter(code=given.pop("company")).first()
        return tables.create_table(**given, **_named(columns), by=user, legal_entity=place)

    kept = _kept(request, form, columns, make, "{} is there. Add its rows now.")
    return kept or _shown(request, None, form, columns, status=422)


@table_page
@transaction.atomic
def definition(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a table's title, who agrees to its rows, and what its columns accept."""
    table, user = table_of(request, pk, mending=True), person(request)
    require(user, Right.EDIT_CONFIGURATION, table.legal_entity)
    if request.method == "POST":
        seen.hold(table)
        table = table_of(request, pk, mending=True)
    sent = request.POST if request.method == "POST" else None
    names = ("title", "meaning", "approval", "approval_column", "approval_amount")
    form = TableForm(sent, user=user, fixed=True, initial={name: getattr(table, name) for name in names})
    columns = Columns(sent, initial=[_column(table, name) for name in table.value_columns], prefix="column")
    for each, name in zip(columns, table.value_columns, strict=False):
        for fixed in ("name", "kind"):
            each.fields[fixed].disabled = True
        each.initial = _column(table, name)
    beside = [(f"{name}: ", each) for each, name in zip(columns, table.value_columns, strict=False)]
    mark = seen.watch(form, table, (*names, "accepted"), beside=beside)
    if sent is None:
        return _shown(request, table, form, columns, status=200, mark=mark)

    def change(given: dict[str, Any]) -> LookupTable:
        return define_table(table, **given, by=user)

    kept = _kept(request, form, columns, change, "{} is changed. Rows that are there stay as they are.")
    return kept or _shown(request, table, form, columns, status=422, mark=mark)


def _asked_columns(request: HttpRequest) -> list[dict[str, str]]:
    """Return the columns that a new table's form begins with: those that the address names, else one of each kind."""
    keys = [{"name": name[:60], "kind": "key"} for name in request.GET.getlist("key")]
    given = [each[:80].partition(":") for each in request.GET.getlist("value")]
    values = [{"name": name[:60], "kind": kind or Kind.TEXT.value} for name, _, kind in given]
    return [*(keys or [{"kind": "key"}]), *(values or [{"kind": "text"}])][:MOST]


def _kept(
    request: HttpRequest, form: forms.Form, columns: Any, keep: Callable[[dict[str, Any]], LookupTable], words: str
) -> HttpResponse | None:
    """Keep a table as two forms say it, and go to it; None where something is wrong, which stands in the form then."""
    if not all([form.is_valid(), columns.is_valid()]):
        return None
    given = form.cleaned_data | _approval(form) | {"accepted": _accepted(columns)}
    try:
        table = keep(given)
    except (ValidationError, ValueError, NotAllowed) as error:
        _refused(form, error)
        return None
    messages.success(request, words.format(table.title))
    return redirect("tables:table", pk=table.pk)


def _named(columns: Any) -> dict[str, Any]:
    """Return a new table's columns by what they are for. Raises ValueError in words."""
    filled = [each.cleaned_data for each in columns if each.cleaned_data]
    keys = [each["name"] for each in filled if each["kind"] == "key"]
    values = {each["name"]: each["kind"] for each in filled if each["kind"] != "key"}
    if not keys or not values:
        raise ValueError("A table has at least one key column and one that it gives.")
    if len({*keys, *values}) < len(filled):
        raise ValueError("Two columns have the same name. Give each its own.")
    return {"key_columns": keys, "value_columns": values}


def _grown(request: HttpRequest) -> Any:
    """Return what was sent with one more column, where that was asked for."""
    if request.method != "POST" or request.POST.get("do") != "add":
        return None
    data = request.POST.copy()
    total = data.get("column-TOTAL_FORMS", "")
    number = int(total) if total.isascii() and total.isdigit() and len(total) < 4 else 0
    data["column-TOTAL_FORMS"] = str(min(number + 1, MOST))
    data[f"column-{number}-kind"] = "text"
    return data


def _accepted(columns: Any) -> dict[str, dict[str, Any]]:
    return {each.cleaned_data["name"]: found for each in columns if each.cleaned_data and (found := each.accepted)}


def _approval(form: forms.Form) -> dict[str, Any]:
    given = form.cleaned_data
    asked = given["approval"] == Approval.ABOVE_AMOUNT
    return {
        "approval": given["approval"],
        "approval_column": given["approval_column"] if asked else "",
        "approval_amount": given["approval_amount"] if asked else None,
    }


def _column(table: LookupTable, name: str) -> dict[str, Any]:
    said = {} if table.faults() else table.accepted.get(name, {})  # what cannot be read is asked for anew
    low, high = said.get("lowest"), said.get("highest")
    return {
        "name": name, "kind": table.value_columns[name], "lowest": Decimal(low) if low is not None else None,
        "highest": Decimal(high) if high is not None else None, "choices": "\n".join(said.get("choices") or []),
        "any_sign": "lowest" in said and low is None,
    }  # fmt: skip


def _refused(form: forms.Form, error: Exception) -> None:
    if not isinstance(error, ValidationError):
        form.add_error(None, str(error))
        return
    for name, words in getattr(error, "message_dict", {"": error.messages}).items():
        said = ["There is a table with this name for this company already."] if name == "__all__" else words
        form.add_error(name if name in form.fields else None, [re.sub(r"\s+", " ", each) for each in said])


def _shown(
    request: HttpRequest,
    table: LookupTable | None,
    form: forms.Form,
    columns: Any,
    *,
    status: int,
    quiet: bool = False,
    mark: str = "",
) -> HttpResponse:
    keys = [words_of(name) for name in table.key_columns] if table else []
    more = context("tables", table=table, form=form, columns=columns, keys=keys, quiet=quiet, mark=mark)
    return render(request, "hub/table/definition.html", more, status=status)
