"""Working out what becomes of records: normalise, choose destinations, validate and translate.

Nothing is stored here and nothing is sent: the same functions serve receiving, resubmission, dry runs and replays. The
only reads are those of tables and cross-references, a constant number per batch.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from canonical import check, codec
from canonical.entities import ENTITIES
from canonical.failure import CATEGORIES, Category
from canonical.problem import Problem
from mappings import CompiledFormula, CompiledMapping
from mappings.batch import run_batch
from mappings.mapped import Mapped
from routes.arrivals import KEY_LIMIT, Arrival, Verdict, digest, exact
from routes.plan import DestinationPlan, Plan
from routes.states import State

RULE = "Needs a second person's approval by the route's rule"
MOVED = "Needs a second person's approval: {} was moved to another day"
MOST = {"amount": Decimal(10**14 - 1), "hours": Decimal(10**8 - 1)}  # as the columns hold
ABSURD = "it has more digits than any amount of a firm. Correct it at the source."
DAY_FIELDS = ("worked_on", "issued_on", "starts_on", "valid_from")  # the day that a record belongs to, by entity


def normalise(plan: Plan, arrivals: Sequence[Arrival], *, entities: dict[str, int]) -> None:
    """Turn raw records into canonical ones, in place. `entities` gives a legal entity's id by its code."""
    if plan.normalise is None:
        for arrival in arrivals:
            _settle_canonical(plan, arrival, _already_canonical(plan, arrival), entities)
        return
    mapped = run_batch(
        plan.normalise, [dict(a.raw) for a in arrivals], connection_id=plan.connection_id,
        legal_entity_id=plan.legal_entity_id,
    )  # fmt: skip
    for arrival, found in zip(arrivals, mapped, strict=True):
        arrival.stage = "normalise"
        arrival.problems.extend(found.problems)
        arrival.hits = found.hits
        _settle_canonical(plan, arrival, found.values, entities)


def _already_canonical(plan: Plan, arrival: Arrival) -> dict[str, Any]:
    """Return the values of a record that came in the hub's words; what our API took is typed from its exact text."""
    if not plan.takes_events:
        return dict(arrival.raw)
    entity = ENTITIES[plan.entity]
    arrival.stage = "normalise"
    try:
        values = codec.loads(entity, arrival.body)
    except ValueError as error:
        arrival.problems.append(Problem("error", Category.SHAPE, "", None, str(error), arrival.body[:100]))
        return {}
    arrival.problems.extend(check(entity, values))  # the entity may have changed since the event was accepted
    return values


def _settle_canonical(plan: Plan, arrival: Arrival, values: dict[str, Any], entities: dict[str, int]) -> None:
    arrival.canonical = values
    arrival.canonical_body = codec.dumps(values).decode()
    code = values.get("legal_entity")
    arrival.legal_entity = entities.get(str(code)) if code else plan.legal_entity_id
    if arrival.legal_entity is None:
        arrival.legal_entity = plan.legal_entity_id
        arrival.problems.append(
            Problem(
                "error", Category.CONFIGURATION, "legal_entity", None,
                f"The legal entity “{code}” is not known here. Add it, or correct it at the source.", code,
                "the code of a legal entity",
            )
        )  # fmt: skip
    arrival.problems.extend(_absurd(values))
    arrival.occurred_on = next((values[f] for f in DAY_FIELDS if isinstance(values.get(f), dt.date)), None)
    arrival.normalised = len(arrival.problems)


def _absurd(values: dict[str, Any]) -> list[Problem]:
    """Return what no column holds and nobody can mean: it stops its own record, not the page that it came with."""
    problems = [
        Problem(
            "error", Category.SHAPE, name, None, f"The {name} {str(values[name])[:40]} cannot be meant: {ABSURD}",
            values[name], f"less than {most:,}",
        )
        for name, most in MOST.items()
        if isinstance(values.get(name), Decimal) and not _fits(name, values[name])
    ]  # fmt: skip
    currency = values.get("currency")
    if currency and len(str(currency)) != 3:
        words = f"“{str(currency)[:40]}” is no currency. Correct it at the source, or let the mapping translate it."
        problems.append(Problem("error", Category.VALIDATION, "currency", None, words, currency, "a code such as EUR"))
    return problems


