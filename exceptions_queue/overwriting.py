"""What others have decided about an item that a form puts aside: whoever sends the form has to have seen it.

A form carries the mark of what its page showed. One that carries none has seen nothing, and puts nothing aside.
"""

import hashlib
from collections.abc import Callable

from django import forms

from exceptions_queue.models import WorkItem
from governance.seen import SEEN, UNSAID, carry, changed_meanwhile

Stands = Callable[[WorkItem], object]  # what stands there by somebody's decision; false where nobody has decided


def assignee(item: WorkItem) -> object:
    """Return whose an item is."""
    return item.assignee


def rest(item: WorkItem) -> object:
    """Return until when an item is put aside, or for whom it waits."""
    return item.wakes_at and (item.state, item.wakes_at, item.wakes_above, item.wakes_above_amount, item.waiting_on)


def priority(item: WorkItem) -> object:
    """Return the priority that somebody has set, 0 among them."""
    return None if item.priority_set is None else (item.priority_set, item.priority_set_by, item.priority_reason)


def tags(item: WorkItem) -> object:
    """Return its tags."""
    return sorted(each.name for each in item.tags.all())


def finding(item: WorkItem) -> object:
    """Return what somebody has said it was."""
    said = (item.cause_code, item.root_cause, item.finding, item.rule_candidate)
    return said if any(said) else None


def decided(item: WorkItem) -> dict[str, str]:
    """Return a short text for each thing that people decide of an item, another one once one of them has."""
    return {each.__name__: _of(item, each) for each in (assignee, rest, priority, tags, finding)}


def mark(form: forms.Form, item: WorkItem, stands: Stands) -> None:
    """Let a form carry the mark of what stands there as its page is made."""
    form.fields[SEEN] = forms.CharField(
        required=False, max_length=64, widget=forms.HiddenInput, initial=_of(item, stands)
    )


def refuse_unseen(form: forms.Form, item: WorkItem, stands: Stands) -> bool:
    """Return whether a form puts aside what its page has not shown; it says so then, and carries the present mark.

    The item is to be locked, and as it is now.
    """
    present, shown = _of(item, stands), form.data.get(SEEN, "")
    if shown == present:
        return False
    form.add_error(None, changed_meanwhile(item) if shown or not present else UNSAID)
    carry(form, present)
    return True


def _of(item: WorkItem, stands: Stands) -> str:
    found = stands(item)
    return hashlib.sha256(repr(found).encode()).hexdigest()[:24] if found else ""
