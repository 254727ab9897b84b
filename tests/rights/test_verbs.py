"""Every verb × every role × own and foreign legal entity: the verb itself asks, whatever skin calls it.

Verbs are found by their keyword-only `by=`. A new one without a row here fails the first test.
"""

import ast
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone

from connectors import sampling
from connectors import trying as trying_it
from exceptions_queue import verbs
from governance import accounts, calendars, clients, grants, passwords, provider_links, second_factor, versions
from governance.roles import ROLE_RIGHTS, Right, Role
from mappings import cross_references, drafting, tables, trial
from mappings.defining import define_table
from mappings.ending import end_row
from mappings.field_table import FieldTable
from mappings.models import Mapping
from mappings.row_trial import try_rows
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
from tests.rights.firm import REASON, Firm, refused
from tests.routes.world import INWARD

PACKAGES = ("canonical", "governance", "connectors", "mappings", "routes", "exceptions_queue", "hub")
Call = Callable[[Firm, Any], object]
R = Right


class Row(NamedTuple):
    """A verb, the right that it asks, and how it is called."""

    right: Right | None
    call: Call
    everywhere: bool = False  # the right is asked for all companies
    instead: Right | None = None  # another right that does as well


def _wanted(firm: Firm, name: str = "Warehouse") -> Wishes:
    return Wishes(name, "https://events.acme.example/", firm.germany)


def _v(state: str, verb: Callable[..., object], **more: Any) -> Call:
    return lambda firm, by: verb(firm.versions[state], by=by, **more)


def _item(verb: Callable[..., object], **more: Any) -> Call:
    return lambda firm, by: verb(firm.item, by=by, **more)


