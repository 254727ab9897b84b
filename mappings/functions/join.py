"""JOIN."""

from mappings.formula.arguments import flat
from mappings.formula.values import bounded
from mappings.formula.values import text as as_text


def JOIN(values: object, separator: object = ", ") -> str:
    """Join the values of a list to one text, with a separator between them; blanks are left out.

    >>> JOIN(lines.role, " / ")
    "Consultant / Architect"
    """
    return bounded(bounded(as_text(separator)[:100]).join(bounded(as_text(each)) for each in flat((values,))))
