"""One member of an item, field by field: source, working copy and target side by side, with a correction in place."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from canonical.entity import Mask
from exceptions_queue import business_form, checking, emergencies, verbs, words
from exceptions_queue.forms import MISSING, REASON
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.item import asked_for, item_of
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.present import Present
from exceptions_queue.verbs.correct_field import Corrected, Stale
from governance.models import User
from governance.rights import Right, require
from routes.models import Failure

GONE = "This one is not open any more: somebody else has seen to it, or a newer version has come."


class FieldForm(forms.Form):
    """The right value of one field of one member, why, and which corrections its page showed."""

    field = forms.CharField(max_length=80, widget=forms.HiddenInput)
    value = forms.CharField(required=False, max_length=1000)
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=REASON, error_messages={"required": MISSING}
    )
    seen_until = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))


@page
def member(request: HttpRequest, number: int, failure: UUID) -> HttpResponse:
    """Show a member's fields; a part of the item's page, and a page of its own."""
    user = person(request)
    item = item_of(user, number)
    row = item.failures().filter(pk=failure).first()
    if row is None:
        if not Failure.objects.visible_to(user).filter(pk=failure).exists():
            raise Http404("There is no such record in this item.")
        messages.error(request, GONE)
        return redirect("queue:item", number=number)
    return _shown(request, item, row, user)


def _member(item: WorkItem, failure: UUID) -> Failure:
    row = item.failures().filter(pk=failure).first()
    if row is None:
        raise Http404(GONE)
    return row


def _shown(
    request: HttpRequest, item: WorkItem, row: Failure, user: User, *, present: Present | None = None,
    typed: tuple[str, FieldForm] | None = None,
) -> HttpResponse:  # fmt: skip
    form = business_form.of(item, row, user, present)
    if form is None:
        raise Http404("No record is behind this, so it has no fields.")
    rights = rights_in(user, item.legal_entity_id)
    masks = masks_of(rights)
    after = item.failures().filter(pk__gt=row.pk, record_id__isnull=False).order_by("pk").values_list("pk", flat=True)
    more = context(
        "queue",
        item=item,
        title=words.title_for(item, masks, user),
        form=form,
        typed=typed,
        message=_message(item, row, masks, user),
        may_ask=Right.WORK_QUEUE in rights and form.transaction is not None,
        emergency=emergencies.in_force_here(user, item.legal_entity_id),
        next=after.first(),
    )
    part = "queue/business_form.html" if request.headers.get("HX-Request") else "queue/member.html"
    return render(request, part, more, status=422 if typed else 200)


def _message(item: WorkItem, row: Failure, masks: frozenset[Mask], user: User) -> str:
    if not words.tells(item, masks):
        return ""
    [told] = words.with_titles([words.with_plain_field(row.message, row.field)])
    return words.readable(told, item, masks, user)


@page
@require_POST
def present(request: HttpRequest, number: int, failure: UUID) -> HttpResponse:
    """Ask the target what it has at present, and show it beside the others."""
    user = person(request)
    item = item_of(user, number)
    row = _member(item, failure)
    return _shown(request, item, row, user, present=verbs.ask_present(item, row, by=user))


@page
@require_POST
def check(request: HttpRequest, number: int, failure: UUID) -> HttpResponse:
    """Say of a value that is just being typed what would come of it, and offer values that begin so."""
    user = person(request)
    item = item_of(user, number)
    require(user, Right.EDIT_OVERLAY, item.legal_entity_id)
    row = _member(item, failure)
    form = FieldForm(request.POST)
    form.is_valid()
    name, value = form.cleaned_data.get("field", ""), form.cleaned_data.get("value", "")
    try:
        checked = checking.check_value(item, row, by=user, name=name, value=value)
    except verbs.NotPossible as error:
        checked = checking.Checked(False, False, str(error))
    offered = checking.offered(item, row, by=user, name=name, typed=value)
    return render(request, "queue/checked.html", {"checked": checked, "offered": offered, "name": name})


@page
@require_POST
def correct(request: HttpRequest, number: int, failure: UUID) -> HttpResponse:
    """Correct one field of this member and send it again; what is refused is said beside what was typed."""
    user = person(request)
    item = item_of(user, number)
    require(user, Right.EDIT_OVERLAY, item.legal_entity_id)
    row = item.failures().filter(pk=failure).first()
    if row is None:
        messages.error(request, f"{GONE} Nothing was changed.")
        return redirect("queue:item", number=number)
    form = FieldForm(request.POST)
    if ended := emergencies.of_form(user, request.POST.get("emergency", ""), item.legal_entity_id):
        form.add_error(None, ended)
    elif form.is_valid():
        given = form.cleaned_data
        try:
            done = verbs.correct_field(
                item, by=user, field=given["field"], value=given["value"], reason=given["reason"],
                failures=[row.pk], seen_until=given["seen_until"] or 0,
            )  # fmt: skip
        except Stale as error:
            form.add_error("value", ValidationError(f"{error} {AGAIN}"))
        except verbs.NeedsApproval as asked:
            if (told := asked_for(asked, user, form)) is not None:
                messages.success(request, told)
                return _onward(item, row)
        except verbs.NotPossible as error:
            form.add_error("value", str(error))
        else:
            messages.success(request, _said(done))
            return _onward(item, row)
    return _shown(request, item, row, user, typed=(form.data.get("field", ""), form))


AGAIN = "Press the button again to put yours in its place, or leave it."


def _said(done: Corrected) -> str:
    went = "It went on." if done.went_on else "It stopped again; why is said with it."
    return " ".join(filter(None, (f"Corrected. {went}", done.amounts, done.elsewhere)))


def _onward(item: WorkItem, row: Failure) -> HttpResponse:
    """Lead to what is left: the next member, else the item."""
    left = item.failures().filter(record_id__isnull=False).order_by("pk")
    following = left.filter(pk__gt=row.pk).first() or left.first()
    if following is None:
        return redirect("queue:item", number=item.number)
    return redirect("queue:member", number=item.number, failure=following.pk)
