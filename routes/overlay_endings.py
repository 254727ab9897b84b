"""What happens to corrections after they were made: kept, returned to a person, ended; each time a line of history.

Comparing is `routes.overlays`; this only writes down. A few statements, whatever the number of corrections.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from governance import audit
from governance.actor import ENGINE, By, as_actor
from governance.models import User
from governance.rights import Right, require
from routes.models import Ended, Happened, Overlay, OverlayEvent

# What is written down of each thing that ends one, and how the one is called that it ends as.
ENDS: dict[Happened, Ended] = {
    Happened.AGREED: Ended.SOURCE_AGREES, Happened.TAKEN: Ended.SOURCE_TAKEN, Happened.REPLACED: Ended.REPLACED,
    Happened.WITHDRAWN: Ended.WITHDRAWN,
}  # fmt: skip


class Gone(ValueError):  # reads as what happened
    """The correction has ended meanwhile; the message says how."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened to one correction at one version of its record."""

    overlay: int
    what: Happened
    said: Any = None  # what the source said then, as it is stored
    version: str = ""


def write_down(happened: Sequence[Happening], *, by: By = ENGINE, reason: str = "") -> None:
    """Let corrections end, return to a person or count again, and keep the history of it; in the caller's commit."""
    if not happened:
        return
    actor = as_actor(by)
    with connection.cursor() as cursor:
        cursor.execute("SELECT hub_now()")
        now = cursor.fetchone()[0]
        for what, how in ENDS.items():
            if ended := [each.overlay for each in happened if each.what is what]:
                cursor.execute(
                    "UPDATE routes_overlay SET ended_at = %s, ended_how = %s WHERE id = ANY(%s) AND ended_at IS NULL",
                    [now, how.value, ended],
                )
        for what, moment in ((Happened.RETURNED, now), (Happened.RESUMED, None)):
            if moved := [each.overlay for each in happened if each.what is what]:
                cursor.execute(
                    "UPDATE routes_overlay SET returned_at = %s WHERE id = ANY(%s)"
                    " AND (returned_at IS NULL) = (%s::timestamptz IS NOT NULL)",
                    [moment, moved, moment],
                )
    OverlayEvent.objects.bulk_create(
        OverlayEvent(
            overlay_id=each.overlay, at=now, what=each.what, said=each.said, version=each.version,
            actor_kind=actor.kind.value, actor_id=actor.id, actor_name=actor.name, reason=reason,
        )
        for each in happened
    )  # fmt: skip


RETURNED_OF = """
SELECT o.id, r.version FROM routes_record r JOIN routes_overlay o ON o.route_id = r.route_id AND o.key = r.key
WHERE r.id = ANY(%s) AND o.ended_at IS NULL AND o.returned_at IS NOT NULL ORDER BY o.id FOR UPDATE OF o
"""


def take_source(records: Collection[UUID], *, by: By, reason: str) -> int:
    """End the corrections of records that the source contradicts: a person takes what it says. Return how many.

    The verb that sends the records on has asked the right.
    """
    with connection.cursor() as cursor:
        cursor.execute(RETURNED_OF, [list(records)])
        found = cursor.fetchall()
    write_down([Happening(id_, Happened.TAKEN, None, version) for id_, version in found], by=by, reason=reason)
    return len(found)


def withdraw(correction: int, *, by: User, reason: str) -> Overlay:
    """Take a correction back: from the next version on, or when it is sent again, the source's own value counts.

    What stands at targets stays there. Raises NotAllowed, ValueError without a reason, Gone where it has ended, and
    Overlay.DoesNotExist.
    """
    with transaction.atomic():
        found = Overlay.objects.select_for_update(of=("self",)).get(pk=correction)
        require(by, Right.EDIT_OVERLAY, found.legal_entity_id)
        if not reason.strip():
            raise ValueError("Taking a correction back needs a reason. Say why the source is right after all.")
        if not found.is_open:
            raise Gone(f"It has ended meanwhile: {found.get_ended_how_display()}.")
        write_down([Happening(found.pk, Happened.WITHDRAWN)], by=by, reason=reason.strip())
        audit.record(
            by=by, verb="take_back", thing=found, before={found.field: found.value}, after={}, reason=reason.strip(),
            legal_entity=found.legal_entity_id,
        )  # fmt: skip
        found.refresh_from_db()
    return found
