"""Making a plan: the members are written down at once, what would become of each is worked out in steps.

A plan names its members with version and state, the configuration that counts, and the hash of all that. Nothing is
done by it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.http import Http404

from canonical.entities import ENTITIES
from exceptions_queue.bulk import identity, judging, limits, selecting
from exceptions_queue.bulk.choices import BY_SHEET, Choice, Chosen, by_name, kept
from exceptions_queue.bulk.selecting import MOST, TOLD, Found, Selection
from exceptions_queue.handling_forms import HandlingForm
from exceptions_queue.models import BulkMember, BulkRun, BulkState, Result, WorkItem
from exceptions_queue.models.bulk import TAKEN_ON
from exceptions_queue.verbs.members import NotPossible
from governance import audit
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.rights import require
from routes import right_values
from routes.bulk import array
from routes.chosen_configuration import NotThere, right_to_send, to_send

CANARY = 5  # members that go first


class Wrong(NotPossible):
    """What was typed is not right; the form says what."""

    def __init__(self, form: HandlingForm) -> None:
        self.form = form
        super().__init__("; ".join(f"{name}: {' '.join(map(str, told))}" for name, told in form.errors.items()))


MEMBERS = """
INSERT INTO exceptions_queue_bulkmember (run_id, position, legal_entity_id, item_id, failure_id, record_id,
    transaction_id, route_id, key, version, stood, corrected, amount, currency, outcome, why, goes_first, result, ended,
    ended_as)
SELECT %(run)s, row_number() OVER (ORDER BY w.place, f.id), i.legal_entity_id, i.number, f.id,
    coalesce(f.record_id, t.record_id), f.transaction_id, f.route_id, coalesce(r.key, t.key, ''),
    coalesce(t.version, r.version, ''), coalesce(t.state, r.state, ''), {corrected}, f.amount,
    f.currency, '', '', false, '', '', ''
FROM unnest(%(items)s::bigint[]) WITH ORDINALITY AS w(number, place)
JOIN exceptions_queue_workitem i ON i.number = w.number
JOIN routes_failure f ON f.fingerprint = i.fingerprint AND f.closed_at IS NULL
LEFT JOIN routes_transaction t ON t.id = f.transaction_id
LEFT JOIN routes_record r ON r.id = coalesce(f.record_id, t.record_id)
WHERE i.state <> 'resolved' {chosen} LIMIT %(most)s
"""
CHOSEN = "AND f.id = ANY(%(failures)s::uuid[])"
ITEMS = """
INSERT INTO exceptions_queue_bulkmember (run_id, position, legal_entity_id, item_id, key, version, stood, amount,
    currency, outcome, why, goes_first, result, ended, ended_as)
SELECT %(run)s, row_number() OVER (ORDER BY w.place), i.legal_entity_id, i.number, i.number::text,
    coalesce((SELECT max(e.id) FROM exceptions_queue_workitemevent e WHERE e.item_id = i.number)::text, ''), i.state,
    i.amount, i.currency, '', '', false, '', '', ''
FROM unnest(%(items)s::bigint[]) WITH ORDINALITY AS w(number, place)
JOIN exceptions_queue_workitem i ON i.number = w.number LIMIT %(most)s
"""
# One of each item before a second one of any: what is tried first shall stand for all.
FIRST = """
UPDATE exceptions_queue_bulkmember m SET goes_first = true
FROM (SELECT id FROM exceptions_queue_bulkmember WHERE run_id = %s AND result = 'waiting'
      ORDER BY row_number() OVER (PARTITION BY item_id ORDER BY position), position LIMIT %s) first
