"""Signs of life of programs that are gone: their files are removed by who starts, so that nobody waits for the next."""

import socket
import time
from pathlib import Path

OLD_SECONDS = 86400.0  # whoever lives touches its file every few seconds


def forget_signs(run: Path, *, of_this_machine: bool = True) -> None:
    """Remove the signs below `run` that are older than a day, and all of this machine unless told otherwise."""
    for path in run.glob("pulse-*@*"):
        try:
            ours = of_this_machine and path.name.endswith(f"@{socket.gethostname()}")
            if ours or time.time() - path.stat().st_mtime > OLD_SECONDS:
                path.unlink()
        except OSError:  # another start was quicker, or it belongs to another account
            continue
