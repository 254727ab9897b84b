"""Correcting a field of members as an overlay: the source stays as it is, the hub remembers and compares."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from canonical.entities import ENTITIES
from canonical.entity import Field, Kind
from canonical.masking import may_see
from exceptions_queue.models import RootCause, State, WorkItem
from exceptions_queue.moving import note
from exceptions_queue.verbs.members import NotPossible, chosen, need_reason, records, transactions
from governance import audit
from governance.models import User
from governance.rights import Right, allowed_masks, require
from routes import overlays, reprocess

LIMIT = 200  # members of one correction: each has its own source value to remember


def correctable(item: WorkItem, by: User) -> list[Field]:
    """Return the fields that somebody may correct here: no part of the key, nothing that is hidden from them."""
    entity = ENTITIES.get(item.entity)
    if entity is None:
        return []
    masks = allowed_masks(by, item.legal_entity_id)
    return [
        f for f in entity.fields
        if f.name not in entity.key and f.kind is not Kind.LINES and may_see(entity, f.name, masks)
    ]  # fmt: skip


@transaction.atomic
def correct_field(
    item: WorkItem, *, by: User, field: str, value: str, reason: str, failures: Collection[UUID] | None = None
) -> int:
    """Correct a field of all members, or of the chosen ones, and send them again; return how many went on.

    Raises NotAllowed, and NotPossible with the accepted form when the value does not fit the field.
    """
    require(by, Right.EDIT_OVERLAY, item.legal_entity_id)
    reason = need_reason(reason, "A correction")
    spec = next((f for f in correctable(item, by) if f.name == field), None)
    if spec is None:
        raise NotPossible("This field cannot be corrected here. Choose one of those that are offered.")
    members = chosen(item, failures, limit=LIMIT)
    corrected = [m.record_id for m in members if m.record_id]
    if not corrected:
        raise NotPossible("This holds no records, so there is no field to correct. Choose another remedy.")
    try:
        for record in corrected:
            overlays.correct(record=record, field=field, value=value, reason=reason, by=by)
    except ValueError as error:
        raise NotPossible(str(error)) from error
    told = f"{field.replace('_', ' ')} of {len(corrected):,} corrected to {value}: {reason}"
    # Records first: like a page, they enter keys before they hold any head.
    again = reprocess.records(records(members), by=by, reason=told, how="fixed")
    went_on = reprocess.transactions(transactions(members), by=by, reason=told, how="fixed")
    WorkItem.objects.filter(pk=item.pk).update(root_cause=RootCause.TRANSACTION)
    note(item, by=by, verb="corrected", reason=told, to=State.IN_PROGRESS)
    audit.record(
        by=by, verb="correct", thing=item, after={field: value}, reason=reason, legal_entity=item.legal_entity_id
    )
    return len(went_on) + len(again)
