"""Process API: business events in, and what became of them. Views parse, call one verb and answer."""

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api import body
from governance.api.door import Door
from governance.api.refusals import BAD_HEADER, Refused
from routes import events, nudges

KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
KEY_PARAMETER = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="same key and bytes: same answer, nothing stored twice"
)


class EventsDoor(Door):
    """Events sent to a route."""

    layer = "process"

    @extend_schema(request=OpenApiTypes.OBJECT, responses={202: OpenApiTypes.OBJECT}, parameters=[KEY_PARAMETER])
    def post(self, request: Request, slug: str) -> Response:
        """Commit {"records": […]} and answer 202 with the address at which their story is told."""
        key = request.headers.get("Idempotency-Key", "")
        if key and not KEY.fullmatch(key):
            raise Refused(BAD_HEADER, "Idempotency-Key must be 1 to 200 visible ASCII characters without spaces.")
        content = body.read(request._request, most=settings.EVENT_BYTES)
        event, is_new = events.send_in(route=slug, body=content, idempotency_key=key, by=request.user)
        if is_new:
            nudges.events(event.route_id)
        place = reverse("event", args=[event.pk])
        answer = {"id": str(event.pk), "status": "received", "received_at": event.received_at.isoformat()}
        return Response(answer | {"href": place}, status=202, headers={"Location": place})


class EventDoor(Door):
    """One event that was sent."""

    layer = "process"

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: UUID) -> Response:
        """Tell whether it is received or processed, and what became of its records."""
        story: dict[str, Any] = events.what_became_of(id, by=request.user)
        return Response(story, headers={"Cache-Control": "no-store"})
