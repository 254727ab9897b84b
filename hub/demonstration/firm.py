"""What the sandbox says about its firm: codes, rates, people and credentials, asked from the program itself."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

INTERNAL_CLIENT = "Halden & Partner (internal)"  # in Harvest: the firm's own work, which nobody is invoiced for
INTERNAL_CUSTOMER = "C-INT"
ADMINISTRATION = "Administration"  # role of users of Harvest who book no time

Facts = dict[str, Any]


def facts(state: Path | None = None) -> Facts:
    """Return the firm's reference data; `state` is the sandbox's folder, whose first day counts.

    Raises RuntimeError with what the sandbox said.
    """
    folder = state or Path(settings.STATE) / "sandbox"
    command = [sys.executable, "-m", "sandbox", "firm", "--print"]
    if folder.is_dir():
        command.append(f"--state={folder}")
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=120)  # noqa: S603 - our own module
    if done.returncode:
        raise RuntimeError(f"The sandbox does not tell about its firm: {done.stderr.strip().splitlines()[-1:]}")
    found: Facts = json.loads(done.stdout)
    return found
