"""Choosing where a record goes: by conditions, by exactly-one groups, and by where it stands already.

What is posted is corrected where it stands. It is taken back when neither the condition of today nor the one under
which it was posted wants its newest version.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from canonical.failure import Category
from canonical.problem import Problem
from routes.arrivals import KEY_LIMIT, Arrival, Standing, Verdict
from routes.plan import DestinationPlan, Plan
from routes.states import State

WITHDRAWN = "withdrawn at the source"  # why a record goes nowhere, though no condition left it out


def choose(
    plan: Plan, arrival: Arrival, wanted: set[int], as_then: set[int], own_keys: dict[int, Any],
    there: Mapping[int, Standing],
) -> None:  # fmt: skip
    """Begin a verdict for each destination that a record goes to or is taken back from, in place.

    `wanted` are those whose condition holds, `as_then` those where it is posted under a condition that still holds
    though that of today does not, `own_keys` the keys of destinations with a formula for them.
    """
    chosen = {d.id for d in plan.destinations if not d.group and (d.id in wanted or d.id in as_then)}
    for group in dict.fromkeys(d.group for d in plan.destinations if d.group):
        members = [d for d in plan.destinations if d.group == group]
        picked = _pick(members, wanted, as_then, there)
        if len(picked) != 1 and arrival.outcome != "withdrawn" and not _is_left_out(arrival, members, picked, there):
            arrival.stage = "choose"
            arrival.problems.append(_not_exactly_one(group, picked))
            return
        chosen.update(d.id for d in picked)
    for destination in plan.destinations:
        place = there.get(destination.id)
        if arrival.outcome != "withdrawn" and destination.id in chosen:
            verdict = _begin(destination, arrival, own_keys.get(destination.id, arrival.key))
            arrival.verdicts.append(verdict)
            if place is not None and place.key != verdict.key:
                arrival.verdicts.append(withdraw(destination, place.key))
        elif place is not None:
            arrival.verdicts.append(withdraw(destination, place.key))
        else:
            arrival.not_chosen[str(destination.id)] = _words(destination)
    if len(arrival.verdicts) > 1:
        _keep_what_is_taken_over(arrival)


def choose_freely(
    plan: Plan, arrivals: Sequence[Arrival], wanted: Mapping[int, Sequence[Any]], keys: Mapping[int, Sequence[Any]]
) -> None:
    """Begin the verdicts of records that stand nowhere yet, as `choose` does, where no destination is in a group.

    `wanted` and `keys` have the values of each destination's condition and key formula, in the records' order.
    """
    columns = [
        (d, wanted[d.id], None if d.key is None else keys[d.id], str(d.id), _words(d)) for d in plan.destinations
    ]
    for number, arrival in enumerate(arrivals):
        if arrival.failed:
            continue
        for destination, goes, own_keys, id_, words in columns:
            if goes[number]:
                key = arrival.key if own_keys is None else own_keys[number]
                arrival.verdicts.append(_begin(destination, arrival, key))
            else:
                arrival.not_chosen[id_] = words
        if len(arrival.verdicts) > 1:
            _keep_what_is_taken_over(arrival)


def _words(destination: DestinationPlan) -> str:
    return destination.condition_text or WITHDRAWN


def _keep_what_is_taken_over(arrival: Arrival) -> None:
    """Take nothing back that another destination of the route corrects in place: same target, same key."""
    begun = {_where(v) for v in arrival.verdicts if not v.withdraws}
    for verdict in [v for v in arrival.verdicts if v.withdraws and _where(v) in begun]:
        arrival.verdicts.remove(verdict)
        if not any(v.destination is verdict.destination for v in arrival.verdicts):
            arrival.not_chosen[str(verdict.destination.id)] = _words(verdict.destination)


def _where(verdict: Verdict) -> tuple[int, str, str]:
    return verdict.destination.connection_id, verdict.destination.stream, verdict.key


def _pick(
    members: Sequence[DestinationPlan], wanted: set[int], as_then: set[int], there: Mapping[int, Standing]
) -> list[DestinationPlan]:
    """Return the members of a group that are chosen: where it is posted already, as long as any member wants it.

    A member that is switched off takes what nobody else wants, and keeps it until it is switched on.
    """
    wanting = [d for d in members if d.id in wanted]
    bound = [d for d in members if d.id in there and there[d.id].posted]
    if bound:
        return [d for d in bound if wanting or d.id in as_then]
    return [d for d in wanting if d.enabled] or wanting


def _is_left_out(
    arrival: Arrival, members: Sequence[DestinationPlan], picked: Sequence[DestinationPlan],
    there: Mapping[int, Standing],
) -> bool:  # fmt: skip
    """Whether it is right that no member of a group is chosen: it is taken back, or not approved at its source."""
    if picked:
        return False
    if any(d.id in there and there[d.id].posted for d in members):
        return True
    status = (arrival.canonical or {}).get("approval_status")
    return status is not None and status != "approved"


def _not_exactly_one(group: str, members: Sequence[DestinationPlan]) -> Problem:
    names = " and ".join(d.name for d in members) or "none"
    return Problem(
        "error", Category.CONFIGURATION, "", None,
        f"Exactly one destination of “{group}” must be chosen, but the conditions choose {names}. "
        "Correct the conditions of the route.", names, "conditions that choose exactly one", rule=group,
    )  # fmt: skip


def _begin(destination: DestinationPlan, arrival: Arrival, key: object) -> Verdict:
    text = "" if key is None else str(key)
    verdict = Verdict(destination, State.RECEIVED, State.NORMALISED, text, "")
    if not text or len(text) > KEY_LIMIT:
        verdict.key = text[:KEY_LIMIT]
        problem = Problem(
            "error", Category.CONFIGURATION, "", None,
            f"The key formula of “{destination.name}” gives “{text[:40]}”. Correct it in the route.", text[:250],
            f"a text of 1 to {KEY_LIMIT} characters",
        )  # fmt: skip
        verdict.state, verdict.reason = State.FAILED, problem.message
        verdict.problems.append(problem)
    return verdict


def withdraw(destination: DestinationPlan, key: str) -> Verdict:
    """Return the verdict that takes back what is posted under a key: the new version is "nothing"."""
    return Verdict(destination, State.READY, State.VALIDATED, key, WITHDRAWN, withdraws=True)
