"""RIGHT."""

from decimal import Decimal

from mappings.formula.arguments import count_of
from mappings.formula.values import text as as_text


def RIGHT(text: object, characters: object = Decimal(1)) -> str | None:
    """Return the last characters of a text.

    >>> RIGHT("HP-DE", 2)
    "DE"
    """
    count = count_of(characters)
    return None if text is None else as_text(text)[-count:] if count else ""
