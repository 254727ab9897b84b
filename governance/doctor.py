"""What the doctor looks at in governance: that somebody can give roles, and that what is due was published."""

from collections.abc import Iterator

from django.db.models import Q
from django.utils import timezone

from governance.actor import ENGINE, names
from governance.due import LATE, STANDS_STILL, why_late
from governance.models import State, User, Version
from governance.models.version import PUT_INTO_ROWS
from governance.roles import Right, roles_with

Wrong = tuple[str, str, str]  # thing, cause, remedy


def somebody_gives_roles() -> Iterator[Wrong]:
    """Somebody can give roles."""
    able = Q(is_superuser=True) | Q(grants__role__in=roles_with(Right.MANAGE_USERS))
    if User.objects.exists() and not User.objects.filter(able, is_active=True, password_set_by="").exists():
        yield (
            "Nobody who can sign in may give roles",
            "the accounts that could are switched off, or wait for somebody to vouch for their password.",
            "Make one: .venv/bin/python manage.py createsuperuser",
        )


START = "Start them; it is published within a minute. Or publish it on the mapping's page."
ASK = "Show it to {setter}, who has set its time; its page under Mappings says the same."
LATE_CHANGE = (
    "the clock (beat) does not run, or something keeps it from being put in force: its page under Changes says what.",
    "Start the clock; or take the change back, mend it, and send it in again.",
)


def published_in_time() -> Iterator[Wrong]:
    """What was to be published by now is in force."""
    late = Version.objects.filter(state=State.APPROVED, publish_at__lt=timezone.now() - LATE).order_by("publish_at")
    found = list(late[:10])
    people = names([each.scheduled_by or "" for each in found])
    for version in found:
        setter = people[version.scheduled_by or ""]
        yield (
            f"The {version} was to be published on {version.publish_at:%Y-%m-%d at %H:%M} UTC, as {setter} has set it",
            *(LATE_CHANGE if version.kind in PUT_INTO_ROWS else _why(version, setter)),
        )


def _why(version: Version, setter: str) -> tuple[str, str]:
    """Return why a mapping is late, and what to do about it."""
    why = why_late(version, by=ENGINE) or STANDS_STILL
    return why[:1].lower() + why[1:], START if why == STANDS_STILL else ASK.format(setter=setter)


CHECKS = (somebody_gives_roles, published_in_time)
