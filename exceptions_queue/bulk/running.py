"""The workers' side of bulk runs: plans are worked out, members taken on at their pace, outcomes collected.

Everything is in rows. A worker owns a run by a lease of the database's clock and asks for it anew, with the run's row
locked, before each commit: what a verb does and what is written down of it stand or fall together, so a killed worker
has done nothing twice and lost nothing, and once somebody has paused or cancelled a run nothing new is begun.
"""

import logging
import time
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID, uuid4

from django.db import connection, transaction

from exceptions_queue import parts
from exceptions_queue.bulk import collecting, identity, planning
from exceptions_queue.bulk.choices import Choice, by_name
from exceptions_queue.bulk.collecting import Ending
from exceptions_queue.models import BulkMember, BulkRun, BulkState, Result, WorkItem
from exceptions_queue.verbs.asking import consented
from governance import audit
from governance.actor import ENGINE
from governance.models import User
from governance.rights import NotAllowed, allowed
from routes import unforeseen

LEASE = timedelta(seconds=60)
PUT_OFF = timedelta(minutes=5)  # after something that nobody foresaw
LOOK = timedelta(seconds=2)  # between two looks at what is on its way
SLICE = 2  # seconds' worth of the pace that is begun at once, as far as one commit takes
MOST_UNFORESEEN = 10  # members of one batch; with more of them the fault lies with the hub

log = logging.getLogger(__name__)

CLAIM = """
UPDATE exceptions_queue_bulkrun SET lease_owner = %(owner)s,
    lease_until = (SELECT hub_now()) + make_interval(secs => %(lease)s)
WHERE number = (
    SELECT number FROM exceptions_queue_bulkrun
    WHERE due_at <= (SELECT hub_now()) AND (lease_until IS NULL OR lease_until < (SELECT hub_now()))
      AND (%(number)s::bigint IS NULL OR number = %(number)s)
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING number
"""


class Halt(Exception):
    """Nothing more can be begun; the message says why, for people."""


def work(*, seconds: float, run: int | None = None) -> bool:
    """Go on with bulk runs that are due, or with one of them, for a while; return whether more is due at once."""
    until = time.monotonic() + seconds
    owner = uuid4()
    while True:
        number = _claim(owner, run)
        if number is None:
            return False
        try:
            while step(number, owner):
                if time.monotonic() > until:
                    return True
        except unforeseen.OUTAGES:
            raise
        except Exception:
            log.exception("unforeseen with bulk run %s: it is put off, and the others go on", number)
            BulkRun.objects.filter(pk=number).update(due_at=_now() + PUT_OFF)
        finally:
            _give_back(number, owner)


def step(number: int, owner: UUID) -> bool:
    """Do the next commit of a run that a worker owns; return whether there is more to do at once."""
    try:
        with transaction.atomic():
            # What was chosen may be ten thousand ids, which no step reads or writes.
            rows = BulkRun.objects.select_for_update().defer("selected")
            run = rows.filter(pk=number, lease_owner=owner).first()
            if run is None:
                return False
            now = _now()
            again = _next(run, now)
            run.lease_until = _now() + LEASE
            run.save()
            return again
    except (Halt, NotAllowed) as halt:
        _pause(number, str(halt))
        return True  # what is on its way is collected all the same


def _next(run: BulkRun, now: datetime) -> bool:
    choice = by_name(run.choice)
    if choice is None:
        raise Halt("This release does not know any more what was to be done. Cancel it, and plan anew.")
    if run.state == BulkState.PLANNING:
        return not planning.build_step(run, choice, _person(run))
    collecting.collect(run)
    again = run.state == BulkState.RUNNING and _take_on(run, choice, now)
    _settle(run, now, again)
    return again


def _person(run: BulkRun) -> User:
    found = User.objects.filter(pk=run.actor_id, is_active=True).first()
    if found is None:
        raise Halt(f"{run.actor_name} planned it and has no account any more. Cancel it, and plan anew.")
    return found


def _take_on(run: BulkRun, choice: Choice, now: datetime) -> bool:
    """Begin with the next members, as many as pace and caution allow; return whether more can be begun at once."""
    waiting = run.members.filter(result=Result.WAITING).order_by("position")
    if run.canary and not run.canary_passed:
        first = waiting.filter(goes_first=True)
        if not first.exists():
            return _after_the_first(run)
        waiting = first
    if names := identity.other_configuration(run, choice):
        raise Halt(
            f"The configuration of {' and '.join(names)} is another one than this was planned with, so what would be "
            "sent is no longer what was looked at. Cancel it, and plan the rest anew."
        )
    free = _free(run, choice, now)
    members = list(waiting[:free]) if free else []
    if not members:
        return False
    run.paced += len(members)
    _do_all(run, choice, members)
    collecting.collect(run)
    return True


