"""Which connections a mapping's formulas name, and whether somebody may let them: XREF tells what another company's
system calls a record, so it is for those who see that company.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from connectors.models import Connection
from governance.actor import By
from governance.models import Version
from mappings.content import Content, Formula
from mappings.formula.parse import parse
from mappings.formula.problems import MappingErrors, SavedProblem
from mappings.formula.tree import Call, Constant, Node, walk

UNSEEN = "There is no connection {} that you may see."
REMEDY = "Correct the connection in XREF, or make it first."


def refuse_unseen(content: Content, *, by: By, stand: Callable[[], Iterable[dict[str, Any]]]) -> None:
    """Refuse formulas that name connections which somebody does not see, or that are not there. Raises MappingErrors.

    What `stand` returns are contents that are kept already: a formula that stands in one of them may stay. They are
    asked for only where a formula is in doubt.
    """
    named = list(_named(content))
    unseen = {name for _, _, name in named} - known_to({name for _, _, name in named}, by)
    if not unseen:
        return
    kept = {text for each in stand() for text in _texts(each)}
    problems = [
        SavedProblem(UNSEEN.format(name), REMEDY, position=at, path=formula.path, text=formula.text)
        for formula, at, name in named
        if name in unseen and formula.text not in kept
    ]
    if problems:
        raise MappingErrors(problems)


def unseen_in(text: str, *, by: By) -> list[str]:
    """Return what is wrong with a single formula that names connections which somebody does not see, in words."""
    try:
        tree = parse(text) if "XREF" in text.upper() else None
    except MappingErrors:
        return []  # what is wrong with it is said where it is judged
    named = [name for _, name in _connections_of(tree)] if tree is not None else []
    known = known_to(set(named), by)
    return [f"{UNSEEN.format(name)} {REMEDY}" for name in dict.fromkeys(named) if name not in known]


def known_to(slugs: set[str], by: By) -> set[str]:
    """Return those that somebody sees, or that they know of as drafts: these may be put in force later."""
    if not slugs:
        return set()
    there = set(Connection.objects.filter(slug__in=slugs).values_list("slug", flat=True))
    drafts = Version.objects.readable_by(by).filter(kind="connection", object_key__in=slugs - there)
    seen = Connection.objects.visible_to(by).filter(slug__in=slugs)
    return {*seen.values_list("slug", flat=True), *drafts.values_list("object_key", flat=True)}


def _named(content: Content) -> Iterator[tuple[Formula, int, str]]:
    """Yield the connections that formulas name: the formula, the place in it, and the short name."""
    formulas: list[Formula] = [*([content.on] if content.on else []), *(rule.check for rule in content.rules)]
    for rule in content.fields:
        formulas += [rule.formula, *(line.formula for line in rule.lines or ())]
    for formula in formulas:
        for position, name in _connections_of(formula.tree):
            yield formula, position, name


def _connections_of(tree: Node) -> Iterator[tuple[int, str]]:
    """Yield the connections that a formula names, each with its place."""
    for node in walk(tree):
        third = node.arguments[2] if isinstance(node, Call) and len(node.arguments) > 2 else None
        if isinstance(node, Call) and node.name == "XREF" and isinstance(third, Constant) and third.value:
            yield third.position, str(third.value)


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts of a content as it is written."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield value
