"""Experience API: work items, their members, and totals for a first page."""

from typing import Any, cast, get_args
from uuid import UUID

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import member_rows, ordering, overwriting, remedies
from exceptions_queue.api import samples, shapes
from exceptions_queue.filters import WorkItemFilter
from exceptions_queue.models import State, WorkItem
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.pages.home import tiles
from exceptions_queue.parts import part_of
from exceptions_queue.permitted import masks_of, rights_in
from governance import places
from governance.api import etags, paging, parameters
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused, not_there
from governance.api.told import told
from governance.filtering import One
from governance.models import User

HISTORY = 100  # lines that are shown; older ones stay in the audit trail
ITEM = {
    "number": 17, "title": "Service items: no row for AI enablement", "about": "period 2026-10",
    "kind": "unmapped_value", "kind_in_words": "Value without a row", "state": "new", "state_in_words": "new",
    "legal_entity": "HP-DE", "owner": "finance data owner", "assignee": "",
    "routed_why": "No rule fits. “Value without a translation” goes to finance data owner first.",
    "waiting_on": "", "comes_back_at": None,
    "tags": ["month-end"], "members": 37, "amounts": [{"currency": "EUR", "amount": "12480.0000"}],
    "without_amount": 0, "worth": "12480.0000", "worth_currency": "EUR", "worth_lacks": "",
    "due_at": "2026-11-06T17:00:00Z", "due_of": "Billing run of HP-DE", "priority": 62, "priority_set": None,
    "priority_reason": "", "hours": "83.2000", "first_seen": "2026-10-05T16:30:00Z",
    "last_seen": "2026-10-06T16:30:00Z",
    "resolution": "", "resolved_at": None,
}  # fmt: skip


CAUSE = OpenApiParameter(
    "cause", {"type": "string", "pattern": "^[0-9a-f]{12}$"},
    description="One of the item's `causes`: only what that has stopped is meant. Left out: all that the item holds.",
)  # fmt: skip


class StateTotalShape(serializers.Serializer[Any]):
    """What waits in one state."""

    state = serializers.ChoiceField(choices=State.choices)
    state_in_words = serializers.CharField()
    items = serializers.IntegerField()
    members = serializers.IntegerField()
    without_amount = serializers.IntegerField(help_text="items of unknown amount")
    amounts = shapes.SumShape(many=True)


class TotalsShape(serializers.Serializer[Any]):
    """What waits for people, by state, in the legal entities that the caller sees."""

    states = StateTotalShape(many=True)


class ItemListFilter(WorkItemFilter):
    """Narrows the list, and says in which order it stands."""

    sort = One(
        method="as_it_is", choices=[(name, name) for name in get_args(ordering.Order)],
        help_text="`money`: what is open, as the page has it: of unknown worth, then by priority and deadline;"
        " `oldest`, `newest`: what is open, by when it was first seen; `resolved`: what is resolved, the last first;"
        " `number` or left out: all, the highest number first",
    )  # fmt: skip

    def as_it_is(self, rows: "QuerySet[WorkItem]", name: str, value: str) -> "QuerySet[WorkItem]":
        """Leave the rows: they are put in order once they are narrowed."""
        return rows


