"""The demonstration firm's systems, filled once per test run: filling takes longer than starting."""

import fcntl
import os
import shutil
from pathlib import Path

from sandbox.launch import Simulator

TODAY = "2026-11-21"


def firm_at_work(state: Path) -> Simulator:
    """Start Harvest and NetSuite with the firm of `TODAY` in them, on a copy in the folder `state`, which is made."""
    shutil.copytree(_filled(), state)
    return Simulator.start("all", state=state, today=TODAY)


def _filled() -> Path:
    """Return the folder of a firm in which nothing has happened yet, made by whichever process needs it first."""
    folder = Path(os.environ["STATE"]) / "firm"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            Simulator.start("all", state=unfinished, today=TODAY).stop()
            unfinished.rename(folder)
    return folder
