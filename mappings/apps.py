"""Registers the mappings application, and what a published version of a mapping sets in motion."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save


class MappingsConfig(AppConfig):
    """Listens: a version in force names its mapping, however and whenever it was published.

    Answers with the keys of rows that audit entries are about.
    """

    default_auto_field = "django.db.models.BigAutoField"
    name = "mappings"

    def ready(self) -> None:
        """Connect the signals; a version's is sent in the commit that publishes."""
        from governance import discreet
        from governance.models import Version

        discreet.keyed.connect(_keyed, dispatch_uid="mappings.keyed")
        post_save.connect(_named, sender=Version, dispatch_uid="mappings.named")


def _named(instance: Any, **_: Any) -> None:
    from governance.models import State
    from mappings import drafting
    from mappings.models.mapping import KIND

    if instance.kind == KIND and instance.state == State.PUBLISHED:
        drafting.went_in_force(instance)


def _keyed(entries: list[Any], **_: Any) -> None:
    """Put the keys of rows by column into entries about them, which are to be shown only. One query."""
    from mappings.models import TableRow

    numbers = {int(each.thing_id) for each in entries if each.thing_id.isdecimal()}
    rows = {str(row.pk): row for row in TableRow.objects.filter(pk__in=numbers).select_related("table")}
    for each in entries:
        if row := rows.get(each.thing_id):
            each.after = {**(each.after or {}), "key": row.by_column}
