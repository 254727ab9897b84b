"""Computes lost and doubled outside the hub: the source's list against the target's append-only log."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)


@dataclass
class Tally:
    """What the log says about one key."""

    creates: int = 0
    updates: int = 0
    reversals: int = 0  # reversals and voids
    hours: Decimal = ZERO  # net
    amount: Decimal = ZERO  # net
    lines: list[tuple[Decimal, Decimal]] = field(default_factory=list)  # standing lines

    def take(self, line: dict[str, Any]) -> None:
        """Add one commit of the log."""
        value = Decimal(line["hours"]), Decimal(line["amount"])
        match line["operation"]:
            case "create" | "delta":
                self.creates += line["operation"] == "create"
                self.lines.append(value)
            case "update":
                self.updates += 1
                self.lines = [value]
            case "void":
                self.reversals += 1
                self.lines = []
            case "reverse":
                self.reversals += 1
                self.lines.append(value)
        self.hours = sum((hours for hours, _ in self.lines), ZERO)
        self.amount = sum((amount for _, amount in self.lines), ZERO)


@dataclass
class Verdict:
    """The comparison. Everything but `posted` should be empty when a run has ended well."""

    posted: list[str] = field(default_factory=list)  # in the target exactly as the source says
    lost: list[str] = field(default_factory=list)  # in the source, not in the target, with nobody
    doubled: list[str] = field(default_factory=list)  # more creates than reversals allow, or reversed too often
    wrong: list[str] = field(default_factory=list)  # once in the target, but with other hours or another amount
    unasked: list[str] = field(default_factory=list)  # in the target, not in the source


def tally(log: Iterable[dict[str, Any]]) -> dict[str, Tally]:
    """Sum the commits of a log by key."""
    tallies: dict[str, Tally] = {}
    for line in log:
        if line["kind"] == "commit":
            tallies.setdefault(line["key"], Tally()).take(line)
    return tallies


def compare(
    source: Iterable[dict[str, Any]], log: Iterable[dict[str, Any]], *, with_people: Iterable[str] = ()
) -> Verdict:
    """Compare the source's present entries (`key`, `hours`, `amount`, `status`) with the target's log.

    Keys in `with_people` are neither lost nor wrong; doubled they can still be.
    """
    verdict, tallies, excused = Verdict(), tally(log), set(with_people)
    expected: dict[str, dict[str, Any]] = {entry["key"]: entry for entry in source}
    for key, entry in expected.items():
        _judge(verdict, key, entry, tallies.get(key), excused=key in excused)
    verdict.unasked = [key for key, found in tallies.items() if key not in expected and found.amount]
    return verdict


def _judge(verdict: Verdict, key: str, entry: dict[str, Any], found: Tally | None, *, excused: bool) -> None:
    wanted = entry.get("status", "approved") == "approved"
    if found is None:
        if wanted and not excused:
            verdict.lost.append(key)
    elif found.creates - found.reversals > 1 or found.reversals > found.creates + found.updates:
        verdict.doubled.append(key)
    elif excused:
        return
    else:
        amount = Decimal(str(entry["amount"])) if wanted else ZERO
        hours = Decimal(str(entry["hours"])) if wanted else ZERO
        right = (found.amount, found.hours) == (amount, hours)
        (verdict.posted if right else verdict.wrong).append(key)
