"""What goes back to its source, as remedies: the hub sends it where it can, else a person says whom they told."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from exceptions_queue import verbs, words
from exceptions_queue.facts import Facts
from exceptions_queue.forms import SourceNoticeForm
from exceptions_queue.verbs.members import left
from exceptions_queue.verbs.send_back import waits_for
from governance import calendars


def sent(facts: Facts, typed: Any) -> str:
    """Send members back, and say what follows."""
    shown = typed["seen"]
    count = verbs.send_back(facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"], seen=shown)
    what = words.counted(count, facts.item.entity)
    if later := left(facts.item, shown):
        return f"{what} sent back.{later}"
    return f"{what} sent back. The exception waits for {waits_for(facts.item)}, and closes by itself."


def noted(facts: Facts, typed: Any) -> str:
    """Write down who was told, and say what follows."""
    shown = typed["seen"]
    count = verbs.tell_source(
        facts.item, by=facts.user, reason=typed["reason"], failures=typed["failures"], told_to=typed["told_to"],
        told_on=typed["told_on"], reference=typed["reference"], seen=shown,
    )  # fmt: skip
    what, waits = words.counted(count, facts.item.entity), waits_for(facts.item)
    if later := left(facts.item, shown):
        return f"Kept, for {what}.{later}"
    return f"Kept, for {what}. The exception waits for {waits}, and closes by itself once that stands somewhere."


def notice_form(facts: Facts, data: Mapping[str, Any] | None) -> SourceNoticeForm:
    """Return the form that asks who was told; it begins with the day that it is where the item's company works."""
    day = calendars.today([facts.item.legal_entity_id], timezone.now())
    return SourceNoticeForm(data, initial={"told_on": day})


def by_hand(facts: Facts) -> bool:
    """Return whether only a person can tell the source."""
    return facts.item.route is not None and not facts.goes_back
