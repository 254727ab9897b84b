"""The admin of connections: the account, its pace and its maintenance windows. Secrets are typed in, never shown."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from connectors import trying
from connectors.connection_form import PREFIX, form_for
from connectors.models import Connection, MaintenanceWindow
from connectors.registry import registry
from governance import deed_page
from governance.deed_page import Deed, button
from governance.models import User
from governance.rights import Right, allowed
from governance.scoped_admin import ScopedAdmin, ScopedInline


class ConnectorForm(forms.Form):
    """Which system a new connection is for."""

    connector = forms.ChoiceField(label="System", choices=lambda: [(c.name, c.manifest.title) for c in _connectors()])


class MaintenanceWindowInline(ScopedInline):
    """Times in which a connection is left alone."""

    model = MaintenanceWindow


@admin.register(Connection)
class ConnectionAdmin(ScopedAdmin):
    """Accounts at systems."""

    list_display = ("name", "connector", "environment", "legal_entity", "paused", "breaker_state")
    list_filter = ("connector", "environment", "legal_entity", "breaker_state")
    search_fields = ("name", "slug")
    readonly_fields = ("breaker_state", "breaker_message", "breaker_opened_at", "breaker_probe_at", "slow_until")
    inlines: ClassVar = [MaintenanceWindowInline]
    actions_detail = ["test_connection"]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask first which system it is for: the form is made from that connector's questions."""
        if _named(request) in registry.connectors:
            return super().add_view(request, form_url, extra_context)  # type: ignore[no-any-return]  # unfold carries no types

        def chosen(form: forms.Form) -> HttpResponse:
            return redirect(f"{request.path}?connector={form.cleaned_data['connector']}")

        back = reverse("admin:connectors_connection_changelist")
        form = ConnectorForm(deed_page.sent(request))
        return deed_page.shown(request, Deed("Which system is it for?", "Next", form, chosen, back))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the connection's connector."""
        return super().get_form(request, obj, change, form=form_for(_connector_of(request, obj)), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Group the fields: the account, the connector's questions, the pace, how it is."""
        questions = registry.connector(_connector_of(request, obj)).manifest.questions
        pace = ("concurrency", "timeout_seconds", "requests_allowed", "period_seconds", "paused", "paused_reason")
        return (
            (None, {"fields": ("name", "slug", "connector", "environment", "legal_entity")}),
            ("Signing in", {"fields": ("auth", *(PREFIX + question.name for question in questions))}),
            ("Pace", {"fields": pace}),
            ("How it is", {"fields": self.readonly_fields}),
        )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin a new connection with the system that was chosen."""
        return {"connector": _named(request)}

    @button("Test connection", "tests", "test_connection")
    def test_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the system a harmless question, and say in words what came of it."""
        assert isinstance(request.user, User)
        user, visible = request.user, Connection.objects.visible_to(request.user).select_related("legal_entity")
        connection = get_object_or_404(visible, pk=object_id)

        def act(_: forms.Form) -> str:
            report = trying.try_out(connection, by=user)
            if not report.ok:
                raise ValueError(f"{report.message}\n{report.remedy}".strip())
            return f"{report.message} {report.remedy}".strip()

        about = "The system is asked one harmless question. Nothing is changed there."
        back = reverse("admin:connectors_connection_change", args=[connection.pk])
        deed = Deed(
            f"Test connection {connection}", "Test connection", forms.Form(deed_page.sent(request)), act, back, about
        )
        return deed_page.shown(request, deed)

    def has_test_connection_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those whom the verb lets."""
        row = Connection.objects.filter(pk=object_id).first() if object_id else None
        return row is not None and allowed(request.user, Right.EDIT_CONFIGURATION, row.legal_entity_id)


def _connectors() -> list[Any]:
    return sorted(registry.connectors.values(), key=lambda each: each.name)


def _named(request: HttpRequest) -> str:
    return request.GET.get("connector", "")


def _connector_of(request: HttpRequest, obj: Any) -> str:
    return obj.connector if obj is not None and obj.pk else _named(request)
