"""Emergency mode as it counts now: whose is in force where, which of their deeds wait for a review, and until when.

A mode is in force for whoever opened it, in its company, until its time, as long as nobody has ended it and they still
have the right. Nothing else is read for that: neither the banner's time nor what a page was made with.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from exceptions_queue.models import Emergency, EmergencyDeed, Review
from governance import calendars
from governance.actor import By, as_actor
from governance.models import LegalEntity, User
from governance.rights import Right, allowed
from governance.same_person import counted_as, written_by
from governance.scoping import EntityScopedQuerySet, entity_ids
from governance.working_time import NeverOpen


def in_force(by: By, legal_entity: int) -> Emergency | None:
    """Return somebody's emergency mode in a company; None where they have none now. One query, or a few."""
    row = _open(by).filter(legal_entity=legal_entity).first()
    return row if row is not None and allowed(by, Right.EDIT_ANY, legal_entity) else None


def in_force_here(user: User, legal_entity: int) -> Emergency | None:
    """Return somebody's mode in a company, as pages ask for it. No query where they work in none."""
    now = timezone.now()
    return in_force(user, legal_entity) if user.emergency_until and user.emergency_until > now else None


def open_ones(user: User) -> Sequence[Emergency]:
    """Return the emergency modes that somebody works in now, with their companies."""
    rows = _open(user).select_related("legal_entity")
    return [row for row in rows if allowed(user, Right.EDIT_ANY, row.legal_entity_id)]


def _open(by: By) -> EntityScopedQuerySet[Emergency]:
    rows = Emergency.objects.filter(opened_by=as_actor(by).reference, ended_at=None, until__gt=timezone.now())
    return rows.order_by("-until")


def of_form(by: By, number: str, legal_entity: int) -> str:
    """Return why what a form was made with counts no more, in words; "" where it does, or it was made without.

    `number` is that of the emergency mode in which the form was shown, "" for none.
    """
    if not number:
        return ""
    now = in_force(by, legal_entity)
    if now is not None:
        return ""
    mine = Emergency.objects.filter(opened_by=as_actor(by).reference, legal_entity=legal_entity)
    row = mine.filter(pk=int(number)).first() if number.isascii() and number.isdigit() and len(number) < 19 else None
    if row is None:
        return "This form was made in an emergency mode that is not yours. Nothing was done: load the page again."
    at = min(row.ended_at or row.until, row.until)
    how = f"ended at {at:%H:%M} UTC" if at <= timezone.now() else "counts no more: you have lost the right to it"
    return (
        f"Your emergency mode {how}. Nothing was done, and what you typed stands here. Press the button again to do it "
        "as usual, by a second person where one is asked for, or open emergency mode anew."
    )


def review_by(legal_entity: LegalEntity, done: datetime) -> datetime:
    """Return until when a deed has to be reviewed: the end of the company's next business day, in UTC.

    One that is never open again reviews it by the end of the next day.
    """
    works = calendars.working_time(legal_entity)
    day = done.astimezone(works.zone).date()
    try:
        return works.opening(works.next_business_day(day))[1]
    except NeverOpen:
        return works.opening(day + timedelta(days=1))[1]


def overdue_of(by: By, legal_entity: int) -> int:
    """Return how many deeds of somebody in a company should have been reviewed by now, and are not. One query."""
    rows = EmergencyDeed.objects.filter(legal_entity=legal_entity, emergency__opened_by=as_actor(by).reference)
    return rows.filter(review=Review.WAITING, review_by__lte=timezone.now()).count()


def to_review(user: User) -> Sequence[EmergencyDeed]:
    """Return what waits for somebody's review, what is due first. One query, beside those for the rights."""
    if entity_ids(user, Right.APPROVE) == frozenset():
        return []
    rows = waiting_for(user, sorted(counted_as(user))).select_related("legal_entity", "item", "emergency")
    return list(rows.order_by("review_by", "number")[:100])


def waiting_for(user: User, mine: Collection[str]) -> EntityScopedQuerySet[EmergencyDeed]:
    """Return what waits for somebody's review; `mine` are the references that count as theirs."""
    rows = EmergencyDeed.objects.visible_to(user, Right.APPROVE).filter(review=Review.WAITING)
    begun = written_by(mine, "emergency__opened_by", "emergency__opened_at")
    return rows.exclude(begun | written_by(mine, "emergency__opened_by", "made_at"))
