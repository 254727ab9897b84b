"""Process API: business events in, and what became of them. Views parse, call one verb and answer."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import body, callers, forms, repeats
from governance.api.door import Door
from governance.api.told import told
from routes import events, nudges

SENT = {
    "records": [
        {
            "legal_entity": "HP-DE", "entry_id": "TE-1", "worker_id": "W-001", "project_code": "P-001",
            "worked_on": "2026-10-05", "hours": "7.50", "approval_status": "approved",
            "changed_at": "2026-10-06T08:00:00Z",
        }
    ]
}  # fmt: skip


class EventsBody(forms.Form):
    """Canonical records, each as /api/schemas/{entity}.json says for the route's entity. The verb reads them."""

    records = serializers.ListField(child=forms.Anything(), min_length=1, max_length=2000)


RECEIVED = {
    "id": "0197a1c2-7a5b-7c1d-8e2f-0a1b2c3d4e5f", "status": "received", "received_at": "2026-10-06T08:05:00Z",
    "href": "/api/process/v1/events/0197a1c2-7a5b-7c1d-8e2f-0a1b2c3d4e5f",
}  # fmt: skip
STORY = {
    "id": "0197a1c2-7a5b-7c1d-8e2f-0a1b2c3d4e5f", "route": "time-to-erp", "received_at": "2026-10-06T08:05:00Z",
    "processed_at": "2026-10-06T08:05:02Z", "status": "processed", "summary": "1 record: 1 posted",
    "records": [{
        "key": "HP-DE/636709355", "status": "posted", "explanation": "",
        "destinations": [{"destination": "NetSuite", "status": "posted", "explanation": "", "warnings": []}],
    }],
}  # fmt: skip


class ReceivedShape(serializers.Serializer[Any]):
    """What was acknowledged is committed."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["received"])
    received_at = serializers.DateTimeField()
    href = serializers.CharField(help_text="address at which its story is told")


class PlaceShape(serializers.Serializer[Any]):
    """Where a record stands at one destination."""

    destination = serializers.CharField()
    status = serializers.CharField()
    explanation = serializers.CharField(allow_blank=True)
    warnings = serializers.ListField(child=serializers.CharField())


class RecordStoryShape(serializers.Serializer[Any]):
    """What became of one record."""

    key = serializers.CharField()
    status = serializers.CharField()
    explanation = serializers.CharField(allow_blank=True)
    destinations = PlaceShape(many=True)


class EventShape(serializers.Serializer[Any]):
    """One event's story, in words."""

    id = serializers.UUIDField()
    route = serializers.CharField()
    received_at = serializers.DateTimeField()
    processed_at = serializers.DateTimeField(allow_null=True)
    status = serializers.ChoiceField(choices=["received", "processed"])
    summary = serializers.CharField()
    records = RecordStoryShape(many=True)


class EventsDoor(Door):
    """Events sent to a route."""

    layer = "process"

    @told(ReceivedShape, status=202, form=EventsBody, sent=SENT, sample=RECEIVED)
    def post(self, request: Request, slug: str) -> Response:
        """Commit business events; the answer names the address at which their story is told."""
        key = repeats.key_of(request)
        content = body.read(request._request, most=settings.EVENT_BYTES)
        event, is_new = events.send_in(
            route=slug, body=content, idempotency_key=key, caller=callers.by_whom(request), by=request.user
        )
        if is_new:
            nudges.events(event.route_id)
        place = reverse("event", args=[event.pk])
        answer = {"id": str(event.pk), "status": "received", "received_at": event.received_at.isoformat()}
        headers = {"Location": place} | ({} if is_new else repeats.REPLAYED)
        return Response(answer | {"href": place}, status=202, headers=headers)


class EventDoor(Door):
    """One event that was sent."""

    layer = "process"

    @told(EventShape, sample=STORY)
    def get(self, request: Request, id: UUID) -> Response:
        """Tell whether an event is received or processed, and what became of its records."""
        story: dict[str, Any] = events.what_became_of(id, by=request.user)
        return Response(story, headers={"Cache-Control": "no-store"})
