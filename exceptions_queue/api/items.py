"""Experience API: work items, their members, and totals for a first page."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import member_rows, remedies
from exceptions_queue.api import shapes
from exceptions_queue.filters import WorkItemFilter
from exceptions_queue.models import State, WorkItem
from exceptions_queue.pages.home import tiles
from exceptions_queue.permitted import masks_of, rights_in
from governance.api import paging, parameters
from governance.api.door import Door, person
from governance.api.refusals import not_there
from governance.api.told import told
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


class ItemsDoor(Door):
    """The work items."""

    layer = "experience"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*WorkItemFilter.base_filters, *paging.NAMES)

    @told(shapes.WorkItemShape, filters=WorkItemFilter, paged=True, sample={"items": [ITEM], "next": None})
    def get(self, request: Request) -> Response:
        """List work items, the newest first."""
        by = person(request)
        rows = parameters.filtered(request, WorkItemFilter, _visible(by))
        return paging.page(request, rows, ["-number"], lambda found: shapes.items(found, by))


class ItemDoor(Door):
    """One work item."""

    layer = "experience"

    @told(shapes.WholeItemShape)
    def get(self, request: Request, number: int) -> Response:
        """Show a work item: its cause, its history, and what can be done about it."""
        by = person(request)
        item = item_of(by, number)
        rights = rights_in(by, item.legal_entity_id)
        offered = remedies.offered(remedies.facts_of(item, by), rights)
        history = list(item.events.all()[:HISTORY])
        return Response(shapes.whole(item, masks_of(rights), offered, history, by))


class MembersDoor(Door):
    """The members of a work item."""

    layer = "experience"
    accepts = paging.NAMES

    @told(shapes.MemberShape, paged=True)
    def get(self, request: Request, number: int) -> Response:
        """List what an item holds up, with the failing value at the source, here and at the target."""
        by = person(request)
        item = item_of(by, number)
        size, after = paging.size_of(request), _after(request)
        page = member_rows.page(item, masks=masks_of(rights_in(by, item.legal_entity_id)), after=after, size=size)
        cursor = paging.encoded([str(page.after)]) if page.after else None
        return paging.answer(request, [shapes.member(row) for row in page.members], cursor)


class TotalsDoor(Door):
    """Totals for a first page."""

    layer = "experience"

    @told(TotalsShape)
    def get(self, request: Request) -> Response:
        """Tell what waits for people and what it amounts to, by state."""
        return Response({"states": [_state(tile) for tile in tiles(person(request))]})


def item_of(by: User, number: int) -> WorkItem:
    """Return an item that somebody may see. Raises Refused (404)."""
    found = _visible(by).filter(number=number).first() if number < 2**63 else None
    if found is None:
        raise not_there("work item", number)
    return found


def _visible(by: User) -> "QuerySet[WorkItem]":
    rows = WorkItem.objects.visible_to(by).select_related("legal_entity", "connection")
    return rows.prefetch_related("amounts")


def _after(request: Request) -> UUID | None:
    cursor = parameters.one(request, "cursor")
    if cursor is None:
        return None
    key = paging.decoded(cursor)
    try:
        return UUID(*key)
    except (ValueError, TypeError, AttributeError):
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
