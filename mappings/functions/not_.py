"""NOT."""

LAZY = True  # the compiler writes it in place


def NOT(condition: object) -> bool:
    """Tell whether a condition does not hold. Also written NOT a.

    >>> NOT(billable)
    FALSE
    """
    return not condition
