"""How bulk runs look: in words, with what somebody may see of them and nothing of another company."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum, prefetch_related_objects

from canonical.entities import ENTITIES
from canonical.entity import Mask
from canonical.masking import HIDDEN, may_see, spoken
from exceptions_queue import trying, words
from exceptions_queue.bulk import planning, selecting
from exceptions_queue.bulk.choices import BY_SHEET, Choice, Chosen, by_name
from exceptions_queue.bulk.judging import configuration_of
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.bulk.totals import Worth, totals
from exceptions_queue.codes import code_of as code
from exceptions_queue.models import BulkEdit, BulkMember, BulkRun, BulkState, Outcome, Result, WorkItem, WorkItemAmount
from exceptions_queue.models.bulk import TAKEN_ON
from exceptions_queue.permitted import masks_by_entity
from exceptions_queue.templatetags.shown import money
from exceptions_queue.trying import Trial
from governance.actor import as_actor, names
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, allowed
from governance.same_person import is_one_of, makers
from governance.scoping import grants_read_once
from routes.models import Failure
from routes.worked_out import Start

SIZE = 50
SAMPLES = 3
SECOND_PERSON = "second-person"  # narrows members to those because of which one is asked
SPOKEN = ("title", "reason", "selected_words", "left_out", "state_reason", "second_person")  # may name people
PART = "A part of what was chosen: what belongs to companies that you see"  # in place of how all of them were chosen
TOGETHER = "it needs one as a whole, with members of companies that you do not see"  # in place of numbers and policies
MEANS = {
    Outcome.WILL: "Nothing stands against it.",
    Outcome.STOPS: "Its correction is kept, and it stops again for the reason that is told with it: nothing is sent.",
    Outcome.APPROVAL: "It goes through, and is then held until a second person approves it.",
    Outcome.THERE: "The target has it already: nothing is sent, and it counts as posted.",
    Outcome.LEFT_OUT: "The conditions of its route leave it out: nothing is sent, and it is done.",
    Outcome.INVALID: "It would stop again for the reason that is told with it. It is left as it is.",
    Outcome.MISFIT: "The configuration cannot be used for it. It is left as it is.",
    Outcome.IMPOSSIBLE: "It cannot be done with it, for the reason that is told with it. It is left as it is.",
}
RESULTS = (
    (Result.DONE, "Done"), (Result.FAILED, "Failed again"), (Result.SKIPPED, "Skipped"),
    (Result.NOT_REACHED, "Not reached"), (Result.UNDER_WAY, "On its way"), (Result.WAITING, "Not yet begun"),
)  # fmt: skip


@dataclass(slots=True)
class About:
    """What a selection comes to, before anything is planned."""

    chosen: Chosen
    items: int
    members: int
    sums: list[str]
    unknown: int  # members whose amount nobody knows
    missing: list[str]  # pasted ids under which nothing is open
    words: str


def of(selection: Selection, user: User) -> About | None:
    """Return what a selection comes to of what somebody may see; None when that is nothing. At most nine queries."""
    found = selecting.find(selection, user=user, right=Right.VIEW)
    if not found.items:
        return None
    items = WorkItem.objects.filter(number__in=found.items).order_by()
    if found.failures is not None:
        members = Failure.objects.filter(pk__in=found.failures, closed_at=None)
        rows = members.order_by().values("currency").annotate(
            sum=Sum("amount"), count=Count("pk"), unknown=Count("pk", filter=Q(amount=None))
        )  # fmt: skip
        counted = list(rows)
        count, unknown = sum(row["count"] for row in counted), sum(row["unknown"] for row in counted)
        sums = [(row["currency"], row["sum"]) for row in counted if row["sum"] is not None]
    else:
        told = items.aggregate(members=Sum("members"), unknown=Sum("without_amount"))
        count, unknown = told["members"] or 0, told["unknown"] or 0
        of_items = WorkItemAmount.objects.filter(item__in=items.values("pk")).order_by().values("currency")
        sums = [(row["currency"], row["sum"]) for row in of_items.annotate(sum=Sum("amount"))]
    return About(
        planning.chosen(found, user), len(found.items), count,
        [money(amount, currency) for currency, amount in sorted(sums, key=lambda pair: -Decimal(pair[1]))], unknown,
        found.unknown[: selecting.TOLD], selection.words(),
    )  # fmt: skip


def fits(choice: Choice, found: About, user: User) -> bool:
    """Return whether somebody may do it to any of them."""
    if choice.of_members and not found.members:
        return False
    if choice.name == "corrections" and not found.chosen.fields():
        return False
    return any(allowed(user, choice.right, place) for place in found.chosen.legal_entities)


def as_seen(rows: list[BulkRun], user: User) -> list[BulkRun]:
    """Return runs with their words as somebody may read them: no names and addresses of people for those who may not.

    Who does not see all companies of a run is told nothing of the others, nor what only stands for all together. At
    most five queries. Such rows are for showing, and are not saved.
    """
    prefetch_related_objects(rows, "legal_entities")
    with grants_read_once():
        for row in rows:
            _cover(row, user)
    places = {row.pk: {place.pk for place in row.legal_entities.all()} for row in rows}
    masks = masks_by_entity(user, set().union(*places.values()))
    blind = [row for row in rows if any(Mask.PERSON not in masks[place] for place in places[row.pk])]
    people: dict[int, set[str]] = {}
    if blind:
        named = BulkMember.objects.filter(run__in=blind, item__about__has_key="worker_name").order_by()
        for run, name in named.values_list("run", "item__about__worker_name").distinct():
            people.setdefault(run, set()).add(str(name))
    for row in blind:
        for field in SPOKEN:
            setattr(row, field, spoken(getattr(row, field), people.get(row.pk, ()), ()))
    return rows


def _cover(row: BulkRun, user: User) -> None:
    hidden = [place for place in row.legal_entities.all() if not allowed(user, Right.VIEW, place)]
    if not hidden:
        return
    row.selected_words = PART
    row.second_person = row.second_person and TOGETHER
    for field in SPOKEN:
        said = str(getattr(row, field))
        for name in sorted({name for each in hidden for name in (str(each), each.name, each.code)}, key=len)[::-1]:
            said = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "another company", said)
        setattr(row, field, said)


def with_results(rows: list[BulkRun], user: User) -> list[BulkRun]:
    """Return runs, each knowing how many of its members, that somebody sees, ended how. One query."""
    counts: dict[int, dict[str, int]] = {}
    members = BulkMember.objects.visible_to(user).filter(run__in=rows).order_by()
    for run, result, count in members.values_list("run", "result").annotate(count=Count("pk")):
        counts.setdefault(run, {})[result] = count
    for row in rows:
        row.told = counts.get(row.pk, {})  # type: ignore[attr-defined]  # for the list only
    return rows


def counted(run: BulkRun) -> list[tuple[str, int]]:
    """Return the results of a run of the list, in words, those that there are."""
    told: dict[str, int] = getattr(run, "told", {})
    return [(label, told[result]) for result, label in RESULTS if told.get(result)]


def whole(run: BulkRun, user: User, asked: Mapping[str, str], *, members: bool) -> dict[str, Any]:
    """Return everything that the page of a run shows; `asked` may narrow its members, and says where they begin."""
    [run] = as_seen([run], user)
    choice = by_name(run.choice)
    found = totals(run, user)
    places = list(run.legal_entities.order_by("code"))
    mine = as_actor(user).reference == run.actor.reference
    may = choice is not None and all(allowed(user, choice.right, place) for place in places)
    may_approve = all(allowed(user, Right.APPROVE, place) for place in places)
    planned = found.planned
    more: dict[str, Any] = {
        "run": run, "title": run.title, "choice": choice, "planned": planned, "chosen": found.chosen,
        "judged": found.judged, "left": found.left, "asking": found.asking, "outcomes": [
            (label_of(outcome, choice), MEANS[outcome], outcome, found.outcomes[outcome], outcome in TAKEN_ON)
            for outcome in Outcome if outcome in found.outcomes
        ],
        "results": [
            (label, result, found.of(result)) for result, label in RESULTS if _counts(run, result, found.of(result))
        ],
        "endings": found.endings, "ended": planned.members - found.of(Result.WAITING).members
        - found.of(Result.UNDER_WAY).members,
        "moves": run.state in (BulkState.PLANNING, BulkState.RUNNING, BulkState.CANCELLING)
        or (run.state == BulkState.PAUSED and bool(found.of(Result.UNDER_WAY).members)),
        "mine": mine, "may": may,
        "may_approve": may_approve and bool(run.second_person)
        and not is_one_of(user, *makers((run.actor.reference, run.made_at))),
        "approver": approver_of(run),
        "waits": run.state == BulkState.PLANNED and bool(run.second_person) and not run.approved_by,
        "places": [place for place in places if place.pk in _seen(user, places)],
        "hides": len(places) - len(_seen(user, places)),
        "confirm": confirmed(choice, planned), "begun": run.started_at is not None or run.is_over,
        "technical": all(allowed(user, Right.SEE_TECHNICAL, place) for place in places),
    }  # fmt: skip
    if members:
        more |= _members(run, user, asked)
        more["samples"] = samples(run, user)
    return more


def approver_of(run: BulkRun) -> str:
    """Return the name of who approved a run, "" while nobody has."""
    return names([run.approved_by])[run.approved_by] if run.approved_by else ""


def label_of(outcome: Outcome, choice: Choice | None) -> str:
    """Return an outcome in words, such as "Will be sent"."""
    return (choice.will if choice and outcome == Outcome.WILL else str(outcome.label)).capitalize()


def confirmed(choice: Choice | None, planned: Worth) -> str:
    """Return what the button that starts a run says: what, how many, how much."""
    parts = [f"{planned.members:,}", *planned.money]
    if planned.unknown and planned.sums:
        parts.append(f"{planned.unknown:,} of unknown amount")
    return f"{choice.button if choice else 'Start'}: {', '.join(parts)}"


def _counts(run: BulkRun, result: Result, worth: Worth) -> bool:
    always = (Result.DONE, Result.FAILED, Result.SKIPPED, Result.NOT_REACHED)
    return bool(worth.members) or (result in always and run.started_at is not None)


def _seen(user: User, places: list[LegalEntity]) -> set[int]:
    return {place.pk for place in places if allowed(user, Right.VIEW, place)}


def _members(run: BulkRun, user: User, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of members, narrowed to an outcome or a result."""
    rows = BulkMember.objects.visible_to(user).filter(run=run).order_by("position")
    of_ = asked.get("of", "")
    if of_ in Result.values and of_:
        rows = rows.filter(result=of_)
    elif of_ in Outcome.values:
        rows = rows.filter(outcome=of_)
    elif of_ == SECOND_PERSON:
        rows = rows.exclude(second_person="")
    else:
        of_ = ""
    after = asked.get("after", "")
    if after.isascii() and after.isdigit() and len(after) < 10:
        rows = rows.filter(position__gt=int(after))
    found = list(rows.select_related("item__connection", "run")[: SIZE + 1])
    return {
        "members": told(found[:SIZE], user), "of": of_,
        "after": found[SIZE - 1].position if len(found) > SIZE else None,
    }  # fmt: skip


