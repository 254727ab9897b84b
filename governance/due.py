"""Publishes versions whose time has come."""

import logging
from datetime import datetime

from django.utils import timezone

from governance.models import Version
from governance.models.version import PUT_INTO_ROWS
from governance.rights import NotAllowed
from governance.versions import WrongState, publish_due_one

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
