"""What people do with a bulk run: approve or refuse its plan, start it, pause it, let it go on, cancel it."""

from collections.abc import Sequence

from django.db import transaction

from exceptions_queue.bulk import identity, planning, running
from exceptions_queue.bulk.choices import Choice, by_name
from exceptions_queue.bulk.identity import TOLD, Change
from exceptions_queue.models import BulkRun, BulkState, Result
from exceptions_queue.verbs.members import NotPossible, need_reason
from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require, require_other_person
from governance.same_person import makers
from routes import submitters

SENT_AS_CORRECTED = ("resubmissions", "approvals")  # who made the corrections in it is no second person for these


class Outdated(NotPossible):
    """The plan is of members, or of a configuration, that are others by now."""

    def __init__(self, changes: Sequence[Change], routes: Sequence[str]) -> None:
        self.changes = changes
        said = []
        if routes:
            said.append(f"the configuration of {' and '.join(routes)} is another one")
        if changes:
            shown = "; ".join(f"{each.key}: {each.told}" for each in changes[:TOLD])
            more = f"; and {len(changes) - TOLD:,} more" if len(changes) > TOLD else ""
            said.append(f"{len(changes):,} of its members have changed ({shown}{more})")
        super().__init__(
            f"Nothing was done: since this was planned, {', and '.join(said)}. Plan it anew, and look at what it says."
        )


@transaction.atomic
def approve(run: BulkRun, *, by: By, seen: str) -> BulkRun:
    """Give a second person's consent to a plan; `seen` is the hash of what they looked at.

    Raises NotAllowed, also to whoever planned it, to those who corrected what it sends, and to those whose time it is;
    and NotPossible.
    """
    row, _ = _locked(run, by, Right.APPROVE)
    _require_other(row, by)
    _need_plan(row, seen)
    if not row.second_person or row.approved_by:
        raise NotPossible("It needs nobody's approval any more. Load the page again.")
    _check(row)
    row.approved_by, row.approved_at = as_actor(by).reference, running._now()
    return _keep(row, by=by, verb="approve", reason="")


def _require_other(row: BulkRun, by: By) -> None:
    """Ask of who approves a plan what is asked of who approves one request."""
    waiting = row.members.filter(result=Result.WAITING, failure_id__isnull=False)
    records = submitters.of_failures([each for each in waiting.values_list("failure_id", flat=True) if each])
    people = submitters.correctors(records) if row.choice in SENT_AS_CORRECTED else []
    planned = makers((row.actor.reference, row.made_at))
    require_other_person(by, *planned, *people, thing="This bulk run")
    submitters.refuse(by, records)


@transaction.atomic
def refuse(run: BulkRun, *, by: By, reason: str) -> BulkRun:
    """Refuse a plan that waits for a second person; nothing of it is done. Raises NotAllowed and NotPossible.

    What was approved is decided: it can be cancelled, by whoever may do what it does.
    """
    row, _ = _locked(run, by, Right.APPROVE)
    reason = need_reason(reason, "Refusing")
    if row.approved_by:
        raise NotPossible("It is approved, and can be refused no more. To keep it from being done, cancel it.")
    if row.state != BulkState.PLANNED or not row.second_person:
        raise NotPossible("It waits for nobody's approval. Load the page again.")
    return _end(row, by=by, verb="refuse", reason=reason)


@transaction.atomic
def start(run: BulkRun, *, by: By, seen: str) -> BulkRun:
    """Start a plan; only who made it can, and only while everything is as it was planned.

    `seen` is the plan's hash as the page showed it. Raises NotAllowed, NotPossible, and Outdated with what changed.
    """
    row, _ = _locked(run, by)
    _need_maker(row, by)
    _need_plan(row, seen)
    if not row.planned:
        raise NotPossible("Nothing would be done: none of them can be. See why, put it right, and plan it anew.")
    if row.second_person and not row.approved_by:
        raise NotPossible(f"A second person has to approve it first: {row.second_person}.")
    _check(row)
    now = running._now()
    row.state, row.started_at, row.paced_from, row.due_at = BulkState.RUNNING, now, now, now
    return _keep(row, by=by, verb="start", reason=row.reason)


