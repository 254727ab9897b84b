"""The remedy of a comparison that is held: to withdraw nothing. Approving it is the remedy of all that is held."""

from typing import Any

from canonical.failure import Category
from exceptions_queue import verbs
from exceptions_queue.facts import Facts


def waits(facts: Facts) -> bool:
    """Whether an item is of a comparison that waits for a person."""
    return facts.item.category == Category.APPROVAL_MISSING and not facts.item.table and not facts.has_records


def refused(facts: Facts, typed: Any) -> str:
    """Refuse what it would withdraw; return what to say of it."""
    verbs.refuse_run(facts.item, by=facts.user, reason=typed["reason"])
    return "Nothing is withdrawn. The next comparison looks again."
