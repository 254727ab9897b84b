"""Merging exceptions that were ticked in the list: what would be one is shown first, then which one stays."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from exceptions_queue import stake, verbs
from exceptions_queue.handling_forms import HandlingForm, reason_field
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.items import Row, rows_of
from exceptions_queue.verbs.merge import MOST_ITEMS
from governance.models import User
from governance.roles import Right

SENSE = "Tick two or more open exceptions of one company in the list that you work on, then merge them."
SEVERAL = (
    "Nothing was merged: these are exceptions of {}, and one exception is of one company. They are shown below; tick "
    "those of one company, and merge them."
)


class MergingForm(HandlingForm):
    """Which one stays, and why they are one."""

    into = forms.TypedChoiceField(
        coerce=int, widget=forms.RadioSelect, label="The one that stays",
        help_text="It keeps its number, its history and whoever has it; the others are resolved and name it.",
        error_messages={"required": "Choose which one stays."},
    )  # fmt: skip
    reason = reason_field()

    def __init__(self, *args: Any, rows: list[Row], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["into"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(row.item.number, f"{row.item.number} {row.title}") for row in rows]


@page
def merges(request: HttpRequest) -> HttpResponse:
    """Show the exceptions that would be one with what they hold together; merge them."""
    user = person(request)
    found = _chosen(request, user)
    rows = rows_of(found, user)
    line = f"number:{','.join(str(row.item.number) for row in rows)}"
    if len(companies := sorted({row.item.legal_entity.code for row in rows})) > 1:
        messages.error(request, SEVERAL.format(f"{', '.join(companies[:-1])} and {companies[-1]}"))
        return redirect(f"{reverse('queue:items')}?{urlencode({'q': f'is:open {line}'})}")
    if len(rows) < 2:
        messages.error(request, SENSE)
        return redirect(f"{reverse('queue:items')}?q=is%3Aopen")
    form = MergingForm(request.POST or None, rows=rows, initial={"into": rows[0].item.number})
    if request.method == "POST" and form.is_valid():
        into = next(row.item for row in rows if row.item.number == form.cleaned_data["into"])
        try:
            numbers = [row.item.number for row in rows]
            verbs.merge(into, by=user, items=numbers, reason=form.cleaned_data["reason"])
        except verbs.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{len(rows)} exceptions are one now.")
            return redirect("queue:item", number=into.number)
    more = context("queue", form=form, rows=rows, stake=stake.stake_of(line, user))
    return render(request, "queue/merges.html", more, status=422 if request.method == "POST" else 200)


def _chosen(request: HttpRequest, user: User) -> list[WorkItem]:
    given = request.POST.getlist("items") or request.GET.getlist("items")
    numbers = [int(each) for each in given[:MOST_ITEMS] if each.isascii() and each.isdigit() and len(each) < 19]
    seen = WorkItem.objects.visible_to(user, Right.WORK_QUEUE).open().filter(number__in=numbers)
    return list(seen.by_money().select_related("legal_entity", "connection").prefetch_related("amounts"))
