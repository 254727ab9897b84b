"""How subscriptions and deliveries look in the API, and what is sent about them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rest_framework import serializers

from canonical.failure import Category
from governance.actor import By
from governance.api import forms
from routes.models import Delivery, Destination, Route, Subscription
from routes.models.outbound import SubscriptionState
from routes.outbound import gone, redelivering, rotating, steering, tap, types, wishes
from routes.route_fields import NOT_NAMED

MOST = 200  # names in one filter
GONE = f"{gone.written(6)} and so on for what was deleted since: nothing comes by it, and it can be sent back"
PLACE = {"route": "time-to-erp", "destination": "NetSuite"}
WANTED = {
    "name": "Data warehouse", "address": "https://events.acme.example/throughline", "legal_entity": "HP-DE",
    "types": ["throughline.transaction.posted"], "routes": ["time-to-erp"], "destinations": [PLACE], "categories": [],
}  # fmt: skip
KEPT = f"or {gone.written(6)}, as it was read, of what stands there and was deleted since; left out, it is taken out"
A_ROUTE = f"the short name of a route, {KEPT}"
A_PLACE = f"the short name of a route and its destination, {KEPT}"
SHOWN = {
    "id": 7, **WANTED, "state": "active", "state_reason": "", "failing_since": None, "last_answer": "204",
    "waiting": 0, "created_at": "2026-11-28T06:00:00Z",
}  # fmt: skip
SIGNING = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # an example, as the standard gives it
DELIVERY = {
    "id": 4711, "subscription": 7, "event": "019ad0c1-8f3e-7c52-9a51-6d1f0e0a7b11",
    "type": "throughline.transaction.posted", "subject": "TE-0000001", "legal_entity": "HP-DE",
    "happened_at": "2026-11-29T10:00:00Z", "state": "delivered", "attempts": 1, "tried_at": "2026-11-29T10:00:02Z",
    "answer": "204", "waits": "",
}  # fmt: skip
WAITS = "why nothing leaves just now: its subscription rests"
STATES = ["waiting", "delivered", "dropped"]


class DestinationNameShape(serializers.Serializer[Any]):
    """A destination."""

    route = serializers.CharField(help_text=f"short name; “{NOT_NAMED}” where you do not see it; {GONE}")
    destination = serializers.CharField(help_text=f"its name; {GONE}")


class SubscriptionShape(serializers.Serializer[Any]):
    """Who is told of what. Its secret is not told again. Its ETag, for If-Match, is of what people have chosen."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    address = serializers.CharField()
    legal_entity = serializers.CharField(allow_null=True, help_text="null: events of every company")
    types = serializers.ListField(child=serializers.CharField())
    routes = serializers.ListField(
        child=serializers.CharField(), help_text=f"short names; “{NOT_NAMED}” where you do not see it; {GONE}"
    )
    destinations = DestinationNameShape(many=True)
    categories = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(choices=SubscriptionState.choices)
    state_reason = serializers.CharField(allow_blank=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="nothing has arrived since")
    last_answer = serializers.CharField(allow_blank=True)
    waiting = serializers.IntegerField(help_text="events that have not arrived yet")
    created_at = serializers.DateTimeField()


class NewSubscriptionShape(SubscriptionShape):
    """A subscription, and the secret that signs its events."""

    secret = serializers.CharField(help_text="told this once; keep it where secrets are kept")


class SecretShape(serializers.Serializer[Any]):
    """A new secret."""

    secret = serializers.CharField(help_text="told this once")


class TrialShape(serializers.Serializer[Any]):
    """What came of a test event."""

    ok = serializers.BooleanField()
    message = serializers.CharField()


class CountShape(serializers.Serializer[Any]):
    """How many events are sent again."""

    events = serializers.IntegerField()
    left_dropped = serializers.IntegerField(help_text="stay as they are: a person has dropped them")
    waits = serializers.CharField(allow_blank=True, help_text=WAITS)


class DeliveryShape(serializers.Serializer[Any]):
    """One event on its way to one subscription."""

    id = serializers.IntegerField()
    subscription = serializers.IntegerField()
    event = serializers.UUIDField(help_text="the id that its subscriber gets")
    type = serializers.CharField()
    subject = serializers.CharField(help_text="business key")
    legal_entity = serializers.CharField()
    happened_at = serializers.DateTimeField()
    state = serializers.ChoiceField(choices=STATES)
    attempts = serializers.IntegerField()
    tried_at = serializers.DateTimeField(allow_null=True)
    answer = serializers.CharField(allow_blank=True, help_text="what came of the last try, in words")
    waits = serializers.CharField(allow_blank=True, help_text=WAITS)


class PlaceForm(forms.Form):
    """A destination."""

    route = forms.Text(max_length=80, help_text=f"short name; {KEPT}")
    destination = forms.Text(max_length=120, help_text=f"its name; {KEPT}")


