"""The admin of connections: the account, its pace and its maintenance windows. Secrets are typed in, never shown."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from connectors.models import Connection, MaintenanceWindow
from connectors.registry import registry
from governance.scoped_admin import ScopedAdmin, ScopedInline


class NewSecrets(forms.JSONField):
    """Secrets as they are typed; what was never typed is empty, and not the word null."""

    def prepare_value(self, value: Any) -> Any:
        """Return what the box shows."""
        return "" if value is None else super().prepare_value(value)


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A connection whose secrets can be replaced one by one; what is left empty stays as it is."""

    connector = forms.ChoiceField(
        choices=lambda: [(c.name, c.manifest.title) for c in _connectors()], widget=UnfoldAdminSelectWidget
    )
    new_secrets = NewSecrets(
        required=False, label="Secrets to replace", widget=UnfoldAdminTextareaWidget,
        help_text='As {"name": "value"}, with the names of the connector\'s questions. They are never shown again.',
    )  # fmt: skip

    class Meta:
        model = Connection
        fields = (
            "name", "slug", "connector", "environment", "legal_entity", "auth", "answers", "concurrency",
            "timeout_seconds", "requests_allowed", "period_seconds", "paused", "paused_reason",
        )  # fmt: skip

    def clean_new_secrets(self) -> dict[str, str]:
        """Take texts by name; empty ones replace nothing."""
        given = self.cleaned_data["new_secrets"] or {}
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise forms.ValidationError('Write {"name": "value"}: names and texts in quotes.')
        kept = {name: value for name, value in given.items() if value}
        self.instance.secrets = dict(self.instance.secrets.items()) | kept if kept else self.instance.secrets
        return dict.fromkeys(kept, "•••")  # what the audit entry may say

    def _update_errors(self, errors: ValidationError) -> None:
        """Show what the connection finds wrong with its secrets at the field in which they are typed."""
        told = getattr(errors, "error_dict", {})
        if "secrets" in told:
            told["new_secrets"] = told.pop("secrets")
        super()._update_errors(errors)  # type: ignore[misc]  # Django's own hook, not in its stubs


class MaintenanceWindowInline(ScopedInline):
    """Times in which a connection is left alone."""

    model = MaintenanceWindow


@admin.register(Connection)
class ConnectionAdmin(ScopedAdmin):
    """Accounts at systems."""

    form = ConnectionForm
    list_display = ("name", "connector", "environment", "legal_entity", "paused", "breaker_state")
    list_filter = ("connector", "environment", "legal_entity", "breaker_state")
    search_fields = ("name", "slug")
    readonly_fields = ("breaker_state", "breaker_message", "breaker_opened_at", "breaker_probe_at", "slow_until")
    inlines: ClassVar = [MaintenanceWindowInline]


def _connectors() -> list[Any]:
    return sorted(registry.connectors.values(), key=lambda each: each.name)
