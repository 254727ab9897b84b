"""Why transactions and records stopped: causes from one member to ten thousand, as the hub would have written them."""

import json
import random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from bench.lists import spread
from bench.lists.firm import Firm, Switch, Target
from canonical.failure import Category
from canonical.problem import Problem
from routes.failures import Trouble
from routes.fingerprints import fingerprint

if TYPE_CHECKING:
    from bench.lists.bodies import Facts


@dataclass(frozen=True, slots=True)
class Cause:
    """What is the same for all that stopped for one cause in one company."""

    fingerprint: str
    stage: str
    category: str
    message: str
    field: str = ""
    table: str = ""
    table_key: str | None = None
    value: str = ""
    waits_for: str = ""
    wait: str = ""  # kind of waiting
    mended: bool = False  # somebody has put it right since


class Reasons:
    """Chooses causes, and remembers those that there were."""

    def __init__(self, firm: Firm) -> None:
        """Begin with none."""
        self._firm = firm
        self._known: dict[tuple[Any, ...], Cause] = {}

    def of(self, state: str, facts: "Facts", route: Switch, target: Target, chance: random.Random) -> Cause | None:
        """Return why a transaction stands where it does; None where nothing is wrong."""
        if state == "failed":
            number = spread.cause(chance)
            which = ("failed", number)
        elif state in ("mended", "parked"):
            which = (state, chance.randrange(spread.MENDED_CAUSES if state == "mended" else 300))
        elif state in ("held", "unknown"):
            which = (state, 0)
        else:
            return None
        key = (*which, facts.company, target.connection)
        if key not in self._known:
            self._known[key] = self._made(which, facts.company, route, target)
        return self._known[key]

    def of_record(self, facts: "Facts", route: Switch, *, readable: bool) -> Cause:
        """Return why a record came to no destination."""
        category = Category.VALIDATION if readable else Category.SHAPE
        words = "The project has no code." if readable else "The hours are no number."
        key = ("record", readable, facts.company, route.id)
        if key not in self._known:
            problem = _problem(category, "project_code" if readable else "hours", words)
            stage = "normalise" if readable else "receive"
            self._known[key] = self._cause(problem, stage, facts.company, route.id, None)
        return self._known[key]

    def _made(self, which: tuple[str, int], company: str, route: Switch, target: Target) -> Cause:
        kind, number = which
        made = {"failed": _failed, "mended": _mended, "parked": _parked, "held": _held, "unknown": _unknown}[kind]
        problem, stage, more = made(number)
        return self._cause(problem, stage, company, route.id, target.connection, **more)

    def _cause(
        self, problem: Problem, stage: str, company: str, route: int, connection: int | None, **more: Any
    ) -> Cause:
        trouble = Trouble(self._firm.companies[company], route, stage, problem, connection_id=connection)
        return Cause(
            fingerprint(trouble), stage, problem.category.value, problem.message, problem.field, problem.table,
            json.dumps(list(problem.key)) if problem.key else None, str(problem.value or ""), **more,
        )  # fmt: skip


def _problem(category: Category, field: str, message: str, **more: Any) -> Problem:
    return Problem("error", category, field, None, message, **more)


@cache
def _failed(number: int) -> tuple[Problem, str, dict[str, Any]]:
    if number % 4 == 3:
        letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))  # numbers are no part of a cause
        words = f"The ledger refused it: the dimension {letters} is not open for postings."
        return _problem(Category.REFUSED, "", words), "deliver", {}
    if number % 4 == 2:
        words = f"project_code: the project is closed for time (rule {number})."
        return _problem(Category.VALIDATION, "project_code", words, rule=f"closed project {number}"), "validate", {}
    return _no_row(f"T-NEW-{number}"), "validate", {}


@cache
def _mended(number: int) -> tuple[Problem, str, dict[str, Any]]:
    return _no_row(f"T-OLD-{number}"), "validate", {"mended": True}


def _no_row(code: str) -> Problem:
    words = f"task: the table bench_tasks has no row for '{code}'. Add it or correct the value."
    return _problem(Category.UNMAPPED_VALUE, "task", words, value=code, table="bench_tasks", key=(code,))


@cache
def _parked(number: int) -> tuple[Problem, str, dict[str, Any]]:
    code = f"P-{9000 + number}"
    words = f"The project {code} does not exist there yet."
    problem = _problem(Category.MISSING_REFERENCE, "project", words, value=code, table="project", key=(code,))
    return problem, "validate", {"waits_for": f"project:{code}", "wait": "parent"}


@cache
def _held(_: int) -> tuple[Problem, str, dict[str, Any]]:
    words = "A second person has to approve what exceeds the limit."
    return (
        _problem(Category.APPROVAL_MISSING, "amount", words),
        "validate",
        {"waits_for": "approval", "wait": "approval"},
    )


@cache
def _unknown(_: int) -> tuple[Problem, str, dict[str, Any]]:
    return _problem(Category.OUTCOME_UNKNOWN, "", "The ledger did not answer; it may have it or not."), "deliver", {}
