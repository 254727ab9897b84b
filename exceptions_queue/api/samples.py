"""Examples of what the queue's larger answers look like, for the API's document: one exception, seen from each side."""

from typing import Any

EUR = {"currency": "EUR", "amount": "12480.0000"}
FAILURE, TRANSACTION = "0197a1c2-8a5b-7c1d-8e2f-0a1b2c3d4e5f", "0197a1c2-6a5b-7c1d-8e2f-0a1b2c3d4e5f"
EFFECT = "0197a1c2-9a5b-7c1d-8e2f-0a1b2c3d4e5f"

WHOLE_ITEM: dict[str, Any] = {  # beside what a list tells of it
    "cause": "“Bill rates” has no row for 'Architect / EUR'.", "accepted": "one row for each role and currency",
    "hint": "Rates are agreed in the first week of the quarter: ask the practice's lead.", "hint_number": 4,
    "field": "bill_rate", "table": "bill_rates", "table_key": ["Architect", "EUR"], "duplicate_of": None, "causes": [],
    "closed_by_itself": False, "root_cause": "", "cause_code": "", "finding": "", "rule_candidate": False,
    "reopened": 0, "split_from": None, "fingerprint_version": 1, "seen": "AZehwopbfB2OLwobLD1OXw.37",
    "remedies": [
        {"name": "table-rows", "title": "Add the missing row", "effect": "Releases 37 time entries, 12,480.00 EUR.",
         "allowed": True, "needs": "", "row": None,
         "given": [{"name": "table", "words": "Bill rates, Architect / EUR"}]},
    ],
    "comments": [{"at": "2026-10-06T08:10:00Z", "author_name": "Farid Amini", "text": "Asked Clara for the rate."}],
    "history": [{"at": "2026-10-05T16:30:00Z", "actor_name": "Throughline", "verb": "opened", "from_state": "",
                 "to_state": "new", "reason": ""}],
}  # fmt: skip
MEMBER: dict[str, Any] = {
    "id": FAILURE, "transaction": TRANSACTION, "key": "HP-DE/636709355",
    "columns": {"worked_on": "2026-10-05", "project_code": "P-881", "worker_name": "•••"}, "hours": "7.5000",
    "amount": None, "currency": "EUR", "source_value": "Architect", "working_value": "Architect", "target_value": None,
    "message": "“Bill rates” has no row for 'Architect / EUR'.",
}  # fmt: skip
CHECKED: dict[str, Any] = {
    "fits": True, "goes_on": True, "in_words": "It would go on with this.",
    "follows": [{"field": "amount", "value": "1350.00"}], "offered": [{"value": "7.50", "in_words": ""}],
}  # fmt: skip
TRIED: dict[str, Any] = {
    "members": 37,
    "trials": [
        {"failure": FAILURE, "transaction": TRANSACTION, "key": "HP-DE/636709355", "destination": "NetSuite",
         "outcome": "will_send", "words": "It would be sent.", "idempotency": "first",
         "idempotency_in_words": "Nothing of it stands there yet.",
         "configuration": "ledger-time-in version 1, ledger-time-out version 2", "changed": [],
         "payload": {"hours": 7.5, "memo": "P-881 review"}, "last": None, "last_was_sent": False,
         "differences": [{"name": "memo", "was": None, "now": "P-881 review"}],
         "rules": [{"name": "hours-positive", "verdict": "holds", "words": "", "waivable": False}],
         "amount": "1350.0000", "currency": "EUR"},
    ],
}  # fmt: skip
CONFIGURATIONS: dict[str, Any] = {
    "members": 37, "tried": 37,
    "configurations": [
        {"configuration": "now", "title": "As it is now", "mappings": "ledger-time-out version 2",
         "who": "Ingrid Solheim", "at": "2026-10-01T09:00:00Z", "note": "memo names the project", "draft": False,
         "may_send": True, "cannot": "", "outcomes": [{"outcome": "will_send", "members": 37}],
         "different": ["Memo: new, worked out as ‘project_code & \" review\"’"], "rows": [],
         "gaps": [{"words": "The correction of the role of 1 time entry has no part in it.", "members": 1,
                   "failure": FAILURE, "remedy": "It is kept, and counts again with a version that reads it."}],
         "warning": ""},
    ],
}  # fmt: skip
TOTALS: dict[str, Any] = {
    "states": [{"state": "new", "state_in_words": "new", "items": 3, "members": 41, "without_amount": 1,
                "amounts": [EUR]}],
}  # fmt: skip
COUNTS: dict[str, Any] = {
    "counts": [
        {"word": "class", "title": "Kind", "more_values": False,
         "values": [{"value": "unmapped-value", "words": "Value without a row", "items": 2, "or_more": False,
                     "worth": "12480.0000"}]},
    ],
    "at_stake": {
        "items": 3, "members": 41, "amount": "13830.0000", "currency": "EUR", "at_least": False, "unknown": 1,
        "partly_unknown": 0,
        "first": {"due_at": "2026-11-06T17:00:00Z", "due_of": "Billing run of HP-DE", "items": 2,
                  "amount": "12480.0000"},
        "explained_by": [{"number": 17, "title": "Bill rates: no row for Architect / EUR", "amount": "12480.0000",
                          "percent": 90}],
        "percent": 90,
    },
}  # fmt: skip
GROUPING_TRIAL: dict[str, Any] = {
    "failures": 52, "open": 37, "causes": 4, "amounts": [EUR], "without_amount": 2, "items": [17, 21],
}  # fmt: skip
BULK_MEMBER: dict[str, Any] = {
    "position": 1, "work_item": 17, "failure": FAILURE, "transaction": TRANSACTION, "key": "HP-DE/636709355",
    "amount": "1350.0000", "currency": "EUR", "outcome": "will", "why": "", "second_person": "", "result": "done",
    "ended_as": "posted", "ended": "", "stopped_as": None,
    "edits": [{"field": "hours", "was": "75", "value": "7.5"}],
}  # fmt: skip
WORTH: dict[str, Any] = {"amounts": [EUR], "hours": "83.2000"}
WHOLE_RUN: dict[str, Any] = {  # beside what a list tells of it
    "balanced": True,
    "books": [
        {"destination": "NetSuite", "due": 38, "due_worth": WORTH, "stopped": 0, "difference": 0,
         "states": [WORTH | {"state": "posted", "count": 37}],
         "left_out": [{"condition": "billable", "in_words": "by the condition “billable time”", "count": 1,
                       "amounts": [], "hours": "2.0000"}]},
    ],
}  # fmt: skip
STORY: dict[str, Any] = {  # beside what a list tells of it
    "entity": "time_entry", "explanation": "", "work_item": None,
    "values": [{"name": "hours", "source": 7.5, "canonical": "7.5", "sent": 7.5}],
    "warnings": [],
    "transitions": [{"at": "2026-10-05T16:30:00Z", "from_state": "ready", "to_state": "delivering",
                     "actor_kind": "engine", "actor": "Throughline", "reason": ""}],
    "effects": [{"id": EFFECT, "number": 1, "operation": "create", "object": "timebill", "key": "HP-DE/636709355",
                 "state": "confirmed", "sent_at": "2026-10-05T16:31:00Z", "ended_at": "2026-10-05T16:31:01Z",
                 "reference": "TB-4711", "external_id": "90210", "message": ""}],
    "attempts_made": [{"effect": EFFECT, "kind": "write", "at": "2026-10-05T16:31:00Z", "outcome": "confirmed",
                       "status": 201, "category": "", "message": "", "configuration": "", "exchange": None}],
    "configurations": [{"at": "2026-10-06T08:00:00Z", "who": "Clara Voss", "how": "as it was then",
                        "before": "ledger-time-out version 2", "after": "ledger-time-out version 1"}],
}  # fmt: skip
