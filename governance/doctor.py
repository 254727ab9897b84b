"""What the doctor looks at in governance: that somebody can give roles, and that what is due was published."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from governance.models import State, User, Version
from governance.models.version import PUT_INTO_ROWS
from governance.roles import Right, roles_with

Wrong = tuple[str, str, str]  # thing, cause, remedy
LATE = timedelta(minutes=10)  # after which a version should long be in force


def somebody_gives_roles() -> Iterator[Wrong]:
    """Somebody can give roles."""
    able = Q(is_superuser=True) | Q(grants__role__in=roles_with(Right.MANAGE_USERS))
    if User.objects.exists() and not User.objects.filter(able, is_active=True, password_set_by="").exists():
        yield (
            "Nobody who can sign in may give roles",
            "the accounts that could are switched off, or wait for somebody to vouch for their password.",
            "Make one: .venv/bin/python manage.py createsuperuser",
        )


LATE_MAPPING = (
    "the clock (beat) or the worker of its lane does not run.",
    "Start them; it is published within a minute. Or publish it on the mapping's page.",
)
LATE_CHANGE = (
    "the clock (beat) does not run, or something keeps it from being put in force: its page under Changes says what.",
    "Start the clock; or take the change back, mend it, and send it in again.",
)


def published_in_time() -> Iterator[Wrong]:
    """What was to be published by now is in force."""
    late = Version.objects.filter(state=State.APPROVED, publish_at__lt=timezone.now() - LATE).order_by("publish_at")
    for version in late[:10]:
        yield (
            f"The {version} was to be published on {version.publish_at:%Y-%m-%d at %H:%M} UTC",
            *(LATE_CHANGE if version.kind in PUT_INTO_ROWS else LATE_MAPPING),
        )


CHECKS = (somebody_gives_roles, published_in_time)
