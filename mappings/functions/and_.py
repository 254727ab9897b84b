"""AND."""

LAZY = True  # the compiler writes it in place


def AND(condition: object, *others: object) -> bool:
    """Tell whether all conditions hold; stops at the first that does not. Also written a AND b.

    >>> AND(hours > 0, hours <= 24)
    TRUE
    """
    return bool(condition) and all(others)
