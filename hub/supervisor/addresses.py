"""Remembers where database and broker are, so that manage.py finds them while the hub runs.

Standard library only: the settings read it.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path


def remember(run: Path, addresses: Mapping[str, str]) -> None:
    """Write `addresses` (name of the environment entry → address) below `run`, readable by its owner only."""
    unfinished = run / f"addresses.{os.getpid()}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(dict(addresses), file)
    unfinished.replace(run / "addresses.json")


def remembered(state: Path) -> dict[str, str]:
    """Return the addresses of the last start with this STATE, or nothing."""
    try:
        found = json.loads((state / "run" / "addresses.json").read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(address) for name, address in found.items()}
