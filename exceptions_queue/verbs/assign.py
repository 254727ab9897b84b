"""Giving an item to somebody, giving it back to its team, and leaving it to the routing rules again.

What a person decides about whose an item is, no rule overrides: it is written down who did.
"""

from django.db import transaction
from django.utils import timezone

from exceptions_queue import routing
from exceptions_queue.models import State, WorkItem, WorkItemEvent
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, WrongValue, need_reason
from governance import audit
from governance.actor import By, as_actor, names
from governance.models import User
from governance.rights import Right, allowed, require


@transaction.atomic
def assign(item: WorkItem, *, by: By, to: User, reason: str = "", was: str | None = None) -> WorkItem:
    """Make an item somebody's; by oneself it is begun with at once.

    `was` is whose the item was when its page was made (an actor's reference, "" for nobody's); None asks nothing.
    Raises NotAllowed, and NotPossible when somebody else has it meanwhile, or when `to` may not work on it.
    """
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    person = as_actor(to)
    if not allowed(to, Right.WORK_QUEUE, item.legal_entity_id):
        raise WrongValue(
            f"{person.name} may not work on items of {item.legal_entity}. Choose somebody who may.",
            at="to", accepted="somebody who may work there",
        )  # fmt: skip
    row = locked(item)
    if was is not None and row.assignee not in (was, person.reference):
        has_it = f"{names([row.assignee])[row.assignee]} has it" if row.assignee else "It was given back"
        raise NotPossible(f"{has_it} since you opened this page. Load the page again, and decide anew.")
    own = as_actor(by).reference == person.reference
    said = f"{person.name} works on it" if own else f"given to {person.name}"
    to_state = _begun(row) if own else State.TRIAGED if row.state == State.NEW else None
    row = note(row, by=by, verb="taken" if own else "given", reason=_with(said, reason), to=to_state)
    return _keep(row, person.reference, by=by, verb="take" if own else "assign", reason=reason)


@transaction.atomic
def hand_back(item: WorkItem, *, by: By, reason: str) -> WorkItem:
    """Leave an item to those who look at it first. Raises NotAllowed and NotPossible."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    reason = need_reason(reason, "Giving an item back")
    row = locked(item)
    if not row.assignee:
        raise NotPossible("Nobody has taken this item, so it cannot be given back.")
    to = State.TRIAGED if row.state == State.IN_PROGRESS else None
    row = note(row, by=by, verb="given back", reason=f"left to {row.owner}: {reason}", to=to)
    return _keep(row, "", by=by, verb="hand back", reason=reason)


@transaction.atomic
def leave_to_rules(item: WorkItem, *, by: By, reason: str = "") -> WorkItem:
    """Let the routing rules decide anew whose an item is, whoever has it now. Raises NotAllowed and NotPossible."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    row = locked(item)
    before = {"assignee": row.assignee, "team": row.owner}
    row.assignee = row.placed_by = ""
    row.routed_rule, row.routed_at = None, None
    events = routing.route([row], timezone.now())
    row = note(row, by=by, verb="left to the rules", reason=reason.strip() or row.routed_why)
    WorkItemEvent.objects.bulk_create(events)
    audit.record(
        by=by, verb="leave to rules", thing=row, before=before, reason=reason,
        after={"assignee": row.assignee, "team": row.owner}, legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row


def locked(item: WorkItem) -> WorkItem:
    """Return an open item as it stands now, locked. Raises NotPossible once it is resolved."""
    row = WorkItem.objects.select_for_update(of=("self",)).select_related("legal_entity").get(pk=item.pk)
    if not row.is_open:
        raise NotPossible("The item is resolved, so nothing is left to be done. Open it again if that was wrong.")
    return row


def _begun(row: WorkItem) -> State | None:
    return State.IN_PROGRESS if row.state in (State.NEW, State.TRIAGED) else None


def _with(said: str, reason: str) -> str:
    return f"{said}: {reason.strip()}" if reason.strip() else said


def _keep(row: WorkItem, reference: str, *, by: By, verb: str, reason: str) -> WorkItem:
    before, row.assignee, row.placed_by = row.assignee, reference, as_actor(by).reference
    row.save(update_fields=["assignee", "placed_by"])
    audit.record(
        by=by, verb=verb, thing=row, before={"assignee": before}, after={"assignee": reference}, reason=reason,
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row
