"""Writing down that somebody at the source was told, where no program can: by telephone, by mail, in its screens."""

import datetime as dt
from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from exceptions_queue import words
from exceptions_queue.models import RootCause, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.seen import Seen
from exceptions_queue.verbs.assign import assign
from exceptions_queue.verbs.members import NotPossible, WrongValue, chosen, need_reason
from exceptions_queue.verbs.put_aside import wait_on
from exceptions_queue.verbs.send_back import PATIENCE, may_wait, require_stopped, waits_for
from governance import audit
from governance.actor import By
from governance.models import User
from governance.rights import Right, allowed, require
from routes import sending_back, source_notices

LIMIT = 2000  # members of which one commit says who was told


@transaction.atomic
def tell_source(
    item: WorkItem, *, by: By, reason: str, told_to: str, told_on: dt.date, reference: str = "",
    failures: Collection[UUID] | None = None, seen: Seen | None = None,
) -> int:  # fmt: skip
    """Write down who was told of all members, those that were seen, or the chosen ones, when, and what was agreed.

    Returns how many. Nothing is sent. Where all that the item holds is meant, it waits for the corrected versions, and
    is whose who says it, unless somebody has it. Raises NotAllowed, and NotPossible where the source takes records back
    by itself.
    """
    require(by, Right.RETURN, item.legal_entity_id)
    reason = need_reason(reason, "What was told")
    told_to = " ".join(told_to.split())
    if not told_to:
        raise WrongValue(
            "Say who was told, such as “Max Berger, Harvest”.",
            at="told_to", accepted="who was told, in words",
        )  # fmt: skip
    members = chosen(item, failures, limit=LIMIT, seen=seen)
    require_stopped(members)
    for route in {each.route_id for each in members}:
        mine = [each for each in members if each.route_id == route]
        try:
            source_notices.keep(mine, by=by, reason=reason, told_to=told_to, told_on=told_on, reference=reference)
        except sending_back.NotToSendBack as error:
            raise NotPossible(str(error)) from error
    number = f", {reference.strip()}" if reference.strip() else ""
    told = f"{words.counted(len(members), item.entity)}, {told_to} on {told_on}{number}: {reason}"
    row = note(item, by=by, verb="source told", reason=told)
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.SOURCE)
    if item.failures().count() == len(members) and may_wait(row):
        if isinstance(by, User) and not row.assignee and allowed(by, Right.WORK_QUEUE, row.legal_entity):
            row = assign(row, by=by, to=by)
        whom = f"{waits_for(item)}, told to {told_to}"[:200]
        wait_on(row, by=by, whom=whom, until=timezone.now() + PATIENCE, reason=reason)
    audit.record(
        by=by, verb="tell source", thing=item, reason=reason, legal_entity=item.legal_entity_id,
        after={"members": len(members), "told on": told_on.isoformat(), "reference": reference.strip()},
    )  # fmt: skip
    return len(members)
