"""Asking a second person to let something be done, and their answer: consent does it, exactly as it was looked at."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from exceptions_queue import differing, parts
from exceptions_queue.asked_by import WAITED_FOR
from exceptions_queue.made_with import FOR_ROW
from exceptions_queue.models import ApprovalRequest, Deed, RequestState, State, WorkItem
from exceptions_queue.moving import note, waits_for_consent
from exceptions_queue.verbs.asking import Wish, changes, consented, in_words, standing
from exceptions_queue.verbs.correct_field import correct_field
from exceptions_queue.verbs.link_record import link_record
from exceptions_queue.verbs.members import NotPossible, need_reason
from exceptions_queue.verbs.resubmit import resubmit
from exceptions_queue.verbs.reverse import reverse
from exceptions_queue.verbs.waive import waive
from exceptions_queue.verbs.waive_rule import waive_rule
from governance import audit
from governance.actor import ENGINE, By, as_actor
from governance.models import User
from governance.rights import NotAllowed, Right, require, require_other_person
from governance.same_person import makers
from routes import submitters
from routes.models import Failure

AT_ONCE = 50  # requests whose members are looked at by one query
VERBS: Mapping[str, Callable[..., Any]] = {
    Deed.CORRECT: correct_field, Deed.RESUBMIT: resubmit, Deed.WAIVE: waive, Deed.WAIVE_RULE: waive_rule,
    Deed.LINK: link_record, Deed.REVERSE: reverse,
}  # fmt: skip
RIGHTS: Mapping[str, Right] = {
    Deed.CORRECT: Right.EDIT_OVERLAY, Deed.RESUBMIT: Right.RESUBMIT, Deed.WAIVE: Right.WAIVE,
    Deed.WAIVE_RULE: Right.WAIVE, Deed.LINK: Right.RESUBMIT, Deed.REVERSE: Right.REVERSE,
}  # fmt: skip


@transaction.atomic
def ask_approval(wish: Wish, *, by: User) -> ApprovalRequest:
    """Ask a second person for what a verb has refused to do alone. Raises NotAllowed and NotPossible."""
    item = wish.item
    require(by, RIGHTS[wish.deed], item.legal_entity_id)
    reason = need_reason(wish.reason, "Asking for an approval")
    row = WorkItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    ids = [each.pk for each in wish.members]
    other = row.approval_requests.filter(state=RequestState.WAITING, failures__overlap=ids).first()
    if other is not None:
        raise NotPossible(
            f"{other.made_by_name} has asked for an approval of some of these already: request {other.number}. It has "
            "to be decided, or taken back, first."
        )
    stood = standing(ids)
    actor = as_actor(by)
    made = ApprovalRequest.objects.create(
        legal_entity_id=row.legal_entity_id, item=row, deed=wish.deed, typed=dict(wish.typed), failures=ids,
        stood=stood, differences=differing.of(wish, stood), policies=in_words(wish.policies),
        amounts=differing.amounts(wish.members), reason=reason, made_by=actor.reference, made_by_name=actor.name[:200],
        made_at=timezone.now(),
    )  # fmt: skip
    told = f"request {made.number}, {made.get_deed_display().lower()}, by {made.policies}: {reason}"
    for_row = row.state == State.PENDING_APPROVAL and row.waiting_on == FOR_ROW  # it goes on waiting for that, too
    row = note(row, by=by, verb="approval asked", reason=told, to=State.PENDING_APPROVAL)
    if not for_row:
        WorkItem.objects.filter(pk=row.pk).update(waiting_on=WAITED_FOR)
    audit.record(
        by=by, verb="ask approval", thing=made, reason=reason, legal_entity=row.legal_entity_id,
        after={"deed": wish.deed, "members": len(ids), "item": row.pk},
    )  # fmt: skip
    return made


@transaction.atomic
def consent(request: ApprovalRequest, *, by: User, reason: str = "") -> ApprovalRequest:
    """Agree to a request, and do what it asks for in the name of whoever asked; return it as it stands then.

    One whose members have changed expires instead, and says what has changed. Raises NotAllowed: to whoever asked, to
    those who corrected what is sent again, and to whose time it is; NotPossible where it cannot be done any more.
    """
    row = _waiting(request)
    require(by, Right.APPROVE, row.legal_entity_id)
    members = list(Failure.objects.filter(pk__in=row.failures))
    _require_other(row, members, by)
    if _expired(row, by):
        return row
    maker = User.objects.filter(pk=row.made_by.partition(":")[2], is_active=True).first()
    if maker is None:
        raise NotPossible(f"{row.made_by_name} has no account any more. Refuse it, or do it yourself.")
    with consented():
        try:
            holder, failures = _meant(row)
            VERBS[row.deed](holder, by=maker, failures=failures, **_told(row))
        except NotAllowed as error:
            raise NotPossible(f"{row.made_by_name} may not do this any more: {error}") from error
    return _decided(row, RequestState.APPROVED, by, reason, verb="approve")


@transaction.atomic
def refuse_request(request: ApprovalRequest, *, by: By, reason: str) -> ApprovalRequest:
    """Refuse a request: nothing is done, and whoever asked reads why. Raises NotAllowed and NotPossible."""
    row = _waiting(request)
    require(by, Right.APPROVE, row.legal_entity_id)
    require_other_person(by, *makers((row.made_by, row.made_at)), thing=f"Request {row.number}")
    reason = need_reason(reason, "A refusal")
    return _decided(row, RequestState.REFUSED, by, reason, verb="refuse")


@transaction.atomic
def withdraw_request(request: ApprovalRequest, *, by: By, reason: str = "") -> ApprovalRequest:
    """Take back a request of one's own. Raises NotAllowed and NotPossible."""
    row = _waiting(request)
    require(by, RIGHTS[row.deed], row.legal_entity_id)
    if as_actor(by).reference != row.made_by:
        raise NotPossible(f"Request {row.number} is {row.made_by_name}'s to take back. You may refuse it instead.")
    return _decided(row, RequestState.WITHDRAWN, by, reason, verb="withdraw")


