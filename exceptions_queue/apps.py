"""Registers the exceptions_queue application."""

from django.apps import AppConfig


class ExceptionsQueueConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "exceptions_queue"
