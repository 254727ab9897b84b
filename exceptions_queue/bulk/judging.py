"""What would become of each member, before anything is done: batches, in a constant number of queries for each."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

from canonical.entities import ENTITIES
from canonical.failure import Category
from exceptions_queue import trying
from exceptions_queue.bulk import of_items
from exceptions_queue.bulk.choices import Choice
from exceptions_queue.bulk.fact import Fact, Said, Verdict, to_try
from exceptions_queue.models import BulkEdit, BulkRun, Outcome, Result, WorkItem
from exceptions_queue.models.bulk import TAKEN_ON
from exceptions_queue.put_right_since import PUT_RIGHT_SINCE, put_right_since
from exceptions_queue.sheets.cells import text_of
from exceptions_queue.trying import Outcome as Foreseen
from governance.models import User, Version
from governance.rights import Right, allowed
from governance.same_person import counted_as
from governance.scoping import grants_read_once
from routes import periods, reversals, right_values, sending_back
from routes.bulk import arrays
from routes.chosen_configuration import Configuration, kept
from routes.current_values import values_of
from routes.models import Record, Route
from routes.plan import NotReadyToRun, current
from routes.states import NOT_YET_DELIVERING, State
from routes.worked_out import Start

STEP = 2000  # members that are judged in one commit
AGAIN = "resubmissions"
WILL = Said(Outcome.WILL)
CHANGED = "it has changed since it was chosen"
IN_DOUBT = "nobody knows yet whether it arrived: say first what you found at the target"
ON_ITS_WAY = "it is on its way, or at its end, already"
STOPPED = (State.PARKED, State.HELD, State.FAILED)


FACTS = """
SELECT m.id, m.item_id, m.failure_id, m.transaction_id, m.record_id, m.route_id, coalesce(f.category, i.category),
    coalesce(f."table", i."table") <> '',
    coalesce(t.state, r.state, ''), m.failure_id IS NOT NULL AND (f.id IS NULL OR f.closed_at IS NOT NULL),
    EXISTS (SELECT FROM routes_effectlink l JOIN routes_effect e ON e.id = l.effect_id
            WHERE l.transaction_id = m.transaction_id AND e.state IN ('sent', 'unknown')),
    m.amount, m.currency, f.legal_entity_id, coalesce(f.stage, ''), f.hours
FROM exceptions_queue_bulkmember m
JOIN exceptions_queue_workitem i ON i.number = m.item_id
LEFT JOIN routes_failure f ON f.id = m.failure_id
LEFT JOIN routes_transaction t ON t.id = m.transaction_id
LEFT JOIN routes_record r ON r.id = CASE WHEN m.transaction_id IS NULL THEN m.record_id END
WHERE m.run_id = %s AND m.position > %s AND m.outcome = '' ORDER BY m.position LIMIT %s
"""
SAVE = """
UPDATE exceptions_queue_bulkmember m SET outcome = w.outcome, why = w.why, amount = w.amount, currency = w.currency,
    result = CASE WHEN w.outcome = ANY(%s) THEN %s ELSE '' END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::numeric[], %s::text[])
    AS w(id, outcome, why, amount, currency) WHERE m.id = w.id AND m.id = ANY(%s::bigint[])
"""


@transaction.atomic
def step(run: BulkRun, choice: Choice, user: User) -> int:
    """Judge the next members of a locked plan; return how many there were, 0 when all are judged."""
    with connection.cursor() as cursor:
        cursor.execute(FACTS, [run.pk, run.judged, STEP])  # in the order of their positions, which begin with 1
        facts = [Fact._make(row) for row in cursor.fetchall()]
    if not facts:
        return 0
    with grants_read_once(), _no_search_for_garbage():  # nothing changes while they are tried
        verdicts = _judged(run, choice, user, facts)
    save(verdicts)
    return len(facts)


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Search for none within: a step makes a hundred thousand objects that are all needed until its end."""
    searched = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searched:
            gc.enable()


def save(verdicts: Sequence[Verdict]) -> None:
    """Write verdicts down. One query."""
    ids, *rest = arrays([(v.id, v.outcome.value, v.why, v.amount, v.currency) for v in verdicts], 5)
    with connection.cursor() as cursor:
        cursor.execute(SAVE, [[str(each) for each in TAKEN_ON], str(Result.WAITING), ids, *rest, ids])


