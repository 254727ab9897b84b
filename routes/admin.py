"""The admin of routes and their destinations; runs, refused webhooks and posting periods to look at."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest
from django_celery_beat import models as beat
from unfold.paginator import InfinitePaginator

from governance.scoped_admin import ScopedAdmin, ScopedStack
from routes import in_use
from routes.models import Destination, PostingPeriod, Route, Run, WebhookRefusal
from routes.outbound.admin import SubscriptionAdmin
from routes.route_forms import DestinationForm, DestinationFormSet, RouteForm
from routes.schedule_admin import RouteActions, told

__all__ = ["SubscriptionAdmin"]  # registers itself

# A route's schedule is set on its own page, in words and with an audit entry; the clock's own rows are nobody's forms.
for _row in (beat.PeriodicTask, beat.IntervalSchedule, beat.CrontabSchedule, beat.SolarSchedule, beat.ClockedSchedule):
    if admin.site.is_registered(_row):
        admin.site.unregister(_row)


class LookOnly:
    """Shows rows; the engine writes them."""

    def has_add_permission(self, *_: Any) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


class KeepsWhatHasRecords:
    """Says, instead of deleting, which destinations have records: on the page of one and for those ticked in a list."""

    leads_to = ""  # how a destination leads to the rows of this page

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would be deleted, and what forbids it: ours in words, first."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        leaving = Destination.objects.filter(**{f"{self.leads_to}__in": [each.pk for each in objs]})
        return deleted, counts, lacking, [*in_use.kept(leaving.order_by("pk")).values(), *protected]


class DestinationInline(ScopedStack):
    """Where a route's records go, edited with their route."""

    model = Destination
    form = DestinationForm
    formset = DestinationFormSet
    fields = ("name", "connection", "stream", "mapping", "condition", "group", "correction", "lane", "enabled")
    show_change_link = True  # to the page with every policy

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the destinations, each with its route, whose entity says what its formulas may read."""
        return super().get_queryset(request).select_related("route")


@admin.register(Route)
class RouteAdmin(KeepsWhatHasRecords, RouteActions, ScopedAdmin):
    """Routes, switched on and off, and where they lead."""

    leads_to = "route"
    form = RouteForm
    list_display = ("name", "legal_entity", "connection", "stream", "canonical_entity", "enabled")
    list_filter = ("legal_entity", "canonical_entity", "enabled")
    list_select_related = ("legal_entity", "connection")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    readonly_fields = ("when_it_runs",)
    inlines: ClassVar = [DestinationInline]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Group the fields: what it is, where its records come from, how they are kept in step, when it runs."""
        sets: list[Any] = [
            (None, {"fields": ("name", "slug", "legal_entity", "enabled")}),
            ("Where the records come from", {"fields": ("connection", "stream", "upstream", "group_by")}),
            ("What they become", {"fields": ("canonical_entity", "mapping", "order")}),
            ("Keeping in step", {"fields": ("compare_days", "shrink_limit_percent", "lane")}),
        ]
        return [*sets, ("When it runs", {"fields": self.readonly_fields})] if obj else sets

    @admin.display(description="Runs by itself")
    def when_it_runs(self, row: Route) -> str:
        """Return its schedule in words, and the next time."""
        return "when somebody sends records to it" if row.takes_events else told(row)


@admin.register(Destination)
class DestinationAdmin(KeepsWhatHasRecords, ScopedAdmin):
    """Destinations with every policy."""

    leads_to = "pk"
    form = DestinationForm
    list_display = ("name", "route", "connection", "stream", "correction", "enabled")
    list_select_related = ("route", "connection")
    list_filter = ("connection", "enabled")
    fieldsets: ClassVar = [
        (None, {"fields": ("route", "name", "enabled")}),
        ("Where the records go", {"fields": ("connection", "stream", "mapping", "key_formula", "keeps_reference")}),
        ("Which records go there", {"fields": ("condition", "group", "approval_formula")}),
        ("Later versions", {"fields": ("correction", "delta_fields", "posting_date")}),
        ("Work", {"fields": ("lane", "batch_size", "window")}),
    ]
    search_fields = ("name", "route__name")


@admin.register(Run)
class RunAdmin(LookOnly, ScopedAdmin):
    """Runs and their control totals."""

    list_display = ("created_at", "route", "trigger", "state", "read", "new", "changed", "unchanged", "unreadable")
    list_filter = ("route", "state", "trigger")
    exclude = ("cursor", "lease_owner")
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing
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
