"""Putting an item aside until something happens, waiting for somebody, and coming back.

Whoever puts an item aside says when it returns: on a day, once it has grown, or both. It always has a day, so that
nothing is put aside for ever.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from exceptions_queue import waking
from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.assign import locked
from exceptions_queue.verbs.members import NotPossible, WrongValue, need_reason
from governance import audit
from governance.actor import By
from governance.rights import Right, require

LONGEST = dt.timedelta(days=92)  # a quarter: later it is a decision, not a delay


@transaction.atomic
def snooze(
    item: WorkItem,
    *,
    by: By,
    until: dt.datetime,
    reason: str,
    above: int | None = None,
    above_amount: Decimal | None = None,
) -> WorkItem:
    """Put an item aside until a moment, or until it holds more than `above` members or a sum above `above_amount`
    in one currency, whichever is first. Raises NotAllowed and NotPossible.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    reason = need_reason(reason, "Putting an item aside")
    row = _may_rest(item, until)
    if above is not None and above < row.members:
        raise WrongValue(
            f"It holds {row.members:,} already, which is more than {above:,}. Choose a larger number.",
            at="above", accepted=f"{row.members} or more",
        )  # fmt: skip
    if above_amount is not None and row.amount is not None and above_amount < row.amount:
        raise NotPossible(
            f"{row.amount:,.2f} {row.currency} are at stake already, more than {above_amount:,.2f}. "
            "Choose a larger amount."
        )
    changes = {"wakes_at": until, "wakes_above": above, "wakes_above_amount": above_amount}
    return _rest(row, State.SNOOZED, changes, by=by, verb="put aside", said=reason)


@transaction.atomic
def wait_on(item: WorkItem, *, by: By, whom: str, until: dt.datetime, reason: str = "") -> WorkItem:
    """Say for whom or what an item waits, and when to look at it again. Raises NotAllowed and NotPossible."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    whom = " ".join(whom.split())
    if not whom:
        raise WrongValue(
            "Say for whom or what it waits, such as “answer of the project manager”.",
            at="whom", accepted="1 to 200 characters",
        )  # fmt: skip
    if len(whom) > 200:
        raise WrongValue(
            "For whom or what it waits is told in at most 200 characters. Shorten it.",
            at="whom", accepted="1 to 200 characters",
        )  # fmt: skip
    row = _may_rest(item, until)
    said = f"{whom}: {reason.strip()}" if reason.strip() else whom
    return _rest(row, State.WAITING, {"waiting_on": whom, "wakes_at": until}, by=by, verb="waits for", said=said)


@transaction.atomic
def resume(item: WorkItem, *, by: By, reason: str = "") -> WorkItem:
    """Take up again what was put aside, before its time. Raises NotAllowed and NotPossible."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    row = locked(item)
    if not waking.rests(row):
        raise NotPossible("It is not put aside, so it cannot be taken up again. Load the page again.")
    row = wake(row, by=by, reason=reason.strip() or "taken up again")
    audit.record(by=by, verb="resume", thing=row, reason=reason, legal_entity=row.legal_entity_id)
    return row


def wake(row: WorkItem, *, by: By, reason: str) -> WorkItem:
    """Let a locked item return to where it came from, with the reason in its history."""
    waking.awake(row, reason, timezone.now(), by=by).save()
    row.save(update_fields=["state", "waiting_on", *waking.REST])
    return row


def _may_rest(item: WorkItem, until: dt.datetime) -> WorkItem:
    row = locked(item)
    now = timezone.now()
    if until <= now:
        raise WrongValue(
            "The time to come back is past already. Choose a later one.",
            at="until", accepted="a moment to come",
        )  # fmt: skip
    if until > now + LONGEST:
        raise WrongValue(
            f"An item rests at most {LONGEST.days} days. Choose an earlier day.",
            at="until", accepted=f"a moment within {LONGEST.days} days",
        )  # fmt: skip
    if row.state == State.RESUBMITTED:
        raise NotPossible("It is on its way again. Wait for what comes of that.")
    if row.state == State.PENDING_APPROVAL:
        raise NotPossible("It waits for somebody's approval already, and goes on with that.")
    if row.state == State.WAITING and not waking.rests(row):
        raise NotPossible(f"It waits for {row.waiting_on} already, and goes on by itself once that arrives.")
    return row


def _rest(row: WorkItem, to: State, changes: dict[str, Any], *, by: By, verb: str, said: str) -> WorkItem:
    came_from = row.came_from if waking.rests(row) else row.state
    row = note(row, by=by, verb=verb, reason=said, to=to)
    values = waking.REST | {"came_from": came_from, "waiting_on": ""} | changes
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))
    after = {name: None if value is None else str(value) for name, value in changes.items()}
    audit.record(by=by, verb=verb, thing=row, after=after, reason=said, legal_entity=row.legal_entity_id)
    return row
