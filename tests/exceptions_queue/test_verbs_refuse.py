"""Every verb of the queue is refused to those who lack its right, and then nothing has happened."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from exceptions_queue import verbs
from exceptions_queue.models import WorkItem
from governance.rights import NotAllowed
from routes.models import Transaction
from tests.exceptions_queue.conftest import Staff
from tests.exceptions_queue.situations import zero_hours
from tests.exceptions_queue.test_verbs import verbs_of
from tests.routes.world import World

Make = Callable[..., World]
CALLS: dict[str, Callable[[WorkItem, Any], object]] = {
    "take": lambda item, by: verbs.take(item, by=by),
    "assign": lambda item, by: verbs.assign(item, by=by, to=by),
    "hand_back": lambda item, by: verbs.hand_back(item, by=by, reason="x"),
    "snooze": lambda item, by: verbs.snooze(item, by=by, until=timezone.now(), reason="x"),
    "wait_on": lambda item, by: verbs.wait_on(item, by=by, until=timezone.now(), whom="x"),
    "resume": lambda item, by: verbs.resume(item, by=by),
    "prioritise": lambda item, by: verbs.prioritise(item, by=by, priority=80, reason="x"),
    "leave_to_formula": lambda item, by: verbs.leave_to_formula(item, by=by),
    "set_order": lambda item, by: verbs.set_order(None, by=by),
    "tag": lambda item, by: verbs.tag(item, by=by, names=["x"]),
    "close": lambda item, by: verbs.close(item, by=by, reason="x"),
    "reopen": lambda item, by: verbs.reopen(item, by=by, reason="x"),
    "add_table_row": lambda item, by: verbs.add_table_row(item, by=by, values={}),
    "add_cross_reference": lambda item, by: verbs.add_cross_reference(item, by=by, external_id="1"),
    "approve": lambda item, by: verbs.approve(item, by=by),
    "approve_table_row": lambda item, by: verbs.approve_table_row(item, by=by),
    "ask_target": lambda item, by: verbs.ask_target(item, by=by),
    "fetch_again": lambda item, by: verbs.fetch_again(item, by=by),
    "link_record": lambda item, by: verbs.link_record(
        item, by=by, failures=[item_member(item)], external_id="1", reason="x", difference_seen=True
    ),
    "waive_rule": lambda item, by: verbs.waive_rule(item, by=by, reason="x"),
    "ask_system": lambda item, by: verbs.ask_system(item, by=by),
    "correct_field": lambda item, by: verbs.correct_field(item, by=by, field="hours", value="8", reason="slip"),
    "correct_rows": lambda item, by: verbs.correct_rows(
        item, by=by, rows={item_member(item): {"hours": "8"}}, reason="slip"
    ),
    "correct_table_row": lambda item, by: verbs.correct_table_row(item, by=by, row=1, values={}, reason="slip"),
    "decide_unknown": lambda item, by: verbs.decide_unknown(item, by=by, failure=item_member(item), happened=False),
    "move_to_next_period": lambda item, by: verbs.move_to_next_period(item, by=by, reason="late"),
    "tell_source": lambda item, by: verbs.tell_source(
        item, by=by, reason="x", told_to="Max Berger", told_on=date(2026, 11, 27)
    ),
    "send_back": lambda item, by: verbs.send_back(item, by=by, reason="x"),
    "reverse": lambda item, by: verbs.reverse(item, by=by, reason="x"),
    "read_again": lambda item, by: verbs.read_again(item, by=by),
    "refuse_run": lambda item, by: verbs.refuse_run(item, by=by, reason="slip"),
    "refuse_table_row": lambda item, by: verbs.refuse_table_row(item, by=by, reason="slip"),
    "resubmit": lambda item, by: verbs.resubmit(item, by=by),
    "resubmit_transactions": lambda item, by: verbs.resubmit_transactions([only().pk], by=by, reason="x"),
    "send_after_all": lambda item, by: verbs.send_after_all(only(), by=by, reason="x"),
    "try_now": lambda item, by: verbs.try_now(item, by=by),
    "waive": lambda item, by: verbs.waive(item, by=by, reason="x"),
    "look_up_parent": lambda item, by: verbs.look_up_parent(item, by=by),
    "renew_sign_in": lambda item, by: verbs.renew_sign_in(item, by=by, typed={"token": "x"}),
    "ask_present": lambda item, by: verbs.ask_present(item, item.failures()[0], by=by),
    "leave_to_rules": lambda item, by: verbs.leave_to_rules(item, by=by),
    "write_hint": lambda item, by: verbs.write_hint(item, by=by, text="x"),
    "merge": lambda item, by: verbs.merge(item, by=by, items=[item.pk], reason="x"),
    "take_apart": lambda item, by: verbs.take_apart(item, by=by, reason="x"),
    "classify": lambda item, by: verbs.classify(item, by=by, root_cause="target"),
    "split": lambda item, by: verbs.split(item, by=by, failures=None, reason="x"),
}

# About requests, corrections and rules instead of an item, or no deed of a person; tests/rights/of_queue.py
OF_OTHERS = {
    "NeedsApproval", "ask_approval", "consent", "consented", "expire_overtaken", "refuse_request", "withdraw_request",
    "question", "take_back", "keep_grouping_rule", "remove_grouping_rule", "open_emergency", "end_emergency",
    "confirm_deed", "object_to_deed", "question_deed",
}  # fmt: skip
OF_VIEWS = {"keep_view", "change_view", "share_view", "delete_view"}  # about no item; tests/rights/of_queue.py


def only() -> Transaction:
    return Transaction.objects.get()


def item_member(item: WorkItem) -> Any:
    return item.failures()[0].pk


def test_every_verb_is_refused_to_viewers_and_to_people_of_another_company(make_world: Make, staff: Staff) -> None:
    world = make_world()
    item = zero_hours(world)
    assert (
        set(CALLS) == set(verbs.__all__) - {"NotPossible", "comment", "watch"} - OF_VIEWS - OF_OTHERS
    )  # a viewer may the former
    for name, call in CALLS.items():
        for somebody in (staff.viktor, staff.stranger):
            with pytest.raises(NotAllowed, match="Ask an operator"):
                call(item, somebody)
            assert verbs_of(item) == ["opened"], name
    assert world.states() == ["failed"]
    assert Transaction.objects.count() == 1