def _judged(run: BulkRun, choice: Choice, user: User, facts: Sequence[Fact]) -> list[Verdict]:
    if not choice.of_members:
        return _verdicts(facts, of_items.said_of(choice, facts))
    left = [fact for fact in facts if not fact.closed]
    said_of = MEMBERS[choice.name](run, user, left)
    # What is sent again as it is configured now was just tried with that.
    if choice.sends and (choice.name != AGAIN or configuration_of(run) == "then"):
        _add_unfit(said_of, left, version_of(run))
    return _verdicts(facts, {fact.id: Said(Outcome.IMPOSSIBLE, CHANGED) for fact in facts if fact.closed} | said_of)


def _verdicts(facts: Sequence[Fact], said: Mapping[int, Said]) -> list[Verdict]:
    found = []
    for fact in facts:
        told = said[fact.id]
        other = told.amount is not None
        amount, currency = (told.amount, told.currency) if other else (fact.amount, fact.currency)
        found.append(Verdict(fact.id, told.outcome, told.why, amount, currency))
    return found


def configuration_of(run: BulkRun) -> Configuration:
    """Return the configuration that was chosen for a run."""
    return kept(run.typed.get("configuration") or "now")


def version_of(run: BulkRun) -> Version | None:
    """Return the version of a mapping that was chosen for a run, if one was."""
    chosen = configuration_of(run)
    return chosen if isinstance(chosen, Version) else None


def _add_unfit(said: dict[int, Said], facts: Iterable[Fact], version: Version | None) -> None:
    """Say of members whose route cannot run as it is configured what is wrong with it."""
    routes = configurations({f.route for f in facts if f.route}, version)
    words = {route: told for route, (_, told) in routes.items() if told}
    for fact in facts:
        if fact.route in words and said[fact.id].outcome in TAKEN_ON:
            said[fact.id] = Said(Outcome.MISFIT, words[fact.route])


def configurations(routes: Iterable[int], version: Version | None = None) -> dict[int, tuple[int | None, str]]:
    """Return the snapshot of what is configured now for each route, or None and what keeps it from running.

    A `version` of a mapping takes the place of the one in force.
    """
    found: dict[int, tuple[int | None, str]] = {}
    for route in Route.objects.filter(pk__in=list(routes)):
        try:
            found[route.pk] = (current(route, version).pk, "")
        except NotReadyToRun as error:
            found[route.pk] = (None, str(error))
    return found


OUTCOMES = {
    Foreseen.WILL_SEND: Outcome.WILL, Foreseen.ALREADY_THERE: Outcome.THERE, Foreseen.LEFT_OUT: Outcome.LEFT_OUT,
    Foreseen.NEEDS_APPROVAL: Outcome.APPROVAL, Foreseen.STILL_INVALID: Outcome.INVALID,
    Foreseen.INCOMPATIBLE: Outcome.MISFIT, Foreseen.NOT_POSSIBLE: Outcome.IMPOSSIBLE,
}  # fmt: skip
# What a correction comes to; all else stops again, with the correction kept.
CORRECTED = {
    Foreseen.WILL_SEND: Outcome.WILL, Foreseen.ALREADY_THERE: Outcome.THERE, Foreseen.LEFT_OUT: Outcome.LEFT_OUT,
    Foreseen.NEEDS_APPROVAL: Outcome.APPROVAL,
}  # fmt: skip


