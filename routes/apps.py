"""Registers the routes application, and what it does when something that work waits for becomes known."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete, post_save


class RoutesConfig(AppConfig):
    """Listens: a cross-reference, a table row or a connection that changes releases what waits for it.

    Answers whom a change of a connection, or of a mapping, concerns, and covers names in audit entries.
    """

    default_auto_field = "django.db.models.BigAutoField"
    name = "routes"

    def ready(self) -> None:
        """Connect the signals; they are sent after their commit, and the sweep does again what a crash cut short."""
        from connectors.models import Connection, MaintenanceWindow
        from connectors.uses import asked_about, holding
        from governance import calendar_use, discreet, elsewhere
        from mappings.cross_references import became_known
        from mappings.table_readers import asked_about as asked_who_reads
        from mappings.tables import became_available

        for sender in (Connection, MaintenanceWindow):
            for signal in (post_save, post_delete):
                signal.connect(_wake, sender=sender, dispatch_uid=f"routes.wake.{sender.__name__}")
        asked_about.connect(_concerned, dispatch_uid="routes.concerned")
        holding.connect(_holds, dispatch_uid="routes.holds")
        elsewhere.asked_about.connect(_built_on, dispatch_uid="routes.built_on")
        discreet.covering.connect(_untold, dispatch_uid="routes.untold")
        asked_who_reads.connect(_reading, dispatch_uid="routes.reading")
        calendar_use.asked_about.connect(_scheduled, dispatch_uid="routes.scheduled")
        became_known.connect(_release_parked, dispatch_uid="routes.release_parked")
        became_available.connect(_release_lacking, dispatch_uid="routes.release_lacking")


def _afterwards(release: Callable[[], object]) -> None:
    """Release, but let nothing unforeseen in it spoil the work that is committed already: the sweep does it again."""
    from routes import unforeseen

    try:
        release()
    except unforeseen.OUTAGES:
        raise
    except Exception:
        logging.getLogger(__name__).exception("unforeseen with what became known; the sweep tries it again")


def _wake(instance: Any, **_: Any) -> None:
    """Somebody has edited a connection or its windows: what waits for it asks again."""
    from routes import waking

    waking.runs_of(getattr(instance, "connection_id", instance.pk))


def _holds(connection: int, **_: Any) -> bool:
    """Answer whether a connection has records."""
    from routes import in_use

    return in_use.holds_records(connection)


def _concerned(connections: set[int], **_: Any) -> set[int]:
    from routes import concerned

    return concerned.of_connections(connections)


def _untold(entries: list[Any], by: Any, **_: Any) -> None:
    from routes import untold

    untold.cover(entries, by)


def _built_on(version: Any, **_: Any) -> set[int]:
    from routes import concerned

    return concerned.of_mapping(version.object_key) if version.kind == "mapping" else set()


def _reading(table: Any, **_: Any) -> list[Any]:
    from routes import table_readers

    return table_readers.of(table)


def _scheduled(calendar: Any, **_: Any) -> list[str]:
    from routes import calendar_use

    return calendar_use.of(calendar)


def _release_parked(references: list[Any], **_: Any) -> None:
    from routes import releases

    by_place: dict[tuple[str, int], list[str]] = {}
    for each in references:
        by_place.setdefault((each.entity, each.connection_id), []).append(each.canonical_key)
    for (entity, connection_id), keys in by_place.items():
        _afterwards(partial(releases.parents_arrived, entity, connection_id, keys))


def _release_lacking(table: Any, keys: list[Any], **_: Any) -> None:
    from routes import releases

    _afterwards(partial(releases.rows_available, table.name, keys))
