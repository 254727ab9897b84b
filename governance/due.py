"""Publishes versions whose time has come, and says of one that is not published then why."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from governance import elsewhere
from governance.actor import By
from governance.models import State, Version
from governance.models.version import PUT_INTO_ROWS
from governance.rights import NotAllowed
from governance.versions import WrongState, publish_due_one

LATE = timedelta(minutes=10)  # after which a version should long be in force
STANDS_STILL = "The clock (beat) or the worker of its lane does not run. An operator starts them."
log = logging.getLogger("throughline.governance")


def publish_due(*, now: datetime | None = None) -> list[Version]:
    """Publish every approved version whose time has come, each in a transaction of its own; not what stands in rows.

    One that may not be as things are by then waits, and is tried again.
    """
    found = []
    for version in Version.objects.due(now or timezone.now()).exclude(kind__in=PUT_INTO_ROWS):
        try:
            done = publish_due_one(version)
        except (WrongState, NotAllowed) as wrong:
            log.warning("not published in time", extra={"version": str(version.pk), "reason": type(wrong).__name__})
            continue
        if done is not None:
            found.append(done)
    return found


def why_late(version: Version, *, by: By) -> str:
    """Return in a reader's words why a version is not in force though its time has come; "" where it is not late."""
    if version.state != State.APPROVED or version.publish_at is None or version.publish_at > timezone.now() - LATE:
        return ""
    try:
        elsewhere.refuse_half_approved(version, by)
    except WrongState as refused:
        return str(refused)
    return STANDS_STILL
