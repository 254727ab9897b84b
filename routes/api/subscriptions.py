"""Process API: subscriptions to what happens, for those who edit configuration. A secret is told once, when made."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import etags, forms, paging
from governance.api.door import Door, person
from governance.api.forms import ReasonBody
from governance.api.refusals import INVALID_BODY, NOT_POSSIBLE, FieldError, Refused, not_there
from governance.api.told import told
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, allowed_anywhere
from governance.still_there import held
from routes.api import subscription_shapes as shapes
from routes.api.subscription_shapes import (
    SHOWN,
    SIGNING,
    WANTED,
    RedeliveryBody,
    RotationBody,
    SubscriptionBody,
    SubscriptionPauseBody,
)
from routes.models import Destination, Route, Subscription
from routes.outbound import gone, redelivering, rotating, steering, subscribing, trying, wishes
from routes.outbound.wishes import Wishes
from routes.route_fields import NOT_NAMED

LARGEST = 2**63 - 1
PLACE = "/api/process/v1/subscriptions"


class SubscriptionsDoor(Door):
    """The subscriptions."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return paging.NAMES if request.method != "POST" else ()

    @told(shapes.SubscriptionShape, paged=True, sample={"items": [SHOWN], "next": None})
    def get(self, request: Request) -> Response:
        """List subscriptions, in the order in which they were made."""
        by = person(request)
        require_somewhere(by)
        rows = Subscription.objects.visible_to(by, Right.EDIT_CONFIGURATION).select_related("legal_entity")
        return paging.page(request, rows.defer("secrets"), ["pk"], lambda found: shapes.shown(found, person(request)))

    @told(shapes.NewSubscriptionShape, status=201, form=SubscriptionBody, repeats=False, tagged=True,
          sample={**SHOWN, "secret": SIGNING}, sent=WANTED)  # fmt: skip
    def post(self, request: Request) -> Any:
        """Subscribe: what happens from now on is told. The answer holds the secret, this once."""
        by = person(request)

        def act(values: dict[str, Any]) -> Response:
            wanted = wishes_of(values, by)
            try:
                made, secret = subscribing.subscribe(wanted, by=by)
            except ValidationError as errors:
                raise forms.refused(errors, SubscriptionBody) from None
            answer = _answer(made, by, status=201, secret=secret)
            answer["Location"] = f"{PLACE}/{made.pk}"
            return answer

        return self.each_time(request, SubscriptionBody, act)


class SubscriptionDoor(Door):
    """One subscription."""

    layer = "process"

    @told(shapes.SubscriptionShape, tagged=True, sample=SHOWN)
    def get(self, request: Request, id: int) -> Response:
        """Show a subscription and how it is, with the ETag for changing it."""
        return _answer(subscription_of(person(request), id), person(request))

    @told(shapes.SubscriptionShape, form=SubscriptionBody, edits=True, sample=SHOWN, sent=WANTED)
    def put(self, request: Request, id: int) -> Any:
        """Change what it hears of, or where. Its company stays. Needs If-Match with the ETag that was read."""
        by = person(request)
        row = subscription_of(by, id)

        def act(values: dict[str, Any]) -> Response:
            _unchanged(request, row, by)
            wanted = wishes_of(values, by, row)
            try:
                return _answer(subscribing.change(row, wanted, by=by), by)
            except ValidationError as errors:
                raise forms.refused(errors, SubscriptionBody) from None

        return self.once(request, SubscriptionBody, act)

    @told(None, status=204, edits=True)
    def delete(self, request: Request, id: int) -> Any:
        """End a subscription; what has not been sent to it goes with it. Needs If-Match."""
        by = person(request)
        row = subscription_of(by, id)

        with transaction.atomic():
            _unchanged(request, row, by)
            subscribing.end(row, reason="", by=by)
        return Response(status=204)


class DeedDoor(Door):
    """Something that is done with a subscription."""

    layer = "process"

    def do(self, request: Request, id: int, form: type[forms.Form], verb: Callable[..., Any]) -> Any:
        """Do it once, and show the subscription as it is then."""
        row = subscription_of(person(request), id)

        def act(values: dict[str, Any]) -> Response:
            try:
                verb(row, by=person(request), **values)
            except ValueError as error:
                raise Refused(NOT_POSSIBLE, str(error)) from None
            return _answer(subscription_of(person(request), id), person(request))

        return self.once(request, form, act)


class SubscriptionPausesDoor(DeedDoor):
    """Pausing a subscription."""

    @told(shapes.SubscriptionShape, form=SubscriptionPauseBody, sample=SHOWN, sent={"reason": "year-end close"})
    def post(self, request: Request, id: int) -> Any:
        """Send nothing until it is released; its events are kept meanwhile, in order."""
        return self.do(request, id, SubscriptionPauseBody, steering.pause)


class SubscriptionReleasesDoor(DeedDoor):
    """Letting a subscription go on."""

    @told(shapes.SubscriptionShape, form=ReasonBody, sample=SHOWN, sent={"reason": "the address answers again"})
    def post(self, request: Request, id: int) -> Any:
        """Let it go on, in order, also one that the hub has switched off."""
        return self.do(request, id, ReasonBody, steering.resume)


class SubscriptionSecretsDoor(Door):
    """Secrets of a subscription."""

    layer = "process"

    @told(shapes.SecretShape, status=201, form=RotationBody, repeats=False, sample={"secret": SIGNING},
          sent={"overlap_hours": 24})  # fmt: skip
    def post(self, request: Request, id: int) -> Any:
        """Make a new secret, told this once; the one before signs, too, for some hours."""
        by = person(request)
        row = subscription_of(by, id)

        def act(values: dict[str, Any]) -> Response:
            overlap = timedelta(hours=values["overlap_hours"])
            return Response({"secret": rotating.rotate(row, by=by, overlap=overlap)}, status=201)

        return self.each_time(request, RotationBody, act)


