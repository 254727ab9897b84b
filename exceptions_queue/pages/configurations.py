"""The version chooser: with which configuration what stopped is sent again, what differs, what becomes of it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from exceptions_queue import version_chooser, words
from exceptions_queue.forms import STARTS, ResubmissionForm
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.item import item_of, meant
from exceptions_queue.pages.trials import all_of, fields, how_many, lines, members_of, ticked
from exceptions_queue.parts import SHORT
from exceptions_queue.permitted import masks_of, rights_in
from exceptions_queue.seen import seen_of
from exceptions_queue.version_chooser import MOST, Offer
from governance.models import User
from governance.rights import require
from governance.roles import Right
from routes.worked_out import Start


@page
def chooser(request: HttpRequest, number: int) -> HttpResponse:
    """Show with which configurations the ticked members, else all of an item, can be sent again. Changes nothing."""
    user = person(request)
    row = meant(request, item_of(user, number))
    require(user, Right.WORK_QUEUE, row.legal_entity_id)
    if request.GET.get("cause") and not row.part:
        messages.info(request, "Nothing of that cause is open any more.")
        return redirect("queue:item", number=number)
    start = Start.FAILED_STAGE if request.GET.get("start") == Start.FAILED_STAGE else Start.SOURCE
    chosen = ticked(request)
    members = members_of(row, chosen)
    if not members:
        messages.error(request, "Nothing of this can be sent again: it holds no records that are stopped.")
        return redirect("queue:item", number=number)
    offers = version_chooser.offers(row, members, by=user, start=start)
    texts = [gap.words for offer in offers for gap in offer.gaps]
    said = dict(zip(texts, words.with_titles(texts), strict=True))
    shown = [(offer, lines(offer.trials), _fields(offer), [(gap, said[gap.words]) for gap in offer.gaps])
             for offer in offers]  # fmt: skip
    more = {"offers": shown, "start": start.value, "chosen": chosen, "tried": min(len(members), MOST)}
    more |= {"meant": all_of(row, chosen, offers[0].trials), "members": how_many(row, chosen)}
    return render(request, "queue/configurations.html", _context(row, user, more))


def _fields(offer: Offer) -> list[Any]:
    """Return what it makes of the first member, field by field, beside the last time."""
    return fields(offer.trials[0]) if offer.trials else []


def _context(row: WorkItem, user: User, more: dict[str, Any]) -> dict[str, Any]:
    rights = rights_in(user, row.legal_entity_id)
    form = ResubmissionForm(initial={"seen": str(seen_of(row) or "")})
    for name in ("start", "configuration", "failures", "rows"):
        del form.fields[name]
    form.auto_id = "again-%s"
    return context(
        "queue",
        item=row,
        part=row.part and row.part[:SHORT],
        title=words.title_for(row, masks_of(rights), user),
        starts=STARTS,
        form=form if Right.RESUBMIT in rights and row.is_open else None,
        **more,
    )
