"""Registers the project itself: its Celery application for every process, its audit entries for what allauth tells."""

from django.apps import AppConfig


class HubConfig(AppConfig):
    """Makes the Celery application known wherever Django runs: web, workers, commands."""

    name = "hub"

    def ready(self) -> None:
        """Take the application with the hub's settings in place of Celery's own.

        Begin to count and to trace where the operator wants it.
        """
        from allauth.mfa.signals import authentication_failed
        from django.conf import settings

        from hub.celery import app
        from hub.changes import keeping
        from hub.sign_in.codes import refused

        app.set_default()
        keeping.listen()
        authentication_failed.connect(refused, dispatch_uid="hub.sign_in.refused")
        if settings.METRICS_TOKEN:
            from hub.figures import counted

            counted.start()
        if settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            from hub import tracing

            tracing.start()