class SubscriptionBody(forms.Form):
    """What somebody wants to hear of. What is left empty lets everything through."""

    name = forms.Text(max_length=wishes.NAME)
    address = forms.Text(max_length=wishes.ADDRESS, help_text="https://… that takes a POST with each event")
    legal_entity = forms.Text(max_length=20, allow_null=True, help_text="code; null: events of every company")
    types = serializers.ListField(
        child=serializers.ChoiceField(choices=list(types.TYPES)), required=False, default=list, max_length=MOST
    )
    routes = serializers.ListField(
        child=forms.Text(max_length=80, help_text=f"short name; {KEPT}"), required=False, default=list, max_length=MOST
    )
    destinations = serializers.ListField(child=PlaceForm(), required=False, default=list, max_length=MOST)
    categories = serializers.ListField(
        child=serializers.ChoiceField(choices=[each.value for each in Category]), required=False, default=list,
        max_length=MOST, help_text="of failures; none: every event",
    )  # fmt: skip


class SubscriptionPauseBody(forms.Form):
    """Why; a reason is needed."""

    reason = forms.Text(max_length=steering.LONGEST, help_text=forms.REASON)


class RotationBody(forms.Form):
    """How long the secret before signs, too; those before it sign for as long as was said of them."""

    overlap_hours = forms.Whole(
        min_value=0, max_value=int(rotating.LONGEST / timedelta(hours=1)), required=False,
        default=int(rotating.OVERLAP / timedelta(hours=1)),
        help_text="0 when one before is known to others: none of them signs any more",
    )  # fmt: skip


class RedeliveryBody(forms.Form):
    """From when on."""

    since = forms.Moment()


def wanted(row: Subscription, by: "By | None" = None) -> dict[str, Any]:
    """Return what people have chosen for a subscription, as somebody may read it; None: all of it."""
    return _wanted(row, *_names([row], by))


def shown(rows: Sequence[Subscription], by: By) -> list[dict[str, Any]]:
    """Return subscriptions as the API shows them to somebody."""
    waiting, named = tap.waiting([row.pk for row in rows]), _names(rows, by)
    plain = ("state", "state_reason", "failing_since", "last_answer", "created_at")
    return [
        dict(SubscriptionShape({
            "id": row.pk, "waiting": waiting.get(row.pk, 0), **_wanted(row, *named),
            **{name: getattr(row, name) for name in plain},
        }).data)
        for row in rows
    ]  # fmt: skip


def _names(rows: Sequence[Subscription], by: "By | None") -> tuple[dict[int, str], dict[int, dict[str, str]]]:
    """Return routes and destinations that subscriptions name, by their ids; what was deleted since is not there, and
    what somebody does not see is there without its name.
    """
    routes = Route.objects.filter(pk__in={each for row in rows for each in row.routes})
    places = Destination.objects.filter(pk__in={each for row in rows for each in row.destinations})
    slugs = dict(routes.values_list("pk", "slug"))
    named = {row.pk: {"route": row.route.slug, "destination": row.name} for row in places.select_related("route")}
    if by is not None:
        seen = set(Route.objects.visible_to(by).filter(pk__in=slugs).values_list("pk", flat=True))
        slugs = {pk: slug if pk in seen else NOT_NAMED for pk, slug in slugs.items()}
        reached = set(Destination.objects.visible_to(by).filter(pk__in=named).values_list("pk", flat=True))
        named |= {pk: {"route": NOT_NAMED, "destination": NOT_NAMED} for pk in named.keys() - reached}
    return slugs, named


def _wanted(row: Subscription, routes: dict[int, str], places: dict[int, dict[str, str]]) -> dict[str, Any]:
    return {
        "name": row.name, "address": row.address,
        "legal_entity": row.legal_entity.code if row.legal_entity else None, "types": list(row.types),
        "routes": [routes.get(each, gone.written(each)) for each in row.routes],
        "destinations": [
            places.get(each, dict.fromkeys(("route", "destination"), gone.written(each))) for each in row.destinations
        ],
        "categories": list(row.categories),
    }  # fmt: skip


def delivery(row: Delivery) -> dict[str, Any]:
    """Return a delivery as the API shows it."""
    return dict(DeliveryShape({
        "id": row.pk, "subscription": row.subscription_id, "event": row.event_id, "type": row.event.type,
        "subject": row.event.subject, "legal_entity": row.event.legal_entity.code,
        "happened_at": row.event.happened_at, "state": row.done_how or "waiting", "attempts": row.attempts,
        "tried_at": row.tried_at, "answer": row.answer,
        "waits": "" if row.done_how else redelivering.waits_for(row.subscription),
    }).data)  # fmt: skip


def sent_again(done: redelivering.SentAgain, row: Subscription) -> dict[str, Any]:
    """Return what came of sending everything again as the API shows it."""
    return {"events": done.events, "left_dropped": done.dropped, "waits": redelivering.waits_for(row)}
