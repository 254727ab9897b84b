"""Every verb × every role × own and foreign legal entity: the verb itself asks, whatever skin calls it.

Verbs are found by their keyword-only `by=`. A new one without a row here fails the first test.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from connectors import sampling, sign_in_again
from connectors import trying as tests_of_connections
from governance import (
    accounts,
    calendars,
    clients,
    grants,
    passwords,
    provider_links,
    second_factor,
    second_person,
    versions,
)
from governance.models import RoleGrant, User
from governance.roles import ROLE_RIGHTS, Right, Role
from hub.changes import drafting as changing
from hub.changes import previewing, publishing
from hub.changes import trying as trying_drafts
from mappings import cross_references, defining, deleting, drafting, ending, loosening, row_trial, tables, trial
from mappings.field_table import table_of
from mappings.models import Approval, Mapping
from routes import (
    comparing,
    decisions,
    events,
    overlays,
    pausing_by_hand,
    periods,
    preview,
    runs,
    schedules,
    switching,
)
from routes.outbound import redelivering, rotating, steering, subscribing, trying
from routes.outbound.wishes import Wishes
from tests.governance.people import company, person
from tests.rights.finding import there
from tests.rights.firm import Firm, refused
from tests.rights.of_queue import QUEUE
from tests.rights.rows import WHY, Call, Row
from tests.rights.unasked import UNASKED
from tests.routes.world import INWARD

R = Right


def _wanted(firm: Firm, name: str = "Warehouse") -> Wishes:
    return Wishes(name, "https://events.acme.example/", firm.germany)


def _v(state: str, verb: Callable[..., object], **more: Any) -> Call:
    return lambda firm, by: verb(firm.versions[state], by=by, **more)


def _c(state: str, verb: Callable[..., object], **more: Any) -> Call:
    return lambda firm, by: verb(firm.changes[state], by=by, **more)


ROW = tables.NewRow(("Advisor", "EUR"), {"rate": "250.00"})
LAST = date(2030, 1, 31)


def _unlink(f: Firm, by: Any) -> object:
    of_firm = cross_references.NewReference(f.connection.pk, "project", "P-1", "8812", f.germany.pk, "")
    cross_references.upsert([of_firm], by=User.objects.get(username="root"))
    return cross_references.unlink(of_firm, by=by, reason=WHY["reason"])


VERBS: dict[str, Row] = {
    "governance.calendars.set_up": Row(
        R.EDIT_CONFIGURATION, lambda f, by: calendars.set_up(legal_entity=f.germany, time_zone="UTC", by=by)
    ),
    "governance.clients.register": Row(
        R.MANAGE_USERS, lambda f, by: clients.register(name="X", scopes=("process:read",), by=by), everywhere=True
    ),
    "governance.clients.change": Row(
        R.MANAGE_USERS,
        lambda f, by: clients.change(f.client, by=by, scopes=("process:read",), enabled=True, requests_per_minute=None),
        everywhere=True,
    ),
    "governance.clients.renew_secret": Row(
        R.MANAGE_USERS, lambda f, by: clients.renew_secret(f.client, by=by), everywhere=True
    ),
    "governance.grants.grant": Row(
        R.MANAGE_USERS, lambda f, by: grants.grant(user=f.other, role=Role.VIEWER, legal_entity=f.germany, by=by)
    ),
    "governance.grants.revoke": Row(
        R.MANAGE_USERS, lambda f, by: grants.revoke(user=f.other, role=Role.VIEWER, legal_entity=f.germany, by=by)
    ),
    "governance.versions.draft": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: versions.draft(kind="mapping", object_key="x", content=INWARD, by=by, legal_entity=f.germany),
    ),
    "governance.versions.revise": Row(R.EDIT_CONFIGURATION, _v("draft", versions.revise, content=INWARD)),
    "governance.versions.submit": Row(R.EDIT_CONFIGURATION, _v("draft", versions.submit)),
    "governance.versions.withdraw": Row(R.EDIT_CONFIGURATION, _v("submitted", versions.withdraw)),
    "governance.versions.send_back": Row(R.APPROVE_CONFIGURATION, _v("submitted", versions.send_back, **WHY)),
    "governance.versions.approve": Row(R.APPROVE_CONFIGURATION, _v("submitted", versions.approve)),
    "governance.versions.publish": Row(R.PUBLISH_CONFIGURATION, _v("approved", versions.publish)),
    "governance.versions.retire": Row(R.PUBLISH_CONFIGURATION, _v("published", versions.retire, **WHY)),
    "governance.versions.roll_back": Row(R.PUBLISH_CONFIGURATION, _v("retired", versions.roll_back, **WHY)),
    "governance.versions.discard": Row(R.EDIT_CONFIGURATION, _v("draft", versions.discard)),
    "governance.versions.approve_alone": Row(R.EDIT_CONFIGURATION, _v("draft", versions.approve_alone)),
    "governance.versions.retire_empty": Row(R.PUBLISH_CONFIGURATION, _v("published", versions.retire_empty)),
    "governance.second_person.ask": Row(R.EDIT_CONFIGURATION, lambda f, by: second_person.ask(f.germany, by=by)),
    "governance.second_person.ask_no_more": Row(
        R.EDIT_CONFIGURATION, lambda f, by: second_person.ask_no_more(f.germany, by=by, **WHY)
    ),
    "governance.second_person.agree": Row(R.APPROVE_CONFIGURATION, lambda f, by: second_person.agree(f.germany, by=by)),
    "hub.changes.drafting.draft": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: changing.draft("route", f.route.slug, f.changes["draft"].content, by=by),
    ),
    "hub.changes.drafting.revise": Row(R.EDIT_CONFIGURATION, _c("draft", changing.revise, content={})),
    "hub.changes.drafting.put_on_top": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: changing.put_on_top(f.changes["draft"], {}, by=by, seen=f.changes["draft"].shown),
    ),
    "hub.changes.drafting.take_up": Row(R.EDIT_CONFIGURATION, _c("draft", changing.take_up)),
    "hub.changes.drafting.submit": Row(R.EDIT_CONFIGURATION, _c("draft", changing.submit)),
    "hub.changes.drafting.go_back": Row(R.EDIT_CONFIGURATION, _c("retired", changing.go_back)),
    "hub.changes.publishing.approve": Row(R.APPROVE_CONFIGURATION, _c("submitted", publishing.approve)),
    "hub.changes.publishing.publish": Row(R.PUBLISH_CONFIGURATION, _c("approved", publishing.publish)),
    "hub.changes.publishing.publish_alone": Row(R.PUBLISH_CONFIGURATION, _c("draft", publishing.publish_alone)),
    "hub.changes.publishing.approve_and_publish": Row(  # whoever publishes approves, too
        R.PUBLISH_CONFIGURATION, _c("submitted", publishing.approve_and_publish)
    ),
    "hub.changes.previewing.of_draft": Row(R.EDIT_CONFIGURATION, _c("draft", previewing.of_draft)),
    "hub.changes.trying.try_draft": Row(R.EDIT_CONFIGURATION, _c("draft", trying_drafts.try_draft)),
    "hub.changes.trying.try_form": Row(R.EDIT_CONFIGURATION, _c("draft", trying_drafts.try_form, typed=lambda _: [])),
    "connectors.trying.try_out": Row(
        R.EDIT_CONFIGURATION, lambda f, by: tests_of_connections.try_out(f.connection, by=by)
    ),
    "connectors.trying.try_typed": Row(
        R.EDIT_CONFIGURATION, lambda f, by: tests_of_connections.try_typed(f.connection, by=by)
    ),
    "connectors.sign_in_again.renew": Row(
        R.EDIT_CONFIGURATION, lambda f, by: sign_in_again.renew(f.connection, by=by, typed={"token": "x"})
    ),
    "connectors.sampling.sample": Row(
        R.EDIT_CONFIGURATION, lambda f, by: sampling.sample(f.connection, f.route.stream, by=by)
    ),
    "mappings.cross_references.upsert": Row(
        R.EDIT_TABLES,
        lambda f, by: cross_references.upsert(
            [cross_references.NewReference(f.connection.pk, "project", "P-1", "8812", f.germany.pk, "")], by=by
        ),
    ),
    "mappings.cross_references.unlink": Row(R.EDIT_TABLES, _unlink),
    "mappings.drafting.draft": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: drafting.draft(key="time-draft", content=INWARD, by=by, legal_entity=f.germany),
    ),
    "mappings.drafting.revise": Row(R.EDIT_CONFIGURATION, _v("draft", drafting.revise, content=INWARD)),
    "mappings.drafting.discard": Row(R.EDIT_CONFIGURATION, _v("draft", drafting.discard)),
    "mappings.tables.create_table": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: tables.create_table(
            name="t", title="T", key_columns=["k"], value_columns={"v": "text"}, by=by, legal_entity=f.germany
        ),
    ),
    "mappings.deleting.delete_table": Row(
        R.EDIT_CONFIGURATION, lambda f, by: deleting.delete_table(f.table, by=by, **WHY)
    ),
    "mappings.deleting.agree_to_deletion": Row(
        R.APPROVE_TABLES, lambda f, by: deleting.agree_to_deletion(f.table, by=by, **WHY)
    ),
    "mappings.deleting.keep_table": Row(R.APPROVE_TABLES, lambda f, by: deleting.keep_table(f.table, by=by, **WHY)),
    "mappings.tables.add_rows": Row(R.EDIT_TABLES, lambda f, by: tables.add_rows(f.table, [ROW], by=by)),
    "mappings.tables.approve_rows": Row(R.APPROVE_TABLES, lambda f, by: tables.approve_rows(f.table, [1], by=by)),
    "mappings.tables.refuse_rows": Row(R.APPROVE_TABLES, lambda f, by: tables.refuse_rows(f.table, [1], by=by, **WHY)),
    "mappings.tables.withdraw_rows": Row(R.EDIT_TABLES, lambda f, by: tables.withdraw_rows(f.table, [1], by=by, **WHY)),
    "mappings.defining.define_table": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: defining.define_table(f.table, title="T", meaning="", approval=f.table.approval, by=by),
    ),
    "mappings.loosening.agree_to": Row(
        R.APPROVE_TABLES, lambda f, by: loosening.agree_to(f.table, policy=f.table.policy, by=by)
    ),
    "mappings.ending.end_row": Row(  # of a table whose rows count at once; see below for the others
        R.EDIT_TABLES, lambda f, by: ending.end_row(f.table, f.row.pk, last_day=LAST, by=by, **WHY)
    ),
    "mappings.row_trial.try_rows": Row(  # or edit; who edits approves, too
        R.APPROVE_CONFIGURATION,
        lambda f, by: row_trial.try_rows(
            Mapping.objects.get(key="time-draft"), table=table_of(INWARD), sample=None, by=by
        ),
    ),
    "mappings.trial.try_out": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: trial.try_out(Mapping.objects.get(key="time-draft"), content=INWARD, samples=[], by=by),
    ),
    "routes.comparing.approve": Row(
        R.APPROVE,
        lambda f, by: comparing.approve(f.run, None, by=by, **WHY),  # type: ignore[arg-type]  # no run waits
    ),
    "routes.comparing.refuse": Row(R.APPROVE, lambda f, by: comparing.refuse(f.run, by=by, **WHY)),
    "routes.decisions.resubmit": Row(R.RESUBMIT, lambda f, by: decisions.resubmit(f.transactions, by=by, **WHY)),
    "routes.decisions.take_up": Row(
        R.RESUBMIT, lambda f, by: decisions.take_up(f.transactions, by=by, why="It waits.", **WHY)
    ),
    "routes.decisions.waive": Row(R.WAIVE, lambda f, by: decisions.waive(f.transactions, by=by, **WHY)),
    "routes.decisions.waive_records": Row(R.WAIVE, lambda f, by: decisions.waive_records([f.record], by=by, **WHY)),
    "routes.decisions.approve": Row(R.APPROVE, lambda f, by: decisions.approve(f.transactions, by=by, **WHY)),
    "routes.decisions.it_happened": Row(
        R.RESUBMIT, lambda f, by: decisions.it_happened(f.transactions[0], by=by, reference="1", **WHY)
    ),
    "routes.decisions.it_did_not_happen": Row(
        R.RESUBMIT, lambda f, by: decisions.it_did_not_happen(f.transactions[0], by=by, **WHY)
    ),
    "routes.events.send_in": Row(R.SEND_EVENTS, lambda f, by: _sent_in(f, by)),
    "routes.events.what_became_of": Row(R.VIEW, lambda f, by: _became(f, by)),
    "routes.outbound.redelivering.send_again": Row(
        R.EDIT_CONFIGURATION, lambda f, by: redelivering.send_again(f.delivery, by=by)
    ),
    "routes.outbound.redelivering.send_again_since": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: redelivering.send_again_since(f.subscription, timezone.now() - timedelta(days=1), by=by),
    ),
    "routes.outbound.redelivering.drop": Row(
        R.EDIT_CONFIGURATION, lambda f, by: redelivering.drop(f.delivery, by=by, **WHY)
    ),
    "routes.outbound.rotating.rotate": Row(R.EDIT_CONFIGURATION, lambda f, by: rotating.rotate(f.subscription, by=by)),
    "routes.outbound.steering.pause": Row(
        R.EDIT_CONFIGURATION, lambda f, by: steering.pause(f.subscription, by=by, **WHY)
    ),
    "routes.outbound.steering.resume": Row(R.EDIT_CONFIGURATION, lambda f, by: steering.resume(f.subscription, by=by)),
    "routes.outbound.subscribing.subscribe": Row(
        R.EDIT_CONFIGURATION, lambda f, by: subscribing.subscribe(_wanted(f, "Another"), by=by)
    ),
    "routes.outbound.subscribing.change": Row(
        R.EDIT_CONFIGURATION, lambda f, by: subscribing.change(f.subscription, _wanted(f), by=by)
    ),
    "routes.outbound.subscribing.end": Row(
        R.EDIT_CONFIGURATION, lambda f, by: subscribing.end(f.subscription, by=by, **WHY)
    ),
    "routes.outbound.trying.try_out": Row(R.EDIT_CONFIGURATION, lambda f, by: trying.try_out(f.subscription, by=by)),
    "routes.overlays.correct": Row(
        R.EDIT_OVERLAY, lambda f, by: overlays.correct(record=f.record, field="hours", value="7.50", by=by, **WHY)
    ),
    "routes.pausing_by_hand.pause": Row(R.OPERATE, lambda f, by: pausing_by_hand.pause(f.connection, by=by, **WHY)),
    "routes.pausing_by_hand.resume": Row(R.OPERATE, lambda f, by: pausing_by_hand.resume(f.connection, by=by, **WHY)),
    "routes.pausing_by_hand.try_again": Row(R.OPERATE, lambda f, by: pausing_by_hand.try_again(f.connection, by=by)),
    "routes.preview.prepared": Row(R.EDIT_CONFIGURATION, lambda f, by: preview.prepared(f.route, by=by)),
    "routes.preview.of_next_run": Row(R.EDIT_CONFIGURATION, lambda f, by: preview.of_next_run(f.route, by=by)),
    "routes.switching.switch": Row(R.EDIT_CONFIGURATION, lambda f, by: switching.switch(f.route, on=False, by=by)),
    "routes.runs.ask_for_run": Row(R.RESUBMIT, lambda f, by: runs.ask_for_run(f.route, by=by, trigger="person")),
    "routes.schedules.set_schedule": Row(
        R.EDIT_CONFIGURATION, lambda f, by: schedules.set_schedule(f.route, by=by, every=timedelta(hours=1))
    ),
    "routes.schedules.remove_schedule": Row(
        R.EDIT_CONFIGURATION, lambda f, by: schedules.remove_schedule(f.route, by=by)
    ),
    **QUEUE,
}
ACCOUNTS: dict[str, Callable[[User, Any], object]] = {  # ask for managing users wherever the account has a role
    "governance.accounts.close": lambda account, by: accounts.close(account, by=by, **WHY),
    "governance.accounts.open_again": lambda account, by: accounts.open_again(account, by=by, **WHY),
    "governance.passwords.was_set": lambda account, by: passwords.was_set(account, by=by),
    "governance.provider_links.email_was_set": lambda account, by: provider_links.email_was_set(account, by=by),
    "governance.provider_links.unlink": lambda account, by: provider_links.unlink(account, by=by, **WHY),
    "governance.second_factor.reset": lambda account, by: second_factor.reset(account, by=by, **WHY),
}


def test_every_verb_has_a_row() -> None:
    known = VERBS.keys() | ACCOUNTS.keys() | UNASKED.keys()
    assert there() - known == set()
    assert known - there() == set()


@pytest.mark.slow
def test_verb_asks_the_right_where_its_thing_belongs(firm: Firm, monkeypatch: Any) -> None:
    quiet(monkeypatch)
    wrong = []
    for name, row in VERBS.items():
        for role in Role:
            may = row.right in ROLE_RIGHTS[role]
            people = [("everywhere", firm.everywhere, may), ("foreign", firm.foreign, False)]
            people += [] if row.everywhere else [("own", firm.own, may)]
            for where, who, allowed in people:
                if refused(lambda: row.call(firm, who[role])) == allowed:  # noqa: B023 - called at once
                    wrong.append(f"{name}: {role} {where}: {'refused' if allowed else 'not refused'}")
    assert wrong == []


def test_verb_about_an_account_asks_the_right_wherever_the_account_has_a_role(firm: Firm) -> None:
    germany, both = person("Greta Own", Role.VIEWER, firm.germany), person("Bea Both", Role.VIEWER, firm.germany)
    RoleGrant.objects.create(user=both, role=Role.VIEWER, legal_entity=company("HP-US"), granted_by="engine:engine")
    closed = person("Cleo Closed", Role.VIEWER, firm.germany, is_active=False)
    reach = {  # an account: whose right reaches it
        firm.other: ("own", "foreign", "everywhere"), germany: ("own", "everywhere"), closed: ("own", "everywhere"),
        both: ("everywhere",), person("Alma All", Role.VIEWER): ("everywhere",),
        person("Rosa Root", is_superuser=True): (),
    }  # fmt: skip
    people = (("own", firm.own), ("foreign", firm.foreign), ("everywhere", firm.everywhere))
    wrong = [
        f"{name} of {account}: {role} {where}"
        for name, call in ACCOUNTS.items()
        for account, reached_by in reach.items()
        for role in Role
        for where, who in people
        if refused(lambda: call(account, who[role])) == (R.MANAGE_USERS in ROLE_RIGHTS[role] and where in reached_by)  # noqa: B023 - at once
    ]
    assert wrong == []


def test_row_of_a_table_that_wants_a_second_person_is_ended_by_who_approves(firm: Firm) -> None:
    for approval in (Approval.ALWAYS, Approval.AT_ONCE):
        firm.table.approval = approval
        for role in Role:
            right = R.APPROVE_TABLES if approval == Approval.ALWAYS else R.EDIT_TABLES
            for who, mine in ((firm.own, True), (firm.foreign, False)):
                got = refused(lambda: ending.end_row(firm.table, firm.row.pk, last_day=LAST, by=who[role], **WHY))  # noqa: B023 - at once
                assert got != (mine and right in ROLE_RIGHTS[role]), f"{approval} {role} {mine}"


def test_mapping_that_is_not_kept_yet_is_tried_by_who_may_write_it(firm: Firm) -> None:
    def let_in(by: Any, place: Any) -> bool:
        table = table_of(INWARD)
        return not refused(lambda: row_trial.try_rows(None, table=table, sample=None, by=by, legal_entity=place))

    for role in Role:
        assert let_in(firm.own[role], firm.germany) == (R.EDIT_CONFIGURATION in ROLE_RIGHTS[role]), role
        assert not let_in(firm.foreign[role], firm.germany), role
        assert not let_in(firm.own[role], None), role


def test_next_period_is_proposed_by_who_may_correct(firm: Firm) -> None:
    assert periods.move_to_next([], by=firm.own[Role.VIEWER], **WHY) == {}  # nothing is offered, nothing is asked


def quiet(monkeypatch: Any) -> None:
    """Let nothing leave this process: the question of rights comes before."""
    from connectors.outcome import TestReport
    from routes.outbound import calling

    monkeypatch.setattr(tests_of_connections, "_report", lambda connection, **_: TestReport(True, "works"))
    monkeypatch.setattr(sampling, "read", lambda *args, **more: [])
    monkeypatch.setattr(calling, "call_all", lambda *args, **more: [calling.Answered(204, "204")])


EVENT = b"""{"records": [{"legal_entity": "HP-DE", "entry_id": "TE-9", "worker_id": "W-001", "project_code": "P-001",
"worked_on": "2026-10-05", "hours": "7.50", "approval_status": "approved", "changed_at": "2026-10-06T08:00:00Z"}]}"""


def _sent_in(firm: Firm, by: Any) -> object:
    return events.send_in(route=firm.events.slug, body=EVENT, by=by)


def _became(firm: Firm, by: Any) -> object:
    from governance.actor import ENGINE

    sent, _ = events.send_in(route=firm.events.slug, body=EVENT, by=ENGINE)
    return events.what_became_of(sent.pk, by=by)
