"""Remembers where database and broker are, and what else the hub's programs are given, for manage.py beside them.

Standard library only: the settings read it.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from hub.supervisor.alone import Alone

GIVEN_TO_PROGRAMS = ("OUTBOUND_ALLOWED", "SANDBOX")  # what they are given besides, as long as the supervisor runs


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
    return {str(name): str(address) for name, address in found.items()} if isinstance(found, dict) else {}


def given_beside(state: Path) -> dict[str, str]:
    """Return what the supervisor that runs now gives its programs; nothing when none does: its ports may be others'."""
    found = remembered(state)
    wanted = {name: found[name] for name in GIVEN_TO_PROGRAMS if found.get(name)}
    return wanted if wanted and Alone(state / "run").held else {}
