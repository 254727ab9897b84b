"""Writes a formula's result the way the help does."""

from datetime import date
from decimal import Decimal


def shown(value: object) -> str:
    """Return a value as the examples of the functions write it."""
    if value is None:
        return "blank"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return f'"{value}"' if isinstance(value, str) else repr(value)
