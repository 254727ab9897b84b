"""Events out: what was told to whom, what waits, and what each subscriber answered. A page by key, never counted."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from exceptions_queue.pages.door import context, page, person
from governance.models import User
from governance.rights import Right, allowed, allowed_anywhere
from governance.scoping import EntityScopedQuerySet
from routes.models import Delivery, Subscription
from routes.models.outbound import Done
from routes.outbound import redelivering, types

SIZE = 50
STATES = {"waiting": "not arrived yet", **{value: str(label) for value, label in Done.choices}}


@page
def deliveries(request: HttpRequest) -> HttpResponse:
    """List events on their way and arrived, the newest first."""
    user = person(request)
    subscriptions = list(Subscription.objects.visible_to(user).defer("secrets").order_by("name"))
    chosen = {name: request.GET.get(name, "").strip() for name in ("subscription", "state", "type", "key")}
    found = _narrowed(Delivery.objects.visible_to(user).select_related("subscription", "event"), chosen)
    if after := request.GET.get("after", ""):
        found = found.filter(pk__lt=_number(after))
    shown = list(found.order_by("-pk")[: SIZE + 1])
    more = context(
        "deliveries",
        deliveries=shown[:SIZE],
        subscriptions=subscriptions,
        chosen=chosen,
        narrowed=any(chosen.values()),
        states=STATES.items(),
        types=[(name, name.removeprefix(f"{types.SPACE}.").replace(".", " ")) for name in types.TYPES],
        after=shown[SIZE - 1].pk if len(shown) > SIZE else "",
        configures=allowed_anywhere(user, Right.EDIT_CONFIGURATION),
    )
    return render(request, "hub/deliveries.html", more)


def _narrowed(found: "EntityScopedQuerySet[Delivery]", chosen: dict[str, str]) -> "EntityScopedQuerySet[Delivery]":
    if chosen["subscription"]:
        found = found.filter(subscription=_number(chosen["subscription"]))
    if chosen["state"]:
        if chosen["state"] not in STATES:
            raise Http404("There is no such list.")
        found = found.filter(done_how="" if chosen["state"] == "waiting" else chosen["state"])
        if chosen["state"] == "waiting":
            found = found.filter(done_at=None)
    if chosen["type"]:
        found = found.filter(event__type=chosen["type"])
    if chosen["key"]:
        found = found.filter(event__subject=chosen["key"])
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Http404("There is no such page of the list.")
    return int(text)


@page
def delivery(request: HttpRequest, delivery: int) -> HttpResponse:
    """Show one event on its way to one subscriber."""
    return _shown(request, _visible(request, delivery))


def _shown(
    request: HttpRequest, row: Delivery, *, problem: str = "", reason: str = "", status: int = 200
) -> HttpResponse:
    user = person(request)
    ahead = Delivery.objects.filter(
        subscription=row.subscription_id, key=row.key, done_at=None, sequence__lt=row.sequence
    ).order_by("sequence")
    more: dict[str, Any] = {
        "delivery": row,
        "type": row.event.type.removeprefix(f"{types.SPACE}.").replace(".", " "),
        "meaning": types.TYPES[row.event.type].meaning if row.event.type in types.TYPES else "",
        "ahead": ahead.first() if row.done_at is None else None,
        "configures": _configures(user, row.subscription),
        "technical": allowed(user, Right.SEE_TECHNICAL, row.subscription.legal_entity_id),
        "problem": problem,
        "reason": reason,
    }
    return render(request, "hub/delivery.html", context("deliveries", **more), status=status)


@require_POST
@page
def send_again(request: HttpRequest, delivery: int) -> HttpResponse:
    """Send one event again."""
    row = _visible(request, delivery)
    try:
        redelivering.send_again(row, by=person(request))
    except ValueError as error:
        return _shown(request, row, problem=str(error), status=409)
    later = redelivering.waits_for(row.subscription)
    messages.success(request, later or "It is sent again, with the id that it had.")
    return redirect(reverse("hub:delivery", args=[row.pk]))


@require_POST
@page
def drop(request: HttpRequest, delivery: int) -> HttpResponse:
    """Give one event up, so that those behind it go on."""
    row, reason = _visible(request, delivery), request.POST.get("reason", "")
    try:
        redelivering.drop(row, reason=reason, by=person(request))
    except ValueError as error:
        return _shown(request, row, problem=str(error), reason=reason, status=422)
    messages.success(request, "It is dropped. What waited behind it goes on.")
    return redirect(reverse("hub:delivery", args=[row.pk]))


def _visible(request: HttpRequest, number: int) -> Delivery:
    visible = Delivery.objects.visible_to(person(request))
    return get_object_or_404(visible.select_related("subscription__legal_entity", "event"), pk=number)


def _configures(user: User, row: Subscription) -> bool:
    return allowed(user, Right.EDIT_CONFIGURATION, row.legal_entity_id)
