"""Which countries and currencies there are: ISO 3166-1 and ISO 4217, as Debian's iso-codes keep them.

A code that no standard knows is a typing error, and would be found only when an ERP refuses the first invoice. What
people type is asked here; what other systems send is not: their history holds codes that have left the standards.
"""

from functools import cache

import pycountry
from django.core.exceptions import ValidationError

KOSOVO = "XK"  # not in the standard yet; the European Union and ERPs write it so
NO_MONEY = {"XXX", "XTS"}  # "no currency", and the one reserved for tests


@cache
def countries() -> frozenset[str]:
    """Return the codes of countries, of two letters."""
    return frozenset(each.alpha_2 for each in pycountry.countries) | {KOSOVO}


@cache
def currencies() -> frozenset[str]:
    """Return the codes of currencies that amounts may be in, of three letters."""
    return frozenset(each.alpha_3 for each in pycountry.currencies) - NO_MONEY


def check_country(code: str) -> None:
    """Refuse a code that stands for no country. Raises ValidationError."""
    if code not in countries():
        raise ValidationError(
            f'"{code}" is no country. Write its two capital letters as in ISO 3166-1, such as DE, US or GB.'
        )


def check_currency(code: str) -> None:
    """Refuse a code that stands for no currency of today. Raises ValidationError."""
    if code not in currencies():
        raise ValidationError(
            f'"{code}" is no currency of today. Write its three capital letters as in ISO 4217, such as EUR or USD.'
        )
