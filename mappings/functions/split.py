"""SPLIT."""

from mappings.formula import limits
from mappings.formula.problems import UnacceptableError
from mappings.formula.values import bounded
from mappings.formula.values import text as as_text


def SPLIT(text: object, separator: object) -> list[str] | None:
    """Cut a text into a list at a separator; white space around the parts is removed.

    >>> ITEM(SPLIT("HP-DE; HP-US", ";"), 2)
    "HP-US"
    """
    if text is None:
        return None
    mark = as_text(separator)
    if not mark:
        raise UnacceptableError("The separator is empty", value=separator, accepted='a text such as ","')
    parts = bounded(as_text(text)).split(mark, limits.MAX_LIST)
    if len(parts) > limits.MAX_LIST:
        accepted = f"a text of at most {limits.MAX_LIST:,} parts"
        raise UnacceptableError("The list is too long", accepted=accepted)
    return [part.strip() for part in parts]
