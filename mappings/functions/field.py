"""FIELD."""

from mappings.formula.values import field_of
from mappings.formula.values import text as as_text


def FIELD(record: object, name: object) -> object:
    """Return a field of a record by its name, or of every record of a list; for the results of WHERE and ITEM.

    >>> FIELD(ITEM(lines, 2), "role")
    "Architect"
    """
    return field_of(record, as_text(name))
