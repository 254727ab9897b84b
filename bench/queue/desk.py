"""What people have done in the queue: taken, tagged, remarked on, put aside; and what was resolved before."""

import datetime as dt
from decimal import Decimal

from django.db import connection

from bench.lists.firm import Firm
from exceptions_queue.models import CutOff, CutOffKind, WorkItem
from exceptions_queue.recurrence import Covers, Rule
from governance.actor import ENGINE, as_actor
from mappings import tables

RATES = {"USD": Decimal("0.92"), "GBP": Decimal("1.17")}
HANDLED = """
UPDATE exceptions_queue_workitem SET assignee = CASE WHEN number %% 3 = 0 THEN %(farid)s WHEN number %% 7 = 0 THEN
    %(clara)s ELSE '' END, state = CASE WHEN state = 'new' AND number %% 3 = 0 THEN 'in_progress'
    WHEN state = 'new' AND number %% 11 = 0 THEN 'triaged' ELSE state END, reopened = (number %% 13 = 0)::int
WHERE state <> 'resolved' AND (number %% 3 = 0 OR number %% 7 = 0 OR number %% 11 = 0 OR number %% 13 = 0)
"""
TAGS = """
INSERT INTO exceptions_queue_workitemtag (item_id, name)
SELECT number, (ARRAY['month-end', 'later', 'ask-client', 'vip'])[1 + number %% 4] FROM exceptions_queue_workitem
WHERE number %% 9 = 0
"""
WATCHED = """
INSERT INTO exceptions_queue_workitemwatcher (item_id, user_id, since)
SELECT number, %(user)s, now() FROM exceptions_queue_workitem WHERE number %% 50 = 0
"""
REMARKS = """
INSERT INTO exceptions_queue_workitemcomment (item_id, at, author_kind, author_id, author_name, text)
SELECT number, now(), 'person', %(user)s, 'Clara Voss', 'The client confirms the dimension by Friday.'
FROM exceptions_queue_workitem WHERE number %% 17 = 0
"""
CORRECTED = """
INSERT INTO routes_overlay (legal_entity_id, route_id, key, field, value, source_value, reason, made_by_id, made_at,
    ended_how)
SELECT r.legal_entity_id, r.route_id, r.key, 'role', '"Manager"', '"Analyst"', 'The contract says so.', %(user)s,
    now(), ''
FROM routes_failure f JOIN routes_record r ON r.id = f.record_id
WHERE f.closed_at IS NULL ORDER BY f.id LIMIT %(corrected)s
"""
CHANGED = {  # of a resolved item, beside what it has of the open one like which it was
    "fingerprint": "md5(fingerprint) || md5(number::text)", "state": "'resolved'", "came_from": "''",
    "waiting_on": "''", "members": "0", "amount": "NULL", "currency": "''", "hours": "NULL", "without_amount": "0",
    "worth": "NULL", "due_at": "NULL", "due_key": "''", "due_of": "''", "due_bills": "false", "assignee": "''",
    "resolution": "(ARRAY['waived', 'auto:newer_version', 'fixed', 'fixed'])[1 + number % 4]",
    "root_cause": "CASE WHEN number % 4 > 1 THEN 'mapping' ELSE 'no_action' END",
    "resolved_by": "'engine:engine'", "resolved_at": "last_seen + interval '3 hours'",
}  # fmt: skip


def lay(firm: Firm) -> None:
    """Lay down what the order goes by: rates of exchange, and each company's billing run."""
    rates = tables.create_table(
        name="exchange_rates", title="Rates of exchange", key_columns=["currency"], value_columns={"rate": "decimal"},
        by=ENGINE,
    )  # fmt: skip
    tables.add_rows(rates, [tables.NewRow((code,), {"rate": rate}) for code, rate in RATES.items()], by=ENGINE)
    for company in firm.companies.values():
        CutOff.objects.create(
            legal_entity_id=company, name="Billing", kind=CutOffKind.BILLING, rule=Rule.WORKING_DAY, number=5,
            at=dt.time(17), covers=Covers.MONTH_BEFORE,
        )  # fmt: skip
        CutOff.objects.create(
            legal_entity_id=company, name="Advance billing", kind=CutOffKind.BILLING, rule=Rule.WEEKLY, weekday=4,
            at=dt.time(18), covers=Covers.UP_TO, routes=[firm.routes["expenses"].id],
        )  # fmt: skip


def fill(firm: Firm, corrected: int) -> None:
    """Write down what people have done with the open items, and as many resolved ones as there are open ones."""
    farid, clara = firm.staff["farid"], firm.staff["clara"]
    with connection.cursor() as cursor:
        cursor.execute(_resolved())
        cursor.execute(HANDLED, {"farid": as_actor(farid).reference, "clara": as_actor(clara).reference})
        cursor.execute(TAGS, {})
        cursor.execute(WATCHED, {"user": farid.pk})
        cursor.execute(REMARKS, {"user": str(clara.pk)})
        cursor.execute(CORRECTED, {"user": farid.pk, "corrected": corrected})


def _resolved() -> str:
    columns = [str(field.column) for field in WorkItem._meta.concrete_fields if not field.primary_key]
    values = [CHANGED.get(name, name) for name in columns]
    return (
        f"INSERT INTO exceptions_queue_workitem ({', '.join(map(_quoted, columns))})"  # noqa: S608 - columns of ours
        f" SELECT {', '.join(_quoted(value) if value in columns else value for value in values)}"
        " FROM exceptions_queue_workitem WHERE state <> 'resolved' ORDER BY number"
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
