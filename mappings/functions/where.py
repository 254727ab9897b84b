"""WHERE."""

from mappings.formula.problems import UnacceptableError
from mappings.formula.values import field_of
from mappings.formula.values import text as as_text
from mappings.formula.words import described


def WHERE(values: object, field: object, value: object) -> list[object] | None:
    """Return the records of a list whose field has a value.

    >>> SUM(FIELD(WHERE(lines, "role", "Architect"), "amount"))
    250.00
    """
    if values is None:
        return None
    if not isinstance(values, list):
        raise UnacceptableError(f"A list is needed, but this is {described(values)}", value=values, accepted="a list")
    found = field_of(values, as_text(field))
    return [each for each, has in zip(values, found, strict=True) if has == value]