def _again(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    """Try all that may go again without sending or writing anything, with the configuration that was chosen."""
    said = {fact.id: _may_go_again(fact) for fact in facts}
    tried = to_try(fact for fact in facts if said[fact.id] is WILL)
    start, configuration = Start(run.typed.get("start") or Start.SOURCE), configuration_of(run)
    found = trying.tries(tried, by=user, start=start, configuration=configuration, brief=True)
    since = put_right_since(found, by=user, start=start, configuration=configuration)
    for failure, trial in zip(tried, found, strict=True):
        why = "" if trial.outcome is Foreseen.WILL_SEND else trial.for_all
        if since and trial.failure in since:
            why = f"{why} {PUT_RIGHT_SINCE}"
        said[failure.member] = Said(OUTCOMES[trial.outcome], why, trial.amount, trial.currency)
    return said


def _may_go_again(fact: Fact) -> Said:
    if fact.category == Category.OUTCOME_UNKNOWN or fact.in_doubt:
        return Said(Outcome.IMPOSSIBLE, IN_DOUBT)
    if fact.category == Category.APPROVAL_MISSING and not fact.waits_for_row:
        return Said(Outcome.IMPOSSIBLE, "it waits for a second person: approve it instead")
    if fact.record is None:
        return Said(Outcome.IMPOSSIBLE, "no record is behind it: a run was stopped")
    if fact.transaction and fact.state not in STOPPED:
        return Said(Outcome.IMPOSSIBLE, ON_ITS_WAY)
    return WILL


def _waive(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    def said(fact: Fact) -> Said:
        if fact.category == Category.OUTCOME_UNKNOWN or fact.in_doubt:
            return Said(Outcome.IMPOSSIBLE, IN_DOUBT)
        if fact.record is None:
            return Said(Outcome.IMPOSSIBLE, "no record is behind it: a run was stopped")
        if fact.transaction and (fact.state not in NOT_YET_DELIVERING or fact.state == State.RECEIVED):
            return Said(Outcome.IMPOSSIBLE, ON_ITS_WAY)
        return WILL

    return {fact.id: said(fact) for fact in facts}


CORRECTED_BY = """
SELECT DISTINCT t.id, 'person:' || o.made_by_id FROM routes_transaction t
JOIN routes_record r ON r.id = t.record_id
JOIN routes_overlay o ON o.route_id = r.route_id AND o.key = r.key AND o.ended_at IS NULL
WHERE t.id = ANY(%s)
"""


def _approve(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    with connection.cursor() as cursor:
        cursor.execute(CORRECTED_BY, [[fact.transaction for fact in facts if fact.transaction]])
        rows = cursor.fetchall()
    mine = counted_as(user)
    own = {id_ for id_, who in rows if who in mine}

    def said(fact: Fact) -> Said:
        if fact.category != Category.APPROVAL_MISSING or fact.waits_for_row:
            return Said(Outcome.IMPOSSIBLE, "it is not held for an approval")
        if fact.transaction in own:
            return Said(Outcome.IMPOSSIBLE, "you corrected it yourself, and a second person is meant")
        if fact.transaction and fact.state != State.HELD:
            return Said(Outcome.IMPOSSIBLE, ON_ITS_WAY)
        return Said(Outcome.WILL)

    return {fact.id: said(fact) for fact in facts}


def _correct(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    said = {fact.id: _may_go_again(fact) for fact in facts}
    for fact in facts:
        if fact.category == Category.MISSING_REFERENCE:
            said[fact.id] = Said(Outcome.IMPOSSIBLE, "it waits for a record that is missing, not for a field")
    return said


def _correct_all(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    """Say of each member whether it may be corrected, and what would become of it with the one value for all."""
    said = _correct(run, user, facts)
    entities = dict(WorkItem.objects.filter(pk__in={fact.item for fact in facts}).values_list("pk", "entity"))
    _foresee(said, facts, user, {
        fact.id: [(entities[fact.item], run.typed["field"], run.typed["value"])] for fact in facts
    })  # fmt: skip
    return said


def _correct_rows(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    """Say of each line of a sheet whether it may be corrected, and write down what stands in its fields now."""
    said = _correct(run, user, facts)
    edits = list(BulkEdit.objects.filter(member__in=[fact.id for fact in facts]).select_related("member__item"))
    records = {each.member.record_id for each in edits if each.member.record_id}
    for entity in {each.member.item.entity for each in edits}:
        values = values_of(list(records), entity)
        for each in edits:
            if each.member.item.entity == entity and each.member.record_id:
                spec = ENTITIES[entity].by_name[each.field]
                each.was = text_of(spec, values.get(each.member.record_id, {}).get(each.field))
    BulkEdit.objects.bulk_update(edits, ["was"], batch_size=1000)
    typed: dict[int, list[tuple[str, str, str]]] = {}
    for each in edits:
        typed.setdefault(each.member_id, []).append((each.member.item.entity, each.field, each.value))
    _foresee(said, facts, user, typed)
    return said


def _foresee(
    said: dict[int, Said], facts: Sequence[Fact], user: User, typed: Mapping[int, Sequence[tuple[str, str, str]]]
) -> None:
    """Add what would become of those that may be corrected, each tried with the values typed for it.

    A correction is kept also where it does not help yet: something else may have to be put right too. Who may not look
    into a company's queue is told of nothing there. A constant number of queries for each route.
    """
    for route in {fact.route for fact in facts}:
        found = {f.failure: f for f in facts if f.route == route and f.record and said[f.id].outcome == Outcome.WILL}
        failures = to_try(found.values())
        seen = {entity for entity in {f.legal_entity_id for f in failures} if allowed(user, Right.WORK_QUEUE, entity)}
        failures = [failure for failure in failures if failure.legal_entity_id in seen]
        keys = dict(Record.objects.filter(pk__in=[f.record for f in found.values()]).values_list("pk", "key"))
        tried = {
            keys[fact.record]: {
                name: right_values.read(ENTITIES[entity], ENTITIES[entity].by_name[name], value)
                for entity, name, value in typed[fact.id]
            }
            for fact in found.values() if fact.record in keys
        }  # fmt: skip
        for trial in trying.tries(failures, by=user, corrections=tried, brief=True):
            outcome = Outcome.WILL if trial.untold else CORRECTED.get(trial.outcome, Outcome.STOPS)
            why = trial.for_all if trial.untold or outcome is not Outcome.WILL else ""
            said[found[trial.failure].id] = Said(outcome, why, trial.amount, trial.currency)


def _move(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    closed = [f for f in facts if f.category == Category.CLOSED_PERIOD and f.transaction]
    offers = periods.offers([f.transaction for f in closed if f.transaction])

    def said(fact: Fact) -> Said:
        if fact.category != Category.CLOSED_PERIOD:
            return Said(Outcome.IMPOSSIBLE, "it did not meet a closed period")
        if fact.transaction not in offers:
            return Said(Outcome.IMPOSSIBLE, "no open period is known for it")
        return Said(Outcome.WILL)

    return {fact.id: said(fact) for fact in facts}


def _reverse(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    """Say of each whether something stands at its target that the hub can take back, and for how much."""
    found = reversals.standing_of([fact.transaction for fact in facts if fact.transaction])

    def said(fact: Fact) -> Said:
        stands = found.get(fact.transaction) if fact.transaction else None
        if stands is None:
            return Said(Outcome.IMPOSSIBLE, "nothing of it stands at the target")
        if told := reversals.refusal(stands):
            return Said(Outcome.IMPOSSIBLE, told)
        return Said(Outcome.WILL, "", stands.amount, stands.currency)

    return {fact.id: said(fact) for fact in facts}


def _send_back(run: BulkRun, user: User, facts: Sequence[Fact]) -> dict[int, Said]:
    """Say of each whether its source takes it back, or for a person's word to it, whether it does not."""
    by_hand = run.choice == "source-notices"
    routes = Route.objects.select_related("connection").in_bulk([fact.route for fact in facts if fact.route])
    ways = {id_: sending_back.way_of(route) for id_, route in routes.items()}
    sent = sending_back.sent([fact.record for fact in facts if fact.record])

    def said(fact: Fact) -> Said:
        way, why = ways.get(fact.route or 0, (None, ""))
        if by_hand and way is not None:
            return Said(Outcome.IMPOSSIBLE, "the hub sends it back to its source: do that instead")
        if fact.record is None or (way is None and not by_hand):
            return Said(Outcome.IMPOSSIBLE, why or "its source takes nothing back from a program")
        if fact.category == Category.OUTCOME_UNKNOWN or fact.in_doubt:
            return Said(Outcome.IMPOSSIBLE, IN_DOUBT)
        if fact.transaction and fact.state not in STOPPED:
            return Said(Outcome.IMPOSSIBLE, ON_ITS_WAY)
        return Said(Outcome.THERE, "it was sent back already") if fact.record in sent else Said(Outcome.WILL)

    return {fact.id: said(fact) for fact in facts}


MEMBERS: Mapping[str, Callable[[BulkRun, User, Sequence[Fact]], dict[int, Said]]] = {
    AGAIN: _again, "waivers": _waive, "approvals": _approve, "corrections": _correct_all,
    "correction-sheets": _correct_rows, "period-moves": _move, "reversals": _reverse, "source-returns": _send_back,
    "source-notices": _send_back,
}  # fmt: skip
