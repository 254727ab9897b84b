"""The admin of routes and their destinations; runs, refused webhooks and posting periods to look at."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm

from governance.scoped_admin import ScopedAdmin, ScopedInline
from routes.models import Destination, PostingPeriod, Route, Run, WebhookRefusal


class LookOnly:
    """Shows rows; the engine writes them."""

    def has_add_permission(self, *_: Any) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


class RouteForm(ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Says in words which sources a route may have."""

    class Meta:
        model = Route
        fields = (
            "name", "slug", "legal_entity", "connection", "stream", "upstream", "group_by", "canonical_entity",
            "mapping", "order", "compare_days", "shrink_limit_percent", "lane", "enabled",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Refuse two sources, and settings that belong to a source that the route has not."""
        given = super().clean() or self.cleaned_data
        if given.get("connection") and given.get("upstream"):
            raise ValidationError("A route has one source: a connection's stream, or what another destination posted.")
        if given.get("connection") and not given.get("stream"):
            raise ValidationError({"stream": "Name the stream of the connection that the route reads."})
        alien = [name for name in ("stream", "mapping", "group_by") if given.get(name)]
        if not given.get("connection") and not given.get("upstream") and alien:
            words = "A route without a connection takes canonical records through the API; leave this empty."
            raise ValidationError(dict.fromkeys(alien, words))
        return given


class DestinationInline(ScopedInline):
    """Where a route's records go, edited with their route."""

    model = Destination
    fields = ("name", "connection", "stream", "mapping", "condition", "group", "correction", "lane", "enabled")


@admin.register(Route)
class RouteAdmin(ScopedAdmin):
    """Routes, switched on and off, and where they lead."""

    form = RouteForm
    list_display = ("name", "legal_entity", "connection", "stream", "canonical_entity", "enabled")
    list_filter = ("legal_entity", "canonical_entity", "enabled")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    inlines: ClassVar = [DestinationInline]


@admin.register(Destination)
class DestinationAdmin(ScopedAdmin):
    """Destinations with every policy."""

    list_display = ("name", "route", "connection", "stream", "correction", "enabled")
    list_filter = ("connection", "enabled")
    search_fields = ("name", "route__name")


@admin.register(Run)
class RunAdmin(LookOnly, ScopedAdmin):
    """Runs and their control totals."""

    list_display = ("created_at", "route", "trigger", "state", "read", "new", "changed", "unchanged", "unreadable")
    list_filter = ("route", "state", "trigger")
    exclude = ("cursor", "lease_owner")
    show_full_result_count = False
    ordering = ("-created_at",)


@admin.register(WebhookRefusal)
class WebhookRefusalAdmin(LookOnly, ScopedAdmin):
    """How often webhooks were refused, and why."""

    list_display = ("day", "connection", "reason", "count", "last_at")
    list_filter = ("connection", "reason")
    ordering = ("-day",)


@admin.register(PostingPeriod)
class PostingPeriodAdmin(LookOnly, ScopedAdmin):
    """Periods of the targets' ledgers, as last read."""

    list_display = ("connection", "legal_entity", "starts_on", "ends_on", "closed", "read_at")
    list_filter = ("connection", "legal_entity", "closed")