ROW = tables.NewRow(("Advisor", "EUR"), {"rate": "250.00"})
WHY = {"reason": REASON}
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
    "connectors.trying.try_out": Row(R.EDIT_CONFIGURATION, lambda f, by: _tried(f, by)),
    "connectors.trying.try_typed": Row(R.EDIT_CONFIGURATION, lambda f, by: trying_it.try_typed(f.connection, by=by)),
    "connectors.sampling.sample": Row(
        R.EDIT_CONFIGURATION, lambda f, by: sampling.sample(f.connection, "nothing", by=by)
    ),
    "routes.preview.of_next_run": Row(R.EDIT_CONFIGURATION, lambda f, by: preview.of_next_run(f.events, by=by)),
    "routes.switching.switch": Row(R.EDIT_CONFIGURATION, lambda f, by: switching.switch(f.route, on=False, by=by)),
    "mappings.cross_references.upsert": Row(
        R.EDIT_TABLES,
        lambda f, by: cross_references.upsert(
            [cross_references.NewReference(f.connection.pk, "project", "P-1", "8812", f.germany.pk, "")], by=by
        ),
    ),
    "mappings.drafting.draft": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: drafting.draft(key="time-draft", content=INWARD, by=by, legal_entity=f.germany),
    ),
    "mappings.drafting.revise": Row(R.EDIT_CONFIGURATION, _v("draft", drafting.revise, content=INWARD)),
    "mappings.tables.create_table": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: tables.create_table(
            name="t", title="T", key_columns=["k"], value_columns={"v": "text"}, by=by, legal_entity=f.germany
        ),
    ),
    "mappings.defining.define_table": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: define_table(f.table, title="T", meaning="", approval="at_once", by=by),
    ),
    "mappings.ending.end_row": Row(  # of a table whose rows count at once
        R.EDIT_TABLES, lambda f, by: end_row(f.table, 1, last_day=timezone.now().date(), by=by, **WHY)
    ),
    "mappings.row_trial.try_rows": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: try_rows(Mapping.objects.get(key="time-draft"), table=FieldTable(), sample=None, by=by),
        instead=R.APPROVE_CONFIGURATION,
    ),
    "mappings.tables.add_rows": Row(R.EDIT_TABLES, lambda f, by: tables.add_rows(f.table, [ROW], by=by)),
    "mappings.tables.approve_rows": Row(R.APPROVE_TABLES, lambda f, by: tables.approve_rows(f.table, [1], by=by)),
    "mappings.tables.refuse_rows": Row(R.APPROVE_TABLES, lambda f, by: tables.refuse_rows(f.table, [1], by=by, **WHY)),
    "mappings.tables.withdraw_rows": Row(R.EDIT_TABLES, lambda f, by: tables.withdraw_rows(f.table, [1], by=by, **WHY)),
    "mappings.trial.try_out": Row(
        R.EDIT_CONFIGURATION,
        lambda f, by: trial.try_out(Mapping.objects.get(key="time-draft"), content=INWARD, samples=[], by=by),
    ),
    "routes.comparing.approve": Row(
        R.APPROVE,
        lambda f, by: comparing.approve(f.run, None, by=by, **WHY),  # type: ignore[arg-type]  # no run waits
    ),
    "routes.decisions.resubmit": Row(R.RESUBMIT, lambda f, by: decisions.resubmit(f.transactions, by=by, **WHY)),
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
    "routes.runs.ask_for_run": Row(R.RESUBMIT, lambda f, by: runs.ask_for_run(f.route, by=by, trigger="person")),
    "routes.schedules.set_schedule": Row(
        R.EDIT_CONFIGURATION, lambda f, by: schedules.set_schedule(f.route, by=by, every=timedelta(hours=1))
    ),
    "routes.schedules.remove_schedule": Row(
        R.EDIT_CONFIGURATION, lambda f, by: schedules.remove_schedule(f.route, by=by)
    ),
    "exceptions_queue.verbs.add_cross_reference.add_cross_reference": Row(
        R.EDIT_TABLES, _item(verbs.add_cross_reference, external_id="8812")
    ),
    "exceptions_queue.verbs.add_table_row.add_table_row": Row(
        R.EDIT_TABLES, _item(verbs.add_table_row, values={"rate": "250.00"})
    ),
    "exceptions_queue.verbs.approve.approve": Row(R.APPROVE, _item(verbs.approve)),
    "exceptions_queue.verbs.approve_table_row.approve_table_row": Row(R.APPROVE_TABLES, _item(verbs.approve_table_row)),
    "exceptions_queue.verbs.ask_system.ask_system": Row(R.OPERATE, _item(verbs.ask_system)),
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
    "exceptions_queue.verbs.read_again.read_again": Row(R.RESUBMIT, _item(verbs.read_again)),
    "exceptions_queue.verbs.refuse_table_row.refuse_table_row": Row(
        R.APPROVE_TABLES, _item(verbs.refuse_table_row, **WHY)
    ),
    "exceptions_queue.verbs.resubmit.resubmit": Row(R.RESUBMIT, _item(verbs.resubmit)),
    "exceptions_queue.verbs.take.take": Row(R.WORK_QUEUE, _item(verbs.take)),
    "exceptions_queue.verbs.try_now.try_now": Row(R.RESUBMIT, _item(verbs.try_now)),
    "exceptions_queue.verbs.waive.waive": Row(R.WAIVE, _item(verbs.waive, **WHY)),
}
ANYWHERE: dict[str, Row] = {  # asked in any company: an account belongs to none
    "governance.passwords.was_set": Row(R.MANAGE_USERS, lambda f, by: passwords.was_set(f.other, by=by)),
    "governance.accounts.close": Row(R.MANAGE_USERS, lambda f, by: accounts.close(f.other, by=by, **WHY)),
    "governance.accounts.open_again": Row(R.MANAGE_USERS, lambda f, by: accounts.open_again(f.other, by=by, **WHY)),
    "governance.provider_links.unlink": Row(R.MANAGE_USERS, lambda f, by: provider_links.unlink(f.other, by=by, **WHY)),
    "governance.second_factor.reset": Row(R.MANAGE_USERS, lambda f, by: second_factor.reset(f.other, by=by, **WHY)),
}
UNASKED: dict[str, str] = {  # verbs that ask no right, and why
    "governance.audit.record": "writes what another verb did, which has asked",
    "governance.audit.entry_of": "writes what another verb did, which has asked",
    "governance.passwords.vouch": "asks for any right that vouching opens; tests/governance/test_passwords.py",
    "governance.provider_links.email_was_set": "a note of what the administration's form has saved by its own right",
    "governance.rotation.rotate": "re-encrypts what is there; only the command of whoever holds the keys calls it",
    "governance.sessions.end": "one's own sessions only; tests/hub/test_sessions.py",
    "governance.sessions.end_others": "one's own sessions only; tests/hub/test_sessions.py",
    "routes.corrected_versions.store": "a step of `overlays.correct` and `reprocess`, which have asked",
    "routes.outbound.wishes.check": "says what is wrong with a wish; names only what the person sees",
    "routes.outcomes.confirmed": "a step of `decisions.it_happened`, which has asked",
    "routes.periods.move_to_next": "asks through `overlays.correct` and `decisions.resubmit`, for each transaction",
    "routes.releases.cause_removed": "a step of releases, whose remedy has asked",
    "routes.reprocess.transactions": "a step of `decisions.resubmit` and of releases, which have asked",
    "routes.reprocess.whatever_can": "a step of `decisions.resubmit` and of releases, which have asked",
    "routes.reprocess.records": "a step of releases, whose remedy has asked",
    "routes.states.move": "the only writer of states, below every verb",
    "routes.states.write_record_moves": "the only writer of states, below every verb",
    "exceptions_queue.moving.event_of": "writes what another verb did, which has asked",
    "exceptions_queue.moving.note": "writes what another verb did, which has asked",
    "exceptions_queue.releasing.ask": "the last step of a remedy, which has asked",
    "hub.configuration.plan.compare": "reads what the person sees; only the command calls it",
    "hub.configuration.plan.plan": "each thing is put in force by its own verb; tests/rights/test_commands.py",
    "hub.configuration.plan.apply": "each thing is put in force by its own verb; tests/rights/test_commands.py",
    "hub.demonstration.movement.make": "makes the demonstration firm in an empty database",
    "hub.demonstration.systems.connect": "makes the demonstration firm in an empty database",
}


