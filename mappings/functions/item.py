"""ITEM."""

from mappings.formula.arguments import count_of
from mappings.formula.problems import UnacceptableError
from mappings.formula.words import described


def ITEM(values: object, position: object) -> object:
    """Return one value of a list, the first being number 1; blank where the list is shorter.

    >>> ITEM(lines.amount, 1)
    120.50
    """
    if values is None:
        return None
    if not isinstance(values, list):
        raise UnacceptableError(f"A list is needed, but this is {described(values)}", value=values, accepted="a list")
    index = count_of(position)
    if index < 1:
        raise UnacceptableError("There is no value number 0 in a list", value=position, accepted="1 or more")
    return values[index - 1] if index <= len(values) else None
