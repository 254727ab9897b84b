"""From rates to ratios to pass or fail: the promises (a) to (f), each with its limit."""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from bench.case import Case, Result, Tally

YARDSTICK_COUNTS = 3.0  # times the Node-RED flow; below that the script was written badly


@dataclass
class Measured:
    """Rates in entries a second by case and contender, one for each run, and how far amounts were off."""

    rates: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    off_by: dict[str, str] = field(default_factory=dict)  # contender → sum of differences in currency units

    def add(self, case: Case, contender: str, result: Result, received: Tally, truth: Tally) -> float:
        """Take one run's result; return its rate. Raises AssertionError when counts or the contender's books differ.

        Node-RED calculates with floats: its amounts may be off, and by how much is part of the result.
        """
        assert (result.tally.posted, result.tally.with_people) == (truth.posted, truth.with_people), (contender, result)
        assert received.posted == truth.posted, (contender, received)
        exact = not contender.startswith("node_red")
        if exact:
            assert result.tally.amounts == received.amounts == truth.amounts, (contender, result, received, truth)
        self.off_by[contender] = str(received.off_by(truth))
        rate = case.entries / result.seconds
        self.rates[case.name][contender].append(rate)
        return rate

    def median(self, case: str, contender: str) -> float | None:
        """Return the median rate, None when it was not measured."""
        found = self.rates.get(case, {}).get(contender)
        return statistics.median(found) if found else None

    def ratio(self, case: str, one: str, other: str) -> float | None:
        """Return how many times the rate of `other` the rate of `one` is."""
        ours, theirs = self.median(case, one), self.median(case, other)
        return None if ours is None or theirs is None else ours / theirs


@dataclass(frozen=True)
class Check:
    """One promise: its letter, what is compared, the value, and the limit it must keep."""

    letter: str
    what: str
    value: float | None
    limit: float
    at_most: bool = False

    @property
    def passed(self) -> bool:
        """Whether the promise holds; what was not measured is not held."""
        if self.value is None:
            return False
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def shown(self) -> dict[str, Any]:
        """Return the check for the line of JSON."""
        value = None if self.value is None else round(self.value, 3)
        bound = "at_most" if self.at_most else "at_least"
        return {"what": self.what, "value": value, bound: self.limit, "passed": self.passed}


def checks(measured: Measured, *, mapping: float | None, memory: float | None, queries: float | None) -> list[Check]:
    """Return every promise with its value. `queries` is the growth of queries from a small batch to a large one."""
    ratio = measured.ratio
    return [
        Check("a", "compiled mapping and rules, times the same by hand", mapping, 0.85),
        Check("b", "yardstick, times the Node-RED flow (else it does not count)",
              ratio("one", "yardstick", "node_red"), YARDSTICK_COUNTS),
        Check("b", "hub, times the yardstick", ratio("one", "hub", "yardstick"), 0.4),
        Check("b", "hub, times the Node-RED flow", ratio("one", "hub", "node_red"), 1.5),
        Check("c", "hub with 20 ms latency, times the yardstick", ratio("slow", "hub", "yardstick"), 0.7),
        Check("d", "hub in batches of 100, times the yardstick", ratio("batch", "hub", "yardstick"), 0.35),
        Check("d", "hub in batches of 100, times the Node-RED flow", ratio("batch", "hub", "node_red"), 1.0),
        Check("e", "peak memory of a worker at ten times the records, times that before", memory, 1.15, at_most=True),
        Check("f", "queries for a large batch, times those for a small one", queries, 1.0, at_most=True),
    ]  # fmt: skip
