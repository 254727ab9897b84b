"""Lets an open version go on as one of its thing's new name: which thing a version is of never changes in it."""

from typing import Any

from django.db import transaction

from governance import audit, versions
from governance.actor import By
from governance.models import ProposedSecrets, State, Version
from governance.models.version import content_hash


@transaction.atomic
def go_on_as(
    version: Version, object_key: str, *, content: Any, by: By, based_on: Version | None, reason: str
) -> Version:
    """Make a draft of another name in the place of an open version, by the same people; what was sent in or approved is
    to be sent in anew.

    Asks no right: whoever gave the thing its new name had to be allowed to edit it, and counts for no writer of this.
    """
    row = Version.objects.select_for_update(of=("self",)).get(pk=version.pk)
    versions.lock_object(row.kind, object_key)
    last = Version.objects.of(row.kind, object_key).values_list("number", flat=True).first() or 0
    made = Version.objects.create(
        kind=row.kind, object_key=object_key, number=last + 1, legal_entity=row.legal_entity, content=content,
        content_hash=content_hash(content), note=row.note, author=row.author, contributors=row.contributors,
        based_on=based_on, rolls_back_to=row.rolls_back_to,
    )  # fmt: skip
    _record(made, by, "follow", reason)
    ProposedSecrets.objects.filter(version=row).update(version=made)
    if row.state != State.DRAFT:
        row.submitted_by = row.submitted_at = row.approved_by = row.approved_at = None
        row.scheduled_by = row.publish_at = None
        row.state = State.DRAFT
        row.save()
    _record(row, by, "discard", reason)
    row.delete()
    return made


def _record(row: Version, by: By, verb: str, reason: str) -> None:
    after = {"content_hash": row.content_hash}
    audit.record(by=by, verb=verb, thing=row, after=after, reason=reason, legal_entity=row.legal_entity)
