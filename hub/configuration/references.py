"""Secrets by reference: `env:NAME` or `file:/its/path`. A file says where a secret lies, never what it is."""

import os
import re
from pathlib import Path
from typing import Any

from connectors.manifest.source import read_source

REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/.+")  # as the schema has it


class NoSecret(ValueError):
    """Nothing lies where a reference points; the message says what is missing, the remedy what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def reference_of(slug: str, question: str) -> str:
    """Return where an export says that a connection's secret is expected: env:HARVEST_TOKEN."""
    return "env:" + re.sub(r"\W", "_", f"{slug}_{question}", flags=re.ASCII).upper().lstrip("0123456789")


def secret_at(reference: str) -> str:
    """Return the secret that a reference points to. Raises NoSecret, which names the place only."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        found = os.environ.get(place, "")
        if not found:
            raise NoSecret(f"the environment has no {place}.", f"Set {place} for this command, or name another place.")
        return found
    path = Path(place)
    try:
        found = path.read_text(encoding="utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) and error.strerror else "it is no text"
        raise NoSecret(f"the file {path} cannot be read: {cause}.", "Put the secret there, or name another.") from None
    if not found:
        raise NoSecret(f"the file {path} is empty.", "Put the secret there, or name another place.")
    return found


def kept_references(folder: Path, connections: dict[str, dict[str, Any]]) -> None:
    """Let an export name the places that the folder's files name already; in place. Unreadable files are left alone."""
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        value = read_source(path.read_text(encoding="utf-8", errors="replace"), path.name).value
        named = value.get("secrets") if isinstance(value, dict) else None
        kept = connections.get(str(value.get("slug")), {}).get("secrets", {}) if isinstance(value, dict) else {}
        for name, given in named.items() if isinstance(named, dict) else ():
            place = given.get("secret") if isinstance(given, dict) else None
            if name in kept and isinstance(place, str) and REFERENCE.fullmatch(place):
                kept[name] = {"secret": place}
