"""The admin of routes and their destinations; runs, refused webhooks and posting periods to look at."""

from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin import BooleanFieldListFilter
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django_celery_beat import admin as _theirs  # noqa: F401 - registers what is taken out below, whoever is read first
from django_celery_beat import models as beat
from unfold.paginator import InfinitePaginator

from canonical.entities import ENTITIES
from connectors.models import Connection
from governance.columns import headed, titled
from governance.models import User
from governance.row_numbers import number_in
from governance.scoped_admin import SHOWN, ScopedAdmin, ScopedStack
from governance.scoping import ALL, entity_ids
from mappings.ends import end_words, stream_words
from routes import in_use, shares, untold
from routes.models import Destination, PostingPeriod, Route, Run, WebhookRefusal
from routes.outbound import gone
from routes.outbound.admin import SubscriptionAdmin
from routes.route_fields import NOT_NAMED
from routes.route_forms import DestinationForm, DestinationFormSet, RouteForm
from routes.schedule_admin import RouteActions, told

__all__ = ["SubscriptionAdmin"]  # registers itself
TOTALS = ("read", "new", "changed", "unchanged", "unreadable")  # of a run, for every company that it read for
MORE_TOTALS = ("withdrawn", "echoes")

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
    """Says, instead of deleting, which destinations have records: on the page of one and for those ticked in a list.

    Before it deletes, it names the subscriptions that hear of what goes.
    """

    leads_to = ""  # how a destination leads to the rows of this page

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would be deleted, and what forbids it: ours in words, first."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        leaving = Destination.objects.filter(**{f"{self.leads_to}__in": [each.pk for each in objs]}).order_by("pk")
        routes = [each.pk for each in objs if isinstance(each, Route)]
        said = gone.warning(routes, [each.pk for each in leaving], _person(request))
        request.deletion_warning = said  # type: ignore[attr-defined]  # for the page that asks
        return deleted, counts, lacking, [*in_use.kept(leaving).values(), *protected]


