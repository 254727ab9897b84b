"""The admin of routes and their destinations; runs, refused webhooks and posting periods to look at."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from canonical.entities import ENTITIES
from governance.scoped_admin import ScopedAdmin, ScopedInline
from routes import in_use
from routes.models import Destination, PostingPeriod, Route, Run, WebhookRefusal
from routes.outbound.admin import SubscriptionAdmin
from routes.schedule_admin import RouteActions

__all__ = ["SubscriptionAdmin"]  # registers itself


class LookOnly:
    """Shows rows; the engine writes them."""

    def has_add_permission(self, *_: Any) -> bool:
        """Refuse."""
        return False

    has_change_permission = has_delete_permission = has_add_permission


class ProblemsForm(ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """Shows what the row finds wrong with itself, also where the form leaves the field out."""

    def _update_errors(self, errors: ValidationError) -> None:
        told = getattr(errors, "error_dict", {})
        for name in [name for name in told if name not in self.fields and name != NON_FIELD_ERRORS]:
            label = str(self._meta.model._meta.get_field(name).verbose_name)
            words = [f"{label.capitalize()}: {message}" for message in ValidationError(told.pop(name)).messages]
            told.setdefault(NON_FIELD_ERRORS, []).extend(ValidationError(words).error_list)
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own hook, not in its stubs


class KeepsWhatHasRecords:
    """Says, instead of deleting, which destinations have records: on the page of one and for those ticked in a list."""

    leads_to = ""  # how a destination leads to the rows of this page

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would be deleted, and what forbids it: ours in words, first."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]
        leaving = Destination.objects.filter(**{f"{self.leads_to}__in": [each.pk for each in objs]})
        return deleted, counts, lacking, [*in_use.kept(leaving.order_by("pk")).values(), *protected]


class RouteForm(ProblemsForm):
    """Says in words which sources a route may have."""

    canonical_entity = forms.ChoiceField(
        choices=[(name, name.replace("_", " ")) for name in ENTITIES], widget=UnfoldAdminSelectWidget()
    )

    class Meta:
        model = Route
        fields = (
            "name", "slug", "legal_entity", "connection", "stream", "upstream", "group_by", "canonical_entity",
            "mapping", "order", "compare_days", "shrink_limit_percent", "lane", "enabled",
        )  # fmt: skip
        labels: ClassVar = {"slug": "Short name"}
        help_texts: ClassVar = {"slug": "how files and commands call it"}
        widgets: ClassVar = {"group_by": UnfoldAdminTextareaWidget(attrs={"rows": 2})}

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


class DestinationForm(ProblemsForm):
    """A destination; its formulas are told which fields they may read."""

    class Meta:
        model = Destination
        fields = (
            "route", "name", "connection", "stream", "mapping", "condition", "key_formula", "approval_formula", "group",
            "correction", "delta_fields", "posting_date", "keeps_reference", "lane", "batch_size", "window", "enabled",
        )  # fmt: skip
        widgets: ClassVar = {
            name: UnfoldAdminTextareaWidget(attrs={"rows": 2})
            for name in ("condition", "key_formula", "approval_formula")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        entity = ENTITIES.get(self.instance.route.canonical_entity) if self.instance.route_id else None
        if entity is not None and "condition" in self.fields:
            names = ", ".join(entity.by_name)
            self.fields["condition"].help_text = f"formula on the canonical record; empty: always. Fields: {names}"


class DestinationFormSet(BaseInlineFormSet):  # type: ignore[type-arg]  # generic for the checker only
    """Destinations, judged by the route as it is being saved and not as it was."""

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]  # Django's own hook, not in its stubs
        form.instance.route = self.instance
        return form

    def clean(self) -> None:
        """Refuse to delete a destination that has records."""
        super().clean()
        leaving = [form.instance for form in self.initial_forms if self._should_delete_form(form)]  # type: ignore[attr-defined]  # not in its stubs
        if refused := in_use.kept(leaving):
            raise ValidationError(list(refused.values()))


class DestinationInline(ScopedInline):
    """Where a route's records go, edited with their route."""

    model = Destination
    form = DestinationForm
    formset = DestinationFormSet
    fields = ("name", "connection", "stream", "mapping", "condition", "group", "correction", "lane", "enabled")


@admin.register(Route)
class RouteAdmin(KeepsWhatHasRecords, RouteActions, ScopedAdmin):
    """Routes, switched on and off, and where they lead."""

    leads_to = "route"
    form = RouteForm
    list_display = ("name", "legal_entity", "connection", "stream", "canonical_entity", "enabled")
    list_filter = ("legal_entity", "canonical_entity", "enabled")
    search_fields = ("name", "slug")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    inlines: ClassVar = [DestinationInline]


@admin.register(Destination)
class DestinationAdmin(KeepsWhatHasRecords, ScopedAdmin):
    """Destinations with every policy."""

    leads_to = "pk"
    form = DestinationForm
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
