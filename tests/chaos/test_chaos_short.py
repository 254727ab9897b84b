"""The short form of `make chaos`: all three write classes side by side, everything killed and stopped, nothing lost."""

import json
import os
from pathlib import Path

import pytest

from tests.processes import StartProcess

pytestmark = [pytest.mark.processes, pytest.mark.slow]
SHORT = [
    "--at-once", "--entries=250", "--every=1.6", "--mischief=13", "--limit=400", "--share=0.05", "--latency=0.05",
    "--lease=4", "--timeout=1.5", "--late=3",
]  # fmt: skip


def test_chaos_short_loses_and_doubles_nothing(state: Path, start_process: StartProcess) -> None:
    seed = os.environ.get("CHAOS_SEED", "2026")
    run = start_process(["python", "-m", "chaos", f"--state={state}", f"--seed={seed}", *SHORT])
    code = run.wait(560)  # some 40 s on an idle machine
    assert code == 0, run.output
    found = json.loads(run.output.strip().splitlines()[-1])
    assert (found["lost"], found["doubled"], found["received"]) == (0, 0, 750)
    assert found["kills"] >= 3
    assert set(found["runs"]) == {"idempotent", "look_up", "blind"}
    assert all(each["unknowns"] for each in found["runs"].values())
    assert found["runs"]["blind"]["with_people"] > 0
