"""The admin of connections: the account, its pace and its maintenance windows. Secrets are typed in, never shown."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from connectors.connection_actions import ConnectionActions
from connectors.connection_form import PREFIX, form_for
from connectors.health import Health, healths
from connectors.manifest.model import Manifest
from connectors.models import Connection, MaintenanceWindow
from connectors.registry import registry
from governance import deed_page
from governance.columns import headed, titled
from governance.deed_page import Deed
from governance.models.calendar import check_time_zone
from governance.scoped_admin import ScopedAdmin, ScopedStack

OF_A_TEST = {"ok": "The sign-in works", "message": "What was found"}  # as its audit entry calls it
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ANEW = (
    "Where you change an answer, such as the address, the routes that read here begin anew: what they have taken in is "
    "known by its number, and taken in again only where it differs. For another account with numbers of its own make a "
    "new connection, and new routes for it: once records were read or written here, the account stays."
)
ONCE, WEEKLY = ("starts_at", "ends_at"), ("from_time", "minutes")  # what each kind of window needs


class ConnectorForm(forms.Form):
    """Which system a new connection is for."""

    connector = forms.ChoiceField(label="System", choices=lambda: [(c.name, c.manifest.title) for c in _connectors()])


class MaintenanceWindowForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A window once, or every week; what is missing for one of the two is said at its field."""

    weekday = forms.TypedChoiceField(
        choices=[("", "Once"), *enumerate(f"Every {day}" for day in DAYS)], coerce=int, empty_value=None,
        required=False, label="When", widget=UnfoldAdminSelectWidget({"aria-label": "When"}),
    )  # fmt: skip

    class Meta:
        model = MaintenanceWindow
        fields = ("reason", "weekday", "starts_at", "ends_at", "from_time", "minutes", "time_zone")
        labels: ClassVar = {
            "starts_at": "Once: from (UTC)", "ends_at": "Once: to (UTC)", "from_time": "Weekly: from",
            "minutes": "Weekly: how many minutes", "time_zone": "Weekly: time zone",
        }  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Ask for what the kind of window needs, and refuse what belongs to the other kind."""
        given = super().clean() or self.cleaned_data
        once = given.get("weekday") is None
        needed, alien = (ONCE, WEEKLY) if once else (WEEKLY, ONCE)
        kind = "a window once" if once else "a weekly window"
        for name in needed:
            if given.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, f"This is needed for {kind}.")
        for name in alien:
            if given.get(name) not in (None, ""):
                self.add_error(name, f"This does not belong to {kind}; leave it empty, or choose another “When”.")
        starts, ends = given.get("starts_at"), given.get("ends_at")
        if once and starts and ends and ends <= starts:
            self.add_error("ends_at", "The end must lie after the beginning.")
        if given.get("minutes") == 0:
            self.add_error("minutes", "A window lasts at least one minute.")
        if given.get("time_zone"):
            try:
                check_time_zone(given["time_zone"])
            except ValidationError as error:
                self.add_error("time_zone", error)
        return given

    def validate_constraints(self) -> None:
        """Leave the constraint to the words above."""


class MaintenanceWindowInline(ScopedStack):
    """Times in which a connection is left alone."""

    model = MaintenanceWindow
    form = MaintenanceWindowForm
    fieldsets: ClassVar = [
        (None, {"fields": ("reason", "weekday", "starts_at", "ends_at", ("from_time", "minutes"), "time_zone")})
    ]


class SystemFilter(admin.SimpleListFilter):
    """Filters connections by their system, by its title."""

    title, parameter_name = "system", "connector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the systems that the hub knows."""
        return [(each.name, each.manifest.title) for each in _connectors()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return the connections to the chosen one."""
        return queryset.filter(connector=self.value()) if self.value() else queryset


@admin.register(Connection)
class ConnectionAdmin(ConnectionActions, ScopedAdmin):
    """Accounts at systems."""

    list_display = ("name", "system", "environment", "legal_entity", "paused", "breaker")
    breaker = headed("breaker_state", "Circuit breaker")
    list_filter = (SystemFilter, "environment", "legal_entity", titled("breaker_state", "circuit breaker"))
    search_fields = ("name", "slug")
    readonly_fields = ("how_it_is", "system")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    inlines: ClassVar = [MaintenanceWindowInline]
    also_seen = ("answers", "secrets")
    change_form_after_template = "admin/connection_trial.html"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask first which system it is for: the form is made from that connector's questions."""
        if _named(request) in registry.connectors or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return]  # unfold carries no types

        def chosen(form: forms.Form) -> HttpResponse:
            return redirect(f"{request.path}?connector={form.cleaned_data['connector']}")

        back = reverse("admin:connectors_connection_changelist")
        form = ConnectorForm(deed_page.sent(request))
        deed = Deed("Which system is it for?", "Next", form, chosen, back, template="admin/connector_cards.html")
        deed.shown["cards"] = [_card(each.manifest) for each in _connectors()]
        return deed_page.shown(request, deed)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the connection's connector."""
        connector = _connector_of(request, obj)
        if connector not in registry.connectors:
            return super().get_form(request, obj, change, **kwargs)
        return super().get_form(request, obj, change, form=form_for(connector), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Group the fields: the account, the connector's questions, the pace, how it is."""
        connector = _connector_of(request, obj)
        questions = registry.connectors[connector].manifest.questions if connector in registry.connectors else ()
        named = "system" if obj and not self.has_change_permission(request, obj) else "connector"  # told by its title
        pace = ("concurrency", "timeout_seconds", "requests_allowed", "period_seconds")
        sets: list[Any] = [
            (None, {"fields": ("name", "slug", named, "environment", "legal_entity")}),
            ("Signing in", {"fields": ("auth", *(PREFIX + question.name for question in questions))}),
            ("Pace", {"fields": pace}),
        ]
        if obj:
            sets[1][1]["description"] = ANEW
        return [*sets, ("How it is", {"fields": ("how_it_is",)})] if obj else sets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let everything be read only where the connector is gone: its questions are not known."""
        if obj is not None and obj.connector not in registry.connectors:
            return ("name", "slug", "connector", "environment", "legal_entity", "auth", *self.readonly_fields)
        return self.readonly_fields

    @admin.display(description="System", ordering="connector")
    def system(self, row: Connection) -> str:
        """Return the system's name."""
        known = registry.connectors.get(row.connector)
        return known.manifest.title if known else f"{row.connector} (its connector is not installed)"

    @admin.display(description="How it is")
    def how_it_is(self, row: Connection) -> str:
        """Return in words whether it may be used now, and until when not."""
        state = self.health_of(row)
        until = f" The hub goes on by itself at {state.until:%Y-%m-%d %H:%M} UTC." if state.until else ""
        return f"{state.title[:1].upper()}{state.title[1:]}. {state.words}{until}".strip()

    def health_of(self, row: Connection) -> Health:
        """Return how a connection is."""
        return healths([row])[row.pk]

    def field_words(self, kind: str, name: str) -> str:
        """Return a field's name; of an answer the question."""
        if not name.startswith(PREFIX):
            return OF_A_TEST.get(name) or super().field_words(kind, name)
        questions = (each for known in _connectors() for each in known.manifest.questions)
        asked = name.removeprefix(PREFIX)
        return next((each.title for each in questions if each.name == asked), asked.replace("_", " "))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new connection with the system that was chosen."""
        return {"connector": _named(request)}


def _card(manifest: Manifest) -> tuple[Manifest, str, str]:
    """Return a connector with the titles of what it reads and writes."""
    streams = manifest.streams.values()
    reads, writes = ([s.title for s in streams if getattr(s, able) is not None] for able in ("read", "write"))
    return manifest, ", ".join(reads), ", ".join(writes)


def _connectors() -> list[Any]:
    return sorted(registry.connectors.values(), key=lambda each: each.manifest.title.casefold())


def _named(request: HttpRequest) -> str:
    return request.GET.get("connector", "")


def _connector_of(request: HttpRequest, obj: Any) -> str:
    return obj.connector if obj is not None and obj.pk else _named(request)
