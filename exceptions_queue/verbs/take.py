"""Taking an item: from now on it is somebody's."""

from exceptions_queue.models import WorkItem
from exceptions_queue.verbs.assign import assign
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.models import User
from governance.rights import Right, require


def take(item: WorkItem, *, by: By, was: str | None = None) -> WorkItem:
    """Make somebody the one who works on an item; see `assign`. Raises NotAllowed and NotPossible."""
    require(by, Right.WORK_QUEUE, item.legal_entity_id)
    if not isinstance(by, User):
        raise NotPossible("Only a person can take an item.")
    return assign(item, by=by, to=by, was=was)
