"""The work itself, in numbers and tables that every contender shares: 15 fields, three look-ups, 8 rules.

Field by field, of an entry of the ledger's time source: key, legal_entity, worker (look-up), project (look-up),
task (look-up; an unknown one goes to people), role, worked_on, period, hours, bill_rate, amount (hours times rate,
rounded half up), currency, billable, description, changed_at. The rules are listed in `yardstick_mapping.py`, in
`node_red/flow.js` and in `hub_route.py`.
"""

from decimal import Decimal
from typing import Any

from bench.case import Tally
from sandbox.ledger import source

TABLES: dict[str, dict[str, str]] = {
    "workers": {code: f"EMP{number:05d}" for number, code in enumerate(source.WORKERS, 1)},
    "projects": {code: f"PRJ{number:05d}" for number, code in enumerate(source.PROJECTS, 1)},
    "tasks": {code: f"SRV{number:05d}" for number, code in enumerate(source.TASKS, 1)},
}
CURRENCIES = sorted(set(source.CURRENCIES.values()))
FIELDS = ("key", "legal_entity", "worker", "project", "task", "role", "worked_on", "period", "hours", "bill_rate",
          "amount", "currency", "billable", "description", "changed_at")  # fmt: skip


def expected(*, seed: int, entries: int, trouble: float) -> Tally:
    """Return what a contender that makes no mistake ends with."""
    amounts: dict[str, Decimal] = {}
    with_people = 0
    for number in range(1, entries + 1):
        entry: dict[str, Any] = source.generate(seed, number, entries, trouble)
        if entry["task_code"] == source.UNKNOWN_TASK:
            with_people += 1
        else:
            amounts[entry["currency"]] = amounts.get(entry["currency"], Decimal(0)) + entry["amount"]
    return Tally(entries - with_people, amounts, with_people)
