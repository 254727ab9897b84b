"""Registers the exceptions_queue application."""

from django.apps import AppConfig


class ExceptionsQueueConfig(AppConfig):
    """Work items: what people must do."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "exceptions_queue"
    verbose_name = "Exception queue"
