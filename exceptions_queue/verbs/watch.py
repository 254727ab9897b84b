"""Keeping an eye on an item, or not any more."""

from django.db import transaction
from django.utils import timezone

from exceptions_queue.models import WorkItem, WorkItemWatcher
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.models import User
from governance.rights import Right, require


@transaction.atomic
def watch(item: WorkItem, *, by: By, wanted: bool = True) -> bool:
    """Let an item stand in somebody's list of what they watch, or not; return whether that changed anything.

    It is a bookmark of their own and no event in the item's life. Raises NotAllowed and NotPossible.
    """
    require(by, Right.VIEW, item.legal_entity_id)
    if not isinstance(by, User):
        raise NotPossible("Only a person can watch an item.")
    if wanted:
        _, made = WorkItemWatcher.objects.get_or_create(item=item, user=by, defaults={"since": timezone.now()})
        return made
    return bool(WorkItemWatcher.objects.filter(item=item, user=by).delete()[0])
