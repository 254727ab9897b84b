"""Asking the target of writes in doubt whether it has them. What it has is posted; nothing is sent."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from exceptions_queue.models import State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, chosen, transactions
from governance import audit
from governance.actor import By
from governance.rights import Right, require
from routes import finding_out
from routes.finding_out import Told

LIMIT = 20  # members that are asked for while somebody waits
NAMED = 5  # of which it is told what was found


def ask_target(item: WorkItem, *, by: By, reason: str = "", failures: Collection[UUID] | None = None) -> list[Told]:
    """Ask for all members, or the chosen ones, and return what was found of each. Raises NotAllowed and NotPossible.

    Not in one commit: the target takes its time, and what it has said of one stays, whatever it says of the next.
    """
    require(by, Right.RESUBMIT, item.legal_entity_id)
    members = chosen(item, failures, limit=LIMIT)
    found = finding_out.ask(transactions(members), by=by)
    if not found:
        raise NotPossible("None of these is in doubt any more. Load the page again.")
    with transaction.atomic():
        note(item, by=by, verb="target asked", reason=f"{said(found)} {reason}".strip(), to=State.IN_PROGRESS)
        audit.record(
            by=by, verb="ask", thing=item, after={"asked": len(found), "settled": sum(each.settled for each in found)},
            reason=reason, legal_entity=item.legal_entity_id,
        )  # fmt: skip
    return found


def said(found: list[Told]) -> str:
    """Return what was found, in words: "TE-1: it is there as LR-4, and posted"."""
    told = "; ".join(f"{each.key}: {each.words}" for each in found[:NAMED])
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"{told}{more}."
