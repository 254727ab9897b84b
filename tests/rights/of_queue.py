"""The rows of the queue's verbs in the matrix of rights."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils import timezone

from exceptions_queue import checking, policies, trying, verbs, version_chooser
from exceptions_queue.bulk import planning, steering
from exceptions_queue.bulk.choices import by_name
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.models import GroupingRule
from exceptions_queue.verbs.asking import Wish
from governance.roles import Right, Role
from routes import finding_out, linking, overlay_endings, questions, reversals, sending_back, source_notices
from routes.models import Transaction
from tests.rights.firm import Firm
from tests.rights.rows import WHY, Call, Row

R = Right


def _item(verb: Callable[..., object], **more: Any) -> Call:
    return lambda firm, by: verb(firm.item, by=by, **more)


def _bulk(verb: Callable[..., object], **more: Any) -> Call:
    return lambda firm, by: verb(firm.bulk, by=by, **more)


def _plan(firm: Firm, by: Any) -> object:
    choice = by_name("waivers")
    assert choice is not None
    return planning.plan(Selection(items=(firm.item.number,)), by=by, choice=choice, data=WHY)


QUEUE: dict[str, Row] = {
    "exceptions_queue.trying.tries": Row(R.WORK_QUEUE, lambda f, by: trying.tries(list(f.item.failures()), by=by)),
    "exceptions_queue.version_chooser.offers": Row(
        R.WORK_QUEUE, lambda f, by: version_chooser.offers(f.item, list(f.item.failures()), by=by)
    ),
    "exceptions_queue.bulk.planning.plan": Row(R.WAIVE, _plan),
    "exceptions_queue.bulk.planning.anew": Row(R.WAIVE, _bulk(planning.anew)),
    "exceptions_queue.bulk.steering.approve": Row(R.APPROVE, _bulk(steering.approve, seen="")),
    "exceptions_queue.bulk.steering.cancel": Row(R.WAIVE, _bulk(steering.cancel)),
    "exceptions_queue.bulk.steering.go_on": Row(R.WAIVE, _bulk(steering.go_on)),
    "exceptions_queue.bulk.steering.pause": Row(R.WAIVE, _bulk(steering.pause)),
    "exceptions_queue.bulk.steering.refuse": Row(R.APPROVE, _bulk(steering.refuse, **WHY)),
    "exceptions_queue.bulk.steering.start": Row(R.WAIVE, _bulk(steering.start, seen="")),
    "exceptions_queue.verbs.add_cross_reference.add_cross_reference": Row(
        R.EDIT_TABLES, _item(verbs.add_cross_reference, external_id="8812")
    ),
    "exceptions_queue.verbs.add_table_row.add_table_row": Row(
        R.EDIT_TABLES, _item(verbs.add_table_row, values={"rate": "250.00"})
    ),
    "exceptions_queue.verbs.approve.approve": Row(R.APPROVE, _item(verbs.approve)),
    "exceptions_queue.verbs.approve_table_row.approve_table_row": Row(R.APPROVE_TABLES, _item(verbs.approve_table_row)),
    "exceptions_queue.verbs.look_up_parent.look_up_parent": Row(R.EDIT_TABLES, _item(verbs.look_up_parent)),
    "exceptions_queue.verbs.renew_sign_in.renew_sign_in": Row(
        R.EDIT_CONFIGURATION, _item(verbs.renew_sign_in, typed={"token": "x"})
    ),
    "exceptions_queue.verbs.ask_system.ask_system": Row(R.OPERATE, _item(verbs.ask_system)),
    "routes.finding_out.ask": Row(R.RESUBMIT, lambda f, by: finding_out.ask(f.transactions, by=by)),
    "routes.linking.link": Row(
        R.RESUBMIT, lambda f, by: linking.link(f.transactions[0], by=by, external_id="1", reference="", **WHY)
    ),
    "exceptions_queue.verbs.write_hint.write_hint": Row(R.WORK_QUEUE, _item(verbs.write_hint, text="Ask the office.")),
    "exceptions_queue.checking.check_value": Row(
        R.EDIT_OVERLAY,
        lambda f, by: checking.check_value(f.item, f.item.failures()[0], by=by, name="hours", value="7"),
    ),
    "exceptions_queue.checking.offered": Row(
        R.EDIT_OVERLAY, lambda f, by: checking.offered(f.item, f.item.failures()[0], by=by, name="role", typed="")
    ),
    "exceptions_queue.verbs.ask_present.ask_present": Row(
        R.WORK_QUEUE, lambda f, by: verbs.ask_present(f.item, f.item.failures()[0], by=by)
    ),
    "exceptions_queue.verbs.take_back.take_back": Row(
        R.EDIT_OVERLAY, lambda f, by: verbs.take_back(f.correction, by=by, **WHY)
    ),
    "routes.overlay_endings.withdraw": Row(
        R.EDIT_OVERLAY, lambda f, by: overlay_endings.withdraw(f.correction.pk, by=by, **WHY)
    ),
    "exceptions_queue.verbs.ask_target.ask_target": Row(R.RESUBMIT, _item(verbs.ask_target)),
    "exceptions_queue.verbs.fetch_again.fetch_again": Row(R.RESUBMIT, _item(verbs.fetch_again)),
    "exceptions_queue.verbs.link_record.link_record": Row(
        R.RESUBMIT,
        lambda f, by: verbs.link_record(
            f.item, by=by, failures=[f.failure], external_id="1", difference_seen=True, **WHY
        ),
    ),
    "exceptions_queue.verbs.correct_rows.correct_rows": Row(
        R.EDIT_OVERLAY,
        lambda f, by: verbs.correct_rows(f.item, by=by, rows={f.item.failures()[0].pk: {"hours": "7.50"}}, **WHY),
    ),
    "exceptions_queue.verbs.correct_field.correct_field": Row(
        R.EDIT_OVERLAY, _item(verbs.correct_field, field="hours", value="7.50", **WHY)
    ),
    "exceptions_queue.verbs.correct_table_row.correct_table_row": Row(
        R.EDIT_TABLES, _item(verbs.correct_table_row, row=1, values={"rate": "250.00"}, **WHY)
    ),
    "exceptions_queue.verbs.decide_unknown.decide_unknown": Row(
        R.RESUBMIT, lambda f, by: verbs.decide_unknown(f.item, by=by, failure=f.failure, happened=True, reference="1")
    ),
    "exceptions_queue.verbs.move_to_next_period.move_to_next_period": Row(
        R.EDIT_OVERLAY, _item(verbs.move_to_next_period, **WHY)
    ),
    "exceptions_queue.verbs.tell_source.tell_source": Row(
        R.RETURN, _item(verbs.tell_source, told_to="Max Berger", told_on=date(2026, 11, 27), **WHY)
    ),
    "exceptions_queue.verbs.send_back.send_back": Row(R.RETURN, _item(verbs.send_back, **WHY)),
    "routes.source_notices.keep": Row(
        R.RETURN,
        lambda f, by: source_notices.keep(
            list(f.item.failures()), by=by, told_to="Max Berger", told_on=date(2026, 11, 27), **WHY
        ),
    ),
    "routes.sending_back.ask": Row(R.RETURN, lambda f, by: sending_back.ask(list(f.item.failures()), by=by, **WHY)),
    "exceptions_queue.verbs.reverse.reverse": Row(R.REVERSE, _item(verbs.reverse, **WHY)),
    "exceptions_queue.verbs.question.question": Row(
        R.WORK_QUEUE,
        lambda f, by: verbs.question(Transaction.objects.get(pk=f.transactions[0]), by=by, **WHY),
    ),
    "routes.questions.write_down": Row(
        R.WORK_QUEUE, lambda f, by: questions.write_down(f.transactions[0], by=by, **WHY)
    ),
    "routes.reversals.ask": Row(R.REVERSE, lambda f, by: reversals.ask(f.transactions, by=by, sends=False, **WHY)),
    "exceptions_queue.verbs.read_again.read_again": Row(R.RESUBMIT, _item(verbs.read_again)),
    "exceptions_queue.verbs.refuse_run.refuse_run": Row(R.APPROVE, _item(verbs.refuse_run, **WHY)),
    "exceptions_queue.verbs.refuse_table_row.refuse_table_row": Row(
        R.APPROVE_TABLES, _item(verbs.refuse_table_row, **WHY)
    ),
    "exceptions_queue.verbs.resubmit.resubmit": Row(R.RESUBMIT, _item(verbs.resubmit)),
    "exceptions_queue.verbs.resubmit.resubmit_transactions": Row(
        R.RESUBMIT, lambda f, by: verbs.resubmit_transactions(f.transactions, by=by, **WHY)
    ),
    "exceptions_queue.verbs.send_after_all.send_after_all": Row(
        R.RESUBMIT, lambda f, by: verbs.send_after_all(Transaction.objects.get(pk=f.transactions[0]), by=by, **WHY)
    ),
    "exceptions_queue.verbs.work_in_emergency.open_emergency": Row(
        R.EDIT_ANY, lambda f, by: verbs.open_emergency(by=by, legal_entity=f.germany, hours=1, **WHY)
    ),
    "exceptions_queue.verbs.work_in_emergency.end_emergency": Row(
        R.VIEW, lambda f, by: verbs.end_emergency(f.emergency_of(by), by=by)
    ),
    "exceptions_queue.verbs.review_deed.confirm_deed": Row(
        R.APPROVE, lambda f, by: verbs.confirm_deed(f.emergency_deed, by=by, note="seen")
    ),
    "exceptions_queue.verbs.review_deed.object_to_deed": Row(
        R.APPROVE, lambda f, by: verbs.object_to_deed(f.emergency_deed, by=by, note="seen")
    ),
    "exceptions_queue.verbs.question_deed.question_deed": Row(
        R.WORK_QUEUE, lambda f, by: verbs.question_deed(f.emergency_deed, by=by, **WHY)
    ),
    "exceptions_queue.policies.agree": Row(R.APPROVE_CONFIGURATION, lambda f, by: policies.agree(f.loosened, by=by)),
    "exceptions_queue.verbs.ask_approval.ask_approval": Row(
        R.WAIVE, lambda f, by: verbs.ask_approval(Wish("waivers", f.item, list(f.item.failures()), {}, "dup"), by=by)
    ),
    "exceptions_queue.verbs.ask_approval.consent": Row(R.APPROVE, lambda f, by: verbs.consent(f.approval, by=by)),
    "exceptions_queue.verbs.ask_approval.refuse_request": Row(
        R.APPROVE, lambda f, by: verbs.refuse_request(f.approval, by=by, **WHY)
    ),
    "exceptions_queue.verbs.ask_approval.withdraw_request": Row(
        R.WAIVE, lambda f, by: verbs.withdraw_request(f.approval_of(by), by=by)
    ),
    "exceptions_queue.verbs.assign.assign": Row(
        R.WORK_QUEUE, lambda f, by: verbs.assign(f.item, by=by, to=f.everywhere[Role.FINANCE])
    ),
    "exceptions_queue.verbs.assign.hand_back": Row(R.WORK_QUEUE, _item(verbs.hand_back, **WHY)),
    "exceptions_queue.verbs.assign.leave_to_rules": Row(R.WORK_QUEUE, _item(verbs.leave_to_rules)),
    "exceptions_queue.verbs.classify.classify": Row(R.WORK_QUEUE, _item(verbs.classify, finding="late again")),
    "exceptions_queue.verbs.close.close": Row(R.WORK_QUEUE, _item(verbs.close, **WHY)),
    "exceptions_queue.verbs.close.reopen": Row(R.WORK_QUEUE, _item(verbs.reopen, **WHY)),
    "exceptions_queue.verbs.keep_view.keep_view": Row(
        R.WORK_QUEUE, lambda f, by: verbs.keep_view(by=by, name="New", line="is:open", legal_entity=f.germany)
    ),
    "exceptions_queue.verbs.keep_view.change_view": Row(
        R.WORK_QUEUE, lambda f, by: verbs.change_view(f.view, by=by, seen=1, name="Other", line="is:new")
    ),
    "exceptions_queue.verbs.keep_view.share_view": Row(
        R.WORK_QUEUE, lambda f, by: verbs.share_view(f.view, by=by, seen=1, legal_entity=f.germany)
    ),
    "exceptions_queue.verbs.keep_view.delete_view": Row(
        R.WORK_QUEUE, lambda f, by: verbs.delete_view(f.view, by=by, seen=1)
    ),
    "exceptions_queue.verbs.merge.merge": Row(R.WORK_QUEUE, _item(verbs.merge, items=[0], **WHY)),
    "exceptions_queue.verbs.merge.take_apart": Row(R.WORK_QUEUE, _item(verbs.take_apart, **WHY)),
    "exceptions_queue.verbs.split.split": Row(
        R.WORK_QUEUE, lambda f, by: verbs.split(f.item, by=by, failures=[f.failure], **WHY)
    ),
    "exceptions_queue.verbs.keep_grouping_rule.keep_grouping_rule": Row(
        R.WORK_QUEUE,
        lambda f, by: verbs.keep_grouping_rule(
            GroupingRule(legal_entity=f.germany, name="New", category="refused", field="hours"), by=by, **WHY
        ),
    ),
    "exceptions_queue.verbs.keep_grouping_rule.remove_grouping_rule": Row(
        R.WORK_QUEUE, lambda f, by: verbs.remove_grouping_rule(f.grouping_rule, by=by, **WHY)
    ),
    "exceptions_queue.verbs.comment.comment": Row(R.VIEW, _item(verbs.comment, text="seen")),
    "exceptions_queue.verbs.prioritise.prioritise": Row(R.WORK_QUEUE, _item(verbs.prioritise, priority=80, **WHY)),
    "exceptions_queue.verbs.prioritise.leave_to_formula": Row(R.WORK_QUEUE, _item(verbs.leave_to_formula)),
    "exceptions_queue.verbs.put_aside.resume": Row(R.WORK_QUEUE, _item(verbs.resume)),
    "exceptions_queue.verbs.put_aside.snooze": Row(R.WORK_QUEUE, _item(verbs.snooze, until=timezone.now(), **WHY)),
    "exceptions_queue.verbs.put_aside.wait_on": Row(
        R.WORK_QUEUE, _item(verbs.wait_on, whom="the client", until=timezone.now())
    ),
    "exceptions_queue.verbs.tag.tag": Row(R.WORK_QUEUE, _item(verbs.tag, names=["acme"])),
    "exceptions_queue.verbs.watch.watch": Row(R.VIEW, _item(verbs.watch)),
    "exceptions_queue.verbs.set_order.set_order": Row(
        R.EDIT_CONFIGURATION, lambda f, by: verbs.set_order(None, by=by, **WHY), everywhere=True
    ),
    "exceptions_queue.verbs.take.take": Row(R.WORK_QUEUE, _item(verbs.take)),
    "exceptions_queue.verbs.try_now.try_now": Row(R.RESUBMIT, _item(verbs.try_now)),
    "exceptions_queue.verbs.waive_rule.waive_rule": Row(R.WAIVE, _item(verbs.waive_rule, **WHY)),
    "exceptions_queue.verbs.waive.waive": Row(R.WAIVE, _item(verbs.waive, **WHY)),
}
