"""LEFT."""

from decimal import Decimal

from mappings.formula.arguments import count_of
from mappings.formula.values import text as as_text


def LEFT(text: object, characters: object = Decimal(1)) -> str | None:
    """Return the first characters of a text.

    >>> LEFT("P-881 Rollout", 5)
    "P-881"
    """
    return None if text is None else as_text(text)[: count_of(characters)]
