"""What an earlier configuration leaves out: work that stops with it, and goes on with the one of now."""

from collections.abc import Sequence
from uuid import UUID

from exceptions_queue.trying import Outcome, Trial, tries
from governance.models import User
from routes.chosen_configuration import Configuration
from routes.models import Failure
from routes.worked_out import Start

PASSES = (Outcome.WILL_SEND, Outcome.ALREADY_THERE, Outcome.NEEDS_APPROVAL, Outcome.LEFT_OUT)
STOPS = (Outcome.STILL_INVALID, Outcome.INCOMPATIBLE)
PUT_RIGHT_SINCE = "As it is now it would go on: what was put right since does not count in what was chosen."


def put_right_since(found: Sequence[Trial], *, by: User, start: Start, configuration: Configuration) -> set[UUID]:
    """Return the failures that would stop with a chosen configuration, and go on with that of now.

    No query where that of now was chosen or nothing stops; else those of a dry run. Raises NotAllowed.
    """
    stopped = [trial.failure for trial in found if trial.outcome in STOPS]
    if configuration == "now" or not stopped:
        return set()
    now = tries(Failure.objects.filter(pk__in=stopped), by=by, start=start, brief=True)
    return {trial.failure for trial in now if trial.outcome in PASSES}
