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
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
    for each in wrong:
        log.error("audit trail: %s", each)
    return wrong


def notes() -> list[dict[str, Any]]:
    """Return the notes, oldest first; a line that a full disk has cut short is left out."""
    path = place()
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def differs_from_notes() -> Iterator[str]:
    """Yield where the trail no longer passes through a head that was noted."""
    noted = {each["entries"]: each["head"] for each in notes() if each["entries"]}
    seals = dict(AuditSeal.objects.filter(position__in=noted).values_list("position", "hash"))
    for position, head in sorted(noted.items()):
        if position not in seals or bytes(seals[position]).hex() != head:
            yield f"Up to its entry {position} the trail is not the one that was noted: it was rewritten or restored."
