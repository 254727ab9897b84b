"""Putting items together whose causes are one, and taking them apart again.

What stops for a merged cause later comes to the item that holds it, until it is taken apart. The history stays with
both: the one is resolved as merged and names the other.
"""

from collections.abc import Collection

from django.db import transaction

from canonical.failure import Category
from exceptions_queue import intake, placing, reckoning, waking
from exceptions_queue.intake import LOCK
from exceptions_queue.models import (
    Merge,
    Release,
    Resolution,
    SplitMember,
    State,
    WorkItem,
    WorkItemWatcher,
)
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, need_reason
from governance import audit
from governance.actor import By, as_actor
from governance.rights import Right, require
from routes.models import Failure, Record

MOST_ITEMS = 50  # that come to one in one go
MOST_MOVED = 50_000  # members that come to it in one commit
MOST_DEEP = 100  # merges of merges
ONE_BY_ONE = (Category.OUTCOME_UNKNOWN, Category.APPROVAL_MISSING)  # each is decided by itself, by a way of its own


@transaction.atomic
def merge(into: WorkItem, *, by: By, items: Collection[int], reason: str) -> WorkItem:
    """Let an item hold what others hold, and what their causes stop from now on; return it.

    All are open and of one legal entity, none is being sent again. Raises NotAllowed and NotPossible.
    """
    require(by, Right.WORK_QUEUE, into.legal_entity_id)
    reason = need_reason(reason, "Merging exceptions")[:500]
    others = _others(into, items, by)
    # As everywhere, the causes are locked before the members, and the items last.
    placing.lock_all([into.fingerprint, *(each.fingerprint for each in others)], LOCK)
    merges = [_moved(each, into, by=by, reason=reason) for each in others]
    rows = _locked([into, *others])
    row = rows[into.pk]
    _check(row, [rows[each.pk] for each in others])
    now = reckoning.now()
    for each, made in zip(others, merges, strict=True):
        made.made_at = now
        made.save()
        _resolve(rows[each.pk], row, by=by, reason=reason)
    row.first_seen = min([row.first_seen, *(each.first_seen for each in others)])
    row.last_seen = max([row.last_seen, *(each.last_seen for each in others)])
    row.about = {
        name: value for name, value in row.about.items() if all(each.about.get(name) == value for each in others)
    }
    row.seen += sum(each.members for each in others)
    row.gathers = True
    row.save(update_fields=["first_seen", "last_seen", "about", "seen", "gathers"])
    _watch_as(others, row)
    intake.count_anew([row, *(rows[each.pk] for each in others)], now)
    told = ", ".join(str(each.number) for each in others)
    row = note(row, by=by, verb="merged", reason=f"holds what {told} held: {reason}")
    audit.record(
        by=by, verb="merge", thing=row, after={"items": [each.number for each in others], "members": row.members},
        reason=reason, legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row


@transaction.atomic
def take_apart(item: WorkItem, *, by: By, reason: str) -> WorkItem:
    """Give an item that was merged into another one its own again; return it as it stands now.

    It is open again where something of it is. Raises NotAllowed and NotPossible.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    reason = need_reason(reason, "Taking exceptions apart")
    made = Merge.objects.filter(item=item, ended_at=None).select_related("into").first()
    if made is None:
        raise NotPossible("It is not merged with another one, or somebody has taken it apart. Load the page again.")
    holder = _holder(made)
    placing.lock_all([made.fingerprint, made.cause, holder], LOCK)
    if _holder(made) != holder:
        raise NotPossible("Somebody else has merged or taken apart what holds it meanwhile. Load the page again.")
    into = _item_of(holder) if holder != made.cause else made.into
    _refuse_sent_again([into])
    failures = _back(made, holder)
    moved = placing.move([each.pk for each in failures], made.fingerprint)
    _bring_no_more(made)
    rows = _locked([item, into])
    now = reckoning.now()
    ended = Merge.objects.filter(pk=made.pk, ended_at=None).update(ended_at=now, ended_by=as_actor(by).reference)
    if not ended:
        raise NotPossible("Somebody else has taken it apart meanwhile. Load the page again.")
    row, other = rows[item.pk], rows[into.pk]
    _let_be(row, is_open=bool(moved))
    intake.count_anew([row, other], now)
    intake.tell_of([each.record_id for each in failures if each.record_id], [made.fingerprint, holder])
    row = note(row, by=by, verb="taken apart", reason=f"from {other.number}: {reason}")
    note(other, by=by, verb="taken apart", reason=f"{row.number} holds its own again: {reason}")
    audit.record(
        by=by, verb="take_apart", thing=row, after={"from": other.number, "members": moved}, reason=reason,
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row


def _others(into: WorkItem, items: Collection[int], by: By) -> list[WorkItem]:
    numbers = sorted(set(items) - {into.pk})
    if not numbers:
        raise NotPossible("Say which other exceptions come to this one: their numbers, with commas between them.")
    if len(numbers) > MOST_ITEMS:
        raise NotPossible(f"At most {MOST_ITEMS} exceptions come to one in one go. Merge the rest after that.")
    seen = WorkItem.objects.visible_to(by, Right.WORK_QUEUE).filter(number__in=[n for n in numbers if n < 2**63])
    found = {each.number: each for each in seen.filter(legal_entity=into.legal_entity_id)}
    if unknown := [str(number) for number in numbers if number not in found]:
        raise NotPossible(
            f"There is no exception {', '.join(unknown)} of this company that you work on. Only exceptions of one "
            "company are merged."
        )
    return [found[number] for number in numbers]


def _moved(item: WorkItem, into: WorkItem, *, by: By, reason: str) -> Merge:
    """Put an item's open members under another one's cause; return the merge, not yet written."""
    members = list(Failure.objects.filter(fingerprint=item.fingerprint, closed_at=None).values_list("pk", "record_id",
                   "own_fingerprint")[: MOST_MOVED + 1])  # fmt: skip
    if len(members) > MOST_MOVED:
        raise NotPossible(
            f"Exception {item.number} holds more than {MOST_MOVED:,}. Let it be the one that stays, and merge the "
            "others into it."
        )
    moved = placing.move([id_ for id_, _, _ in members], into.fingerprint)
    intake.tell_of([record for _, record, _ in members if record], [item.fingerprint, into.fingerprint])
    brought = {own or item.fingerprint for _, _, own in members} if item.split_from_id is None else set()
    return Merge(
        item=item, into=into, fingerprint=item.fingerprint, cause=into.fingerprint, brought=sorted(brought),
        moved=moved, reason=reason, made_by=as_actor(by).reference,
    )  # fmt: skip


def _locked(items: Collection[WorkItem]) -> dict[int, WorkItem]:
    rows = WorkItem.objects.select_for_update(of=("self",)).filter(pk__in=[each.pk for each in items])
    return {row.pk: row for row in rows.select_related("legal_entity").order_by("number")}


def _check(into: WorkItem, others: list[WorkItem]) -> None:
    rows = [into, *others]
    if closed := [str(each.number) for each in rows if not each.is_open]:
        told = ", ".join(closed)
        raise NotPossible(f"Exception {told} is resolved: only what is open is merged. Load the page again.")
    _refuse_sent_again(rows)
    kinds = {each.category for each in rows if each.category in ONE_BY_ONE}
    if kinds and len({each.category for each in rows}) > 1:
        raise NotPossible(
            "What waits for an approval, or of which nobody knows whether it arrived, is decided one by one, and "
            "cannot be merged with other kinds."
        )


def _refuse_sent_again(rows: Collection[WorkItem]) -> None:
    under_way = Release.objects.filter(item__in=rows, done_at=None).values_list("item_id", flat=True)
    sent = sorted({each.number for each in rows if each.state == State.RESUBMITTED} | set(under_way))
    if sent:
        told = ", ".join(map(str, sent))
        raise NotPossible(f"Exception {told} is on its way again. Wait for what comes of that.")


def _resolve(row: WorkItem, into: WorkItem, *, by: By, reason: str) -> None:
    said = f"{into.number} holds it now: {reason}"
    resolved = note(row, by=by, verb="merged", reason=said, to=State.RESOLVED, resolution=Resolution.MERGED)
    waking.clear(resolved)
    resolved.duplicate_of = into
    resolved.save(update_fields=["duplicate_of", "waiting_on", *waking.REST])
    row.state, row.resolution = resolved.state, resolved.resolution
    row.duplicate_of_id, row.resolved_at, row.resolved_by = into.pk, resolved.resolved_at, resolved.resolved_by
    audit.record(
        by=by, verb="merge", thing=row, after={"into": into.number}, reason=reason, legal_entity=row.legal_entity_id
    )


def _let_be(row: WorkItem, *, is_open: bool) -> None:
    """Let an item stand for itself again: open where it holds something."""
    row.duplicate_of = None
    if is_open:
        row.state, row.waiting_on = intake.first_state(row)
        row.state = State.IN_PROGRESS if row.state == State.NEW else row.state
        row.resolution, row.resolved_by, row.resolved_at = "", None, None
    row.save(update_fields=["state", "waiting_on", "resolution", "resolved_by", "resolved_at", "duplicate_of"])


def _holder(made: Merge) -> str:
    """Return the cause under which what was merged is held now: that of the other item, or of one that holds it."""
    return placing.held_by([made.fingerprint])[made.fingerprint]


def _item_of(cause: str) -> WorkItem:
    return WorkItem.objects.filter(fingerprint=cause).select_related("legal_entity").latest("number")


def _bring_no_more(made: Merge) -> None:
    """Let what the other item has brought elsewhere not be counted as its own any more: it goes nowhere with that."""
    own, above = set(_own(made)), made.cause
    for _ in range(MOST_DEEP):
        upper = Merge.objects.filter(fingerprint=above, ended_at=None).first()
        if upper is None:
            return
        upper.brought = [each for each in upper.brought if each not in own]
        upper.save(update_fields=["brought"])
        above = upper.cause


def _back(made: Merge, holder: str) -> list[Failure]:
    """Return the open members that came by a merge, or would have come by it since, from what holds them now."""
    held = Failure.objects.filter(fingerprint=holder, closed_at=None)
    if made.item.split_from_id is not None:
        rows = SplitMember.objects.filter(item=made.item).values_list("route_id", "key", "fingerprint")
        pins = {(route, key) for route, key, _ in rows}
        own = {"" if each == holder else each for _, _, each in rows}
        mine = held.filter(record_id__isnull=False, own_fingerprint__in=own)
        records = Record.objects.filter(pk__in=mine.values("record_id"), key__in=[key for _, key in pins])
        wanted = {pk for pk, route, key in records.values_list("pk", "route_id", "key") if (route, key) in pins}
        return list(mine.filter(record_id__in=wanted))
    return list(held.filter(own_fingerprint__in=_own(made)))


def _own(made: Merge) -> list[str]:
    """Return the own fingerprints of what belongs to a merged item, with what was merged into that before."""
    found, wanted = {made.fingerprint, *made.brought}, [made.fingerprint]
    while wanted:
        below = list(Merge.objects.filter(cause__in=wanted, ended_at=None).exclude(fingerprint__in=found))
        found |= {own for each in below for own in (each.fingerprint, *each.brought)}
        wanted = [each.fingerprint for each in below]
    return sorted(found)


def _watch_as(others: Collection[WorkItem], row: WorkItem) -> None:
    """Let those who watch the others watch the one that stays."""
    watching = WorkItemWatcher.objects.filter(item__in=others).values_list("user_id", "since")
    WorkItemWatcher.objects.bulk_create(
        [WorkItemWatcher(item=row, user_id=user, since=since) for user, since in dict(watching).items()],
        ignore_conflicts=True,
    )  # fmt: skip
