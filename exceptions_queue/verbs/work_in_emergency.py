"""Opening emergency mode for oneself, and ending it before its time."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from exceptions_queue import emergencies
from exceptions_queue.models import Emergency
from exceptions_queue.models.emergency import LONGEST
from exceptions_queue.verbs.members import NotPossible, WrongValue, need_reason
from governance import audit
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.rights import Right, require

HOURS = LONGEST // timedelta(hours=1)


@transaction.atomic
def open_emergency(*, by: User, legal_entity: LegalEntity, reason: str, hours: int) -> Emergency:
    """Open emergency mode for oneself in a company, for a number of whole hours.

    Raises NotAllowed, and NotPossible for hours out of bounds, where it is open already, or where something that they
    did in an earlier one is overdue for its review.
    """
    require(by, Right.EDIT_ANY, legal_entity)
    reason = need_reason(reason, "Emergency mode")
    if not 1 <= hours <= HOURS:
        raise WrongValue(
            f"Emergency mode lasts 1 to {HOURS} hours. Choose one of them; it can be ended earlier.",
            at="hours", accepted=f"1 to {HOURS}",
        )  # fmt: skip
    User.objects.select_for_update(of=("self",)).get(pk=by.pk)  # two at once would both be the first
    if (now := emergencies.in_force(by, legal_entity.pk)) is not None:
        raise NotPossible(f"You work in {now} for {legal_entity.code} already, until {now.until:%H:%M} UTC.")
    if overdue := emergencies.overdue_of(by, legal_entity.pk):
        raise NotPossible(
            f"{overdue:,} of what you did in emergency mode before should be reviewed by now, and is not. Ask a "
            f"controller of {legal_entity.code} to review it first."
        )
    opened = timezone.now()
    row = Emergency.objects.create(
        legal_entity=legal_entity, opened_by=as_actor(by).reference, opened_by_name=as_actor(by).name[:200],
        opened_at=opened, until=opened + timedelta(hours=hours), reason=reason,
    )  # fmt: skip
    _show_until(by)
    audit.record(
        by=by, verb="open_emergency", thing=row, after={"until": row.until}, reason=reason, legal_entity=legal_entity
    )
    return row


@transaction.atomic
def end_emergency(emergency: Emergency, *, by: User, reason: str = "") -> Emergency:
    """End one's emergency mode before its time; return it. Raises NotAllowed, and NotPossible where it has ended."""
    row = Emergency.objects.select_for_update(of=("self",)).get(pk=emergency.pk)
    require(by, Right.VIEW, row.legal_entity_id)  # whoever has lost the other right may still end it
    if row.opened_by != as_actor(by).reference:
        raise NotPossible(
            f"It is {row.opened_by_name}'s to end. An operator can take the role Emergency mode from them."
        )
    if row.ended_at is not None or row.until <= timezone.now():
        raise NotPossible(f"It has ended already, at {min(row.ended_at or row.until, row.until):%H:%M} UTC.")
    row.ended_by, row.ended_at = as_actor(by).reference, timezone.now()
    row.save(update_fields=["ended_by", "ended_at"])
    _show_until(by)
    audit.record(by=by, verb="end_emergency", thing=row, reason=reason, legal_entity=row.legal_entity_id)
    return row


def _show_until(by: User) -> None:
    """Keep with the account until when its pages show the banner."""
    mine = Emergency.objects.filter(opened_by=as_actor(by).reference, ended_at=None, until__gt=timezone.now())
    by.emergency_until = mine.aggregate(last=Max("until"))["last"]
    User.objects.filter(pk=by.pk).update(emergency_until=by.emergency_until)
