"""Working out what becomes of records: normalise, choose destinations, validate and translate.

Nothing is stored here and nothing is sent: the same functions serve receiving, resubmission, dry runs and replays. The
only reads are those of tables and cross-references, a constant number per batch.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from canonical import check, codec
from canonical.entities import ENTITIES
from canonical.failure import CATEGORIES, Category
from canonical.problem import Problem
from mappings import CompiledFormula, CompiledMapping, with_corrections
from mappings.batch import run_batch, run_mixed
from mappings.mapped import Mapped
from routes.arrivals import Arrival, Standing, Verdict, exact_with_hash
from routes.choosing import choose, choose_freely
from routes.plan import DestinationPlan, Plan
from routes.plan import plan as compiled
from routes.rule_waivers import softened
from routes.states import ENDS, State

RULE = "Needs a second person's approval by the route's rule"
KEPT_AWAY = (
    "What was posted of this record was taken back because a person asked. A newer version has come, and waits until"
    " somebody says what becomes of it."
)
MOVED = "Needs a second person's approval: {} was moved to another day"
OFF = "“{}” is switched off. What comes for it is kept, and goes on in order when it is switched on in the route."
MOST = {"amount": Decimal(10**14 - 1), "hours": Decimal(10**8 - 1)}  # as the columns hold
ABSURD = "it has more digits than any amount of a firm. Correct it at the source."
DAY_FIELDS = ("worked_on", "issued_on", "starts_on", "valid_from")  # the day that a record belongs to, by entity


def normalise(
    plan: Plan, arrivals: Sequence[Arrival], *, entities: dict[str, int], as_of: dt.datetime | None = None
) -> None:
    """Turn raw records into canonical ones, in place. `entities` gives a legal entity's id by its code.

    `as_of` reads tables as they were recorded at that time, here and in `translate`.
    """
    if plan.normalise is None:
        for arrival in arrivals:
            _settle_canonical(plan, arrival, _already_canonical(plan, arrival), entities)
        return
    mapped = run_batch(
        plan.normalise, [dict(a.raw) for a in arrivals], connection_id=plan.connection_id,
        legal_entity_id=plan.legal_entity_id, as_of=as_of,
    )  # fmt: skip
    for arrival, found in zip(arrivals, mapped, strict=True):
        arrival.stage = "normalise"
        arrival.given = len(arrival.problems)
        arrival.problems.extend(softened(found.problems, arrival.waived))
        arrival.hits = found.hits
        _settle_canonical(plan, arrival, found.values, entities)


def normalise_corrected(
    plan: Plan, corrected: Sequence[tuple[Arrival, dict[str, Any]]], *, entities: dict[str, int],
    as_of: dt.datetime | None = None,
) -> None:  # fmt: skip
    """Turn raw records into canonical ones anew, in place, with people's values of some fields.

    What the mapping works out from these fields follows them, and its rules are asked of them.
    """
    by_fields: dict[frozenset[str], list[tuple[Arrival, dict[str, Any]]]] = {}
    for arrival, values in corrected:
        by_fields.setdefault(frozenset(values), []).append((arrival, values))
    for fields, members in by_fields.items():
        for (arrival, values), found in zip(members, _with_corrections(plan, fields, members, as_of), strict=True):
            before = arrival.canonical or {}
            known_by = {name: before[name] for name in ENTITIES[plan.entity].key if before.get(name) is not None}
            day_there = arrival.occurred_on  # deletions are looked for on the day on which the source has the record
            arrival.problems[arrival.given :] = softened(found.problems, arrival.waived)
            arrival.hits = found.hits
            _settle_canonical(plan, arrival, found.values | known_by | values, entities)
            arrival.occurred_on = day_there or arrival.occurred_on


def _with_corrections(
    plan: Plan, fields: frozenset[str], members: Sequence[tuple[Arrival, dict[str, Any]]], as_of: dt.datetime | None
) -> list[Mapped]:
    """Return what the route's mapping makes of records with people's values of these fields."""
    if plan.normalise is None:
        entity = ENTITIES[plan.entity]
        whole = [(arrival.canonical or {}) | values for arrival, values in members]
        return [Mapped(each, check(entity, each) if plan.takes_events else [], (), []) for each in whole]
    return run_batch(
        plan.normalise.correcting(fields), [with_corrections(dict(a.raw), v) for a, v in members],
        connection_id=plan.connection_id, legal_entity_id=plan.legal_entity_id, as_of=as_of,
    )  # fmt: skip


def _already_canonical(plan: Plan, arrival: Arrival) -> dict[str, Any]:
    """Return the values of a record that came in the hub's words; what our API took is typed from its exact text."""
    if not plan.takes_events:
        return dict(arrival.raw)
    entity = ENTITIES[plan.entity]
    arrival.stage = "normalise"
    arrival.given = len(arrival.problems)
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
    arrival.worth = worth = money(arrival)
    get = values.get
    odd = worth[0] is not get("amount") or worth[2] is not get("hours") or worth[1] != (get("currency") or "")
    if odd or (worth[0] is not None and not worth[1]):
        arrival.problems.extend(_absurd(values))
    for name in DAY_FIELDS:
        day = get(name)
        if isinstance(day, dt.date):
            arrival.occurred_on = day
            break
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
    if not currency and values.get("amount") is not None:
        words = (
            "An amount without a currency is no money. Enter the currency at the source, or let the mapping fill it."
        )
        problems.append(Problem("error", Category.VALIDATION, "currency", None, words, None, "a code such as EUR"))
    if currency and len(str(currency)) != 3:
        words = f"“{str(currency)[:40]}” is no currency. Correct it at the source, or let the mapping translate it."
        problems.append(Problem("error", Category.VALIDATION, "currency", None, words, currency, "a code such as EUR"))
    return problems