WHERE m.id = first.id
"""


@transaction.atomic
def plan(
    selection: Selection, *, by: User, choice: Choice, data: Mapping[str, Any] | None = None, pace: int | None = None
) -> BulkRun:
    """Write down what shall be done with whom, and return it; `build_step` works out what would become of each.

    `data` is what was typed in the choice's form; `pace` may only be slower than the setting. Raises NotAllowed, Wrong
    with the form, Http404 for exceptions that somebody does not see, and NotPossible where nothing is left that it
    could be done with.
    """
    found, left_out = _found(selection, by, choice)
    about = chosen(found, by)
    form = choice.asked(about, data or {})
    if not form.is_valid():
        raise Wrong(form)
    typed = kept(form.cleaned_data)
    _check_value(about, typed)
    _check_configuration(about, typed)
    actor = as_actor(by)
    run = BulkRun(
        choice=choice.name, title=title_of(choice, typed), typed=typed,
        reason=str(typed.get("reason", "")), selected=selection.kept(),
        selected_words=selection.words(), left_out=left_out, actor_kind=actor.kind.value, actor_id=actor.id,
        actor_name=actor.name[:200], pace=min(pace or settings.BULK_PACE, settings.BULK_PACE), made_at=_now(),
        due_at=_now(),
    )  # fmt: skip
    run.save()
    run.chosen = write_members(run, found.items, found.failures, MOST + 1, of_members=choice.of_members)
    if not run.chosen:
        raise NotPossible("Nothing of this is open any more: somebody else has seen to it. Load the page again.")
    if run.chosen > MOST:
        raise NotPossible(f"At most {MOST:,} can be planned at once. Narrow the list down, and plan the rest after it.")
    run.save(update_fields=["chosen"])
    places = BulkMember.objects.filter(run=run).order_by().values_list("legal_entity", flat=True).distinct()
    run.legal_entities.set(places)
    audit.record(
        by=by, verb="plan", thing=run, reason=run.reason, legal_entity=only(places),
        after={"choice": choice.name, "members": run.chosen, "selected": run.selected_words},
    )  # fmt: skip
    return run


def write_members(
    run: BulkRun, items: Sequence[int], failures: Sequence[UUID] | None, most: int, *, of_members: bool = True
) -> int:
    """Write down the members of a run, of all that is open of items or of some of it; return how many. One query."""
    asked: dict[str, Any] = {"run": run.pk, "items": array(items), "most": most}
    statement = ITEMS
    if of_members:
        corrected = identity.CORRECTED.format(route="f.route_id", key="coalesce(r.key, t.key)")
        statement = MEMBERS.format(chosen="" if failures is None else CHOSEN, corrected=corrected)
        asked |= {} if failures is None else {"failures": array(failures)}
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return int(cursor.rowcount)


def title_of(choice: Choice, typed: Mapping[str, Any]) -> str:
    """Return in words what is done: "Put them aside: until 2026-12-24"."""
    told = choice.told(typed)
    return f"{choice.title}: {told}" if told else choice.title


def anew(run: BulkRun, *, by: User, pace: int | None = None) -> BulkRun:
    """Plan once more what a run of one's own was to do, with what is open by now. Raises as `plan` does."""
    choice = by_name(run.choice)
    if choice is None:
        raise NotPossible("This release does not know any more what was to be done. Choose it anew.")
    if choice is BY_SHEET:
        raise NotPossible("A sheet is not kept. Take it anew, correct it there, and send it once more.")
    for place in sorted(run.places()):
        require(by, choice.right, place)
    if as_actor(by).reference != run.actor.reference:
        raise NotPossible(
            f"It was planned by {run.actor_name}. Choose the exceptions yourself, and make your own plan."
        )
    data = {name: value[:10] if name == "until" else value for name, value in run.typed.items()}
    return plan(selecting.read(run.selected), by=by, choice=choice, data=data, pace=pace or run.pace)


def only(places: Collection[int]) -> int | None:
    """Return the one legal entity, None where there are several."""
    found = list(places)
    return found[0] if len(found) == 1 else None


def chosen(found: Found, user: User) -> Chosen:
    """Return what forms depend on. Three queries."""
    items = WorkItem.objects.filter(number__in=found.items).order_by()
    entities = items.exclude(entity="").values_list("entity", flat=True).distinct()
    places = LegalEntity.objects.filter(pk__in=items.values("legal_entity")).order_by("code")
    routes = items.exclude(route_id=None).values_list("route_id", flat=True).distinct()
    return Chosen(user, list(places), sorted(entities), [route for route in routes if route])


