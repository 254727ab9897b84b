"""What the order of exceptions goes by: to look at, to try on the open items, and to keep."""

from copy import copy
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from connectors.gate import database_now
from exceptions_queue import yardstick
from exceptions_queue.cut_off_forms import in_words
from exceptions_queue.models import CutOff, Yardstick
from exceptions_queue.order_form import OrderForm
from exceptions_queue.order_trial import TRIED, moves
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.items import Row, rows_of
from exceptions_queue.recurrence import next_dates
from exceptions_queue.verbs import set_order
from exceptions_queue.verbs.set_order import mark_of
from governance.calendars import working_times
from governance.models import User
from governance.rights import Right, allowed, require
from governance.seen import SEEN, differing
from governance.versions import ChangedMeanwhile


@dataclass(frozen=True, slots=True)
class Line:
    """An item as it would stand, in words that this person may read."""

    row: Row
    place: int
    was: int
    priority: int
    before: int


@page
def order(request: HttpRequest) -> HttpResponse:
    """Show the measures; try what was typed on the open items, or keep it."""
    user = person(request)
    may = allowed(user, Right.EDIT_CONFIGURATION, None)
    if request.method == "POST":
        require(user, Right.EDIT_CONFIGURATION, None)
    stood = Yardstick.objects.first()
    row = copy(stood) if stood is not None else yardstick.usual()
    form = OrderForm(request.POST or None, instance=row)
    tried: list[Line] | None = None
    status, seen = 200, mark_of(stood)
    if request.method == "POST":
        present, seen = seen, request.POST.get(SEEN, "")  # a trial has shown nothing new of what holds
        if not form.is_valid():
            status = 422
        elif "keep" in request.POST:
            try:
                set_order(form.instance, by=user, reason=form.cleaned_data["reason"], seen=seen)
            except ChangedMeanwhile as error:
                form.add_error(None, [str(error), *differing(form)])
                status, seen = 409, present
            else:
                messages.success(request, "Kept. The open items are worked out anew within a minute or two.")
                return redirect("queue:order")
        else:
            tried = _tried(user, form.instance)
    more = context(
        "order", form=form, may=may, moves=tried, tried=TRIED, measures=yardstick.measures(),
        cut_offs=_cut_offs(user), seen=seen,
    )  # fmt: skip
    return render(request, "queue/order.html", more, status=status)


def _cut_offs(user: User) -> list[tuple[CutOff, str, str]]:
    """Return the cut-offs that somebody sees, each with its rule and its next date in words, "" where none comes."""
    rows = list(CutOff.objects.visible_to(user).select_related("legal_entity"))
    hours, now, found = working_times({row.legal_entity_id for row in rows}), database_now(), []
    for row in rows:
        working = hours[row.legal_entity_id]
        at = [each.moment.astimezone(working.zone) for each in next_dates(row.recurrence, working, now, 1)]
        found.append((row, in_words(row), f"{at[0]:%a} {at[0].day} {at[0]:%b %Y %H:%M} ({working.zone})" if at else ""))
    return found


def _tried(user: User, wanted: Yardstick) -> list[Line]:
    """Return the first items as other measures would order them; nothing of it is kept."""
    found = moves(user, wanted)
    shown = rows_of([each.item for each in found], user)
    return [
        Line(row, each.place, each.was, row.item.priority, each.before) for each, row in zip(found, shown, strict=True)
    ]
