"""OR."""

LAZY = True  # the compiler writes it in place


def OR(condition: object, *others: object) -> bool:
    """Tell whether at least one condition holds; stops at the first that does. Also written a OR b.

    >>> OR(hours > 24, billable)
    TRUE
    """
    return bool(condition) or any(others)
