"""What the order of exceptions goes by: to look at, to try on the open items, and to keep."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from exceptions_queue import reckoning, yardstick
from exceptions_queue.models import CutOff, WorkItem, Yardstick
from exceptions_queue.order_form import OrderForm
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.items import Row, rows_of
from exceptions_queue.verbs import set_order
from governance.models import User
from governance.rights import Right, allowed, require

TRIED = 500  # open items on which other measures are tried
SHOWN = 15


@dataclass(frozen=True, slots=True)
class Move:
    """An item as it stands and as it would."""

    row: Row
    place: int  # among those that are shown: 1 is the first
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
    row = Yardstick.objects.first() or yardstick.usual()
    form = OrderForm(request.POST or None, instance=row)
    moves: list[Move] | None = None
    status = 200
    if request.method == "POST":
        if not form.is_valid():
            status = 422
        elif "keep" in request.POST:
            set_order(form.instance, by=user, reason=form.cleaned_data["reason"])
            messages.success(request, "Kept. The open items are worked out anew within a minute or two.")
            return redirect("queue:order")
        else:
            moves = _tried(user, form.instance)
    more = context(
        "order", form=form, may=may, moves=moves, tried=TRIED, measures=yardstick.measures(),
        cut_offs=CutOff.objects.visible_to(user).select_related("legal_entity"),
    )  # fmt: skip
    return render(request, "queue/order.html", more, status=status)


def _tried(user: User, wanted: Yardstick) -> list[Move]:
    """Return the first items as other measures would order them; nothing of it is kept."""
    rows = WorkItem.objects.visible_to(user).open().by_money().select_related("legal_entity")
    items = list(rows.prefetch_related("amounts")[:TRIED])
    stood = {item.number: (place, item.priority) for place, item in enumerate(items, 1)}
    reckoning.work_out(items, reckoning.now(), yardstick.of(wanted))
    far = max((item.due_at for item in items if item.due_at), default=None)
    items.sort(key=lambda item: (-item.rank, item.due_at is None, item.due_at or far, item.number))
    shown = rows_of(items[:SHOWN], user)
    return [
        Move(row, place, stood[row.item.number][0], row.item.priority, stood[row.item.number][1])
        for place, row in enumerate(shown, 1)
    ]
