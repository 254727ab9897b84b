"""The times of a chaos run and how they hang together. All in seconds."""

import re
from dataclasses import dataclass
from pathlib import Path

SPARE = 1.0  # seconds that a busy machine may add to a late commit


@dataclass(frozen=True)
class Times:
    """How long a lease and a request last, and how late the target still commits after the caller gave up."""

    lease: float = 10.0
    timeout: float = 4.0  # of a request, below half a lease
    late: float = 10.0  # after the caller's timeout

    def __post_init__(self) -> None:
        """Refuse times that the hub itself would not promise anything for."""
        if self.timeout >= self.lease / 2:
            raise ValueError(f"A request of {self.timeout:g} s is not shorter than half a lease of {self.lease:g} s.")

    @property
    def latest(self) -> float:
        """How long after a request the target may still commit it."""
        return self.timeout + self.late

    @property
    def settle(self) -> float:
        """When "not there" counts: after the latest commit. The hub counts from the doubt, later than sending."""
        return self.latest + SPARE

    @property
    def pause(self) -> float:
        """The shortest stop that outlives a lease."""
        return self.lease + 1

    @property
    def environment(self) -> dict[str, str]:
        """The hub's settings for these times."""
        return {"LEASE_SECONDS": f"{self.lease:g}", "REQUEST_TIMEOUT_SECONDS": f"{self.timeout:g}"}


def write_connectors(shipped: Path, folder: Path, times: Times) -> None:
    """Copy the ledger's connectors to `folder`, with the settle times that `times` ask for."""
    for manifest in sorted(shipped.glob("ledger_*/manifest.yaml")):
        text, found = re.subn(r"(?m)^( +settle_seconds:) [\d.]+", rf"\1 {times.settle:g}", manifest.read_text())
        if not found:
            raise ValueError(f"{manifest} has no settle time, expected one for each thing that it looks up.")
        copy = folder / manifest.parent.name / manifest.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
