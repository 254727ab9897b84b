"""(e) Peak memory of a worker: the kernel's high-water mark after the small case and after the large one."""

import re
from pathlib import Path
from typing import Any

from bench.case import Case
from bench.hub_route import Hub
from bench.verdict import Measured


def measure(hub: Hub, cases: list[Case], measured: Measured) -> dict[str, Any]:
    """Run each case on fresh workers; return the largest worker's peak in MiB by case, and last over first."""
    peaks: dict[str, float] = {}
    for case in cases:
        hub.start()
        try:
            result = hub.run(case)
            measured.add(case, hub.name, result, hub.stub.received(case), hub.stub.truth(case))
            pids = [child.process.pid for child in hub.workers if child.process]
            peaks[str(case.entries)] = round(max(map(peak, pids)) / 1024, 1)
        finally:
            hub.stop()
    values = list(peaks.values())
    return {"peak_mib": peaks, "ratio": values[-1] / values[0]}


def peak(pid: int) -> int:
    """Return the most memory that a process ever held, in KiB (VmHWM, proc(5))."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])