def evaluate(plan: Plan, arrivals: Sequence[Arrival], *, standing: Callable[[Arrival], Mapping[int, Standing]]) -> None:
    """Choose destinations for normalised records and work out a verdict for each, in place.

    `standing` gives the destinations where a record is posted or under way: corrections go there as long as the
    condition under which the original was posted holds, whatever today's conditions say.
    """
    for arrival in arrivals:
        if arrival.outcome == "withdrawn":  # it is taken back wherever it stands, whatever its last version looked like
            choose(plan, arrival, set(), set(), {}, standing(arrival))
    sound = [a for a in arrivals if not a.failed and a.outcome != "withdrawn"]
    wanted = {d.id: values_of(plan, d.condition, sound, "choose", default=True) for d in plan.destinations}
    places = [standing(arrival) for arrival in sound]
    keys = {d.id: _keys(plan, d, sound, wanted[d.id], places) for d in plan.destinations}
    stand_nowhere = not any(places)
    as_then = set() if stand_nowhere else _as_then(plan, sound, wanted, places)
    if stand_nowhere and not any(d.group for d in plan.destinations):
        choose_freely(plan, sound, wanted, keys)
        sound = []
    for number, arrival in enumerate(sound):
        if not arrival.failed:
            chosen = {d.id for d in plan.destinations if wanted[d.id][number]}
            kept = {id_ for id_ in places[number] if (number, id_) in as_then}
            own_keys = {d.id: keys[d.id][number] for d in plan.destinations if d.key is not None}
            choose(plan, arrival, chosen, kept, own_keys, places[number])
    for destination in plan.destinations:
        waiting = [
            (arrival, verdict)
            for arrival in arrivals
            for verdict in arrival.verdicts
            if verdict.destination is destination and not verdict.withdraws and verdict.state is State.RECEIVED
        ]
        if waiting:
            translate(plan, destination, waiting)
    if not all(destination.enabled for destination in plan.destinations):
        hold_while_off([verdict for arrival in arrivals for verdict in arrival.verdicts])
    if not stand_nowhere:
        _hold_kept_away(sound, places)


def _hold_kept_away(arrivals: Sequence[Arrival], places: Sequence[Mapping[int, Standing]]) -> None:
    """Hold versions of records that a person has had taken back, whatever else might stop them; in place."""
    for arrival, place in zip(arrivals, places, strict=True):
        for verdict in arrival.verdicts:
            there = place.get(verdict.destination.id)
            if there is not None and there.kept_away:
                keep_away([verdict], KEPT_AWAY)


def keep_away(verdicts: Iterable[Verdict], why: str) -> None:
    """Hold what would be sent, whatever else might stop it, until somebody says what becomes of it; in place."""
    for verdict in verdicts:
        if not verdict.withdraws and verdict.state not in ENDS:
            verdict.state, verdict.reason, verdict.waits_for = State.HELD, why, None
            verdict.problems.insert(0, Problem("error", Category.QUESTIONED, "", None, why))


def _keys(
    plan: Plan, destination: DestinationPlan, arrivals: Sequence[Arrival], wanted: Sequence[Any],
    places: Sequence[Mapping[int, Standing]],
) -> list[Any]:  # fmt: skip
    """Return a destination's own key of each record that it wants, or that stands there; None for all others.

    Of a record that goes elsewhere it is not asked: what is wrong with it would stop the record there, too.
    """
    asked = [n for n, place in enumerate(places) if wanted[n] or destination.id in place]
    found: list[Any] = [None] * len(arrivals)
    if destination.key is not None and asked:
        values = values_of(plan, destination.key, [arrivals[n] for n in asked], "choose", default=None)
        for number, value in zip(asked, values, strict=True):
            found[number] = value
    return found


