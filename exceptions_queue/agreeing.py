"""Who may agree to a change of configuration: asked for the overview, answered by whoever knows the things."""

from collections.abc import Callable

from governance.models import User, Version

ASKED: list[Callable[[Version, User], bool]] = []  # filled when Django starts


def may_agree(version: Version, user: User) -> bool:
    """Return whether somebody may be the second person for a change at every company that it concerns."""
    return all(answer(version, user) for answer in ASKED)