def _free(run: BulkRun, choice: Choice, now: datetime) -> int:
    """Return how many members may be begun now; 0 until a slice is due."""
    since = (now - (run.paced_from or now)).total_seconds()
    slice_ = max(1, min(choice.at_once, run.pace * SLICE // 60))
    due = slice_ + int(run.pace * max(since, 0) / 60) - run.paced
    return min(due, choice.at_once) if due >= slice_ else 0


def _after_the_first(run: BulkRun) -> bool:
    """Let the rest follow once the first have ended well. Raises Halt when one of them has not."""
    first = run.members.filter(goes_first=True)
    if first.filter(result=Result.UNDER_WAY).exists():
        return False
    ill = list(first.exclude(result=Result.DONE).order_by("position"))
    if ill:
        told = "; ".join(f"{m.key}: {m.get_result_display()}, {m.ended_as}" for m in ill)
        raise Halt(
            f"{len(ill)} of the first {run.canary} did not end well ({told}). Nothing else was begun. See what is "
            "wrong with them, then go on, or cancel."
        )
    run.canary_passed = True
    return True


def _do_all(run: BulkRun, choice: Choice, members: Sequence[BulkMember]) -> None:
    """Do to members what was planned, as far as they are still what they were."""
    by = _person(run)
    changed = {each.id: each.told for each in identity.changes(run, [m.pk for m in members])}
    collecting.save(
        [Ending(id_, Result.SKIPPED, "changed since the plan", told) for id_, told in sorted(changed.items())]
    )
    left = [m for m in members if m.pk not in changed]
    items = WorkItem.objects.select_related("legal_entity").in_bulk({m.item_id for m in left})
    unforeseen_ones = 0
    for number, group in groupby(left, key=lambda m: m.item_id):
        unforeseen_ones += _do(run, choice, items[number], list(group), by)
        if unforeseen_ones > MOST_UNFORESEEN:
            raise Halt(
                "The hub met something that it was not made for with too many of them. Nothing of the last batch was "
                "done. Show this to whoever looks after the hub."
            )


def _do(run: BulkRun, choice: Choice, item: WorkItem, members: list[BulkMember], by: User) -> int:
    """Do it to members of one item, in halves where that fails; return how many met something unforeseen."""
    ids = [m.pk for m in members]
    error = _tried(run, choice, item, [m.failure_id for m in members if m.failure_id], by)
    if error is None:
        if choice.of_members:
            BulkMember.objects.filter(pk__in=ids).update(result=Result.UNDER_WAY)
        else:
            collecting.save([Ending(id_, Result.DONE, "done") for id_ in ids])
        return 0
    if isinstance(error, NotAllowed) and not allowed(by, choice.right, item.legal_entity_id):
        raise Halt(f"{run.actor_name} may no longer {choice.right.label} for {item.legal_entity}.") from error
    if len(members) > 1:
        middle = len(members) // 2
        return sum(_do(run, choice, item, part, by) for part in (members[:middle], members[middle:]))
    if isinstance(error, ValueError | NotAllowed):  # a verb's own words
        collecting.save(collecting.skipped(ids, "could not be done", str(error)))
        return 0
    log.error("unforeseen, with one member of a bulk run", exc_info=error)
    told = unforeseen.KEPT.format("this is as it was.")
    collecting.save([Ending(ids[0], Result.FAILED, "something unforeseen", told)])
    return 1


def _tried(run: BulkRun, choice: Choice, item: WorkItem, failures: list[UUID], by: User) -> Exception | None:
    """Call the verb, all or nothing; return what it met. Outages of the database are raised."""
    typed = run.typed | {"reason": reason_of(run), "run": run.pk} if choice.of_members else run.typed
    try:
        with transaction.atomic(), consented() if run.approved_by else nullcontext():
            for part, members in parts.by_failures(item, failures):
                choice.act(part, members, by, typed)
    except unforeseen.OUTAGES:
        raise
    except Exception as error:  # noqa: BLE001 - it is told, or logged with its trace, once it is known whose it is
        return error
    return None


def reason_of(run: BulkRun) -> str:
    """Return the reason that the history of each member keeps: it names the run."""
    return f"bulk run {run.number}: {run.reason}" if run.reason else f"bulk run {run.number}"


def _settle(run: BulkRun, now: datetime, again: bool) -> None:
    """Say when the run is looked at next, or end it when nothing comes any more."""
    under_way = run.members.filter(result=Result.UNDER_WAY).exists()
    waiting = run.members.filter(result=Result.WAITING).exists()
    if under_way or (waiting and run.state == BulkState.RUNNING):
        run.due_at = now if again else now + LOOK
        return
    run.due_at = None
    if not waiting and run.state != BulkState.PLANNED:
        finish(run, now)


def finish(run: BulkRun, now: datetime) -> None:
    """End a locked run that has nothing under way; not saved yet."""
    run.state = BulkState.CANCELLED if run.state == BulkState.CANCELLING else BulkState.DONE
    run.ended_at, run.due_at = now, None
    counted = dict.fromkeys(Result.values, 0)
    for result in run.members.exclude(result="").values_list("result", flat=True):
        counted[result] += 1
    after = {"planned": run.planned, **{name: counted[name] for name in ("done", "failed", "skipped", "not_reached")}}
    audit.record(by=ENGINE, verb="end", thing=run, after=after, legal_entity=planning.only(run.places()))


def _pause(number: int, reason: str) -> None:
    with transaction.atomic():
        run = BulkRun.objects.select_for_update().get(pk=number)
        if run.state == BulkState.PLANNING:
            run.state, run.ended_at = BulkState.CANCELLED, _now()
            run.due_at = None
        elif run.state == BulkState.RUNNING:
            run.state, run.due_at = BulkState.PAUSED, _now()
        else:
            return
        run.state_reason = reason
        run.save()
        audit.record(by=ENGINE, verb="pause", thing=run, reason=reason, legal_entity=planning.only(run.places()))


def _claim(owner: UUID, number: int | None) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"owner": owner, "lease": LEASE.total_seconds(), "number": number})
        row = cursor.fetchone()
        return row[0] if row else None


def _give_back(number: int, owner: UUID) -> None:
    BulkRun.objects.filter(pk=number, lease_owner=owner).update(lease_owner=None, lease_until=None)


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now: datetime = cursor.fetchone()[0]
        return now