class ItemsDoor(Door):
    """The work items."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*ItemListFilter.base_filters, *paging.NAMES)

    @told(shapes.WorkItemShape, filters=ItemListFilter, paged=True, sample={"items": [ITEM], "next": None})
    def get(self, request: Request) -> Response:
        """List work items in an order: of money and deadline as on the page, or of another one."""
        by, order = person(request), _order(request)
        asked = cast(WorkItemQuerySet, parameters.filtered(request, ItemListFilter, _visible(by)))
        rows = ordering.arranged(asked, order)
        size, cursor = paging.size_of(request), parameters.one(request, "cursor")
        if cursor is not None:
            rows = rows.filter(_behind(order, cursor))
        found = list(rows[: size + 1])
        more = len(found) > size
        place = paging.encoded([order, *ordering.place_of(found[size - 1], order)]) if more else None
        return paging.answer(request, shapes.items(found[:size], by), place)


class ItemDoor(Door):
    """One work item."""

    layer = "experience"
    accepts = ("cause",)

    @told(shapes.WholeItemShape, sample=ITEM | samples.WHOLE_ITEM, conflicts=True, tagged=True, more=(CAUSE,))
    def get(self, request: Request, number: int) -> Response:
        """Show a work item: its cause, its history, and what can be done. The ETag is of what people have decided."""
        by = person(request)
        item = item_of(by, number)
        rights = rights_in(by, item.legal_entity_id)
        of = meant(request, item)
        offered = remedies.offered(remedies.facts_of(of, by), rights)
        history = list(item.events.all()[:HISTORY])
        shown = shapes.whole(item, of, masks_of(rights), offered, history, by)
        return Response(shown, headers={"ETag": etags.etag(overwriting.decided(item))})


class MembersDoor(Door):
    """The members of a work item."""

    layer = "experience"
    accepts = ("cause", *paging.NAMES)

    @told(
        shapes.MemberShape, paged=True, conflicts=True, more=(CAUSE,),
        sample={"items": [samples.MEMBER], "next": None},
    )  # fmt: skip
    def get(self, request: Request, number: int) -> Response:
        """List what an item holds up, with the failing value at the source, here and at the target."""
        by = person(request)
        item = item_of(by, number)
        size, after = paging.size_of(request), _after(request)
        masks = masks_of(rights_in(by, item.legal_entity_id))
        page = member_rows.page(meant(request, item), person(request), masks=masks, after=after, size=size)
        cursor = paging.encoded([str(page.after)]) if page.after else None
        return paging.answer(request, [shapes.member(row) for row in page.members], cursor)


class TotalsDoor(Door):
    """Totals for a first page."""

    layer = "experience"

    @told(TotalsShape, sample=samples.TOTALS)
    def get(self, request: Request) -> Response:
        """Tell what waits for people and what it amounts to, by state."""
        return Response({"states": [_state(tile) for tile in tiles(person(request))]})


def item_of(by: User, number: int) -> WorkItem:
    """Return an item that somebody may see. Raises Refused (404)."""
    found = _visible(by).filter(number=number).first() if number < 2**63 else None
    if found is None:
        raise not_there("work item", number)
    return found


def meant(request: Request, item: WorkItem) -> WorkItem:
    """Return the cause of an item that the address names, or all of the item. Raises Refused (409)."""
    code = parameters.one(request, "cause")
    if code is None:
        return item
    if (part := part_of(item, code)) is None:
        raise Refused(NOT_POSSIBLE, "The item holds nothing of that cause, or that alone: see its `causes`.")
    return part


def _visible(by: User) -> WorkItemQuerySet:
    rows = WorkItem.objects.visible_to(by).select_related("legal_entity", "connection")
    return rows.prefetch_related("amounts")


def _order(request: Request) -> ordering.Order:
    """Return the order that is asked for; what is no order was refused with the other parameters."""
    return next((each for each in get_args(ordering.Order) if each == request.query_params.get("sort")), "number")


def _behind(order: ordering.Order, cursor: str) -> Q:
    """Return what lies behind a page of the list. Raises Refused (400), also for a page of another order."""
    of, *place = paging.decoded(cursor) or [None]
    try:
        if of == order:
            return ordering.behind(order, place)
    except (ValueError, TypeError):
        pass
    raise paging.unknown()


def _after(request: Request) -> UUID | None:
    cursor = parameters.one(request, "cursor")
    if cursor is None:
        return None
    key = paging.decoded(cursor)
    try:
        [text] = key
        return UUID(places.text(text))
    except ValueError:
        raise paging.unknown() from None


def _state(tile: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": tile["state"],
        "state_in_words": tile["state"].label,
        "items": tile["items"],
        "members": tile["members"],
        "without_amount": tile["unknown"],
        "amounts": [{"amount": amount, "currency": currency} for amount, currency in tile["sums"]],
    }
