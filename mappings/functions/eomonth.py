"""EOMONTH."""

import datetime
from decimal import Decimal

from mappings.formula.arguments import day_of, month_later


def EOMONTH(date: object, months: object = Decimal(0)) -> datetime.date | None:
    """Return the last day of a date's month, or of the month so many months later.

    >>> EOMONTH(DATE(2026, 1, 31), 1)
    2026-02-28
    """
    return None if date is None else month_later(day_of(date).replace(day=1), months, 31)
