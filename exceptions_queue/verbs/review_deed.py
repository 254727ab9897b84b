"""A second person's word on what was done in emergency mode: they confirm it, or object to it, with a note."""

from django.db import transaction
from django.utils import timezone

from exceptions_queue import undoing
from exceptions_queue.models import EmergencyDeed, Review
from exceptions_queue.moving import note as write_history
from exceptions_queue.verbs.members import NotPossible, need_reason
from governance import audit
from governance.actor import as_actor
from governance.models import User
from governance.rights import Right, require, require_other_person
from governance.same_person import makers
from routes import submitters


@transaction.atomic
def confirm_deed(deed: EmergencyDeed, *, by: User, note: str) -> EmergencyDeed:
    """Say that a deed was right. Raises NotAllowed, also to whoever did it, and NotPossible."""
    return _reviewed(deed, Review.CONFIRMED, by, note)


@transaction.atomic
def object_to_deed(deed: EmergencyDeed, *, by: User, note: str) -> EmergencyDeed:
    """Say that a deed was wrong: its exception says so. It undoes nothing: `undoing` tells what stands and can be.

    Raises NotAllowed, also to whoever did it, and NotPossible.
    """
    return _reviewed(deed, Review.OBJECTED, by, note)


def _reviewed(deed: EmergencyDeed, word: Review, by: User, note: str) -> EmergencyDeed:
    row = EmergencyDeed.objects.select_for_update(of=("self",)).select_related("emergency", "item").get(pk=deed.pk)
    require(by, Right.APPROVE, row.legal_entity_id)
    opened = makers((row.emergency.opened_by, row.emergency.opened_at), (row.emergency.opened_by, row.made_at))
    require_other_person(by, *opened, thing=f"Deed {row.number} in emergency mode")
    submitters.refuse(by, undoing.records_of(row))
    note = need_reason(note, "A review")
    if row.review != Review.WAITING:
        raise NotPossible(f"It is reviewed already: {row.get_review_display()} by {row.reviewed_by_name}.")
    row.review, row.note, row.reviewed_at = word, note, timezone.now()
    row.reviewed_by, row.reviewed_by_name = as_actor(by).reference, as_actor(by).name[:200]
    row.save(update_fields=["review", "note", "reviewed_at", "reviewed_by", "reviewed_by_name"])
    write_history(row.item, by=by, verb=f"review: {word.label}", reason=f"{str(row).capitalize()} {word.label}: {note}")
    verb = "confirm_deed" if word is Review.CONFIRMED else "object_to_deed"
    audit.record(
        by=by, verb=verb, thing=row, before={"review": Review.WAITING.value}, after={"review": word.value}, reason=note,
        legal_entity=row.legal_entity_id,
    )  # fmt: skip
    return row