def values_of(
    plan: Plan, formula: CompiledFormula | None, arrivals: Sequence[Arrival], stage: str, *, default: object
) -> list[Any]:
    """Return a destination's condition or key on each record; what goes wrong becomes a problem of the record."""
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


def _as_then(
    plan: Plan, arrivals: Sequence[Arrival], wanted: Mapping[int, Sequence[Any]],
    places: Sequence[Mapping[int, Standing]],
) -> set[tuple[int, int]]:  # fmt: skip
    """Return (place of the arrival, destination) where the condition under which the original was posted still holds.

    It is asked only of what is posted and not wanted by the condition of today, which may have been edited since.
    """
    asked: dict[tuple[int, int], list[int]] = {}
    for number, (arrival, there) in enumerate(zip(arrivals, places, strict=True)):
        for id_, standing in there.items():
            edited = standing.posted and standing.snapshot != plan.snapshot_id and arrival.outcome != "withdrawn"
            if edited and not arrival.failed and id_ in wanted and not wanted[id_][number]:
                asked.setdefault((standing.snapshot, id_), []).append(number)
    held = set()
    for (snapshot, id_), numbers in asked.items():
        condition = next((d.condition for d in compiled(snapshot).destinations if d.id == id_), None)
        found = values_of(plan, condition, [arrivals[n] for n in numbers], "choose", default=True)
        held |= {(number, id_) for number, value in zip(numbers, found, strict=True) if value}
    return held


def translate(
    plan: Plan, destination: DestinationPlan, waiting: Sequence[tuple[Arrival, Verdict]],
    *, as_of: dt.datetime | None = None,
) -> None:  # fmt: skip
    """Validate and translate for one destination; each verdict gets its state, and its bytes where it is ready."""
    views = [(a, view(a, v.key)) for a, v in waiting]
    mapped = _by_entity(plan, destination.translate, views, destination.connection_id, as_of)
    approvals = _approvals(plan, destination, [a for a, _ in waiting], as_of)
    for (arrival, verdict), found, approval in zip(waiting, mapped, approvals, strict=True):
        problems = found.problems if approval is None else [*found.problems, *approval.problems]
        problems = list(softened(problems, arrival.waived))
        verdict.hits = found.hits
        if problems:
            verdict.problems.extend(problems)
            stopping = next((p for p in problems if p.severity == "error"), None)
            if stopping is not None:
                _stop(verdict, stopping)
                continue
        verdict.body, verdict.content = exact_with_hash(found.values)
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


def hold_while_off(verdicts: Sequence[Verdict]) -> None:
    """Hold what could be sent, now or once it is approved, to destinations that are switched off; in place."""
    for verdict in verdicts:
        to = verdict.destination
        approvable = (
            verdict.state is State.HELD and verdict.waits_for is not None and verdict.waits_for[0] == "approval"
        )
        if to.enabled or not (verdict.state is State.READY or approvable):
            continue
        verdict.state, verdict.reason = State.HELD, OFF.format(to.name)
        verdict.waits_for = ("switch", str(to.id))
        verdict.problems.insert(0, Problem("error", Category.CONFIGURATION, "", None, verdict.reason, rule=to.name))


def _approvals(
    plan: Plan, destination: DestinationPlan, arrivals: Sequence[Arrival], as_of: dt.datetime | None
) -> Sequence[Mapped] | list[None]:
    """Return what the rule for a second person says of each record; one that it cannot judge must not go through."""
    if destination.approval is None:
        return [None] * len(arrivals)
    return _by_entity(plan, destination.approval.mapping, [(a, view(a)) for a in arrivals], plan.connection_id, as_of)


def _by_entity(
    plan: Plan, compiled: CompiledMapping, views: Sequence[tuple[Arrival, dict[str, Any]]], connection_id: int | None,
    as_of: dt.datetime | None = None,
) -> list[Mapped]:  # fmt: skip
    """Run a mapping on records, each with the tables of its own legal entity first."""
    return run_mixed(
        compiled, [record for _, record in views], connection_id=connection_id,
        legal_entities=[arrival.legal_entity or plan.legal_entity_id for arrival, _ in views], as_of=as_of,
    )  # fmt: skip


def _stop(verdict: Verdict, problem: Problem) -> None:
    verdict.reason = problem.message
    if problem not in verdict.problems:
        verdict.problems.append(problem)
    verdict.state, verdict.waits_for = where_stopped(problem)


def where_stopped(problem: Problem) -> tuple[State, tuple[str, str] | None]:
    """Return where a problem stops a transaction, and the kind and name of what it waits for there."""
    on = f"{problem.table}:{'/'.join(problem.key)}"
    if problem.category is Category.MISSING_REFERENCE:
        return State.PARKED, ("parent", on)
    if problem.category is Category.APPROVAL_MISSING:
        return State.HELD, ("table", on)
    return State.FAILED, None


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
