"""What the clock starts that belongs to no single app. A few lines each: the verbs are in the apps."""

from celery import shared_task

from governance import versions
from hub import trail


@shared_task(ignore_result=True)
def publish_due() -> None:
    """Put in force what was approved to be published by now."""
    versions.publish_due()


@shared_task(ignore_result=True)
def note_audit_head() -> None:
    """Verify the audit trail and note its head outside of the database."""
    trail.note()
