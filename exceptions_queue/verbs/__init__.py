"""What people do with a work item, a module for each verb.

Every verb asks its right in the item's legal entity, writes the item's history and an audit entry in the same commit,
and raises governance.rights.NotAllowed or NotPossible with words for the person.
"""

from exceptions_queue.verbs.add_cross_reference import add_cross_reference
from exceptions_queue.verbs.add_table_row import add_table_row
from exceptions_queue.verbs.approve import approve
from exceptions_queue.verbs.approve_table_row import approve_table_row
from exceptions_queue.verbs.ask_system import ask_system
from exceptions_queue.verbs.correct_field import correct_field
from exceptions_queue.verbs.correct_table_row import correct_table_row
from exceptions_queue.verbs.decide_unknown import decide_unknown
from exceptions_queue.verbs.members import NotPossible
from exceptions_queue.verbs.move_to_next_period import move_to_next_period
from exceptions_queue.verbs.read_again import read_again
from exceptions_queue.verbs.refuse_table_row import refuse_table_row
from exceptions_queue.verbs.resubmit import resubmit
from exceptions_queue.verbs.take import take
from exceptions_queue.verbs.try_now import try_now
from exceptions_queue.verbs.waive import waive

__all__ = [
    "NotPossible",
    "add_cross_reference",
    "add_table_row",
    "approve",
    "approve_table_row",
    "ask_system",
    "correct_field",
    "correct_table_row",
    "decide_unknown",
    "move_to_next_period",
    "read_again",
    "refuse_table_row",
    "resubmit",
    "take",
    "try_now",
    "waive",
]
