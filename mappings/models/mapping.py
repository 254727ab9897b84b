"""Mappings by name. Their content lies in governance's versions; here is what people list and choose from."""

import re
from typing import ClassVar

from django.db import models

from governance import versions
from governance.models import LegalEntity, Version
from governance.scoping import EntityScopedQuerySet
from governance.taken import NamedOnce

KIND = "mapping"  # of the versions
KEY = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,118}\Z", re.ASCII)


class Mapping(NamedOnce, models.Model):
    """One mapping, such as Harvest's time entries to our time entry. Without a legal entity it serves all of them."""

    named_once: ClassVar = {"key": "short name"}

    key = models.CharField(max_length=120, unique=True)  # "harvest.time_entries"; also the versions' object key
    title = models.CharField(max_length=200)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True)
    source = models.CharField(max_length=120)  # "harvest time_entries" or "time_entry"
    target = models.CharField(max_length=120)  # the same, of the result
    shipped = models.BooleanField(default=False)  # came with a connector's folder

    objects = EntityScopedQuerySet["Mapping"].as_manager()

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.title

    def published(self) -> Version:
        """Return the version in force; raises Version.DoesNotExist."""
        return versions.published(KIND, self.key)
