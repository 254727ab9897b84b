"""The admin of cut-offs: until when work has to be through, with the next dates while one types."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from connectors.gate import database_now
from exceptions_queue import policy_admin as policy_admin
from exceptions_queue import routing_admin as routing_admin
from exceptions_queue.cut_off_forms import CutOffForm, in_words
from exceptions_queue.models import CutOff
from exceptions_queue.models.order import COVERED
from exceptions_queue.recurrence import Covers
from exceptions_queue.words import plain
from governance.calendars import working_time
from governance.columns import headed
from governance.models import LegalEntity
from governance.scoped_admin import ScopedAdmin


@admin.register(CutOff)
class CutOffAdmin(ScopedAdmin):
    """When billing runs, payroll runs and period closes take nothing more."""

    form = CutOffForm
    list_display = ("name", "legal_entity", "of", "when", "by_then")
    list_filter = ("legal_entity", "kind")
    list_select_related = ("legal_entity",)
    looked_at_as_listed = True
    search_fields = ("name",)
    of = headed("kind", "Of")
    change_form_after_template = "admin/cut_off_preview.html"
    fieldsets: ClassVar = [
        (None, {"fields": ("legal_entity", "name", "kind")}),
        ("When", {"fields": ("rule", "number", "weekday", "dates", "at")}),
        ("What has to be through by then", {"fields": ("covers", "entities", "routes")}),
    ]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form, which knows whose it is."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"asker": request.user})

    @admin.display(description="When")
    def when(self, row: CutOff) -> str:
        """Tell its rule."""
        return in_words(row)

    @admin.display(description="By then there has to be through")
    def by_then(self, row: CutOff) -> str:
        """Tell which work: its kinds by name, and that it is only of some routes, which not everybody sees."""
        kinds = ", ".join(plain(each) for each in row.entities)
        some = "of some routes only" if row.routes else ""
        return ", ".join(filter(None, (COVERED[Covers(row.covers)], kinds and f"only {kinds}", some)))

    def get_urls(self) -> list[Any]:
        """Add the next dates of what is typed."""
        view = self.admin_site.admin_view(self.coming)
        return [path("dates/", view, name="exceptions_queue_cutoff_dates"), *super().get_urls()]

    def coming(self, request: HttpRequest) -> HttpResponse:
        """Show the next dates of what stands in the form, before it is kept."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = CutOffForm(request.GET)
        companies = LegalEntity.objects.visible_to(request.user, self.right_to_view)
        form.fields["legal_entity"].queryset = companies  # type: ignore[attr-defined]
        form.is_valid()
        found = form.coming(database_now()) if form.is_bound and request.GET else None
        zone = working_time(form.cleaned_data["legal_entity"]).zone if found is not None else None
        days = [(_told(each.moment.astimezone(zone)), each.last_day) for each in found or ()]
        given = {"asked": found is not None, "days": days, "zone": zone}
        return render(request, "admin/cut_off_dates.html", given)


def _told(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y %H:%M}"
