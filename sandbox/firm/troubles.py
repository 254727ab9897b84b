"""The firm's troubles, each with the entries it concerns and what they amount to: `troubles(firm)`.

No entry has two of them, so a test can add them up. `count` is how many entries cannot go through straight away; of the
project over its cap those are some of `entries`, whichever come last.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.firm.catalogue import (
    ENTITY,
    ENTRIES_OVER_CAP,
    MISSING_RATE,
    NEW_TASK,
    PROJECT_NOT_IN_ERP,
    PROJECT_OVER_CAP,
)  # fmt: skip
from sandbox.firm.people import NEW_HIRE
from sandbox.firm.timesheets import Entry, Firm

REJECTED_ENTRIES = 5
FULL_DAY = Decimal(8)  # hours of every entry of the project over its cap
# Faults of the ERP, as the simulator's fault plan takes them.
ERP_FAULTS: list[dict[str, Any]] = [
    {"fault": "commit_and_hang_up", "path": "(?i)/timebill", "probability": 0.002, "times": 6},
    {"fault": "throttled", "path": "(?i)/timebill", "probability": 0.004, "times": 40, "seconds": 1},
]


@dataclass(frozen=True)
class Trouble:
    """One trouble. `category` is the failure category that the hub should find; empty: no failure, see `title`."""

    name: str
    title: str
    category: str
    cause: str  # the thing that is missing or wrong
    count: int
    hours: Decimal
    amounts: dict[str, Decimal]  # by currency, at the firm's rates
    entries: list[int]  # ids in the time tool
    remedy: str

    def plain(self) -> dict[str, Any]:
        """Return the trouble as JSON holds it: decimals as text."""
        amounts = {currency: str(amount) for currency, amount in self.amounts.items()}
        return {**vars(self), "hours": str(self.hours), "amounts": amounts}


def troubles(firm: Firm) -> list[Trouble]:
    """Return every trouble of the firm at the beginning of its story."""
    approved = [entry for entry in firm.entries if entry.approved_at]
    return [*_gaps(firm, approved), *_surprises(firm, approved)]


def _gaps(firm: Firm, approved: list[Entry]) -> list[Trouble]:
    """Return what somebody forgot to set up."""
    return [
        _trouble(
            firm,
            "project_not_in_erp",
            "A project was sold last month and nobody has set it up in the ERP",
            "missing_reference",
            PROJECT_NOT_IN_ERP,
            [e for e in approved if e.project.code == PROJECT_NOT_IN_ERP],
            "Create the job in the ERP (POST /_sandbox/acts/create_project at the NetSuite simulator).",
        ),
        _trouble(
            firm,
            "missing_rate",
            "The rate card has no row for a role in one currency",
            "unmapped_value",
            " / ".join(MISSING_RATE),
            [e for e in approved if (e.worker.role, _currency(e)) == MISSING_RATE and _billable(e)],
            "Add the rate; `missing_rates` of the reference data holds the agreed amounts.",
        ),
        _trouble(
            firm,
            "new_task",
            "A task was added in the time tool that no service item stands for",
            "unmapped_value",
            NEW_TASK.name,
            [e for e in approved if e.task == NEW_TASK.code],
            "Map the task to a service item, for example SVC-BLD.",
        ),
        _trouble(
            firm,
            "no_cost_center",
            "A new consultant has no cost center",
            "unmapped_value",
            NEW_HIRE,
            [e for e in approved if e.worker.name == NEW_HIRE and _billable(e)],
            "Give her the cost center of her practice: `workers` names the practice.",
        ),
    ]


def _surprises(firm: Firm, approved: list[Entry]) -> list[Trouble]:
    """Return what comes at the wrong time, or comes back."""
    return [
        _trouble(
            firm,
            "closed_period",
            "Late entries into a month that the ERP has closed",
            "closed_period",
            f"{firm.closed_month:%Y-%m}",
            [e for e in approved if e.late == "closed"],
            "Post into the next open period, with the controller's approval.",
        ),
        _over_cap(firm, [e for e in approved if e.project.code == PROJECT_OVER_CAP]),
        _trouble(
            firm,
            "late_approval",
            f"Entries of {firm.months[1]:%B} approved after the cut-off of {firm.cut_off(firm.months[1]):%d %B %H:%M}",
            "",
            f"{firm.months[1]:%Y-%m}",
            [e for e in approved if e.late == "cut_off"],
            "They post, with a warning: the period's figures were reported without them.",
        ),
        _trouble(
            firm,
            "rejected_after_posting",
            "Entries whose approval is withdrawn after they were posted, and which come back corrected",
            "",
            "approval withdrawn",
            _to_reject(approved),
            "POST /_sandbox/acts/reject and later /_sandbox/acts/correct at the Harvest simulator.",
        ),
    ]


def _trouble(
    firm: Firm, name: str, title: str, category: str, cause: str, entries: list[Entry], remedy: str
) -> Trouble:
    hours, amounts = _sums(firm, entries)
    return Trouble(name, title, category, cause, len(entries), hours, amounts, [e.id for e in entries], remedy)


def _over_cap(firm: Firm, entries: list[Entry]) -> Trouble:
    """Every entry of the project has the same hours, so what exceeds the cap does not depend on the order."""
    over = entries[-ENTRIES_OVER_CAP:]
    hours, amounts = _sums(firm, over)
    title = f"The last {len(over)} of {len(entries)} days exceed the contract's cap of {cap_hours(firm)} hours"
    ids = [entry.id for entry in entries]
    remedy = "Raise the cap (POST /_sandbox/acts/raise_cap at the NetSuite simulator) or waive."
    return Trouble("over_cap", title, "refused", PROJECT_OVER_CAP, len(over), hours, amounts, ids, remedy)


def cap_hours(firm: Firm) -> Decimal:
    """Return the cap in hours of the project that exceeds it."""
    booked = [e for e in firm.entries if e.project.code == PROJECT_OVER_CAP and e.approved_at]
    return max(FULL_DAY, FULL_DAY * (len(booked) - ENTRIES_OVER_CAP)).quantize(Decimal("0.01"))


def _to_reject(approved: list[Entry]) -> list[Entry]:
    """Return ordinary entries of one consultant, the oldest first: they will have been posted."""
    plain = [e for e in approved if not e.late and _billable(e) and e.worker.legal_entity == "HP-DE"]
    plain = [e for e in plain if e.task != NEW_TASK.code and e.project.code != PROJECT_OVER_CAP]
    return [entry for entry in plain if entry.worker == plain[0].worker][:REJECTED_ENTRIES]


def _sums(firm: Firm, entries: Iterable[Entry]) -> tuple[Decimal, dict[str, Decimal]]:
    hours, amounts = Decimal("0.00"), dict[str, Decimal]()
    for entry in entries:
        hours += entry.hours
        currency = _currency(entry)
        amounts[currency] = amounts.get(currency, Decimal("0.00")) + firm.amount(entry)
    return hours, amounts


def _currency(entry: Entry) -> str:
    return ENTITY[entry.worker.legal_entity].currency


def _billable(entry: Entry) -> bool:
    return entry.project.customer != "INT"
