"""Looking up at the target whether what members wait for is there by now, and letting go on what waited."""

from django.db import transaction

from exceptions_queue import naming, releasing, words
from exceptions_queue.models import Release, RootCause, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible
from governance.actor import By
from governance.rights import Right, require
from mappings import cross_references
from routes import asking_for_parents


def look_up_parent(item: WorkItem, *, by: By, reason: str = "") -> Release:
    """Ask the item's system for the record that its members wait for; where it is there, keep the link and release.

    Raises NotAllowed, mappings.cross_references.ReferenceConflict, and NotPossible with what the system said.
    """
    require(by, Right.EDIT_TABLES, item.legal_entity_id)
    connection = item.connection
    if not (item.table and item.table_key and connection and item.is_open):
        raise NotPossible("This waits for no record of another system. Choose another remedy.")
    name = naming.beginning(connection, by)
    to = asking_for_parents.place(connection.pk, item.table)
    if to is None:
        raise NotPossible(f"{name} cannot be asked for that by our key. Look there, and link it by its id.")
    key, what = "/".join(item.table_key), words.missing(item)
    try:
        found = asking_for_parents.ask(connection, to, key)
    except asking_for_parents.NoAnswer as error:
        raise NotPossible(naming.without_systems(str(error), item, by)) from error
    if not found.found or not found.external_id:
        with transaction.atomic():
            note(item, by=by, verb="looked up", reason=f"{what} is not there yet. {reason}".strip())
        raise NotPossible(f"{name} has no {what} under this key yet. Have it set up there, then look again.")
    new = cross_references.NewReference(
        connection.pk, item.table, key, found.external_id, item.legal_entity_id, found.reference or ""
    )
    with transaction.atomic():
        cross_references.upsert([new], by=by)
        WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.TARGET)
        return releasing.ask(item, by=by, reason=reason or f"{what} was found there", cause_gone=True)
