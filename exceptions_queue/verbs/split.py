"""Splitting members off an item: an item of their own, to which they come back if they stop again."""

import uuid
from collections.abc import Collection
from hashlib import sha256
from uuid import UUID

from django.db import transaction

from exceptions_queue import intake, parts, placing, reckoning
from exceptions_queue.intake import LOCK
from exceptions_queue.models import Release, SplitMember, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes.models import Failure, Record

MOST = 2_000  # records that are split off in one go
COPIED = (
    "legal_entity_id", "about", "owner", "assignee", "placed_by", "routed_rule", "routed_why", "routed_worth",
    "routed_at", "fingerprint_version", "category", "route_id", "connection_id",
    "entity", "field", "rule", "table", "table_key", "accepted", "cause", "hint", "title",
)  # fmt: skip


@transaction.atomic
def split(item: WorkItem, *, by: By, failures: Collection[UUID] | None, reason: str) -> WorkItem:
    """Give chosen members of an item an item of their own, with all that their records have there; return it.

    A record that stops again for the same cause comes to it, whatever version of it; others come to the old one. To
    undo it, merge it into the old one. Raises NotAllowed and NotPossible.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    reason = need_reason(reason, "Splitting an exception")[:500]
    if not failures:
        raise NotPossible("Choose the rows below that are split off. What is not chosen stays.")
    if len(failures) > MOST:
        raise NotPossible(f"At most {MOST:,} are split off in one go. Choose fewer of them.")
    placing.lock_all([item.fingerprint], LOCK)
    members = _with_their_records(item, chosen(item, failures))
    made = _made(item, members)
    placing.move([each.pk for each in members], made.fingerprint)
    row = _locked(item)
    now = reckoning.now()
    made.first_seen, made.last_seen = min(m.opened_at for m in members), max(m.opened_at for m in members)
    made.opened_at, made.seen = made.first_seen, len(members)
    made.state, made.waiting_on = intake.first_state(made)
    if made.state == State.NEW and made.assignee:
        made.state = State.IN_PROGRESS
    made.save()
    _pin(made, item, members)
    intake.count_anew([row, made], now)
    told = f"{len(members):,} are exception {made.number} now: {reason}"
    note(row, by=by, verb="split", reason=told)
    made = note(made, by=by, verb="split off", reason=f"from {row.number}: {reason}")
    audit.record(
        by=by, verb="split", thing=row, after={"into": made.number, "members": len(members)}, reason=reason,
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return made


def _with_their_records(item: WorkItem, members: list[Failure]) -> list[Failure]:
    """Return members with all else that an item holds of their records: a record is not in two of them by a split."""
    if any(each.record_id is None for each in members):
        raise NotPossible("A run or a route that stopped is no record, and cannot be split off. Choose records only.")
    held = Failure.objects.filter(fingerprint=item.fingerprint, closed_at=None)
    found = list(held.filter(record_id__in={each.record_id for each in members}))
    if not held.exclude(pk__in=[each.pk for each in found]).exists():
        raise NotPossible("That is all that it holds: nothing would be left. Choose fewer of them.")
    return found


def _made(item: WorkItem, members: list[Failure]) -> WorkItem:
    """Return the new item, not yet saved; it tells of the cause of its members where they have but one."""
    of = next(iter(parts.by_failures(item, [each.pk for each in members])))[0]
    fingerprint = sha256(f"split\x1f{item.fingerprint}\x1f{uuid.uuid4()}".encode()).hexdigest()
    return WorkItem(
        **{name: getattr(of, name) for name in COPIED}, fingerprint=fingerprint, split_from_id=item.pk, gathers=True
    )  # fmt: skip


def _locked(item: WorkItem) -> WorkItem:
    row = WorkItem.objects.select_for_update(of=("self",)).select_related("legal_entity").get(pk=item.pk)
    if row.state == State.RESUBMITTED or Release.objects.filter(item=row, done_at=None).exists():
        raise NotPossible("It is on its way again. Wait for what comes of that.")
    if not row.is_open:
        raise NotPossible("The item is resolved, so nothing is left to be split off. Load the page again.")
    return row


def _pin(made: WorkItem, item: WorkItem, members: list[Failure]) -> None:
    """Keep whose failures come to the new item from now on, in the place of what was kept before."""
    records = Record.objects.filter(pk__in={each.record_id for each in members}).values_list("pk", "route_id", "key")
    places = {pk: (route, key) for pk, route, key in records}
    wanted = {
        (each.own_fingerprint or item.fingerprint, *places[each.record_id])
        for each in members
        if each.record_id in places
    }
    if item.split_from_id is not None:  # what is split off a split: nothing has the fingerprint of that one itself
        wanted = {each for each in wanted if each[0] != item.fingerprint}
    SplitMember.objects.bulk_create(
        [
            SplitMember(item=made, cause=made.fingerprint, fingerprint=own, route_id=route, key=key)
            for own, route, key in sorted(wanted)
        ],
        update_conflicts=True, unique_fields=["fingerprint", "route_id", "key"], update_fields=["item", "cause"],
    )  # fmt: skip
