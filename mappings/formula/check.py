"""Judge a parsed formula before it is saved: functions, their arguments, names, and mistakes that need no record."""

from collections.abc import Callable
from decimal import Decimal
from difflib import get_close_matches

from mappings.formula.arguments import digits_of, pattern, zone_of
from mappings.formula.forms import check_form
from mappings.formula.problems import MappingErrors, SavedProblem, UnacceptableError
from mappings.formula.scope import Scope
from mappings.formula.tree import Arithmetic, Call, Constant, Logic, Node, Path, Sign, walk
from mappings.functions import FUNCTIONS

# Constant arguments that can be judged at once: (function, number of the argument from 0) → the reader of it.
CONSTANTS: dict[tuple[str, int], Callable[[str], object]] = {
    ("MATCHES", 1): pattern,
    ("EXTRACT", 1): pattern,
    ("TODATE", 1): zone_of,
    ("DATETIME", 1): zone_of,
    ("TEXT", 1): check_form,
    ("DATEVALUE", 1): check_form,
}


def check(text: str, node: Node, scope: Scope) -> None:
    """Raise MappingErrors with everything in a formula that cannot work, each with its position."""
    problems: list[SavedProblem] = []

    def say(message: str, remedy: str, position: int) -> None:
        problems.append(SavedProblem(message, remedy, position, text=text))

    for each in walk(node):
        match each:
            case Path():
                try:
                    scope.split(each.steps)
                except LookupError as error:
                    message, remedy = error.args
                    say(message, remedy, each.position)
            case Call():
                _call(each, say)
            case Arithmetic() | Sign():
                _arithmetic(each, say)
            case Logic():
                for operand in each.operands:
                    _condition(operand, say)
    if problems:
        raise MappingErrors(sorted(problems, key=lambda problem: problem.position or 0))


def check_condition(text: str, node: Node) -> None:
    """Raise MappingErrors when a formula that has to say yes or no can only give a number or a text."""
    problems: list[SavedProblem] = []
    _condition(node, lambda message, remedy, at: problems.append(SavedProblem(message, remedy, at, text=text)))
    if problems:
        raise MappingErrors(problems)


Say = Callable[[str, str, int], None]


def _call(call: Call, say: Say) -> None:
    function = FUNCTIONS.get(call.name)
    if function is None:
        close = get_close_matches(call.name, FUNCTIONS, 1)
        remedy = f"Did you mean {close[0]}?" if close else "The list of functions is in the help."
        say(f"There is no function {call.name}.", remedy, call.position)
        return
    count = len(call.arguments)
    if count < function.least or (function.most is not None and count > function.most):
        wanted = f"at least {function.least}" if function.most is None else f"{function.least}"
        if function.most is not None and function.most != function.least:
            wanted = f"{function.least} to {function.most}"
        plural = "" if wanted.endswith(" 1") or wanted == "1" else "s"
        say(f"{call.name} takes {wanted} argument{plural}, not {count}.", f"Write {function.usage}.", call.position)
    for name, argument in call.named.items():
        if name not in function.named:
            say(f"{call.name} has no argument {name}:", f"Write {function.usage}.", argument.position)
    if call.name in ("LOOKUP", "XREF"):
        _table(call, say)
    if call.name == "IF" and call.arguments:
        _condition(call.arguments[0], say)
    _constants(call, say)


def _table(call: Call, say: Say) -> None:
    what = "table" if call.name == "LOOKUP" else "entity"
    if call.arguments and not _is_text(call.arguments[0]):
        remedy = f'Write it in quotes: {call.name}("name", …).'
        say(f"The {what} must be a fixed text.", remedy, call.arguments[0].position)
    if call.name == "LOOKUP" and len(call.arguments) == 1:
        say("LOOKUP needs at least one key.", FUNCTIONS["LOOKUP"].usage + " shows the order.", call.position)
    if call.name == "XREF" and len(call.arguments) > 2 and not _is_text(call.arguments[2]):
        remedy = 'Write its short name in quotes: "netsuite-production".'
        say("The connection must be a fixed text.", remedy, call.arguments[2].position)


def _constants(call: Call, say: Say) -> None:
    for index, argument in enumerate(call.arguments):
        reader = CONSTANTS.get((call.name, index))
        if not isinstance(argument, Constant):
            continue
        try:
            if reader is not None and isinstance(argument.value, str):
                reader(argument.value)
            elif call.name == "ROUND" and index == 1:
                digits_of(argument.value)
        except UnacceptableError as error:
            say(f"{error.message}.", f"Accepted: {error.accepted}.", argument.position)


def _arithmetic(node: Arithmetic | Sign, say: Say) -> None:
    operands = (node.operand,) if isinstance(node, Sign) else (node.left, node.right)
    if node.operator == "&":
        return
    for operand in operands:
        if isinstance(operand, Constant) and not isinstance(operand.value, Decimal):
            remedy = "Join texts with &." if isinstance(operand.value, str) else "Put a number there."
            say(f"{node.operator} works on numbers and dates only.", remedy, operand.position)
    if node.operator == "/" and isinstance(operands[-1], Constant) and operands[-1].value == 0:
        say("A number cannot be divided by zero.", "Divide by another number.", operands[-1].position)


def _condition(node: Node, say: Say) -> None:
    wrong_constant = isinstance(node, Constant) and isinstance(node.value, (Decimal, str))
    if wrong_constant or isinstance(node, (Arithmetic, Sign)):
        say("A condition is needed here.", "Compare it with something: hours > 0.", node.position)


def _is_text(node: Node) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, str) and bool(node.value)
