"""System API: records as they came and in the hub's words, hidden where the caller may not see."""

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from exceptions_queue import record_story
from exceptions_queue.permitted import masks_of, rights_in
from governance.api import paging, parameters
from governance.api.door import Door, person
from governance.api.refusals import not_there
from governance.api.told import told
from governance.scoping import EntityScopedQuerySet, entity_ids
from routes.api.shapes import names, shown
from routes.filters import RecordFilter
from routes.models import Record
from routes.models.movement import Outcome, RecordState
from routes.route_fields import NOT_NAMED
from routes.unseen import slug_for

RECORD = {
    "id": "0197a1c2-5a5b-7c1d-8e2f-0a1b2c3d4e5f", "route": "time-to-erp", "key": "HP-DE/636709355",
    "version": "2026-10-06T08:00:00Z", "legal_entity": "HP-DE", "outcome": "new", "state": "routed",
    "run": "0197a1c2-4a5b-7c1d-8e2f-0a1b2c3d4e5f", "received_at": "2026-10-06T08:05:00Z",
    "occurred_on": "2026-10-05", "changed_at": "2026-10-06T08:00:00Z", "amount": "1250.0000", "currency": "EUR",
    "hours": "7.5000",
}  # fmt: skip


WHOLE = RECORD | {
    "entity": "time_entry", "raw": {"id": 636709355, "hours": 7.5, "spent_date": "2026-10-05"},
    "canonical": {"entry_id": "636709355", "hours": "7.5", "worked_on": "2026-10-05", "cost_rate": "•••"},
}  # fmt: skip


class RecordShape(serializers.Serializer[Any]):
    """One version of one source record as it arrived."""

    id = serializers.UUIDField()
    route = serializers.CharField(help_text=f"short name; “{NOT_NAMED}” where you do not see it")
    key = serializers.CharField(help_text="business key at the source")
    version = serializers.CharField(allow_blank=True)
    legal_entity = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    state = serializers.ChoiceField(choices=RecordState.choices)
    run = serializers.UUIDField(allow_null=True)
    received_at = serializers.DateTimeField()
    occurred_on = serializers.DateField(allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)
    amount = serializers.DecimalField(max_digits=20, decimal_places=4, allow_null=True)
    currency = serializers.CharField(allow_blank=True)
    hours = serializers.DecimalField(max_digits=14, decimal_places=4, allow_null=True)


class WholeRecordShape(RecordShape):
    """A record with its bodies. What the caller may not see is "•••"; decimals of the canonical form are texts."""

    entity = serializers.CharField()
    raw = serializers.JSONField(allow_null=True, help_text="as it came; null when it is not kept any more")
    canonical = serializers.JSONField(allow_null=True, help_text="see /api/schemas/{entity}.json")


class RecordsDoor(Door):
    """The records."""

    layer = "system"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*RecordFilter.base_filters, *paging.NAMES)

    @told(RecordShape, filters=RecordFilter, paged=True, sample={"items": [RECORD], "next": None})
    def get(self, request: Request) -> Response:
        """List records, the newest first."""
        rows = parameters.filtered(request, RecordFilter, _visible(request))
        seen = entity_ids(person(request))
        return paging.page(request, rows, ["-pk"], lambda found: [_shown(row, seen) for row in found])


class RecordDoor(Door):
    """One record."""

    layer = "system"

    @told(WholeRecordShape, sample=WHOLE)
    def get(self, request: Request, id: UUID) -> Response:
        """Show a record as it came and in the hub's words."""
        row = _visible(request).filter(pk=id).first()
        if row is None:
            raise not_there("record", id)
        masks = masks_of(rights_in(person(request), row.legal_entity_id))
        entity, raw, canonical = record_story.masked_bodies(row, masks)
        seen = entity_ids(person(request))
        return Response(_shown(row, seen) | {"entity": entity, "raw": raw, "canonical": canonical})


def _visible(request: Request) -> "EntityScopedQuerySet[Record]":
    rows: EntityScopedQuerySet[Record] = Record.objects.visible_to(person(request))
    return rows.select_related("route", "legal_entity")


def _shown(row: Record, seen: frozenset[int] | None) -> dict[str, Any]:
    own = {"route": slug_for(row.route, seen), "legal_entity": row.legal_entity.code, "run": row.run_id}
    plain = {name: getattr(row, name) for name in names(RecordShape, *own)}
    return shown(RecordShape, plain | own)
