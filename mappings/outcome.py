"""The rare paths of a compiled mapping: a broken rule, lines, and results with gaps."""

from collections.abc import Callable, Collection
from datetime import date
from itertools import pairwise
from typing import Any

from canonical.masking import HIDDEN
from canonical.problem import Problem
from mappings.content import Rule
from mappings.formula.words import described, plain
from mappings.kinds import to_lines

MISSING = object()


def breach(problems: list[Any], rule: Rule, named: dict[str, Any], covered: Collection[str]) -> None:
    """Add the problem of a rule whose check does not hold, with the named values in its message; some are `covered`.

    Everybody who sees the exception reads the message: what a mask hides from some stands in it for nobody.
    """
    message = rule.message
    for name, value in named.items():
        message = message.replace(f"{{{name}}}", HIDDEN if name in covered else _shown(value))
    value = named.get(rule.field)
    accepted = f"values for which this holds: {rule.check.text}"
    problems.append(Problem(rule.severity, rule.category, rule.field, 0, message, value, accepted, rule=rule.name))


def build_lines(
    line: Callable[..., dict[str, Any]], values: Any, name: str, rec: dict[str, Any], today: date, *sinks: list[Any]
) -> list[dict[str, Any]]:
    """Return a result line for each record of a list; problems are named lines[0].amount."""
    return [line(each, rec, today, *sinks, f"{name}[{index}].") for index, each in enumerate(to_lines(values) or [])]


def partly(plan: dict[str, str], variables: dict[str, Any]) -> dict[str, Any]:
    """Return a flat result with what there is: fields that failed are left out."""
    return {name: variables[code] for name, code in plan.items() if code in variables}


def partial(
    plan: tuple[dict[tuple[str | int, ...], str], set[tuple[str | int, ...]]], variables: dict[str, Any]
) -> dict[str, Any]:
    """Return the result with what there is: fields that failed are left out, and blanks to be omitted too."""
    places, omitted = plan
    result: dict[str, Any] = {}
    for to, variable in places.items():
        value = variables.get(variable, MISSING)
        if value is MISSING or (value is None and to in omitted):
            continue
        _put(result, to, value)
    return result


def _put(container: Any, to: tuple[str | int, ...], value: Any) -> None:
    for step, following in pairwise(to):
        fresh: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            container.extend([None] * (step + 1 - len(container)))
            container[step] = container[step] if container[step] is not None else fresh
            container = container[step]
        else:
            container = container.setdefault(step, fresh)
    last = to[-1]
    if isinstance(last, int):
        container.extend([None] * (last + 1 - len(container)))
    container[last] = value


def _shown(value: Any) -> str:
    if value is None or isinstance(value, (str, dict, list)):
        return value[:60] if isinstance(value, str) else described(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return value.isoformat() if isinstance(value, date) else plain(value)