def _found(selection: Selection, user: User, choice: Choice) -> tuple[Found, str]:
    """Return what may be planned, and in words what was chosen and is left out.

    What somebody does not see is for them as what is not there. Raises Http404 where that is all.
    """
    seen: dict[int, int] = {}
    if selection.items:  # named one by one: nothing is left out in silence
        there = WorkItem.objects.visible_to(user).filter(number__in=selection.items).order_by()
        seen = dict(there.values_list("number", "legal_entity"))
        if not seen:
            raise Http404("There is no such exception.")
        for place in sorted(set(seen.values())):
            require(user, choice.right, place)
    found = selecting.find(selection, user=user, right=choice.right)
    found.unknown += [str(number) for number in selection.items if number not in seen]
    told = []
    if selection.asked is not None:
        told += _without_right(found, selection, user, choice)
    if found.unknown:
        shown = ", ".join(found.unknown[:TOLD])
        more = f" and {len(found.unknown) - TOLD:,} more" if len(found.unknown) > TOLD else ""
        told.append(f"Under {len(found.unknown):,} of the ids nothing is open that you may act on: {shown}{more}.")
    if not found.items:
        raise NotPossible(" ".join(["Nothing is there that this could be done with.", *told]))
    return found, " ".join(told)


def _without_right(found: Found, selection: Selection, user: User, choice: Choice) -> list[str]:
    """Return in words what fits the filter and may be seen, but not acted on. Raises NotAllowed where that is all."""
    seen = selecting.filtered(selection.asked or {}, WorkItem.objects.visible_to(user), user)
    others = seen.exclude(pk__in=WorkItem.objects.visible_to(user, choice.right).values("pk")).order_by()
    places = list(others.values_list("legal_entity__code", "legal_entity").distinct())
    if places and not found.items:
        require(user, choice.right, places[0][1])
    codes = ", ".join(sorted({code for code, _ in places}))
    return [f"Exceptions of {codes} are left out: you may see them, and not {choice.right.label}."] if codes else []


def _check_value(about: Chosen, typed: Mapping[str, Any]) -> None:
    """Raise NotPossible for a value that does not fit the field that shall have it."""
    if "field" not in typed or "value" not in typed:
        return
    entity = ENTITIES[about.entities[0]]
    try:
        right_values.read(entity, entity.by_name[typed["field"]], typed["value"])
    except ValueError as error:
        raise NotPossible(str(error)) from error


def _check_configuration(about: Chosen, typed: Mapping[str, Any]) -> None:
    """Raise NotPossible for what is no version that may be sent with, NotAllowed where the right to it is missing."""
    try:
        configuration = to_send(typed.get("configuration", "now"), by=about.user)
    except NotThere as error:
        raise NotPossible(str(error)) from error
    for place in about.legal_entities:
        require(about.user, right_to_send(configuration), place)


def build_step(run: BulkRun, choice: Choice, user: User) -> bool:
    """Work out what would become of the next members of a locked plan; return whether all are worked out by now."""
    done = judging.step(run, choice, user)
    run.judged += done
    if not done:
        _finish(run, choice)
    return not done


def _finish(run: BulkRun, choice: Choice) -> None:
    """Close a plan whose members are all judged: limits, the first few, configuration and hash."""
    waiting = run.members.filter(result=Result.WAITING)
    if run.choice == BY_SHEET.name and (left := run.members.exclude(outcome__in=TAKEN_ON).count()):
        waiting.update(result=Result.NONE)
        run.left_out = f"{left:,} of its lines cannot be corrected, as is told with each, so none of them is."
    run.planned, run.state, run.due_at = waiting.count(), BulkState.PLANNED, None
    if run.planned > CANARY:
        run.canary = CANARY
        with connection.cursor() as cursor:
            cursor.execute(FIRST, [run.pk, CANARY])
    if choice.sends:
        routes = waiting.exclude(route_id=None).order_by().values_list("route_id", flat=True).distinct()
        found = judging.configurations((route for route in routes if route), judging.version_of(run))
        run.snapshots = json.loads(json.dumps({str(route): found[route][0] for route in sorted(found)}))
    run.second_person = limits.second_person(run, choice)
    run.plan_hash = identity.hash_of(run)


def _now() -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        return cursor.fetchone()[0]


__all__ = ["CANARY", "TAKEN_ON", "Wrong", "anew", "build_step", "chosen", "plan"]
