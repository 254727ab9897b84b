"""Compare a compiled mapping with the same mapping written by hand: 15 fields, three look-ups, 8 rules.

Both get the same 20,000 time entries, of which 5 % have something for people, and must give equal values, problems
(field, category, value) and table rows. The figure is the median of interleaved rounds of
processor time, so that what else runs on the machine does not count. Run: `python -m bench.mapping`.
"""

import decimal
import gc
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from canonical.failure import Category
from canonical.problem import Problem
from mappings import BatchSnapshot, Mapped, compile_mapping
from mappings.formula.limits import CONTEXT
from mappings.snapshot import Row

RECORDS = 20_000
ROUNDS = 9
CENT = Decimal("0.01")
TODAY = date(2026, 4, 1)
RAISED = date(2026, 3, 16)  # the day from which rates are 5 higher

CONTENT: dict[str, Any] = {
    "name": "Harvest time entries to the canonical time entry",
    "from": {"system": "harvest", "stream": "time_entries"},
    "to": {"system": "bench", "stream": "time_entry"},
    "on": "DATEVALUE(spent_date)",
    "fields": [
        {"to": "entry_id", "formula": '"harvest-" & id', "as": "text"},
        {"to": "worker_id", "from": "user.id", "as": "text"},
        {"to": "worker_name", "formula": "TRIM(user.name)", "as": "text"},
        {"to": "customer_id", "from": "client.id", "as": "text"},
        {"to": "project_code", "from": "project.code", "as": "text"},
        {"to": "task_code", "formula": 'LOOKUP("task_codes", task.name)', "as": "text"},
        {"to": "cost_center", "formula": 'LOOKUP("cost_centers", user.id)', "as": "text"},
        {"to": "worked_on", "from": "spent_date", "as": "date"},
        {"to": "hours", "formula": "ROUND(hours, 2)", "as": "decimal"},
        {"to": "description", "formula": 'COALESCE(notes, "no description")', "as": "text"},
        {"to": "billable", "from": "billable", "as": "boolean"},
        {"to": "bill_rate", "formula": 'LOOKUP("bill_rates", role, client.currency)', "as": "money"},
        {"to": "amount", "formula": "IF(billable, ROUND(result.hours * result.bill_rate, 2), 0)", "as": "money"},
        {"to": "currency", "from": "client.currency", "as": "text"},
        {"to": "period", "formula": "LEFT(spent_date, 7)", "as": "text"},
    ],
    "rules": [
        {"name": "hours positive", "check": "hours > 0", "field": "hours", "message": "{hours} hours are not above 0."},
        {"name": "hours of a day", "check": "hours <= 24", "field": "hours", "message": "{hours} hours in one day."},
        {"name": "approved", "check": 'source.approval_status = "approved"', "field": "entry_id",
         "message": "Not approved."},
        {"name": "currency", "check": 'OR(currency = "EUR", currency = "USD", currency = "GBP")', "field": "currency",
         "message": "{currency} is not a currency of ours."},
        {"name": "project", "check": "NOT(ISBLANK(project_code))", "field": "project_code", "message": "No project."},
        {"name": "billed hours have a price", "check": "amount > 0 OR NOT(billable)", "field": "amount",
         "message": "The amount is {amount}."},
        {"name": "rate in range", "check": "bill_rate < 1000", "field": "bill_rate", "severity": "warning",
         "message": "{bill_rate} an hour is unusual."},
        {"name": "described", "check": "LEN(description) >= 3", "field": "description", "severity": "warning",
         "message": "The description is too short for an invoice."},
    ],
}  # fmt: skip

TASKS = {
    name: f"T{index:02d}" for index, name in enumerate(["Analysis", "Design", "Build", "Test", "Travel", "Workshop"])
}
RATES = {(role, currency): Decimal(amount) for role, amount in {"Consultant": "145.00", "Architect": "190.00"}.items()
         for currency in ("EUR", "USD", "GBP")}  # fmt: skip
CENTERS = {str(number): f"CC-{number % 7}" for number in range(60)}


