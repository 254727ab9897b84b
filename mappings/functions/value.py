"""VALUE."""

from decimal import Decimal

from mappings.formula.arguments import number_from_text
from mappings.formula.values import number


def VALUE(text: object, decimal_sign: object = ".") -> Decimal | None:
    """Turn a text into a number. The second argument is the decimal sign; the other one may group thousands.

    >>> VALUE("1,234.50")
    1234.50
    >>> VALUE("1.234,50", ",")
    1234.50
    """
    if text is None or text == "":
        return None
    return number_from_text(text, decimal_sign) if isinstance(text, str) else number(text)