def evaluate(plan: Plan, arrivals: Sequence[Arrival], *, posted_at: Callable[[Arrival], dict[int, str]]) -> None:
    """Choose destinations for normalised records and work out a verdict for each, in place.

    `posted_at` gives the destinations where a record is posted or under way, with its key there: corrections go there,
    whatever today's conditions say.
    """
    for arrival in arrivals:
        if arrival.outcome == "withdrawn":  # it is taken back wherever it stands, whatever its last version looked like
            _choose(plan, arrival, set(), {}, posted_at(arrival))
    sound = [a for a in arrivals if not a.failed and a.outcome != "withdrawn"]
    wanted = {d.id: _values(plan, d.condition, sound, "choose", default=True) for d in plan.destinations}
    keys = {d.id: _values(plan, d.key, sound, "choose", default=None) for d in plan.destinations}
    for number, arrival in enumerate(sound):
        if not arrival.failed:
            chosen = {d.id for d in plan.destinations if wanted[d.id][number]}
            own_keys = {d.id: keys[d.id][number] for d in plan.destinations if d.key is not None}
            _choose(plan, arrival, chosen, own_keys, posted_at(arrival))
    for destination in plan.destinations:
        waiting = [
            (arrival, verdict)
            for arrival in arrivals
            for verdict in arrival.verdicts
            if verdict.destination is destination and not verdict.withdraws and verdict.state is State.RECEIVED
        ]
        if waiting:
            translate(plan, destination, waiting)


def _values(
    plan: Plan, formula: CompiledFormula | None, arrivals: Sequence[Arrival], stage: str, *, default: object
) -> list[Any]:
    """Return a formula's value on each record; what goes wrong becomes a problem of the record."""
    if formula is None:
        return [default] * len(arrivals)
    found = _by_entity(plan, formula.mapping, [(a, view(a)) for a in arrivals], plan.connection_id)
    for arrival, mapped in zip(arrivals, found, strict=True):
        if mapped.failed:
            arrival.problems.extend(mapped.problems)
            arrival.stage = stage
    return [mapped.values.get("value") for mapped in found]


def view(arrival: Arrival, write_key: str = "") -> dict[str, Any]:
    """Return the record as formulas of a destination see it: its fields, and ours under `hub`."""
    assert arrival.canonical is not None
    return arrival.canonical | {"hub": {"key": write_key or arrival.key, "version": arrival.version}}


def _choose(
    plan: Plan, arrival: Arrival, wanted: set[int], own_keys: dict[int, Any], posted_at: dict[int, str]
) -> None:
    chosen = {d.id for d in plan.destinations if d.id in wanted and not d.group}
    for group in dict.fromkeys(d.group for d in plan.destinations if d.group):
        members = [d for d in plan.destinations if d.group == group]
        picked = [d for d in members if d.id in posted_at] or [d for d in members if d.id in wanted]
        if len(picked) != 1 and arrival.outcome != "withdrawn":
            arrival.stage = "choose"
            arrival.problems.append(_not_exactly_one(group, picked))
            return
        chosen.update(d.id for d in picked)
    for destination in plan.destinations:
        there = posted_at.get(destination.id)
        if arrival.outcome != "withdrawn" and destination.id in chosen:
            verdict = _begin(destination, arrival, own_keys.get(destination.id, arrival.key))
            arrival.verdicts.append(verdict)
            if there is not None and there != verdict.key:
                arrival.verdicts.append(withdraw(destination, there))
        elif there is not None:
            arrival.verdicts.append(withdraw(destination, there))
        else:
            arrival.not_chosen[str(destination.id)] = destination.condition_text or "withdrawn at the source"


def _not_exactly_one(group: str, members: list[DestinationPlan]) -> Problem:
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
        _stop(verdict, problem)
    return verdict


def withdraw(destination: DestinationPlan, key: str) -> Verdict:
    """Return the verdict that takes back what is posted under a key: the new version is "nothing"."""
    return Verdict(destination, State.READY, State.VALIDATED, key, "withdrawn at the source", withdraws=True)