def entries(seed: int = 7) -> list[dict[str, Any]]:
    """Return the vendor's records; one in twenty has something for people."""
    random = Random(seed)  # noqa: S311  # reproducible records, no secret
    made = [_entry(random, number) for number in range(RECORDS)]
    for number in range(0, RECORDS, 20):
        troubles: list[dict[str, Any]] = [
            {"hours": Decimal("26.00")},
            {"role": "Partner"},
            {"project": {"id": 1, "code": None}},
            {"task": {"id": 9, "name": "Unknown"}},
            {"hours": None},
        ]
        made[number].update(troubles[number // 20 % 5])
    return made


def _entry(random: Random, number: int) -> dict[str, Any]:
    worker, currency = random.randrange(60), random.choice(["EUR", "USD", "GBP"])
    return {
        "id": 636_700_000 + number,
        "spent_date": f"2026-03-{random.randrange(1, 29):02d}",
        "user": {"id": worker, "name": f"Consultant {worker}"},
        "client": {"id": worker % 12, "name": "Client", "currency": currency},
        "project": {"id": worker % 40, "code": f"P-{800 + worker % 40}", "name": "Rollout"},
        "task": {"id": 3, "name": random.choice(list(TASKS))},
        "hours": Decimal(random.randrange(1, 40)) / 4,
        "notes": random.choice([None, "Workshop with finance", "Interface to payroll"]),
        "billable": random.random() < 0.9,
        "role": random.choice(["Consultant", "Architect"]),
        "approval_status": "approved",
    }


def snapshot() -> BatchSnapshot:
    """Return the tables, as a batch would have fetched them."""
    filled = BatchSnapshot(TODAY)
    for source in compile_mapping(CONTENT).sources:
        filled.view(source)
    tables: dict[str, dict[tuple[str, ...], str]] = {
        "task_codes": {(name,): code for name, code in TASKS.items()},
        "cost_centers": {(worker,): center for worker, center in CENTERS.items()},
    }
    for name, table in tables.items():
        rows = {key: [Row(index, None, None, {"value": value})] for index, (key, value) in enumerate(table.items())}
        filled.give_rows(name, rows, [*rows, ("Unknown",)])
    dated: dict[tuple[str, ...], list[Row]] = {
        key: [
            Row(index, date(2026, 1, 1), RAISED - timedelta(days=1), {"rate": rate}),
            Row(100 + index, RAISED, None, {"rate": rate + 5}),
        ]
        for index, (key, rate) in enumerate(RATES.items())
    }
    filled.give_rows("bill_rates", dated, [*dated, *(("Partner", each) for each in ("EUR", "USD", "GBP"))])
    return filled


class ByHand:
    """The same mapping as a programmer would write it: no layer between the record and the result."""

    def __init__(self) -> None:
        self.tasks: dict[Any, tuple[str, int]] = {
            name: (code, index) for index, (name, code) in enumerate(TASKS.items())
        }
        self.centers: dict[Any, tuple[str, int]] = {
            worker: (center, index) for index, (worker, center) in enumerate(CENTERS.items())
        }
        # A rate is valid from a day on: (first day, rate, row) by key, latest first.
        self.rates: dict[Any, list[tuple[date, Decimal, int]]] = {
            key: [(RAISED, rate + 5, 100 + index), (date(2026, 1, 1), rate, index)]
            for index, (key, rate) in enumerate(RATES.items())
        }

    def run(self, record: dict[str, Any]) -> Mapped:  # one flat function is the fair opponent
        """Map one record."""
        problems: list[Problem] = []
        hits: list[int] = []
        values: dict[str, Any] = {}
        user, client, spent = record.get("user") or {}, record.get("client") or {}, record.get("spent_date")
        identity, worker, customer, name = record.get("id"), user.get("id"), client.get("id"), user.get("name")
        values["entry_id"] = "harvest-" if identity is None else f"harvest-{identity}"
        worker = values["worker_id"] = None if worker is None else str(worker)
        values["worker_name"] = None if name is None else " ".join(name.split())
        values["customer_id"] = None if customer is None else str(customer)
        project = values["project_code"] = (record.get("project") or {}).get("code")
        task = (record.get("task") or {}).get("name")
        hit = self.tasks.get(task)
        if task is None:
            problems.append(_wrong("task_code", None))
        elif hit is None:
            problems.append(_unmapped("task_code", "task_codes", (task,)))
        else:
            values["task_code"] = hit[0]
            hits.append(hit[1])
        hit = self.centers.get(worker)
        if worker is None:
            problems.append(_wrong("cost_center", None))
        elif hit is None:
            problems.append(_unmapped("cost_center", "cost_centers", (worker,)))
        else:
            values["cost_center"] = hit[0]
            hits.append(hit[1])
        worked_on = None
        try:
            worked_on = values["worked_on"] = date.fromisoformat(spent)  # type: ignore[arg-type]  # no text: caught
        except (TypeError, ValueError):
            problems.append(_wrong("worked_on", spent))
        hours: Any = record.get("hours")
        hours_fail = False
        if isinstance(hours, Decimal) and hours.is_finite():
            hours = values["hours"] = hours.quantize(CENT, ROUND_HALF_UP)
        elif hours is None:
            values["hours"] = None
        else:
            hours_fail = True
            problems.append(_wrong("hours", hours))
        description = values["description"] = record.get("notes") or "no description"
        billable = values["billable"] = record.get("billable")
        currency = client.get("currency")
        rate = amount = None
        role = record.get("role")
        if role is None or currency is None:
            problems.append(_wrong("bill_rate", None))
        elif worked_on is not None:
            for since, dated_rate, row in self.rates.get((role, currency), ()):
                if since <= worked_on:
                    rate = values["bill_rate"] = dated_rate
                    hits.append(row)
                    break
            else:
                problems.append(_unmapped("bill_rate", "bill_rates", (role, currency)))
        if not billable:
            amount = values["amount"] = Decimal(0)
        elif rate is not None and not hours_fail:
            if hours is None:
                problems.append(_wrong("amount", None))
            else:
                amount = values["amount"] = (hours * rate).quantize(CENT, ROUND_HALF_UP)
        values["currency"] = currency
        values["period"] = spent[:7] if isinstance(spent, str) else None
        if hours is None:
            problems.append(_wrong("hours", hours))
            problems.append(_wrong("hours", hours))
        elif not hours_fail:
            if not hours > 0:
                problems.append(_broken("hours positive", "hours", hours, f"{hours} hours are not above 0."))
            if not hours <= 24:
                problems.append(_broken("hours of a day", "hours", hours, f"{hours} hours in one day."))
        if record.get("approval_status") != "approved":
            problems.append(_broken("approved", "entry_id", values["entry_id"], "Not approved."))
        if currency not in ("EUR", "USD", "GBP"):
            problems.append(_broken("currency", "currency", currency, f"{currency} is not a currency of ours."))
        if not project:
            problems.append(_broken("project", "project_code", project, "No project."))
        if amount is not None and not (amount > 0 or not billable):
            problems.append(_broken("billed hours have a price", "amount", amount, f"The amount is {amount}."))
        if rate is not None and not rate < 1000:
            problems.append(_broken("rate in range", "bill_rate", rate, f"{rate} an hour is unusual.", "warning"))
        if len(description) < 3:
            short = "The description is too short for an invoice."
            problems.append(_broken("described", "description", description, short, "warning"))
        return Mapped(values, problems, [], hits)


def _unmapped(field: str, table: str, key: tuple[Any, ...]) -> Problem:
    message = f"{field}: the table {table} has no row for {' / '.join(map(str, key))!r}."
    return Problem("error", Category.UNMAPPED_VALUE, field, 0, message, " / ".join(map(str, key)), "", table, key)


def _wrong(field: str, value: object) -> Problem:
    return Problem("error", Category.VALIDATION, field, 0, f"{field}: {value!r} is not accepted.", value)


def _broken(rule: str, field: str, value: object, message: str, severity: Any = "error") -> Problem:
    return Problem(severity, Category.VALIDATION, field, 0, message, value, rule=rule)


def outcome(mapped: Mapped) -> Any:
    """Return what both must agree on."""
    problems = [
        (each.severity, each.category, each.field, each.value, each.table, each.key) for each in mapped.problems
    ]
    return mapped.values, sorted(problems, key=repr), sorted(mapped.hits)


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure both, interleaved; raises AssertionError where their outcomes differ."""
    records, compiled, by_hand = entries(), compile_mapping(CONTENT), ByHand()
    bound = compiled.bind(snapshot())
    with decimal.localcontext(CONTEXT):
        for record in records:
            ours, theirs = outcome(bound(record, TODAY)), outcome(by_hand.run(record))
            assert ours == theirs, (ours, theirs)
        contestants: dict[str, Callable[[], Any]] = {
            "compiled": lambda: [bound(record, TODAY) for record in records],
            "by_hand": lambda: [by_hand.run(record) for record in records],
        }
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for turn in range(rounds):
            # Who goes first changes with each round, for the same reason as the interleaving.
            for name in sorted(contestants, reverse=bool(turn % 2)):
                times[name].append(_timed(contestants[name]))
    rates = {name: RECORDS / statistics.median(each) for name, each in times.items()}
    ratio = statistics.median(hand / own for hand, own in zip(times["by_hand"], times["compiled"], strict=True))
    return {
        "records": RECORDS,
        "compiled_per_second": round(rates["compiled"]),
        "by_hand_per_second": round(rates["by_hand"]),
        "ratio": round(ratio, 3),
        "target": 0.85,
        "passed": ratio >= 0.85,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _timed(work: Callable[[], Any]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = time.thread_time()
        work()
        return time.thread_time() - start
    finally:
        gc.enable()


if __name__ == "__main__":
    print(json.dumps(run()))
