"""Tries drafts of connections: the system is asked as if they were in force, with the secrets that came with them.

The draft is put into the rows, read from there, and all of it is undone before the system is asked, so that a slow one
holds nobody up. Which secrets it gets is decided where drafts are put in force: none that was typed for another host.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from connectors import trying
from connectors.models import Connection
from connectors.outcome import TestReport
from governance import second_person
from governance.actor import ENGINE, By
from governance.models import AuditEntry, Version
from governance.rights import Right, require
from governance.versions import WrongState
from hub.changes import putting, things

VERB = "test"  # of the audit entries of both verbs
Find = Callable[[], Connection]  # finds the row that a draft was put into
Missing = list[tuple[str, str]]  # what has to be completed first: fields by their names, each with what is wrong


class NotComplete(WrongState):  # reads as what happened
    """What is typed cannot be tried yet. `missing` says which fields, each with what is wrong."""

    def __init__(self, missing: Missing) -> None:
        """Say all of it, by lines."""
        self.missing = missing
        super().__init__("\n".join(f"{name}: {words}" for name, words in missing))


@dataclass(frozen=True, slots=True)
class Tested:
    """What the last test of a draft said."""

    ok: bool
    message: str
    remedy: str
    unreadable: str  # titles of what cannot be read
    by: str
    at: datetime
    stale: bool  # whether the draft was changed since


def can_be_tried(version: Version) -> bool:
    """Return whether a version is a connection's draft that may still come into force."""
    return version.kind == "connection" and version.state in things.OPEN and bool(version.content)


def try_draft(version: Version, *, by: By) -> TestReport:
    """Ask the system as if a draft were in force. Raises NotAllowed, WrongState, and NotPossible with what is wrong.

    What was asked and how it ended is in the audit trail of the draft; `last_of` reads it.
    """

    def read(find: Find) -> Connection:
        secrets = putting.secrets_of(version)
        putting.put(version.kind, version.object_key, version.content, by=ENGINE, secrets=secrets, reason="")
        return find()

    row = _row_of(version, by, read)
    return trying.try_typed(row, by=by, about=version, saved=True)


def try_form(version: Version, *, by: By, typed: Callable[[Connection], Missing]) -> TestReport:
    """Ask the system with what is typed in a draft's form, on top of what the draft keeps. Nothing is kept.

    `typed` puts it into the connection. Raises as `try_draft`, and NotComplete.
    """

    def read(find: Find) -> Connection:
        putting.put_to_edit(version, reader=by)
        row = find()
        if missing := typed(row):
            raise NotComplete(missing)
        return row

    return trying.try_typed(_row_of(version, by, read), by=by, about=version)


def last_of(entries: Iterable[AuditEntry]) -> Tested | None:
    """Return what the last test of a draft said, from its audit entries, the newest first; None without any."""
    stale = False
    for entry in entries:
        after = entry.after if isinstance(entry.after, dict) else {}
        if entry.verb == VERB and after.get("saved"):
            message, remedy, unreadable = (
                str(after.get(name, "")) for name in ("message", "remedy", trying.UNREADABLE)
            )
            ok = bool(after.get("ok"))
            return Tested(ok, message, remedy, unreadable, entry.actor_name, entry.at, stale)
        stale = stale or entry.verb == "revise"
    return None


def _row_of(version: Version, by: By, read: Callable[[Find], Connection]) -> Connection:
    """Return the connection that a draft would make, as `read` takes it out of the rows; nothing is left there."""
    require(by, Right.EDIT_CONFIGURATION, version.legal_entity)
    if not can_be_tried(version):
        raise WrongState(f"{things.title(version)} is no draft of a connection any more, so there is nothing to try.")
    putting.refuse_foreign(version)
    named = Connection.objects.select_related("legal_entity").filter(slug=version.object_key)
    is_new = not named.exists()
    with second_person.agreed(), transaction.atomic():
        row = read(named.get)
        transaction.set_rollback(True)
    if is_new:
        row.pk = None  # the number that it had is nobody's
    return row