def failed_in(item: WorkItem) -> list[tuple[int, int]]:
    """Return the bulk runs in which open members of an item failed again, the newest first, and how many. One query."""
    stopped = BulkMember.objects.filter(stopped_as__in=item.failures().values("pk")).order_by("-run")
    return list(stopped.values_list("run").annotate(count=Count("pk"))[:SAMPLES])


def samples(run: BulkRun, user: User) -> list[Trial]:
    """Return how a few members of a plan that sends would differ from what was sent last, as somebody may see it.

    They are tried anew each time: a plan keeps no bodies.
    """
    if run.state != BulkState.PLANNED or run.choice != "resubmissions" or not run.planned:
        return []
    members = (
        BulkMember.objects.visible_to(user).filter(run=run, result=Result.WAITING).order_by("-goes_first", "position")
    )
    ids = [id_ for id_ in members.values_list("failure_id", flat=True)[:SAMPLES] if id_]
    try:
        found = trying.tries(
            Failure.objects.filter(pk__in=ids), by=user, start=Start(run.typed.get("start") or Start.SOURCE),
            configuration=configuration_of(run),
        )  # fmt: skip
    except NotAllowed:  # who may see a plan and not work on what it is of
        return []
    return [trial for trial in found if trial.payload is not None]


@grants_read_once()
def told(rows: list[BulkMember], user: User) -> list[dict[str, Any]]:
    """Return members as somebody may read them: words that may quote a hidden value are left out. Three queries."""
    edits = _edits(rows)
    masks = masks_by_entity(user, {row.legal_entity_id for row in rows})
    whys, ends = (words.with_titles(texts) for texts in ([row.why for row in rows], [row.ended for row in rows]))
    found = []
    for row, why, ended in zip(rows, whys, ends, strict=True):
        seen = masks[row.legal_entity_id]
        tells = words.tells(row.item, seen)
        if tells and (why or ended) and _is_of_earlier_release(row) and not seen >= EVERYTHING:
            why, ended = why and UNTOLD, ended and UNTOLD
        said = [words.readable(text, row.item, seen, user) if tells else "" for text in (why, ended)]
        second = words.readable(row.second_person, row.item, seen, user)
        found.append(
            {"row": row, "why": said[0], "ended": said[1], "title": words.title_for(row.item, seen, user),
             "outcome": label_of(Outcome(row.outcome), by_name(row.run.choice)) if row.outcome else "Not looked at yet",
             "second_person": second, "edits": [_edited(each, row, seen) for each in edits.get(row.pk, ())]}
        )  # fmt: skip
    return found


