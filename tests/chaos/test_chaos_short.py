"""The short form of `make chaos`: all three write classes side by side, everything killed and stopped, nothing lost."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.supervisor import parts
from hub.supervisor.processes import marked, running_in
from tests.processes import StartProcess, template

pytestmark = [pytest.mark.processes, pytest.mark.slow]
SHORT = [
    "--at-once", "--entries=250", "--every=1.2", "--mischief=16", "--limit=60", "--share=0.03", "--latency=0.05",
    "--lease=4", "--timeout=1.5", "--late=3",
]  # fmt: skip


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder STATE with a migrated database; whatever still works in it at the end is killed."""
    folder = Path(tempfile.mkdtemp(prefix="tl-"))
    folder.chmod(0o711)
    subprocess.run(["cp", "-a", str(template()), str(folder / "postgresql")], check=True)
    yield folder
    left = marked(f"{parts.MARK}={folder}") + running_in(folder / "postgresql", "postgres")
    for each in left + running_in(folder / "sockets", "redis-server"):
        each.stop(signal.SIGKILL, seconds=10)
    shutil.rmtree(folder, ignore_errors=True)


def test_chaos_short_loses_and_doubles_nothing(state: Path, start_process: StartProcess) -> None:
    seed = os.environ.get("CHAOS_SEED", "2026")
    run = start_process(["python", "-m", "chaos", f"--state={state}", f"--seed={seed}", *SHORT])
    code = run.wait(110)
    assert code == 0, run.output
    found = json.loads(run.output.strip().splitlines()[-1])
    assert (found["lost"], found["doubled"], found["received"]) == (0, 0, 750)
    assert found["kills"] >= 3
    assert set(found["runs"]) == {"idempotent", "look_up", "blind"}
    assert all(each["unknowns"] for each in found["runs"].values())
    assert found["runs"]["blind"]["with_people"] > 0
