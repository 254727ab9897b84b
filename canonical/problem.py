"""One thing that is wrong with one value, in words for finance: used by mappings, connectors and routes alike."""

from dataclasses import dataclass
from typing import Literal

from canonical.failure import Category

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field of a record.

    An error stops the record; a warning travels with it.
    """

    severity: Severity
    category: Category
    field: str  # the field's name in the entity or body; "" when the record as a whole is meant
    position: int | None  # character in the formula, from 0; None when no formula is to blame
    message: str  # thing, cause, remedy, in words for finance
    value: object = None  # what was found
    accepted: str = ""  # what would be accepted, in words
    table: str = ""  # the lookup table that has no row
    key: tuple[str, ...] = ()  # the key that was looked up, so that the very row can be offered
    rule: str = ""  # the validation rule's name
