"""The audit trail's head, noted every night outside of the database: who rewrites the whole trail is found out by it.

One line of JSON a night in STATE/audit-heads.log. Copy that file elsewhere for what it is worth.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from governance import audit
from governance.models import AuditSeal

log = logging.getLogger(__name__)


def place() -> Path:
    """Return the file of the notes."""
    return Path(settings.STATE) / "audit-heads.log"


def note() -> list[str]:
    """Verify the trail, compare it with the last note and write the next; return what is wrong, in words."""
    verdict = audit.verify()
    wrong = [each.message for each in verdict.breaks] + list(differs_from_notes())
    line = {"at": datetime.now(tz=UTC).isoformat(), "entries": verdict.entries, "head": verdict.head, "wrong": wrong}
    path = place()
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")  # a line that a full disk has cut short
    with path.open("a") as file:
        file.write(("\n" if half else "") + json.dumps(line) + "\n")
    for each in wrong:
        log.error("audit trail: %s", each)
    return wrong


def notes() -> list[dict[str, Any]]:
    """Return the notes that can be read, oldest first."""
    return [note for _, note in _lines() if note is not None]


def differs_from_notes() -> Iterator[str]:
    """Yield which notes cannot be read, then where the trail no longer passes through a head that was noted."""
    for number, found in _lines():
        if found is None:
            yield f"Line {number} of {place()} cannot be read: it is no note of a head."
    noted = {each["entries"]: each["head"] for each in notes() if each["entries"]}
    seals = dict(AuditSeal.objects.filter(position__in=noted).values_list("position", "hash"))
    for position, head in sorted(noted.items()):
        if position not in seals or bytes(seals[position]).hex() != head:
            yield f"Up to its entry {position} the trail is not the one that was noted: it was rewritten or restored."


def _lines() -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield each line's number and its note, None where it is none. A line that was cut short is no note either."""
    path = place()
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, _note(line)


def _note(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
        moment = datetime.fromisoformat(found["at"])
        sound = moment.tzinfo and isinstance(found["entries"], int) and isinstance(found["head"], str)
        return found if sound and isinstance(found["wrong"], list) else None
    except (ValueError, TypeError, KeyError):  # ValueError: no JSON, no text, or no time
        return None
