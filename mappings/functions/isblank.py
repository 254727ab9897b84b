"""ISBLANK."""


def ISBLANK(value: object) -> bool:
    """Tell whether a value is missing, or a text without characters, or a list without values.

    >>> ISBLANK(missing_field)
    TRUE
    """
    return value is None or value == "" or value == []