EVERYTHING = frozenset(Mask) - {Mask.NONE}
UNTOLD = "What was written here quoted fields as whoever planned it may see them, so only who sees all fields reads it."


def _is_of_earlier_release(row: BulkMember) -> bool:
    """Return whether a member's words were written for whoever planned it: such a plan kept no mark of corrections."""
    return row.failure_id is not None and not row.corrected


@dataclass(frozen=True, slots=True)
class Edited:
    """A field that a sheet says has another value, as somebody may see it."""

    field: str
    name: str
    was: str
    value: str


def _edits(rows: list[BulkMember]) -> dict[int, list[BulkEdit]]:
    found: dict[int, list[BulkEdit]] = {}
    if any(row.run.choice == BY_SHEET.name for row in rows):
        for each in BulkEdit.objects.filter(member__in=rows).order_by("member", "field"):
            found.setdefault(each.member_id, []).append(each)
    return found


def _edited(edit: BulkEdit, row: BulkMember, seen: frozenset[Mask]) -> Edited:
    entity = ENTITIES.get(row.item.entity)
    may = entity is not None and may_see(entity, edit.field, seen)
    was, value = (edit.was, edit.value) if may else (HIDDEN if edit.was else "", HIDDEN)
    return Edited(edit.field, words.plain(edit.field), was, value)


__all__ = ["About", "code", "counted", "fits", "of", "told", "whole", "with_results"]
