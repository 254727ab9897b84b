"""Entering anew what the item's system has refused, so that everything that waits for it goes on."""

from collections.abc import Mapping

from django.db import transaction

from canonical.failure import Category
from connectors import sign_in_again
from exceptions_queue.models import RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.rights import Right, require
from routes import pausing_by_hand


def renew_sign_in(item: WorkItem, *, by: By, typed: Mapping[str, str], reason: str = "") -> str:
    """Keep another sign-in of the item's connection once its system has accepted it; return what that said.

    What waits goes on with the next request that works, in order. `typed` are answers by the question's name. Raises
    NotAllowed, NotPossible, governance.second_person.NeedsSecondPerson and connectors.sign_in_again.NotRenewed.
    """
    require(by, Right.EDIT_CONFIGURATION, item.legal_entity_id)
    if item.connection is None or item.category != Category.CREDENTIALS or not item.is_open:
        raise NotPossible("No sign-in is refused here any more. Load the page again.")
    said = sign_in_again.renew(item.connection, by=by, typed=typed, reason=reason)
    with transaction.atomic():
        pausing_by_hand.wake(item.connection)
        WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.MAPPING)
        note(item, by=by, verb="sign-in renewed", reason=f"{said} {reason}".strip(), to=State.IN_PROGRESS)
    return said
