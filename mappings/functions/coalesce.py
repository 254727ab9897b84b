"""COALESCE."""

LAZY = True  # the compiler writes it in place, so that values after the first one found are never computed


def COALESCE(value: object, *others: object) -> object:
    """Return the first value that is not blank; an empty text counts as blank.

    >>> COALESCE(NULL, "", notes, "no notes")
    "Workshop Berlin"
    """
    return next((each for each in (value, *others) if each is not None and each != ""), None)
