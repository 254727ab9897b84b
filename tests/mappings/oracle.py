"""A slow interpreter of the formula language: says what a formula means, one node at a time, with no cleverness."""

import decimal
from typing import Any

from mappings.formula import values
from mappings.formula.limits import CONTEXT
from mappings.formula.parse import parse
from mappings.formula.problems import UnacceptableError
from mappings.formula.tree import Arithmetic, Call, Comparison, Constant, Logic, Node, Path, Sign
from mappings.functions import FUNCTIONS
from mappings.kinds import to_any

OPERATIONS = {
    "+": values.add,
    "-": values.subtract,
    "*": values.multiply,
    "/": values.divide,
    "^": values.power,
    "&": values.joined,
}


class Refused(Exception):
    """The formula has no value for this record."""


def meaning(formula: str, record: dict[str, Any]) -> Any:
    """Return the value of a formula on a record; raises Refused where it has none."""
    try:
        with decimal.localcontext(CONTEXT):
            return to_any(_value(parse(formula), record))
    except (UnacceptableError, ArithmeticError) as error:
        raise Refused(str(error)) from error


def _value(node: Node, record: dict[str, Any]) -> Any:
    match node:
        case Constant():
            return node.value
        case Path():
            value: Any = record
            for step in node.steps:
                value = values.field_of(value, step)
            return value
        case Sign():
            operand = _value(node.operand, record)
            return values.negative(operand) if node.operator == "-" else values.number(operand)
        case Arithmetic():
            return OPERATIONS[node.operator](_value(node.left, record), _value(node.right, record))
        case Comparison():
            left, right = _value(node.left, record), _value(node.right, record)
            if node.operator in ("=", "<>"):
                return (left == right) is (node.operator == "=")
            return values.compared(node.operator, left, right)
        case Logic():
            return _logic(node, record)
        case Call():
            return _call(node, record)


def _logic(node: Logic, record: dict[str, Any]) -> bool:
    truths = (values.truth(_value(operand, record)) for operand in node.operands)
    if node.operator == "NOT":
        return not next(truths)
    return all(truths) if node.operator == "AND" else any(truths)


def _call(node: Call, record: dict[str, Any]) -> Any:
    if node.name == "IF":
        condition, then, *otherwise = node.arguments
        if values.truth(_value(condition, record)):
            return _value(then, record)
        return _value(otherwise[0], record) if otherwise else None
    if node.name == "COALESCE":
        for argument in node.arguments:
            value = _value(argument, record)
            if value is not None and value != "":
                return value
        return None
    return FUNCTIONS[node.name].call(*(_value(argument, record) for argument in node.arguments))
