"""Keys that two records want at one target: the second record stops, and a person is told of both.

A key at a target belongs to the record whose version stands there or waits for it. Two versions of one record follow
each other; two records under one key would overwrite each other, and one of them would be lost.
"""

from collections.abc import Mapping, Sequence

from canonical.failure import Category
from canonical.problem import Problem
from routes.arrivals import Arrival, Verdict
from routes.heads import Where
from routes.models import Route
from routes.owners import Owner
from routes.plan import Plan

# By the number of the transaction's id: a number is found six times as fast as the id.
Wanting = Mapping[int, tuple[Verdict, Arrival]]
RULE = "one record for each key"


def sort_out(wanting: Wanting) -> Wanting:
    """Stop records of a page whose key another one of the same page has; return what is still wanted.

    Nearly always nothing is to do, and one set tells so.
    """
    if len({where(v) for v, _ in wanting.values()}) == len(wanting):
        return wanting
    first: dict[tuple[int, str, str], tuple[Verdict, Arrival]] = {}
    # What is taken back comes first: it is posted already.
    for verdict, arrival in sorted(wanting.values(), key=lambda pair: not pair[0].withdraws):
        held = first.setdefault(where(verdict), (verdict, arrival))
        if held[0] is not verdict and not arrival.failed:
            _stop(arrival, _twice(verdict, held[0]) if held[1] is arrival else _taken(verdict, arrival, held[1].key))
    return {id_: (v, a) for id_, (v, a) in wanting.items() if not a.failed}


def stop(plan: Plan, taken: Sequence[tuple[Verdict, Arrival, Owner]]) -> None:
    """Stop records that want a key which belongs to another record, in place. One query."""
    names = dict(Route.objects.filter(pk__in={o.route for *_, o in taken}).values_list("pk", "name"))
    for verdict, arrival, owner in taken:
        if not arrival.failed:
            route = "" if owner.route == plan.route_id else names.get(owner.route, "")
            _stop(arrival, _taken(verdict, arrival, owner.record_key, route))


def where(verdict: Verdict) -> Where:
    """Return what names the head of a verdict's key."""
    return verdict.destination.connection_id, verdict.destination.stream, verdict.key


def _stop(arrival: Arrival, problem: Problem) -> None:
    arrival.stage = "choose"
    arrival.problems.append(problem)
    arrival.verdicts.clear()
    arrival.not_chosen.clear()


def _taken(verdict: Verdict, arrival: Arrival, other: str, route: str = "") -> Problem:
    whose = f"{other} of the route “{route}”" if route else other
    words = (
        f"{arrival.key} would be written to “{verdict.destination.name}” under the key {verdict.key}, which belongs to"
        f" {whose} already. If both are the same, delete or waive one of them; if not, correct the key formula."
    )
    return _problem(verdict, words)


def _twice(verdict: Verdict, other: Verdict) -> Problem:
    words = (
        f"“{other.destination.name}” and “{verdict.destination.name}” would both write under the key {verdict.key} to"
        " one target. Let their conditions choose one of them, or give one a key formula of its own."
    )
    return _problem(verdict, words)


def _problem(verdict: Verdict, words: str) -> Problem:
    return Problem(
        "error", Category.DUPLICATE, "", None, words, verdict.key, "a key that no other record has", rule=RULE
    )
