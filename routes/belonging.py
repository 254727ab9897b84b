"""Whether a transaction still belongs where it was going once a person has corrected its record."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from canonical.failure import Category
from canonical.problem import Problem
from routes import evaluation
from routes.arrivals import Arrival, Verdict
from routes.plan import DestinationPlan, Plan
from routes.states import State

NOT_WANTED = (
    "With the corrected {fields} this no longer meets the condition of {name}. Waive it there, or correct it at the "
    "source, so that it goes where it belongs."
)
OTHER_KEY = (
    "With the corrected {fields} this has another business key at {name}: {key} instead of {was}. Correct it at the "
    "source, so that it is sent under the right one."
)


def stop_strangers(
    plan: Plan, pairs: Sequence[tuple[Arrival, Verdict]], said: Mapping[UUID, dict[str, Any] | None]
) -> None:
    """Stop transactions that a correction of their record would have sent elsewhere, or under another key; in place.

    `said` has the records' values before the correction, by transaction. A day that was only moved into an open period
    is no such correction: the record still goes where its own day sent it.
    """
    for destination in plan.destinations:
        mine = [
            (a, v, said[v.transaction] or {}) for a, v in pairs
            if v.destination is destination and not v.withdraws and not a.failed
            and set(a.corrected) - {destination.posting_date}
        ]  # fmt: skip
        if mine:
            _stop(plan, destination, mine)


def _stop(plan: Plan, destination: DestinationPlan, mine: Sequence[tuple[Arrival, Verdict, dict[str, Any]]]) -> None:
    now = [arrival for arrival, _, _ in mine]
    then = [Arrival(a.raw, "", b"", a.key, a.version, canonical=b, legal_entity=a.legal_entity) for a, _, b in mine]
    wanted, wanted_then = (
        evaluation.values_of(plan, destination.condition, each, "choose", default=True) for each in (now, then)
    )
    keys, keys_then = (
        evaluation.values_of(plan, destination.key, each, "choose", default=None) for each in (now, then)
    )
    for number, (arrival, verdict, _) in enumerate(mine):
        told = {"fields": ", ".join(arrival.corrected).replace("_", " "), "name": destination.name}
        if arrival.failed:
            continue
        if wanted_then[number] and not wanted[number]:
            message = NOT_WANTED.format(**told)
        elif keys_then[number] == verdict.key != keys[number]:
            message = OTHER_KEY.format(**told, key=keys[number], was=verdict.key)
        else:
            continue
        verdict.state, verdict.reason = State.FAILED, message
        verdict.problems.append(Problem("error", Category.VALIDATION, arrival.corrected[0], None, message))
