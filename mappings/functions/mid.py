"""MID."""

from mappings.formula.arguments import count_of
from mappings.formula.problems import UnacceptableError
from mappings.formula.values import text as as_text


def MID(text: object, start: object, characters: object) -> str | None:
    """Return characters from the middle of a text; the first one has the number 1.

    >>> MID("2026-03-31", 6, 2)
    "03"
    """
    first = count_of(start)
    if first < 1:
        raise UnacceptableError("There is no character number 0", value=start, accepted="1 or more")
    return None if text is None else as_text(text)[first - 1 : first - 1 + count_of(characters)]
