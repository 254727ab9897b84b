"""The route's two mappings: the ledger's time entry into the hub's words, and those into what the ledger takes.

The second holds what the other contenders do by hand: 15 fields, three look-ups, 8 rules.
"""

from typing import Any

STREAM = {"system": "bench_ledger", "stream": "time_entries"}

NORMALISE: dict[str, Any] = {
    "name": "Time entries of the benchmark's ledger",
    "from": STREAM,
    "to": {"entity": "time_entry"},
    "fields": [
        {"to": "entry_id", "from": "key"},
        {"to": "legal_entity", "from": "legal_entity"},
        {"to": "worker_id", "from": "worker_code"},
        {"to": "project_code", "from": "project_code"},
        {"to": "task_code", "from": "task_code"},
        {"to": "role", "from": "role"},
        {"to": "worked_on", "from": "worked_on"},
        {"to": "period", "formula": "LEFT(worked_on, 7)"},
        {"to": "hours", "from": "hours"},
        {"to": "bill_rate", "from": "bill_rate"},
        {"to": "amount", "formula": "IF(billable, ROUND(hours * bill_rate, 2), 0)"},
        {"to": "currency", "from": "currency"},
        {"to": "billable", "from": "billable"},
        {"to": "description", "formula": "TRIM(notes)"},
        {"to": "approval_status", "from": "status"},
        {"to": "changed_at", "from": "changed_at"},
    ],
}

TRANSLATE: dict[str, Any] = {
    "name": "Approved time to the benchmark's ledger",
    "from": {"entity": "time_entry"},
    "to": {"system": "bench_ledger", "stream": "entries"},
    "on": "worked_on",
    "fields": [
        {"to": "key", "from": "entry_id"},
        {"to": "legal_entity", "from": "legal_entity"},
        {"to": "worker", "formula": 'LOOKUP("bench_workers", worker_id)'},
        {"to": "project", "formula": 'LOOKUP("bench_projects", project_code)'},
        {"to": "task", "formula": 'LOOKUP("bench_tasks", task_code)'},
        {"to": "role", "from": "role"},
        {"to": "worked_on", "from": "worked_on"},
        {"to": "period", "from": "period"},
        {"to": "hours", "from": "hours"},
        {"to": "bill_rate", "from": "bill_rate"},
        {"to": "amount", "from": "amount"},
        {"to": "currency", "from": "currency"},
        {"to": "billable", "from": "billable"},
        {"to": "description", "from": "description"},
        {"to": "changed_at", "from": "changed_at"},
    ],
    "rules": [
        {"name": "hours positive", "check": "hours > 0", "field": "hours", "message": "{hours} hours are not above 0."},
        {"name": "hours of a day", "check": "hours <= 24", "field": "hours", "message": "{hours} hours in one day."},
        {"name": "approved", "check": 'source.approval_status = "approved"', "field": "key",
         "message": "Not approved."},
        {"name": "currency", "check": 'OR(currency = "EUR", currency = "USD", currency = "GBP")', "field": "currency",
         "message": "{currency} is not a currency of ours."},
        {"name": "project", "check": "NOT(ISBLANK(source.project_code))", "field": "project", "message": "No project."},
        {"name": "billed hours have a price", "check": "amount > 0 OR NOT(billable)", "field": "amount",
         "message": "The amount is {amount}."},
        {"name": "rate in range", "check": "bill_rate < 1000", "field": "bill_rate",
         "message": "{bill_rate} an hour is unusual."},
        {"name": "described", "check": "LEN(description) >= 3", "field": "description",
         "message": "The description is too short for an invoice."},
    ],
}  # fmt: skip
