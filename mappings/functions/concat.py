"""CONCAT."""

from mappings.formula.arguments import flat
from mappings.formula.values import joined


def CONCAT(value: object, *others: object) -> str:
    """Join values to one text, as & does; a list counts as its values.

    >>> CONCAT(project.code, "/", 7)
    "P-881/7"
    """
    return joined(*flat((value, *others)))