@transaction.atomic
def pause(run: BulkRun, *, by: By, reason: str = "") -> BulkRun:
    """Begin nothing new until somebody lets it go on; what is on its way is still collected.

    Raises NotAllowed and NotPossible.
    """
    row, _ = _locked(run, by)
    if row.state != BulkState.RUNNING:
        raise NotPossible(f"It is not running: it is {row.get_state_display()}. Load the page again.")
    row.state, row.state_reason = BulkState.PAUSED, reason.strip() or f"paused by {as_actor(by).name}"
    return _keep(row, by=by, verb="pause", reason=reason)


@transaction.atomic
def go_on(run: BulkRun, *, by: By, reason: str = "") -> BulkRun:
    """Let a paused run go on, past the first few that did not end well, too. Raises NotAllowed and NotPossible."""
    row, choice = _locked(run, by)
    _need_maker(row, by)
    if row.state != BulkState.PAUSED:
        raise NotPossible(f"It is not paused: it is {row.get_state_display()}. Load the page again.")
    if routes := identity.other_configuration(row, choice):
        raise Outdated([], routes)
    first = row.members.filter(goes_first=True)
    if not first.filter(result__in=[Result.WAITING, Result.UNDER_WAY]).exists():
        row.canary_passed = True
    now = running._now()
    row.state, row.state_reason, row.paced_from, row.paced, row.due_at = BulkState.RUNNING, "", now, 0, now
    return _keep(row, by=by, verb="go_on", reason=reason)


@transaction.atomic
def cancel(run: BulkRun, *, by: By, reason: str = "") -> BulkRun:
    """Do nothing more of it; what is on its way is still collected and counted. Raises NotAllowed and NotPossible."""
    row, _ = _locked(run, by)
    if row.is_over or row.state == BulkState.CANCELLING:
        raise NotPossible(f"Nothing is left to be cancelled: it is {row.get_state_display()}.")
    return _end(row, by=by, verb="cancel", reason=reason.strip() or f"cancelled by {as_actor(by).name}")


def _locked(run: BulkRun, by: By, right: Right | None = None) -> tuple[BulkRun, Choice]:
    """Return a run as it stands now, locked, and what it does; the right is asked in each of its legal entities."""
    choice = by_name(run.choice)
    if choice is None:
        raise NotPossible("This release does not know any more what was to be done. Plan it anew.")
    row = BulkRun.objects.select_for_update().get(pk=run.pk)
    for place in sorted(row.places()):
        require(by, right or choice.right, place)
    return row, choice


def _need_maker(row: BulkRun, by: By) -> None:
    if as_actor(by).reference != row.actor.reference:
        raise NotPossible(f"It runs in the name of {row.actor_name}, who planned it. Only they can start it.")


def _need_plan(row: BulkRun, seen: str) -> None:
    if row.state != BulkState.PLANNED:
        raise NotPossible(f"It is no plan any more that waits: it is {row.get_state_display()}. Load the page again.")
    if seen != row.plan_hash:
        raise NotPossible("This is another plan than the one that you looked at. Load the page again.")


def _check(row: BulkRun) -> None:
    choice = by_name(row.choice)
    assert choice is not None
    changes, routes = identity.changes(row), identity.other_configuration(row, choice)
    if changes or routes:
        raise Outdated(changes, routes)


def _end(row: BulkRun, *, by: By, verb: str, reason: str) -> BulkRun:
    row.members.filter(result=Result.WAITING).update(result=Result.NOT_REACHED, ended_as="not reached")
    now = running._now()
    row.state, row.state_reason, row.due_at = BulkState.CANCELLING, reason, now
    row = _keep(row, by=by, verb=verb, reason=reason)
    if not row.members.filter(result=Result.UNDER_WAY).exists():
        running.finish(row, now)
        row.save()
    return row


def _keep(row: BulkRun, *, by: By, verb: str, reason: str) -> BulkRun:
    row.save()
    audit.record(
        by=by, verb=verb, thing=row, reason=reason, after={"plan": row.plan_hash, "planned": row.planned},
        legal_entity=planning.only(row.places()),
    )  # fmt: skip
    return row
