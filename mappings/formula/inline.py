"""Functions that the compiler writes out for the usual operand, because the call would cost more than the work.

Each entry takes the careful call, the node, its arguments and the writer, and returns Python code with the same result.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from mappings.formula import limits
from mappings.formula.tree import Call, Constant

MOST_PLACES = 12  # decimals to which ROUND is written out


def places_of(node: Call) -> int | None:
    """Return the decimals to which a ROUND rounds, where the formula spells out some that are usual."""
    digits = node.arguments[1] if len(node.arguments) > 1 else Constant(Decimal(0), 0)
    if not isinstance(digits, Constant) or not isinstance(digits.value, Decimal):
        return None
    return int(digits.value) if digits.value in {Decimal(each) for each in range(MOST_PLACES + 1)} else None


def _round(careful: str, node: Call, *rest: Any) -> str:
    *arguments, writer = rest
    places = places_of(node)
    if places is None:
        return careful
    step = writer.constant(Decimal(1).scaleb(-places))
    value = arguments[0]
    native = f"{value.code}.quantize({step}, 'ROUND_HALF_UP')"
    test = value.unless("number", "Decimal")
    return f"{native} if {test} else {careful}" if test else native


def _short_text(native: str) -> Callable[..., str]:
    def write(careful: str, node: Call, value: Any, *rest: Any) -> str:
        code = value.code
        short = f"{code}.__class__ is str and len({code}) <= {limits.MAX_TEXT // 4}"
        return f"{native.format(code)} if {short} else {careful}"

    return write


def _left(careful: str, node: Call, value: Any, *rest: Any) -> str:
    count = node.arguments[1] if len(node.arguments) > 1 else Constant(Decimal(1), 0)
    if not isinstance(count, Constant) or not isinstance(count.value, Decimal):
        return careful
    if count.value != count.value.to_integral_value() or not 0 <= count.value <= limits.MAX_TEXT:
        return careful
    return f"{value.code}[:{int(count.value)}] if {value.code}.__class__ is str else {careful}"


def _datevalue(careful: str, node: Call, value: Any, *rest: Any) -> str:
    if len(node.arguments) > 1:
        return careful
    # A batch names few days, each of them thousands of times.
    return f"({value.code}.__class__ is str and known_day({value.code})) or named_day({value.code})"


def _isblank(careful: str, node: Call, value: Any, *rest: Any) -> str:
    if value.kind.startswith("text"):
        return f"not {value.code}"
    return f'{value.code} is None or {value.code} == "" or {value.code} == []'


def _len(careful: str, node: Call, value: Any, *rest: Any) -> str:
    return f"Decimal(len({value.code})) if {value.code}.__class__ is str else {careful}"


INLINE: dict[str, Callable[..., str]] = {
    "ROUND": _round,
    "UPPER": _short_text("{0}.upper()"),
    "LOWER": _short_text("{0}.lower()"),
    "TRIM": _short_text('" ".join({0}.split())'),
    "LEFT": _left,
    "LEN": _len,
    "DATEVALUE": _datevalue,
    "ISBLANK": _isblank,
}
