"""Registers the exceptions_queue application, and listens for table rows that others add."""

from django.apps import AppConfig


class ExceptionsQueueConfig(AppConfig):
    """Work items: what people must do."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "exceptions_queue"
    verbose_name = "Exception queue"

    def ready(self) -> None:
        """Release items when their missing table row is added anywhere."""
        from exceptions_queue.arrivals import on_rows
        from mappings.tables import became_available

        became_available.connect(on_rows, dispatch_uid="exceptions_queue.on_rows")
