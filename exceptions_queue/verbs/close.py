"""Closing an item that holds nothing any more, naming the one that it duplicates, and opening one again."""

from typing import Literal

from django.db import connection, transaction
from django.utils import timezone

from canonical.failure import Category
from exceptions_queue import intake, settle, waking
from exceptions_queue.models import CauseCode, Resolution, RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.assign import locked
from exceptions_queue.verbs.members import NotPossible, WrongValue, need_reason
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import failures
from routes.models import Transaction
from routes.states import State as Stands

# What people may say of how an item ended; what the hub finds by itself has codes of its own, which nobody gives.
CODES = (Resolution.NO_ACTION, Resolution.ELSEWHERE, Resolution.FIXED)
LOCK = 7_221_906  # with a company's id: sets these advisory locks apart from those of others


@transaction.atomic
def close(
    item: WorkItem,
    *,
    by: By,
    reason: str,
    root_cause: RootCause | Literal[""] = "",
    same_as: int | None = None,
    resolution: Resolution = Resolution.NO_ACTION,
    cause_code: CauseCode | Literal[""] = "",
    rule_candidate: bool = False,
) -> WorkItem:
    """Close an item that holds nothing; what holds something is sent again, corrected or waived instead.

    One that was only opened about what is posted is closed as well: that stands as it is. With `same_as` it is a
    duplicate of the item of that number. `fixed` is taken only where all that it held in this episode is posted. What
    is not said of its cause stays as somebody has said it, or unknown. Raises NotAllowed and NotPossible.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    reason = need_reason(reason, "Closing an item")
    if same_as is not None:
        _lock_duplicates(item.legal_entity_id)
    row = locked(item)
    if _is_only_doubted(row):
        _let_stand(row)
    elif holds := row.failures().count():
        raise NotPossible(
            f"It still holds {holds:,}, and closing it would hide them. Send them again, correct them, or decide that "
            "they are not delivered; the item then closes by itself."
        )
    other = _other(row, same_as, by) if same_as is not None else None
    code = Resolution.DUPLICATE if other else _may_be(row, resolution)
    said = f"the same as {other.number}: {reason}" if other else reason
    row = note(row, by=by, verb="resolved", reason=said, to=State.RESOLVED, resolution=code)
    row.root_cause, row.duplicate_of = root_cause or row.root_cause, other
    row.cause_code, row.rule_candidate = cause_code or row.cause_code, rule_candidate or row.rule_candidate
    waking.clear(row)
    row.save(update_fields=["root_cause", "duplicate_of", "cause_code", "rule_candidate", "waiting_on", *waking.REST])
    after = {"resolution": code.value, "root_cause": row.root_cause, "cause_code": row.cause_code}
    audit.record(by=by, verb="resolve", thing=row, after=after, reason=said, legal_entity=row.legal_entity_id)
    intake.take_in(only=[row.fingerprint])
    return row


def _is_only_doubted(row: WorkItem) -> bool:
    """Return whether all that an item holds is posted, or was reversed since it was doubted."""
    if row.category != Category.QUESTIONED:
        return False
    held = row.failures().values_list("transaction_id", flat=True)
    states = Transaction.objects.filter(pk__in=list(held)).values_list("state", flat=True).distinct()
    found = set(states)
    return bool(found) and found <= {Stands.POSTED, Stands.REVERSED}


def _let_stand(row: WorkItem) -> None:
    held = row.failures().values_list("transaction_id", flat=True)
    failures.close(transactions=[each for each in held if each], how="no_action")


@transaction.atomic
def reopen(item: WorkItem, *, by: By, reason: str) -> WorkItem:
    """Open a resolved item again; its history stays. Raises NotAllowed and NotPossible."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    reason = need_reason(reason, "Opening an item again")
    row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if row.is_open:
        raise NotPossible("It is open already.")
    if into := row.merges.filter(ended_at=None).values_list("into", flat=True).first():
        raise NotPossible(f"It is merged with exception {into}. Take it apart from that one, where it needs its own.")
    newer = WorkItem.objects.open().filter(fingerprint=row.fingerprint).first()
    if newer is not None:
        raise NotPossible(f"The same cause has an open item already, number {newer.number}. Go on there.")
    before, had = {"resolution": row.resolution, "root_cause": row.root_cause}, row.how_it_ended
    row.state, row.resolution, row.root_cause, row.duplicate_of = State.IN_PROGRESS, "", "", None
    row.resolved_by = row.resolved_at = None
    row.reopened += 1
    row.opened_at = timezone.now()
    row.save(
        update_fields=["state", "resolution", "root_cause", "duplicate_of", "resolved_by", "resolved_at", "reopened",
                       "opened_at"]
    )  # fmt: skip
    row = note(row, by=by, verb="reopened", reason=f"{reason}; it had ended: {had}")
    audit.record(
        by=by, verb="reopen", thing=row, before=before, reason=reason, legal_entity=row.legal_entity_id
    )  # fmt: skip
    return row


def _may_be(row: WorkItem, code: Resolution) -> Resolution:
    if code not in CODES:
        raise NotPossible("That is not for people to say: the hub finds it by itself, or a verb of its own says it.")
    if code == Resolution.FIXED and (left := settle.not_posted(row)):
        raise NotPossible(
            f"Fixed means that all of it is posted, and {left:,} of what it held is not. Choose another way to end it."
        )
    return code


def _other(row: WorkItem, number: int, by: By) -> WorkItem:
    other = WorkItem.objects.visible_to(by).filter(number=number).first()
    if other is None or other.legal_entity_id != row.legal_entity_id:
        raise WrongValue(
            f"There is no exception {number} of this company. Write the number of the one that stays.",
            at="same_as", accepted="the number of another exception of the company",
        )  # fmt: skip
    if other.pk == row.pk:
        raise WrongValue(
            "An exception is no duplicate of itself. Write the number of the other one.",
            at="same_as", accepted="the number of another exception of the company",
        )  # fmt: skip
    if row.pk in _stands_for(other):
        through = "" if other.duplicate_of_id == row.pk else ", through others,"
        raise NotPossible(
            f"Exception {number} is marked{through} as the same as this one already. One of them has to stay."
        )
    return other


def _lock_duplicates(company: int) -> None:
    """Let one after the other say in a company what is the same as what: together they could close a ring."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, company])


STANDS_FOR = """
WITH RECURSIVE up(number, other) AS (
    SELECT number, duplicate_of_id FROM exceptions_queue_workitem WHERE number = %s
    UNION
    SELECT i.number, i.duplicate_of_id FROM up JOIN exceptions_queue_workitem i ON i.number = up.other
)
SELECT number FROM up
"""


def _stands_for(other: WorkItem) -> set[int]:
    """Return the numbers of an item and of all that it is the same as, one after the other. One query."""
    with connection.cursor() as cursor:
        cursor.execute(STANDS_FOR, [other.pk])
        return {number for (number,) in cursor.fetchall()}
