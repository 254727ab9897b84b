"""Telling which id a record has in the other system, when it exists there already."""

from django.db import transaction

from exceptions_queue import releasing
from exceptions_queue.models import Release, RootCause, WorkItem
from exceptions_queue.verbs.members import NotPossible, WrongValue
from governance.actor import By
from governance.rights import Right, require
from mappings import cross_references


@transaction.atomic
def add_cross_reference(item: WorkItem, *, by: By, external_id: str, reference: str = "", reason: str = "") -> Release:
    """Link the record that an item waits for to its id at the connection, and let go on what waited.

    Raises NotAllowed, mappings.cross_references.ReferenceConflict, and NotPossible.
    """
    require(by, Right.EDIT_TABLES, item.legal_entity_id)
    if not (item.table and item.table_key and item.connection_id):
        raise NotPossible("This waits for no record of another system. Choose another remedy.")
    if not external_id.strip():
        raise WrongValue(
            "An id is needed: the one that the other system gives the record.",
            at="external_id", accepted="the id of the record there",
        )  # fmt: skip
    key = "/".join(item.table_key)
    new = cross_references.NewReference(
        item.connection_id, item.table, key, external_id.strip(), item.legal_entity_id, reference.strip()
    )
    there = cross_references.standing(new)
    if there is not None and there.external_id != new.external_id:
        raise NotPossible("It is linked to another id by now. Load the page again: what waits goes on with that.")
    cross_references.upsert([new], by=by)
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.MAPPING)
    return releasing.ask(
        item, by=by, reason=reason or f"{item.table} {key} is {external_id.strip()} there", cause_gone=True
    )
