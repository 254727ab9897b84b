"""Registers the connectors application."""

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "connectors"

    def ready(self) -> None:
        """Load every connector; a broken folder stops the start with all its problems."""
        from connectors.registry import registry

        _ = registry.connectors
