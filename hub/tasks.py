"""What the clock starts that belongs to no single app. A few lines each: the verbs are in the apps."""

import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from governance import due
from hub import trail


@shared_task(ignore_result=True)
def publish_due() -> None:
    """Put in force what was approved to be published by now."""
    from hub.changes import publishing  # with the forms of what it puts in force, which few programs need

    try:
        due.publish_due()
    finally:  # what is wrong with the ones keeps the others from nothing
        publishing.publish_due()


@shared_task(ignore_result=True)
def note_audit_head() -> None:
    """Verify the audit trail and note its head outside of the database."""
    trail.note()


@shared_task(ignore_result=True)
def forget_what_the_api_kept() -> None:
    """Forget counts of past minutes, answers that nobody asks for again, and tokens that count no more."""
    # Loaded by those who run this, and not by every program that knows the tasks: they bring all of the API along.
    from oauth2_provider.models import clear_expired

    from governance.api import limits, repeats

    limits.forget(int(time.time()) // limits.WINDOW - 1)
    repeats.forget(timezone.now() - timedelta(days=repeats.KEPT_DAYS))
    clear_expired()
