"""SUBSTITUTE."""

from mappings.formula import limits
from mappings.formula.problems import UnacceptableError
from mappings.formula.values import bounded
from mappings.formula.values import text as as_text


def SUBSTITUTE(text: object, old: object, new: object) -> str | None:
    """Put one text in place of another, everywhere in a text.

    >>> SUBSTITUTE("P 881", " ", "-")
    "P-881"
    """
    if text is None:
        return None
    whole, was, becomes = bounded(as_text(text)), as_text(old), as_text(new)
    if not was:
        return whole
    # Sized before it is made: a replacement can grow a text by the square of its length.
    if len(whole) + whole.count(was) * (len(becomes) - len(was)) > limits.MAX_TEXT:
        raise UnacceptableError(
            "The text would grow too long", value=whole[:60], accepted=f"at most {limits.MAX_TEXT:,}"
        )
    return whole.replace(was, becomes)
