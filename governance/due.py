"""Publishes versions whose time has come, and says of one that is not published then why."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from governance import elsewhere
from governance.actor import Actor, ActorKind, By, names
from governance.models import State, Version
from governance.models.version import PUT_INTO_ROWS
from governance.rights import NotAllowed, Right, allowed, require
from governance.versions import WrongState, lock_object, publish_due_one

LATE = timedelta(minutes=10)  # after which a version should long be in force
STANDS_STILL = (
    "The clock (beat) or the worker of its lane does not run, or met something unforeseen with it, which its log "
    "tells. An operator starts them, or looks there."
)
log = logging.getLogger("throughline.governance")


class Overtaken(WrongState):  # reads as what happened
    """Something else was put in force, or taken out, since the time of a version was set."""


def publish_due(*, now: datetime | None = None) -> list[Version]:
    """Publish every approved version whose time has come, each in a transaction of its own; not what stands in rows.

    One that may not be as things are by then waits, and is tried again.
    """
    found = []
    for version in Version.objects.due(now or timezone.now()).exclude(kind__in=PUT_INTO_ROWS):
        try:
            done = publish_due_one(version, refuse_unwanted)
        except (WrongState, NotAllowed) as wrong:
            log.warning("not published in time", extra={"version": str(version.pk), "reason": type(wrong).__name__})
            continue
        except Exception:  # what is wrong with one keeps no other from its time
            log.exception("unforeseen while publishing in time", extra={"version": str(version.pk)})
            continue
        if done is not None:
            found.append(done)
    return found


def refuse_unwanted(version: Version) -> None:
    """Raise Overtaken for a version that would take the place of what nobody had in mind when its time was set.

    Raises NotAllowed where whoever has set it may not publish any more.
    """
    require(_setter(version), Right.PUBLISH_CONFIGURATION, version.legal_entity)
    lock_object(version.kind, version.object_key)
    if words := _overtaken(version):
        raise Overtaken(words)


def why_late(version: Version, *, by: By) -> str:
    """Return in a reader's words why a version is not in force though its time has come; "" where it is not late."""
    if version.state != State.APPROVED or version.publish_at is None or version.publish_at > timezone.now() - LATE:
        return ""
    setter = _setter(version)
    if not allowed(setter, Right.PUBLISH_CONFIGURATION, version.legal_entity):
        return f"Whoever has set this time, {setter}, may not publish it any more. Somebody who may sets it once more."
    try:
        elsewhere.refuse_half_approved(version, by)
    except WrongState as refused:
        return str(refused)
    return _overtaken(version) or STANDS_STILL


def _overtaken(version: Version) -> str:
    since = _scheduled_at(version)
    others = Version.objects.of(version.kind, version.object_key).exclude(pk=version.pk)
    unforeseen = [each for each in others.filter(published_at__gt=since) if not _was_planned(each, since)]
    there = others.in_force().first()
    if not unforeseen and (there is not None or not others.filter(retired_at__gt=since).exists()):
        return ""
    stands = f"version {there.number} is in force" if there else "no version is in force any more"
    return (
        f"What version {version.number} would take the place of has changed since its time was set: {stands} now. "
        "Compare the two, then publish it, set its time once more, or take it back."
    )


def _setter(version: Version) -> Actor:
    """Return who has set the time of a version: its publication is theirs."""
    reference = version.scheduled_by or ""
    kind, _, identity = reference.partition(":")
    return Actor(ActorKind(kind), identity, names([reference])[reference])


def _was_planned(other: Version, since: datetime) -> bool:
    """Return whether another version had a time of its own already at a moment, so that it was known to come."""
    return other.publish_at is not None and _scheduled_at(other) <= since


def _scheduled_at(version: Version) -> datetime:
    """Return when the time of a version was set, by its history."""
    rows = version.history.filter(state=State.APPROVED, publish_at=version.publish_at)
    found: datetime | None = rows.order_by("-history_date").values_list("history_date", flat=True).first()
    approved = version.approved_at
    assert approved is not None  # held by the database
    return found or approved
