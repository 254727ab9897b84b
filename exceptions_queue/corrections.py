"""People's corrections as lists and pages tell of them: what the source says, what a person says, and since when.

What somebody may not see is hidden here, in values and in the words of reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from canonical import codec
from canonical.entities import ENTITIES
from canonical.entity import Mask
from canonical.masking import HIDDEN, hidden_texts, may_see, spoken
from exceptions_queue.permitted import masks_by_entity
from exceptions_queue.templatetags.shown import value as told
from exceptions_queue.words import plain
from governance.models import User
from routes import overlays
from routes.models import Happened, Overlay, OverlayEvent

IN_FORCE, RETURNED, ENDED = "in_force", "returned", "ended"
STATES = {IN_FORCE: "in force", RETURNED: "the source contradicts it", ENDED: "ended"}
# The newest version of each key, with what the hub has made of it: which persons words about it may name.
NEWEST = """
SELECT w.id, h.record_id, p.body, e.said
FROM unnest(%s::bigint[]) AS w(id) JOIN routes_overlay o ON o.id = w.id
LEFT JOIN routes_sourcehead h ON h.route_id = o.route_id AND h.key = o.key
LEFT JOIN routes_record r ON r.id = h.record_id
LEFT JOIN LATERAL routes_body(r.canonical_payload_id) p ON true
LEFT JOIN LATERAL (
    SELECT said FROM routes_overlayevent WHERE overlay_id = o.id AND what IN ('made', 'kept', 'returned', 'resumed')
    ORDER BY id DESC LIMIT 1) e ON true
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction as somebody may read it."""

    row: Overlay
    state: str
    field: str  # its name in words
    said: Any  # what the source said when it was made
    value: Any  # what a person said
    now: Any  # what the source said last
    reason: str
    record: UUID | None  # the newest version of its record
    hidden: frozenset[str]  # texts of the record that this person may not read
    masks: frozenset[Mask]

    @property
    def state_words(self) -> str:
        """Return how far it is, in words."""
        return self.row.get_ended_how_display() if self.state == ENDED else STATES[self.state]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a correction's history."""

    at: datetime
    who: str
    what: str  # the kind, as the API names it
    words: str
    reason: str


def shown(rows: Sequence[Overlay], user: User) -> list[Correction]:
    """Return corrections, read with their route, company and person, as somebody may read them. Two queries."""
    if not rows:
        return []
    masks = masks_by_entity(user, {row.legal_entity_id for row in rows})
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, [[row.pk for row in rows]])
        newest = {id_: (record, body, said) for id_, record, body, said in cursor.fetchall()}
    return [_shown(row, masks[row.legal_entity_id], *newest[row.pk]) for row in rows]


def _shown(row: Overlay, masks: frozenset[Mask], record: UUID | None, body: str | None, said: Any) -> Correction:
    entity = ENTITIES[row.route.canonical_entity]
    visible = may_see(entity, row.field, masks)
    values = [_typed(row, each) for each in (row.source_value, row.value, overlays.plain(said))]
    hidden = set(hidden_texts(entity, codec.loads(entity, body), masks)) if body else set()
    if not visible:
        hidden |= {str(each) for each in values if each not in (None, "")}
        values = [HIDDEN if each not in (None, "") else each for each in values]
    state = ENDED if row.ended_at else RETURNED if row.returned_at else IN_FORCE
    return Correction(
        row, state, plain(row.field), values[0], values[1], values[2], spoken(row.reason, hidden, masks), record,
        frozenset(hidden), masks,
    )  # fmt: skip


def _typed(row: Overlay, stored: Any) -> Any:
    return None if stored is None else overlays.typed(row.route.canonical_entity, row.field, stored)


MOST = 100  # lines of history that are shown, the newest


def history(correction: Correction) -> list[Line]:
    """Return what happened to a correction, the newest first. One query."""
    events = OverlayEvent.objects.filter(overlay=correction.row).order_by("-pk")[:MOST]
    return [
        Line(
            each.at, each.actor_name, each.what, _words(each, correction),
            spoken(each.reason, correction.hidden, correction.masks),
        )
        for each in events
    ]  # fmt: skip


def _words(event: OverlayEvent, correction: Correction) -> str:
    row = correction.row
    visible = correction.value != HIDDEN and correction.said != HIDDEN
    said = told(_typed(row, event.said)) if visible else HIDDEN
    nothing = event.said is None
    said = "nothing" if nothing else said
    right, first = _or_nothing(correction.value), _or_nothing(correction.said)
    if event.what == Happened.KEPT:
        if event.said != row.source_value:
            return (
                "A newer version came. The source itself said nothing new: only by a changed table or mapping it would "
                f"be {said}. The correction stayed."
            )
        return f"A newer version came, and the source still said {said}. The correction stayed."
    return {
        Happened.MADE: f"Corrected to {right}, where the source said {said}.",
        Happened.RETURNED: (
            f"A newer version came, and the source said {said} instead of {first}. Somebody has to decide."
        ),
        Happened.RESUMED: f"The source said {said} again, as it had before. The correction counts again.",
        Happened.AGREED: f"The source said {right}, too. The correction had done its work and ended.",
        Happened.TAKEN: "What the source says was taken instead.",
        Happened.REPLACED: "Another correction took its place.",
        Happened.WITHDRAWN: "Taken back: from then on, what the source says counts.",
    }[Happened(event.what)]


def _or_nothing(found: Any) -> str:
    return "nothing" if found is None or found == "" else told(found)
