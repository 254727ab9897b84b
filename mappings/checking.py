"""Judge a single formula that is about to be saved: a route's condition, its key, its grouping."""

from collections.abc import Collection

from mappings.compiled import compile_formula
from mappings.formula.check import check, check_condition
from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.scope import Scope


def formula_problems(text: str, *, known: Collection[str] | None = None, condition: bool = False) -> list[SavedProblem]:
    """Return everything that is wrong with a formula, each with its position; nothing when it may be saved.

    `known` names the fields that it may read (None: any). A condition must be able to say yes or no.
    """
    try:
        tree = parse(text)
        check(text, tree, Scope(known=None if known is None else frozenset(known)))
        if condition:
            check_condition(text, tree)
        compile_formula(text, inward=False)
    except MappingErrors as errors:
        return errors.problems
    return []