def translate(plan: Plan, destination: DestinationPlan, waiting: Sequence[tuple[Arrival, Verdict]]) -> None:
    """Validate and translate for one destination; each verdict gets its state, and its bytes where it is ready."""
    views = [(a, view(a, v.key)) for a, v in waiting]
    mapped = _by_entity(plan, destination.translate, views, destination.connection_id)
    approvals = _approvals(plan, destination, [a for a, _ in waiting])
    for (arrival, verdict), found, approval in zip(waiting, mapped, approvals, strict=True):
        problems = found.problems if approval is None else [*found.problems, *approval.problems]
        verdict.problems.extend(problems)
        verdict.hits = found.hits
        stopping = next((p for p in problems if p.severity == "error"), None)
        if stopping is not None:
            _stop(verdict, stopping)
            continue
        verdict.body = exact(found.values)
        verdict.content = digest(verdict.body)
        verdict.reached = State.VALIDATED
        by_rule = approval is not None and approval.values.get("value")
        if by_rule or destination.posting_date in arrival.corrected:
            verdict.state = State.HELD
            verdict.reason = RULE if by_rule else MOVED.format(destination.posting_date.replace("_", " "))
            if not by_rule:  # the second person sees the day that the source says beside the one that would be sent
                verdict.problems.append(
                    Problem("error", Category.APPROVAL_MISSING, destination.posting_date, None, verdict.reason)
                )
            verdict.waits_for = ("approval", str(verdict.transaction))
        else:
            verdict.state, verdict.reason = State.READY, "checked and translated"


def _approvals(plan: Plan, destination: DestinationPlan, arrivals: Sequence[Arrival]) -> Sequence[Mapped] | list[None]:
    """Return what the rule for a second person says of each record; one that it cannot judge must not go through."""
    if destination.approval is None:
        return [None] * len(arrivals)
    return _by_entity(plan, destination.approval.mapping, [(a, view(a)) for a in arrivals], plan.connection_id)


def _by_entity(
    plan: Plan, compiled: CompiledMapping, views: Sequence[tuple[Arrival, dict[str, Any]]], connection_id: int | None
) -> list[Mapped]:
    """Run a mapping on records, each with the tables of its own legal entity first; queries grow with the entities."""
    groups: dict[int, list[int]] = {}
    for place, (arrival, _) in enumerate(views):
        groups.setdefault(arrival.legal_entity or plan.legal_entity_id, []).append(place)
    results: dict[int, Mapped] = {}
    for entity, places in groups.items():
        records = [views[place][1] for place in places]
        found = run_batch(compiled, records, connection_id=connection_id, legal_entity_id=entity)
        results.update(zip(places, found, strict=True))
    return [results[place] for place in range(len(views))]


def _stop(verdict: Verdict, problem: Problem) -> None:
    verdict.reason = problem.message
    if problem not in verdict.problems:
        verdict.problems.append(problem)
    if problem.category is Category.MISSING_REFERENCE:
        verdict.state = State.PARKED
        verdict.waits_for = ("parent", f"{problem.table}:{'/'.join(problem.key)}")
    elif problem.category is Category.APPROVAL_MISSING:
        verdict.state = State.HELD
        verdict.waits_for = ("table", f"{problem.table}:{'/'.join(problem.key)}")
    else:
        verdict.state = State.FAILED


def money(arrival: Arrival) -> tuple[Decimal | None, str, Decimal | None]:
    """Return amount, currency and hours of a record, as far as it has them."""
    values = arrival.canonical or {}
    amount, currency, hours = values.get("amount"), values.get("currency"), values.get("hours")
    return (
        amount if _fits("amount", amount) else None,
        currency if isinstance(currency, str) and len(currency) == 3 else "",
        hours if _fits("hours", hours) else None,
    )


def _fits(name: str, value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite() and abs(value) < MOST[name]


def title_of(category: str) -> str:
    """Return a category in words for finance."""
    return CATEGORIES[Category(category)].title
