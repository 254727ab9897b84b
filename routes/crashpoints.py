"""Named points between a commit and an outside call, at which a test makes the process die.

`THROUGHLINE_DIE_AT=deliver.after_claim` kills the process with SIGKILL the first time it gets there, `…:3` the third
time. In a real installation the variable is not set and a point costs one comparison.
"""

import os
import signal

POINTS = {
    "receive.before_commit": "a page is worked out, nothing is stored",
    "receive.after_commit": "a page and its cursor are stored, the next is not fetched",
    "intake.after_commit": "a pushed event is stored, its sender has no answer",
    "deliver.before_claim_commit": "effects are written in an open commit",
    "deliver.after_claim": "effects are written down, nothing is marked as sent",
    "deliver.after_mark_sent": "effects are marked as sent, no byte has left",
    "deliver.after_send": "the target has answered, nothing is stored of it",
    "deliver.before_settle_commit": "the outcomes are in an open commit",
    "deliver.after_settle": "the outcomes are stored, the next batch is not claimed",
    "ask.before_question": "an outcome is unknown, the target is not asked",
    "ask.after_answer": "the target has answered the question, nothing is stored of it",
}

_wanted, _, _count = os.environ.get("THROUGHLINE_DIE_AT", "").partition(":")
_left = int(_count or "1")


def point(name: str) -> None:
    """Die here if a test asked for it."""
    global _left
    if name != _wanted:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
