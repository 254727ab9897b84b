"""Lists every field that a mapping can fill or read, for pickers in the browser and for the documentation."""

from dataclasses import dataclass

from canonical.entities import ENTITIES
from canonical.entity import Entity, Field
from canonical.validity import accepted


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One mappable field."""

    entity: Entity
    field: Field

    @property
    def path(self) -> str:
        """Return how a mapping names it: "time_entry.hours"."""
        return f"{self.entity.name}.{self.field.name}"

    @property
    def is_key(self) -> bool:
        """Return whether the field is part of the business key."""
        return self.field.name in self.entity.key

    @property
    def accepted(self) -> str:
        """Return in words what the field takes."""
        return accepted(self.field)


def catalogue() -> list[CatalogueEntry]:
    """Return every field of every entity, in the order in which they are declared."""
    return [CatalogueEntry(entity, field) for entity in ENTITIES.values() for field in entity.fields]
