"""What people do with a work item, a module for each verb.

Every verb asks its right in the item's legal entity, writes the item's history and an audit entry in the same commit,
and raises governance.rights.NotAllowed or NotPossible with words for the person.
"""

from exceptions_queue.verbs.add_cross_reference import add_cross_reference
from exceptions_queue.verbs.add_table_row import add_table_row
from exceptions_queue.verbs.approve import approve
from exceptions_queue.verbs.approve_table_row import approve_table_row
from exceptions_queue.verbs.ask_approval import (
    ask_approval,
    consent,
    expire_overtaken,
    refuse_request,
    withdraw_request,
)
from exceptions_queue.verbs.ask_present import ask_present
from exceptions_queue.verbs.ask_system import ask_system
from exceptions_queue.verbs.ask_target import ask_target
from exceptions_queue.verbs.asking import NeedsApproval, consented
from exceptions_queue.verbs.assign import assign, hand_back, leave_to_rules
from exceptions_queue.verbs.classify import classify
from exceptions_queue.verbs.close import close, reopen
from exceptions_queue.verbs.comment import comment
from exceptions_queue.verbs.correct_field import correct_field
from exceptions_queue.verbs.correct_rows import correct_rows
from exceptions_queue.verbs.correct_table_row import correct_table_row
from exceptions_queue.verbs.decide_unknown import decide_unknown
from exceptions_queue.verbs.fetch_again import fetch_again
from exceptions_queue.verbs.keep_grouping_rule import keep_grouping_rule, remove_grouping_rule
from exceptions_queue.verbs.keep_view import change_view, delete_view, keep_view, share_view
from exceptions_queue.verbs.link_record import link_record
from exceptions_queue.verbs.look_up_parent import look_up_parent
from exceptions_queue.verbs.members import NotPossible
from exceptions_queue.verbs.merge import merge, take_apart
from exceptions_queue.verbs.move_to_next_period import move_to_next_period
from exceptions_queue.verbs.prioritise import leave_to_formula, prioritise
from exceptions_queue.verbs.put_aside import resume, snooze, wait_on
from exceptions_queue.verbs.question import question
from exceptions_queue.verbs.question_deed import question_deed
from exceptions_queue.verbs.read_again import read_again
from exceptions_queue.verbs.refuse_run import refuse_run
from exceptions_queue.verbs.refuse_table_row import refuse_table_row
from exceptions_queue.verbs.renew_sign_in import renew_sign_in
from exceptions_queue.verbs.resubmit import resubmit, resubmit_transactions
from exceptions_queue.verbs.reverse import reverse
from exceptions_queue.verbs.review_deed import confirm_deed, object_to_deed
from exceptions_queue.verbs.send_after_all import send_after_all
from exceptions_queue.verbs.send_back import send_back
from exceptions_queue.verbs.set_order import set_order
from exceptions_queue.verbs.split import split
from exceptions_queue.verbs.tag import tag
from exceptions_queue.verbs.take import take
from exceptions_queue.verbs.take_back import take_back
from exceptions_queue.verbs.tell_source import tell_source
from exceptions_queue.verbs.try_now import try_now
from exceptions_queue.verbs.waive import waive
from exceptions_queue.verbs.waive_rule import waive_rule
from exceptions_queue.verbs.watch import watch
from exceptions_queue.verbs.work_in_emergency import end_emergency, open_emergency
from exceptions_queue.verbs.write_hint import write_hint

__all__ = [
    "NeedsApproval",
    "NotPossible",
    "add_cross_reference",
    "add_table_row",
    "approve",
    "approve_table_row",
    "ask_approval",
    "ask_present",
    "ask_system",
    "ask_target",
    "assign",
    "change_view",
    "classify",
    "close",
    "comment",
    "confirm_deed",
    "consent",
    "consented",
    "correct_field",
    "correct_rows",
    "correct_table_row",
    "decide_unknown",
    "delete_view",
    "end_emergency",
    "expire_overtaken",
    "fetch_again",
    "hand_back",
    "keep_grouping_rule",
    "keep_view",
    "leave_to_formula",
    "leave_to_rules",
    "link_record",
    "look_up_parent",
    "merge",
    "move_to_next_period",
    "object_to_deed",
    "open_emergency",
    "prioritise",
    "question",
    "question_deed",
    "read_again",
    "refuse_request",
    "refuse_run",
    "refuse_table_row",
    "remove_grouping_rule",
    "renew_sign_in",
    "reopen",
    "resubmit",
    "resubmit_transactions",
    "resume",
    "reverse",
    "send_after_all",
    "send_back",
    "set_order",
    "share_view",
    "snooze",
    "split",
    "tag",
    "take",
    "take_apart",
    "take_back",
    "tell_source",
    "try_now",
    "wait_on",
    "waive",
    "waive_rule",
    "watch",
    "withdraw_request",
    "write_hint",
]
