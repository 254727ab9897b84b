"""Reckons with money: Decimal and a currency, never a float.

Minor units follow ISO 4217. Halves are rounded away from zero, as invoices are (0.125 EUR is 0.13 EUR).
"""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

# What every reckoning of the hub uses: 38 digits hold any amount of money times any rate without loss.
CONTEXT = Context(prec=38, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])

_NO_MINOR_UNIT = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_THOUSANDTHS = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
_TEN_THOUSANDTHS = ["CLF", "UYW"]
_DIGITS = dict.fromkeys(_NO_MINOR_UNIT, 0) | dict.fromkeys(_THOUSANDTHS, 3) | dict.fromkeys(_TEN_THOUSANDTHS, 4)


def minor_digits(currency: str) -> int:
    """Return how many digits a currency has after the point (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Return the amount in whole minor units of the currency."""
    return amount.quantize(_unit(currency), context=CONTEXT)


def split(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Return the amount divided by weight into whole minor units that add up to it exactly.

    What is left over after rounding down goes, one unit each, to the shares that lost most; the earlier one first.
    The amount must itself be in whole minor units, and the weights zero or more, not all zero.
    """
    if rounded(amount, currency) != amount:
        raise ValueError(f"{amount} {currency} has more digits than the currency; round it first.")
    total = sum(weights, Decimal(0))
    if any(weight < 0 for weight in weights) or total <= 0:
        raise ValueError("Weights must be zero or more, and at least one of them more.")
    unit = _unit(currency)
    exact = [CONTEXT.divide(CONTEXT.multiply(amount, weight), total) for weight in weights]
    shares = [each.quantize(unit, rounding=ROUND_DOWN, context=CONTEXT) for each in exact]
    left = int(CONTEXT.divide_int(abs(amount - sum(shares, Decimal(0))), unit))
    step = unit if amount >= 0 else -unit
    by_loss = sorted(range(len(shares)), key=lambda index: (-abs(exact[index] - shares[index]), index))
    for index in by_loss[:left]:
        shares[index] += step
    return shares


def _unit(currency: str) -> Decimal:
    return Decimal(1).scaleb(-minor_digits(currency))
