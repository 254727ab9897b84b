"""Registers the project itself, and makes its Celery application the one that every process sends nudges with."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    """Makes the Celery application known wherever Django runs: web, workers, commands."""

    name = "hub"

    def ready(self) -> None:
        """Take the application with the hub's settings in place of Celery's own; name the admin's first page."""
        from django.contrib import admin

        from hub.celery import app

        app.set_default()
        admin.site.index_title = "Administration"
