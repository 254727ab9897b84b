"""System API: connections without their secrets, the streams of each, and trying one."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from connectors import trying
from connectors.filters import ConnectionFilter
from connectors.manifest.stream import Stream
from connectors.models import BreakerState, Connection
from connectors.registry import UnknownConnector, registry
from governance.api import forms, paging, parameters
from governance.api.door import Door, person
from governance.api.refusals import NOT_POSSIBLE, Refused, not_there
from governance.api.told import told
from governance.models import User

CONNECTION = {
    "slug": "harvest", "name": "Harvest", "connector": "harvest", "environment": "production",
    "legal_entity": "HP-DE", "paused": False, "paused_reason": "", "breaker": "closed", "breaker_in_words": "working",
    "tries_again_at": None, "concurrency": 8, "requests_allowed": 100, "period_seconds": 15.0,
}  # fmt: skip
STREAM = {
    "name": "time_entries", "title": "Time entries", "about": "Hours as people recorded them.", "entity": "time_entry",
    "capabilities": ["read", "incremental", "window"], "write_class": "", "guarantee": "",
}  # fmt: skip


class ConnectionShape(serializers.Serializer[Any]):
    """A connector plus one account. Answers and secrets are not told."""

    slug = serializers.CharField(help_text="its name in addresses")
    name = serializers.CharField()
    connector = serializers.CharField()
    environment = serializers.CharField()
    legal_entity = serializers.CharField()
    paused = serializers.BooleanField(help_text="by a person")
    paused_reason = serializers.CharField(allow_blank=True)
    breaker = serializers.ChoiceField(choices=BreakerState.choices)
    breaker_in_words = serializers.CharField()
    tries_again_at = serializers.DateTimeField(allow_null=True)
    concurrency = serializers.IntegerField()
    requests_allowed = serializers.IntegerField(allow_null=True)
    period_seconds = serializers.FloatField(allow_null=True)


class StreamShape(serializers.Serializer[Any]):
    """One kind of record that a connection reads or writes."""

    name = serializers.CharField()
    title = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    entity = serializers.CharField(allow_blank=True)
    capabilities = serializers.ListField(child=serializers.CharField())
    write_class = serializers.CharField(allow_blank=True)
    guarantee = serializers.CharField(allow_blank=True, help_text="what the target lets us promise, in words")


class StreamsShape(serializers.Serializer[Any]):
    """The streams of a connection: as many as its manifest has, all of them."""

    items = StreamShape(many=True)


class ReportShape(serializers.Serializer[Any]):
    """What came of trying a connection."""

    ok = serializers.BooleanField()
    message = serializers.CharField()
    remedy = serializers.CharField(allow_blank=True)


class ConnectionsDoor(Door):
    """The connections."""

    layer = "system"

    def names(self, request: Request) -> tuple[str, ...]:
        """Return the parameters of the list."""
        return (*ConnectionFilter.base_filters, *paging.NAMES)

    @told(ConnectionShape, filters=ConnectionFilter, paged=True, sample={"items": [CONNECTION], "next": None})
    def get(self, request: Request) -> Response:
        """List connections, by their short names."""
        rows = parameters.filtered(request, ConnectionFilter, _visible(person(request)))
        return paging.page(request, rows, ["slug"], lambda found: [shown(row) for row in found])


class ConnectionDoor(Door):
    """One connection."""

    layer = "system"

    @told(ConnectionShape, sample=CONNECTION)
    def get(self, request: Request, slug: str) -> Response:
        """Show a connection and whether it works."""
        return Response(shown(connection_of(person(request), slug)))


class StreamsDoor(Door):
    """The streams of a connection."""

    layer = "system"

    @told(StreamsShape, conflicts=True, sample={"items": [STREAM]})
    def get(self, request: Request, slug: str) -> Response:
        """List the streams of a connection and what each can do."""
        row = connection_of(person(request), slug)
        try:
            streams = registry.connector(row.connector).manifest.streams
        except UnknownConnector as error:
            raise Refused(NOT_POSSIBLE, str(error)) from None
        return Response({"items": [_stream(each) for each in streams.values()]})


class TestsDoor(Door):
    """Trying a connection."""

    layer = "system"

    @told(ReportShape, form=forms.Form, repeats=False, sent={}, sample={"ok": True, "message": "Works.", "remedy": ""})
    def post(self, request: Request, slug: str) -> Response:
        """Ask the system one harmless question, and say in words what came of it. Nothing is changed there."""
        by = person(request)
        row = connection_of(by, slug)
        forms.read(request, forms.Form, {})
        report = trying.try_out(row, by=by)
        return Response({"ok": report.ok, "message": report.message, "remedy": report.remedy})


def _visible(by: User) -> "QuerySet[Connection]":
    return Connection.objects.visible_to(by).select_related("legal_entity").defer("secrets")


def connection_of(by: User, slug: str) -> Connection:
    """Return a connection that somebody may see. Raises Refused (404)."""
    found = Connection.objects.visible_to(by).select_related("legal_entity").filter(slug=slug).first()
    if found is None:
        raise not_there("connection", slug)
    return found


def shown(row: Connection) -> dict[str, Any]:
    """Return a connection as the API shows it."""
    return dict(
        ConnectionShape(
            {
                "slug": row.slug,
                "name": row.name,
                "connector": row.connector,
                "environment": row.environment,
                "legal_entity": row.legal_entity.code,
                "paused": row.paused,
                "paused_reason": row.paused_reason,
                "breaker": row.breaker_state,
                "breaker_in_words": BreakerState(row.breaker_state).label,
                "tries_again_at": row.breaker_probe_at,
                "concurrency": row.concurrency,
                "requests_allowed": row.requests_allowed,
                "period_seconds": row.period_seconds,
            }
        ).data
    )


def _stream(row: Stream) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "about": row.about,
        "entity": row.entity,
        "capabilities": list(row.capabilities),
        "write_class": row.write.write_class if row.write else "",
        "guarantee": row.write.guarantee if row.write else "",
    }
