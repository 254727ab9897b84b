"""The stub that all contenders read from and post to: the sandbox's ledger, with its own count of what it got."""

import socket
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench import work
from bench.case import PAGE, TROUBLE, Case, Tally
from sandbox.launch import Simulator

SEED = 11


class Stub:
    """One ledger process at a time, in idempotent mode, always on the same port; emptied before each run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[int, Simulator] = {}  # by the number of entries
        self._truth: dict[int, Tally] = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    def prepare(self, case: Case) -> str:
        """Empty the target, set its latency, and return its address. Pages are made beforehand, not in the race."""
        ledger = self._running.get(case.entries) or self._start(case.entries)
        ledger.admin("POST", "reset", {})
        ledger.set_faults(latency=case.latency)
        return ledger.url

    def received(self, case: Case) -> Tally:
        """Return what the target committed."""
        totals: dict[str, Any] = self._running[case.entries].admin("GET", "totals")
        amounts = {currency: Decimal(net["amount"]) for currency, net in totals["net"].items()}
        return Tally(totals["commits"], amounts)

    def truth(self, case: Case) -> Tally:
        """Return what the target should have committed."""
        if case.entries not in self._truth:
            self._truth[case.entries] = work.expected(seed=SEED, entries=case.entries, trouble=TROUBLE)
        return self._truth[case.entries]

    def stop(self) -> None:
        """End the processes."""
        for ledger in self._running.values():
            ledger.stop()
        self._running.clear()

    def _start(self, entries: int) -> Simulator:
        self.stop()
        folder = self._folder / f"ledger-{entries}"
        ledger = Simulator.start("ledger", state=folder, port=self.port, seed=SEED, entries=entries, trouble=TROUBLE)
        self._running[entries] = ledger
        for page in range(1, -(-entries // PAGE) + 1):
            ledger.request("GET", f"/time_entries?page={page}&per_page={PAGE}")
        return ledger