class DestinationInline(ScopedStack):
    """Where a route's records go, edited with their route."""

    model = Destination
    form = DestinationForm
    formset = DestinationFormSet
    fields = (
        "name", "connection", "stream", "mapping", "condition", "condition_name", "group", "correction", "lane",
        "enabled",
    )  # fmt: skip
    show_change_link = True  # to the page with every policy

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the destinations, each with its route, whose entity says what its formulas may read."""
        return super().get_queryset(request).select_related("route")


class BecomesFilter(admin.SimpleListFilter):
    """Filters routes by the record of the hub that theirs become, in words."""

    title, parameter_name = "what they become", "canonical_entity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the hub's records."""
        return [(name, end_words(name)) for name in ENTITIES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the routes whose records become the chosen one."""
        return queryset.filter(canonical_entity=self.value()) if self.value() else queryset


class NamesWhatIsSeen(ScopedAdmin):
    """Names connections, mappings and upstreams in its lists and histories only to those who may see them."""

    list_select_related: Any = ("connection",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the rows, each with whether its connection is seen."""
        seen = Connection.objects.visible_to(_person(request)).filter(pk=OuterRef("connection"))
        return super().get_queryset(request).annotate(connection_seen=Exists(seen))

    def connection_named(self, row: Any) -> Any:
        """Return a row's connection, by name where that is the person's to know."""
        return row.connection if row.connection is None or row.connection_seen else NOT_NAMED

    def history_of(self, request: HttpRequest, obj: Any) -> Any:
        """Return the entries with what is not the person's to know taken out of their values."""
        entries = list(super().history_of(request, obj)[: SHOWN + 1])
        untold.cover(entries, _person(request))
        return entries


@admin.register(Route)
class RouteAdmin(KeepsWhatHasRecords, RouteActions, NamesWhatIsSeen):
    """Routes, switched on and off, and where they lead."""

    leads_to = "route"
    form = RouteForm
    list_display = ("name", "legal_entity", "reads_from", "reads", "becomes", "switched_on")
    switched_on = headed("enabled", "Switched on", yes_or_no=True)
    list_filter = ("legal_entity", BecomesFilter, titled("enabled", "switched on", BooleanFieldListFilter))
    list_select_related = ("legal_entity", "connection")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    readonly_fields = ("when_it_runs",)
    inlines: ClassVar = [DestinationInline]

    @admin.display(description="Connection", ordering="connection", empty_value="-")
    def reads_from(self, row: Route) -> Any:
        """Name the connection that it reads."""
        return self.connection_named(row)

    @admin.display(description="Reads", ordering="stream")
    def reads(self, row: Route) -> str:
        """Tell which records of the connection it reads."""
        return stream_words(row.connection.connector, row.stream) if row.connection and row.stream else "–"

    @admin.display(description="They become", ordering="canonical_entity")
    def becomes(self, row: Route) -> str:
        """Tell which record of the hub they become."""
        return end_words(row.canonical_entity)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Group the fields: what it is, where its records come from, how they are kept in step, when it runs."""
        sets: list[Any] = [
            (None, {"fields": ("name", "slug", "legal_entity", "enabled")}),
            ("Where the records come from", {"fields": ("connection", "stream", "upstream", "group_by")}),
            ("What they become", {"fields": ("canonical_entity", "mapping", "order")}),
            (
                "Keeping in step",
                {"fields": ("compare_days", "shrink_limit_percent", "fixed_fields", "role_fields", "lane")},
            ),
        ]
        return [*sets, ("When it runs", {"fields": self.readonly_fields})] if obj else sets

    @admin.display(description="Runs by itself")
    def when_it_runs(self, row: Route) -> str:
        """Return its schedule in words, and the next time."""
        return "when somebody sends records to it" if row.takes_events else told(row)


@admin.register(Destination)
class DestinationAdmin(KeepsWhatHasRecords, NamesWhatIsSeen):
    """Destinations with every policy."""

    leads_to = "pk"
    form = DestinationForm
    list_display = ("name", "route", "sends_to", "writes", "correction", "switched_on")
    switched_on = headed("enabled", "Switched on", yes_or_no=True)
    list_select_related = ("route", "connection")
    list_filter = ("connection", titled("enabled", "switched on", BooleanFieldListFilter))
    fieldsets: ClassVar = [
        (None, {"fields": ("route", "name", "enabled")}),
        ("Where the records go", {"fields": ("connection", "stream", "mapping", "key_formula", "keeps_reference")}),
        ("Which records go there", {"fields": ("condition", "condition_name", "group", "approval_formula")}),
        ("Later versions", {"fields": ("correction", "delta_fields", "posting_date")}),
        ("Work", {"fields": ("lane", "batch_size", "window")}),
    ]
    readonly_fields = ("told_delta_fields",)
    search_fields = ("name", "route__name")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the parts of the form; to who only reads it a list of names is told in words."""
        sets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return sets
        told = {"delta_fields": "told_delta_fields"}
        return [(title, {"fields": [told.get(name, name) for name in part["fields"]]}) for title, part in sets]

    @admin.display(description="Delta fields")
    def told_delta_fields(self, row: Destination) -> str:
        """Name the fields whose difference is sent."""
        return ", ".join(row.delta_fields) or "none"

    @admin.display(description="Connection", ordering="connection")
    def sends_to(self, row: Destination) -> Any:
        """Name the connection that it writes."""
        return self.connection_named(row)

    @admin.display(description="Writes", ordering="stream")
    def writes(self, row: Destination) -> str:
        """Tell which records of the connection it writes."""
        return stream_words(row.connection.connector, row.stream)


@admin.register(Run)
class RunAdmin(LookOnly, ScopedAdmin):
    """Runs and their control totals."""

    list_display = ("begun", "route", "trigger", "state", *TOTALS)
    begun = headed("created_at", "Begun")
    list_filter = ("route", "state", "trigger")
    exclude = ("cursor", "lease_owner")
    show_full_result_count = False
    paginator = InfinitePaginator  # counts nothing
    ordering = ("-created_at",)

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Return a run as the person may read it."""
        found = super().get_object(request, *args, **kwargs)
        return found and shares.as_seen([found], cast(User, request.user))[0]

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns; a run may have read for companies that the person does not see: no totals then."""
        shown = super().get_list_display(request)
        return [each for each in shown if self._told(each, request)]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the same totals out of the form."""
        return [*self.exclude, *(name for name in (*TOTALS, *MORE_TOTALS) if not self._told(name, request))]

    def _told(self, name: Any, request: HttpRequest) -> bool:
        return name not in (*TOTALS, *MORE_TOTALS) or entity_ids(cast(User, request.user)) is ALL


@admin.register(WebhookRefusal)
class WebhookRefusalAdmin(LookOnly, ScopedAdmin):
    """How often webhooks were refused, and why."""

    list_display = ("day", "connection", "reason", "times", "last")
    times, last = headed("count", "How often"), headed("last_at", "Last time")
    list_filter = ("connection", "reason")
    ordering = ("-day",)


class LedgerFilter(admin.SimpleListFilter):
    """Narrows to a ledger, of those that the person sees."""

    title, parameter_name = "connection", "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the connections that have periods, by name."""
        seen = Connection.objects.visible_to(_person(request)).filter(pk__in=PostingPeriod.objects.values("connection"))
        return [(str(pk), name) for pk, name in seen.order_by("name").values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Keep the periods of the chosen one."""
        chosen = number_in(self.value())
        return queryset if chosen is None else queryset.filter(connection=chosen)


@admin.register(PostingPeriod)
class PostingPeriodAdmin(LookOnly, NamesWhatIsSeen):
    """Periods of the targets' ledgers, as last read; a ledger of another company is not named."""

    looked_at_as_listed = True
    list_display = ("ledger", "legal_entity", "first_day", "last_day", "closed", "learnt")
    first_day, last_day = headed("starts_on", "First day"), headed("ends_on", "Last day")
    learnt = headed("read_at", "As read")
    list_filter = (LedgerFilter, "legal_entity", "closed")
    list_select_related = ("connection", "legal_entity")

    @admin.display(description="Connection", ordering="connection", empty_value="-")
    def ledger(self, row: PostingPeriod) -> Any:
        """Name the connection to the ledger."""
        return self.connection_named(row)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
