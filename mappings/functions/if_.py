"""IF."""

LAZY = True  # the compiler writes it in place, so that the branch not taken is never computed


def IF(condition: object, then: object, otherwise: object = None) -> object:
    """Return one of two values, by a condition. Only the value that is taken is computed; a blank condition is no.

    >>> IF(hours > 8, "overtime", "normal")
    "normal"
    """
    return then if condition else otherwise
