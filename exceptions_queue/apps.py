"""Registers the exceptions_queue application, and what it does when a row counts or a connection goes."""

import logging
from typing import Any

from django.apps import AppConfig


class ExceptionsQueueConfig(AppConfig):
    """Work items: what people must do."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "exceptions_queue"
    verbose_name = "Exception queue"

    def ready(self) -> None:
        """Connect the signal; it is sent after its commit, and the sweep does again what a crash cut short."""
        from django.db.models.signals import pre_delete

        from connectors.models import Connection
        from mappings.table_readers import asked_about
        from mappings.tables import became_available, were_refused
        from routes.asked_about import waiting

        waiting.connect(_asked, dispatch_uid="exceptions_queue.asked")
        asked_about.connect(_reading, dispatch_uid="exceptions_queue.reading")
        were_refused.connect(_take_back, dispatch_uid="exceptions_queue.take_back")
        pre_delete.connect(_note_rules, sender=Connection, dispatch_uid="exceptions_queue.note_rules")
        became_available.connect(_send_on, dispatch_uid="exceptions_queue.send_on")


def _asked(ids: Any, **_: Any) -> set[Any]:
    """The engine would let something go: what a second person is asked about waits for them."""
    from exceptions_queue import asked_about

    return asked_about.among(ids)


def _note_rules(instance: Any, **_: Any) -> None:
    """A connection is deleted, and with it the grouping rules that name it: the audit trail keeps what they said."""
    from exceptions_queue.verbs.keep_grouping_rule import note_rules_lost

    note_rules_lost(instance)


def _send_on(table: Any, **_: Any) -> None:
    """A row counts: what was made with the one before it goes on. Nothing in it spoils the committed approval."""
    from exceptions_queue import corrected, tasks
    from routes import unforeseen

    try:
        for release in corrected.release(table.pk):
            tasks.nudge_release(release.pk)
    except unforeseen.OUTAGES:
        raise
    except Exception:
        logging.getLogger(__name__).exception("unforeseen with a corrected row; the sweep tries it again")


def _take_back(table: Any, keys: Any, by: Any, reason: str, **_: Any) -> None:
    """Rows are refused: who works on what waited for them has to know it, and proposes others."""
    from exceptions_queue import refused

    refused.take_back(table, keys, by=by, reason=reason)


def _reading(table: Any, **_: Any) -> list[Any]:
    """The order of exceptions compares money by the rates of a table."""
    from exceptions_queue import yardstick

    return yardstick.reading(table)
