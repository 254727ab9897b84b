"""Taking a correction back: what the source says counts again, from its next version on or once it is sent again."""

from exceptions_queue.verbs.members import NotPossible
from governance.models import User
from routes import overlay_endings
from routes.models import Overlay


def take_back(correction: Overlay, *, by: User, reason: str) -> Overlay:
    """Take a correction back. What stands at targets stays there. Raises NotAllowed and NotPossible."""
    try:
        return overlay_endings.withdraw(correction.pk, by=by, reason=reason)
    except ValueError as error:
        raise NotPossible(str(error)) from error
