"""The doors by which people pass an item on, put it aside, talk about it and close it."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from exceptions_queue import handling, overwriting, verbs
from exceptions_queue.handling_forms import HandlingForm
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import page, person
from exceptions_queue.pages.item import item_of, onward, shown
from governance.models import User
from governance.rights import require


@page
@require_POST
def handle(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Do it, and say what came of it; what was refused is said beside what was typed."""
    user = person(request)
    row = item_of(user, number)
    way = handling.by_name(name)
    if way is None:
        raise Http404("An item cannot be seen to in this way.")
    require(user, way.right, row.legal_entity_id)
    form = way.asked(row, request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                said = _acted(way, row, user, form)
        except verbs.NotPossible as error:
            if not way.makes_sense(row):
                messages.error(request, str(error))
                return redirect("queue:item", number=number)
            form.say(error)
        else:
            if said is not None:
                return onward(request, row, said)
            row = item_of(user, number)
    return shown(request, row, user, handled=(name, form))


def _acted(way: handling.Way, row: WorkItem, user: User, form: HandlingForm) -> str | None:
    """Go a way and say what came of it; None where it would put aside what its page has not shown."""
    if way.replaces is not None:
        row = WorkItem.objects.select_for_update(of=("self",)).select_related("legal_entity").get(pk=row.pk)
        if overwriting.refuse_unseen(form, row, way.replaces):
            return None
    return way.act(row, user, form)


@page
@require_POST
def take(request: HttpRequest, number: int) -> HttpResponse:
    """Make the item this person's, unless somebody else took it since the page was made."""
    user = person(request)
    try:
        verbs.take(item_of(user, number), by=user, was=request.POST.get("was"))
    except verbs.NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is yours.")
    return redirect("queue:item", number=number)


@page
@require_POST
def watch(request: HttpRequest, number: int) -> HttpResponse:
    """Let the item stand in this person's list of what they watch, or not any more."""
    user = person(request)
    wanted = request.POST.get("wanted") == "yes"
    verbs.watch(item_of(user, number), by=user, wanted=wanted)
    messages.success(request, "You watch it: it stands among yours." if wanted else "You watch it no more.")
    return redirect("queue:item", number=number)
