"""Registers the mappings application, and what a published version of a mapping sets in motion."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_save


class MappingsConfig(AppConfig):
    """Listens: a version in force names its mapping, however and whenever it was published."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "mappings"

    def ready(self) -> None:
        """Connect the signal; it is sent in the commit that publishes."""
        from governance.models import Version

        post_save.connect(_named, sender=Version, dispatch_uid="mappings.named")


def _named(instance: Any, **_: Any) -> None:
    from governance.models import State
    from mappings import drafting
    from mappings.models.mapping import KIND

    if instance.kind == KIND and instance.state == State.PUBLISHED:
        drafting.went_in_force(instance)