class SubscriptionTestsDoor(Door):
    """Trying a subscription."""

    layer = "process"

    @told(shapes.TrialShape, form=forms.Form, sent={}, sample={"ok": True, "message": "204"})
    def post(self, request: Request, id: int) -> Any:
        """Send one test event now, which tells of nothing, and say what came of it."""
        by = person(request)
        row = subscription_of(by, id)

        def act(_: dict[str, Any]) -> Response:
            answered = trying.try_out(row, by=by)
            return Response({"ok": answered.taken, "message": answered.words})

        return self.once(request, forms.Form, act)


class SubscriptionRedeliveriesDoor(Door):
    """Sending a subscription's events again."""

    layer = "process"

    @told(
        shapes.CountShape,
        form=RedeliveryBody,
        sample={"events": 37, "left_dropped": 2, "waits": ""},
        sent={"since": "2026-11-28T06:00:00Z"},
    )
    def post(self, request: Request, id: int) -> Any:
        """Send everything again that happened since a moment, is still kept and was not dropped, in order."""
        by = person(request)
        row = subscription_of(by, id)

        def act(values: dict[str, Any]) -> Response:
            try:
                done = redelivering.send_again_since(row, values["since"], by=by)
            except ValueError as error:
                raise Refused(NOT_POSSIBLE, str(error)) from None
            return Response(shapes.sent_again(done, row))

        return self.once(request, RedeliveryBody, act)


def subscription_of(by: User, id_: int) -> Subscription:
    """Return a subscription that somebody may edit. Raises Refused (404) for any other, whether it is there or not.

    Raises NotAllowed for who may edit none, before it is looked for: they learn of none that it is there.
    """
    require_somewhere(by)
    editable = Subscription.objects.visible_to(by, Right.EDIT_CONFIGURATION).select_related("legal_entity")
    found = editable.filter(pk=id_).first() if id_ <= LARGEST else None
    if found is None:
        raise not_there("subscription", id_)
    return found


def require_somewhere(by: User) -> None:
    """Raise NotAllowed for who may edit no company's subscriptions."""
    if not allowed_anywhere(by, Right.EDIT_CONFIGURATION):
        raise NotAllowed(f"You need the right to {Right.EDIT_CONFIGURATION.label} to see subscriptions.")


def wishes_of(values: dict[str, Any], by: User, row: Subscription | None = None) -> Wishes:
    """Return what a body asks for. Raises Refused (422) with every name that the caller does not see.

    What they do not see of a `row` is not named; it stays, however it is sent back. What stands in it and was deleted
    since is named as it is read, and stays where it is sent back.
    """
    errors: list[FieldError] = []
    code = values["legal_entity"]
    owner = LegalEntity.objects.visible_to(by).filter(code=code).first() if code else None
    if code and owner is None:
        errors.append(FieldError("/legal_entity", f"There is no legal entity “{code}” for you.", "the code of one"))
    lost = gone.among(Route, row.routes) if row is not None else []
    lost_places = gone.among(Destination, row.destinations) if row is not None else []
    staying = wishes.that_stay(row, by) if row is not None else ([], [])
    routes = dict(Route.objects.visible_to(by).filter(slug__in=values["routes"]).values_list("slug", "pk"))
    kept = [found for slug in values["routes"] if (found := gone.read(slug, lost)) is not None]
    for number, slug in enumerate(values["routes"]):
        if gone.read(slug, lost) is None and slug not in routes and not (staying[0] and slug == NOT_NAMED):
            errors.append(FieldError(f"/routes/{number}", f"There is no route “{slug}” for you.", shapes.A_ROUTE))
    places: list[int] = []
    for number, each in enumerate(values["destinations"]):
        if each["route"] == each["destination"] and (found := gone.read(each["route"], lost_places)) is not None:
            places.append(found)
            continue
        rows = Destination.objects.visible_to(by).filter(route__slug=each["route"], name=each["destination"])
        places += rows.values_list("pk", flat=True)
        if not rows and not (staying[1] and each["route"] == NOT_NAMED):
            words = f"The route “{each['route']}” has no destination “{each['destination']}” for you."
            errors.append(FieldError(f"/destinations/{number}", words, shapes.A_PLACE))
    if errors:
        raise Refused(INVALID_BODY, f"{errors[0].pointer}: {errors[0].detail} Nothing was done.", errors=errors)
    return Wishes(
        values["name"], values["address"], owner, tuple(dict.fromkeys(values["types"])),
        tuple(dict.fromkeys((*routes.values(), *kept))),
        tuple(dict.fromkeys(places)), tuple(dict.fromkeys(values["categories"])),
    )  # fmt: skip


def _unchanged(request: Request, row: Subscription, by: User) -> None:
    """Raise Refused (412, 428) unless the caller has read what people have made of it; the rest traffic moves.

    Raises Gone where somebody has ended it meanwhile.
    """
    locked = held(Subscription.objects.select_related("legal_entity"), row)
    etags.require(request, shapes.wanted(locked), told=lambda: shapes.wanted(locked, by))


def _answer(row: Subscription, by: User, *, status: int = 200, **more: str) -> Response:
    answer = Response({**shapes.shown([row], by)[0], **more}, status=status)
    answer["ETag"] = etags.etag(shapes.wanted(row))
    return answer