@cache
def there() -> frozenset[str]:
    """Return every public function with a keyword-only `by`, as module and name."""
    found = set()
    for package in PACKAGES:
        for path in (settings.BASE_DIR / package).rglob("*.py"):
            if not {"migrations", "vendors"} & set(path.parts):
                found |= {f"{_module(path)}.{name}" for name in _verbs(path)}
    return frozenset(found)


def _module(path: Path) -> str:
    return ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts)


def _verbs(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    if "by:" not in text:
        return []
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and any(each.arg == "by" for each in node.args.kwonlyargs)
    ]


def test_every_verb_has_a_row() -> None:
    known = VERBS.keys() | ANYWHERE.keys() | UNASKED.keys()
    assert there() - known == set()
    assert known - there() == set()


def test_verb_asks_the_right_where_its_thing_belongs(firm: Firm, monkeypatch: Any) -> None:
    quiet(monkeypatch)
    wrong = []
    for name, row in VERBS.items():
        for role in Role:
            may = bool({row.right, row.instead} & ROLE_RIGHTS[role])
            people = [("everywhere", firm.everywhere, may), ("foreign", firm.foreign, False)]
            people += [] if row.everywhere else [("own", firm.own, may)]
            for where, who, allowed in people:
                if refused(lambda: row.call(firm, who[role])) == allowed:  # noqa: B023 - called at once
                    wrong.append(f"{name}: {role} {where}: {'refused' if allowed else 'not refused'}")
    assert wrong == []


def test_verb_about_accounts_asks_the_right_in_any_company(firm: Firm) -> None:
    wrong = [
        f"{name}: {role}"
        for name, row in ANYWHERE.items()
        for role in Role
        for who in (firm.own, firm.foreign, firm.everywhere)
        if refused(lambda: row.call(firm, who[role])) == (row.right in ROLE_RIGHTS[role])  # noqa: B023 - at once
    ]
    assert wrong == []


def test_next_period_is_proposed_by_who_may_correct(firm: Firm) -> None:
    assert periods.move_to_next([], by=firm.own[Role.VIEWER], **WHY) == {}  # nothing is offered, nothing is asked


def quiet(monkeypatch: Any) -> None:
    """Let nothing leave this process: the question of rights comes before."""
    from connectors import trying as tests_of_connections
    from connectors.outcome import TestReport
    from routes.outbound import calling

    monkeypatch.setattr(tests_of_connections, "_report", lambda *_, **more: TestReport(True, "works"))
    monkeypatch.setattr(calling, "call_all", lambda *args, **more: [calling.Answered(204, "204")])


def _tried(firm: Firm, by: Any) -> object:
    from connectors import trying as tests_of_connections

    return tests_of_connections.try_out(firm.connection, by=by)


EVENT = b"""{"records": [{"legal_entity": "HP-DE", "entry_id": "TE-9", "worker_id": "W-001", "project_code": "P-001",
"worked_on": "2026-10-05", "hours": "7.50", "approval_status": "approved", "changed_at": "2026-10-06T08:00:00Z"}]}"""


def _sent_in(firm: Firm, by: Any) -> object:
    return events.send_in(route=firm.events.slug, body=EVENT, by=by)


def _became(firm: Firm, by: Any) -> object:
    from governance.actor import ENGINE

    sent, _ = events.send_in(route=firm.events.slug, body=EVENT, by=ENGINE)
    return events.what_became_of(sent.pk, by=by)