def expire_overtaken(limit: int = 200) -> int:
    """End the requests whose members have changed since they were asked for, at most so many; return how many.

    For the sweep. All that wait are looked at, some at a time: an old one that many others came after ends, too.
    """
    waiting = ApprovalRequest.objects.filter(state=RequestState.WAITING).order_by("number")
    overtaken: list[int] = []
    after = 0
    while len(overtaken) < limit and (some := list(waiting.filter(number__gt=after)[:AT_ONCE])):
        after = some[-1].number
        now = {row[0]: row for row in standing([id_ for each in some for id_ in each.failures])}
        overtaken += [
            each.pk for each in some if changes(each.stood, [now[str(id_)] for id_ in each.failures if str(id_) in now])
        ]
    ended = 0
    for number in overtaken[:limit]:
        with transaction.atomic():
            rows = ApprovalRequest.objects.select_for_update(of=("self",), skip_locked=True)
            row = rows.filter(pk=number, state=RequestState.WAITING).select_related("item").first()
            ended += row is not None and _expired(row, None)
    return ended


def _waiting(request: ApprovalRequest) -> ApprovalRequest:
    rows = ApprovalRequest.objects.select_for_update(of=("self",)).select_related("item", "legal_entity")
    row = rows.get(pk=request.pk)
    if row.state != RequestState.WAITING:
        who = f" by {row.decided_by_name}" if row.decided_by_name else ""
        raise NotPossible(f"It is decided already: {row.get_state_display()}{who}.")
    return row


def _require_other(row: ApprovalRequest, members: list[Failure], by: User) -> None:
    found = submitters.of_failures([each.pk for each in members])
    people = submitters.correctors(found) if row.deed == Deed.RESUBMIT else []
    require_other_person(by, *makers((row.made_by, row.made_at)), *people, thing=f"Request {row.number}")
    submitters.refuse(by, found)


def _meant(row: ApprovalRequest) -> tuple[WorkItem, list[UUID]]:
    """Return what a request is about as its verb was asked: the cause of its members where they have but one."""
    found = parts.by_failures(row.item, row.failures)
    return found[0] if len(found) == 1 else (row.item, list(row.failures))


def _expired(row: ApprovalRequest, by: "By | None") -> bool:
    """End a request whose members are not what they were; return whether it was."""
    told = changes(row.stood, standing(row.failures))
    if not told:
        return False
    reason = f"{', '.join(told)} since it was asked for. Ask anew for what is to be done still."
    _decided(row, RequestState.EXPIRED, by or ENGINE, reason, verb="expire")
    return True


def _told(row: ApprovalRequest) -> dict[str, Any]:
    reason = f"{row.reason} (request {row.number})"
    return {**row.typed, "reason": reason}


def _decided(row: ApprovalRequest, state: RequestState, by: By, reason: str, *, verb: str) -> ApprovalRequest:
    actor = as_actor(by)
    row.state, row.decided_by, row.decided_by_name = state, actor.reference, actor.name[:200]
    row.decided_at, row.decided_reason = timezone.now(), reason.strip()
    row.save(update_fields=["state", "decided_by", "decided_by_name", "decided_at", "decided_reason"])
    said = f"request {row.number} {state.label}{': ' + reason.strip() if reason.strip() else ''}"
    item = WorkItem.objects.select_for_update(of=("self",)).get(pk=row.item_id)
    others = item.approval_requests.filter(state=RequestState.WAITING).exists()
    back = item.state == State.PENDING_APPROVAL and item.waiting_on == WAITED_FOR and not others
    if back and not waits_for_consent(item):
        WorkItem.objects.filter(pk=item.pk).update(waiting_on="")
    note(item, by=by, verb=f"request {state}", reason=said, to=State.IN_PROGRESS if back else None)
    audit.record(
        by=by, verb=verb, thing=row, before={"state": RequestState.WAITING.value}, after={"state": state.value},
        reason=reason, legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row
