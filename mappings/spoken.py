"""A formula as people say it: `approval_status = "approved"` is “approval status is approved”.

For conditions that nobody has given a name. Of what cannot be said plainly only the fields that it asks are told: wrong
words would be worse than few.
"""

from decimal import Decimal

from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors
from mappings.formula.tree import Arithmetic, Call, Comparison, Constant, Logic, Node, Path, Sign, walk

LONGEST = 120  # characters, as the name that somebody gives has
COMPARED = {
    "=": "is", "<>": "is not", "<": "is less than", "<=": "is at most", ">": "is more than", ">=": "is at least",
}  # fmt: skip
ASKED = {
    "ISBLANK": "{} is blank", "CONTAINS": "{} contains {}", "STARTSWITH": "{} begins with {}",
    "ENDSWITH": "{} ends with {}",
}  # fmt: skip
DENIED = {" is blank": " is not blank", " contains ": " does not contain ", " begins with ": " does not begin with ",
          " ends with ": " does not end with "}  # fmt: skip


class _CannotBeSaidError(Exception):
    """There are no plain words for a part of it."""


def spoken(formula: str) -> str:
    """Return a formula in words, at most 120 characters; "" where it cannot be read."""
    try:
        tree = parse(formula)
    except MappingErrors:
        return ""
    try:
        words = _said(tree)
    except _CannotBeSaidError:
        fields = dict.fromkeys(_value(each) for each in walk(tree) if isinstance(each, Path))
        words = f"what is asked of {', '.join(fields)}" if fields else ""
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _said(node: Node, *, inside: str = "") -> str:
    """Return what holds, in words; `inside` is the AND or OR that it stands in."""
    match node:
        case Comparison():
            return _compared(node)
        case Logic(operator="NOT"):
            return _denied(node.operands[0])
        case Logic():
            if inside and inside != node.operator:
                raise _CannotBeSaidError  # “a or b and c” would leave open what belongs together
            return f" {node.operator.lower()} ".join(_said(each, inside=node.operator) for each in node.operands)
        case Call() if node.name in ASKED and ASKED[node.name].count("{}") == len(node.arguments) and not node.named:
            return ASKED[node.name].format(*map(_value, node.arguments))
        case Path():
            return _value(node)
    raise _CannotBeSaidError


def _compared(node: Comparison) -> str:
    left, right, operator = node.left, node.right, node.operator
    if isinstance(right, Constant) and isinstance(right.value, bool) and operator in ("=", "<>"):
        holds = right.value is (operator == "=")
        return _value(left) if holds else f"not {_value(left)}"
    if isinstance(right, Constant) and right.value in (None, "") and operator in ("=", "<>"):
        return f"{_value(left)} {COMPARED[operator]} blank"
    if operator not in COMPARED:
        raise _CannotBeSaidError
    return f"{_value(left)} {COMPARED[operator]} {_value(right)}"


def _denied(node: Node) -> str:
    if isinstance(node, Path):
        return f"not {_value(node)}"
    words = _said(node)
    for yes, no in DENIED.items():
        if isinstance(node, Call) and yes in words:
            return words.replace(yes, no, 1)
    raise _CannotBeSaidError


def _value(node: Node) -> str:
    match node:
        case Path():
            return ", ".join(step.replace("_", " ") for step in reversed(node.steps)).replace(", ", " of the ")
        case Constant(value=Decimal() as number):
            return f"{number:f}"
        case Constant(value=str() as text):
            return text.replace("_", " ") if text.islower() else text
        case Arithmetic(operator=operator) if operator in "+-*/":
            return f"{_value(node.left)} {operator} {_value(node.right)}"
        case Sign():
            return f"{node.operator}{_value(node.operand)}"
    raise _CannotBeSaidError
