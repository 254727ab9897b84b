"""What is measured: a case says how much work and under which conditions, a result what became of it."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Protocol

PAGE = 500  # entries in one page of the source
BATCH = 100  # entries in one call of the batch cases
TROUBLE = 0.05  # share of the entries that must go to people
SLOW_SECONDS = 0.020  # what the stub waits before it answers in the slow cases
IN_FLIGHT = 128  # calls that a contender may have under way at once, all its processes together


@dataclass(frozen=True)
class Case:
    """One piece of work: `batch` entries a call, `latency` seconds before each answer of the stub."""

    name: str
    entries: int
    batch: int = 1
    latency: float = 0.0

    def sized(self, entries: int) -> "Case":
        """Return the same case with another number of entries."""
        return replace(self, entries=entries)


@dataclass(frozen=True)
class Tally:
    """Entries posted and the amount by currency: of a contender, of the stub, or as it ought to be."""

    posted: int
    amounts: dict[str, Decimal] = field(default_factory=dict)
    with_people: int = 0

    def off_by(self, truth: "Tally") -> Decimal:
        """Return the sum of the differences of all currencies, without sign."""
        currencies = self.amounts.keys() | truth.amounts.keys()
        zero = Decimal(0)
        return sum((abs(self.amounts.get(c, zero) - truth.amounts.get(c, zero)) for c in currencies), zero)


@dataclass(frozen=True)
class Result:
    """What one run of one contender took, in seconds, and what it says it did."""

    seconds: float
    tally: Tally


class Contender(Protocol):
    """Something that does the work. Started once, run many times, stopped at the end."""

    name: str

    def start(self) -> None:
        """Start the processes and wait until they are ready; not measured."""

    def run(self, case: Case) -> Result:
        """Do the work of a case against a stub that has just been emptied."""

    def stop(self) -> None:
        """End the processes."""
