"""Process API: events out, what each subscriber answered, sending one again, and dropping one."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused, not_there
from governance.api.told import told
from governance.models import User
from routes.api.subscription_shapes import DELIVERY, DeliveryShape, delivery
from routes.filters import DeliveryFilter
from routes.models import Delivery
from routes.outbound import redelivering

LARGEST = 2**63 - 1


class DeliveriesDoor(Door):
    """Events on their way to subscriptions."""

    layer = "process"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*DeliveryFilter.base_filters, *paging.NAMES)

    @told(DeliveryShape, filters=DeliveryFilter, paged=True, sample={"items": [DELIVERY], "next": None})
    def get(self, request: Request) -> Response:
        """List events out, the newest first."""
        rows = parameters.filtered(request, DeliveryFilter, _visible(person(request)))
        return paging.page(request, rows, ["-pk"], lambda found: [delivery(row) for row in found])


class DeliveryDoor(Door):
    """One event on its way to one subscription."""

    layer = "process"

    @told(DeliveryShape, sample=DELIVERY)
    def get(self, request: Request, id: int) -> Response:
        """Show an event out, and what came of it."""
        return Response(delivery(_delivery(person(request), id)))


class DeliveryDeedDoor(Door):
    """Something that is done with an event out."""

    layer = "process"

    def do(self, request: Request, id: int, form: type[forms.Form], verb: Callable[..., Any]) -> Any:
        """Do it once, and show the event as it is then."""
        by = person(request)
        row = _delivery(by, id)

        def act(values: dict[str, Any]) -> Response:
            try:
                verb(row, by=by, **values)
            except ValueError as error:
                raise Refused(NOT_POSSIBLE, str(error)) from None
            return Response(delivery(_delivery(by, id)))

        return self.once(request, form, act)


class RedeliveriesDoor(DeliveryDeedDoor):
    """Sending an event again."""

    @told(DeliveryShape, form=forms.Form, sample=DELIVERY, sent={})
    def post(self, request: Request, id: int) -> Any:
        """Send an event again at once, with the id and the bytes that it had."""
        return self.do(request, id, forms.Form, redelivering.send_again)


class DropsDoor(DeliveryDeedDoor):
    """Dropping an event."""

    @told(DeliveryShape, form=forms.MustReasonBody, sample=DELIVERY, sent={"reason": "known there already"})
    def post(self, request: Request, id: int) -> Any:
        """Give an event up for its subscription; those behind it in its key go on."""
        return self.do(request, id, forms.MustReasonBody, redelivering.drop)


def _visible(by: User) -> "QuerySet[Delivery]":
    shown = Delivery.objects.visible_to(by).select_related("event__legal_entity", "subscription__legal_entity")
    return shown.defer("subscription__secrets", "event__body")


def _delivery(by: User, id_: int) -> Delivery:
    found = _visible(by).filter(pk=id_).first() if id_ <= LARGEST else None
    if found is None:
        raise not_there("event out", id_)
    return found
