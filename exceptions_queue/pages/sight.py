"""What one person sees of one work item: its cause, its kin, how it stands, and what was done about it.

Each part is what the page says in one place, by the names that its template knows.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils import timezone

from canonical.entity import Mask
from exceptions_queue import hints, naming, progressing, reckoning, stopped_parent, words
from exceptions_queue.bulk import shown as bulk
from exceptions_queue.due_words import due_words
from exceptions_queue.models import RequestState, WorkItem, WorkItemEvent
from exceptions_queue.parts import parts_of
from governance.actor import ActorKind, as_actor, names
from governance.models import User
from governance.roles import Right

MOST_NAMED = 10  # items that were split off it
HISTORY = 100  # lines that are shown; older ones stay in the audit trail


@dataclass(frozen=True)
class Sight:
    """An item, or one cause of it, before somebody with certain rights in its company."""

    row: WorkItem
    of: WorkItem  # one cause of an item that gathers, or all of it
    user: User
    rights: frozenset[Right]
    masks: frozenset[Mask]

    def cause(self) -> dict[str, Any]:
        """Tell in words what is wrong, and with what; names of people only to those who may see them."""
        row, of, masks = self.row, self.of, self.masks
        tells = words.tells(of, masks)
        written, written_before = hints.shown(of, masks, self.user)
        return {
            "title": words.title_for(row, masks, self.user),
            "about": words.about_for(row, masks),
            "tells": tells,
            "cause": words.readable(of.cause, of, masks, self.user),
            "hint": words.readable(of.hint, of, masks, self.user) if tells else "",
            "accepted": words.readable(of.accepted, of, masks, self.user) if tells else "",
            "finding": words.readable(row.finding, row, masks, self.user),
            "info": words.kind_of(of),
            "written": written,
            "written_before": written_before,
            "technical": Right.SEE_TECHNICAL in self.rights,
        }

    def kin(self) -> dict[str, Any]:
        """Tell what it gathers, what it was split from, into or is the same as, and what its parent stopped for."""
        row = self.row
        was_split = any(each.verb == "split" for each in self._events)
        near = WorkItem.objects.filter(split_from=row, legal_entity=row.legal_entity_id)
        return {
            "causes": [(each, words.title_for(each.item, self.masks, self.user)) for each in parts_of(row)],
            "part_title": words.title_for(self.of, self.masks, self.user) if self.of is not row else "",
            "split_from": self._other(row.split_from_id),
            "split_off": list(near[:MOST_NAMED]) if was_split else [],
            "same_as": self._other(row.duplicate_of_id),
            "stopped_parent": stopped_parent.of(row, self.user),
            "may_group": Right.WORK_QUEUE in self.rights,
        }

    def standing(self) -> dict[str, Any]:
        """Tell whose it is, until when it has to be done, how urgent it is and how far it has come."""
        row, now = self.row, timezone.now()
        people = names([each for each in (row.assignee, row.resolved_by, row.placed_by) if each])
        return {
            "people": people,
            "placed_by": people.get(row.placed_by, ""),
            "routed_why": self._routed[0],
            "waits_for": words.readable(row.waiting_on, row, self.masks, self.user),
            "route": row.route,
            "due": due_words([row], now, self.user).get(row.number),
            "urgency": reckoning.explained(row, now, self.user) if row.is_open and row.members else None,
            "set_by": _set_by(row),
            "may_take": Right.WORK_QUEUE in self.rights
            and row.is_open
            and row.assignee != as_actor(self.user).reference,
            "progress": progressing.of(row, self.user),
            "asked": list(row.approval_requests.filter(state=RequestState.WAITING)) if row.is_open else [],
            "bulk_runs": bulk.failed_in(row),
        }

    def story(self) -> dict[str, Any]:
        """Tell what people have said and done. Four queries."""
        row = self.row
        return {
            "events": [(each, self._covered(said)) for each, said in zip(self._events, self._routed[1:], strict=True)],
            "comments": [(each, self._covered(each.text)) for each in row.comments.all()],
            "tags": list(row.tags.all()),
            "watching": row.watchers.filter(user=self.user).exists(),
        }

    @cached_property
    def _events(self) -> list[WorkItemEvent]:
        return list(self.row.events.all()[:HISTORY])

    @cached_property
    def _routed(self) -> list[str]:
        """Why it came here, and the reason of each line of its history, without routes of other companies."""
        return naming.without_routes([self.row.routed_why, *(each.reason for each in self._events)], self.user)

    def _covered(self, said: str) -> str:
        return words.readable(said, self.row, self.masks, self.user)

    def _other(self, number: int | None) -> WorkItem | None:
        return WorkItem.objects.visible_to(self.user).filter(pk=number).first() if number else None


def _set_by(row: WorkItem) -> str:
    """Return who has set an item's priority: a person's name, or the rule as its reason names it."""
    if row.priority_set_by.startswith(f"{ActorKind.RULE}:"):
        return row.priority_reason
    return names([row.priority_set_by])[row.priority_set_by] if row.priority_set_by else ""
