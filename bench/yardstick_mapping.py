"""The yardstick's mapping and rules, written by hand for this one source: as direct as Python gets."""

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
DAY = Decimal(24)
UNUSUAL = Decimal(1000)
CURRENCIES = frozenset(("EUR", "USD", "GBP"))


def mapper(tables: dict[str, dict[str, str]]) -> Callable[[dict[str, Any]], tuple[dict[str, Any], list[str]]]:
    """Return the function that maps one entry to the body to post, and says what is wrong with it."""
    workers, projects, tasks = tables["workers"], tables["projects"], tables["tasks"]

    def run(entry: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        problems: list[str] = []
        worker = workers.get(entry["worker_code"])
        if worker is None:
            problems.append(f"worker: the table workers has no row for {entry['worker_code']!r}")
        project = projects.get(entry["project_code"])
        if project is None:
            problems.append(f"project: the table projects has no row for {entry['project_code']!r}")
        task = tasks.get(entry["task_code"])
        if task is None:
            problems.append(f"task: the table tasks has no row for {entry['task_code']!r}")
        hours, rate, billable = entry["hours"], entry["bill_rate"], entry["billable"]
        amount = (hours * rate).quantize(CENT, ROUND_HALF_UP) if billable else Decimal(0)
        currency, description = entry["currency"], entry["notes"].strip()
        if not hours > 0:
            problems.append(f"{hours} hours are not above 0.")
        if not hours <= DAY:
            problems.append(f"{hours} hours in one day.")
        if entry["status"] != "approved":
            problems.append("Not approved.")
        if currency not in CURRENCIES:
            problems.append(f"{currency} is not a currency of ours.")
        if not entry["project_code"]:
            problems.append("No project.")
        if billable and not amount > 0:
            problems.append(f"The amount is {amount}.")
        if not rate < UNUSUAL:
            problems.append(f"{rate} an hour is unusual.")
        if len(description) < 3:
            problems.append("The description is too short for an invoice.")
        worked_on = entry["worked_on"]
        return {
            "key": entry["key"],
            "legal_entity": entry["legal_entity"],
            "worker": worker,
            "project": project,
            "task": task,
            "role": entry["role"],
            "worked_on": worked_on,
            "period": worked_on[:7],
            "hours": hours,
            "bill_rate": rate,
            "amount": amount,
            "currency": currency,
            "billable": billable,
            "description": description,
            "changed_at": entry["changed_at"],
        }, problems

    return run
