"""The keys of the queue's pages: one table, for the overlay that tells them, the pages that obey them, and its tests.

What a key does on an exception's page depends on what is offered there, so each names remedies and ways of handling,
the first of which that is offered gets it. A script opens what has a key and leads into it; sending is asked about.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from django.urls import reverse

from exceptions_queue.models import State
from exceptions_queue.views import SHIPPED
from governance.models import User

# What removes a cause, or finds out about it; where several are offered, the first on the page is the likeliest.
CAUSES = (
    "row-approvals", "table-rows", "row-corrections", "cross-references", "look-ups", "sign-ins", "approvals",
    "period-moves", "inquiries", "outcomes", "probes", "tries", "readings", "rule-waivers", "links",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """A key, or two pressed one after the other."""

    keys: str  # as `aria-keyshortcuts` writes them: "Shift+R"; of a sequence with a blank: "G T"
    words: str
    opens: tuple[str, ...] = ()  # remedies and ways of handling by name: the first that is offered gets the key
    field: str = ""  # the field of its form that gets the focus; "": the first that has to be filled in
    many: str = ""  # what it does to the chosen lines of a list: the name of a choice of bulk runs
    leads: str = ""  # address to go to

    @property
    def parts(self) -> list[str]:
        """Return its keys one by one, as they stand on a keyboard."""
        return self.keys.replace("Control", "Ctrl").split(" ")


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that work in one place; `place` is what the script asks the page for."""

    title: str
    place: str
    keys: tuple[Key, ...]


ON_ITEM = (
    Key("1", "Take it", many="assignments"),
    Key(
        "2",
        "Merge others into it; where it holds nothing, close it as the same as another",
        ("merges", "closures"),
        field="same_as",
        many="closures",
    ),
    Key("3", "Close it without delivering, with a reason", ("waivers", "closures"), field="reason", many="waivers"),
    Key("E", "Correct a field, the failing one first", ("corrections",), many="corrections"),
    Key("F", "Remove the cause", CAUSES),
    Key("D", "Dry run", many="resubmissions"),
    Key("R", "Send it again", ("resubmissions",), many="resubmissions"),
    Key("Shift+R", "See with which configurations it can be sent again, and choose one"),
    Key("H", "Put it aside", ("rests",), many="rests"),
    Key("W", "Let it wait for somebody", ("waits",), many="waits"),
    Key("A", "Give it to somebody", ("assignments",), many="assignments"),
    Key("T", "Tags", ("tags",), many="tags"),
    Key("P", "Set its priority", ("priorities",), field="priority", many="priorities"),
    Key("C", "Write a remark", ("comments",), many="comments"),
)
IN_ROWS = (
    Key("J", "Next line; the arrow down does it, too, from a line on"),
    Key("K", "Line before"),
    Key("Enter", "Open the line"),
    Key("X", "Choose the line, or leave it out again"),
    Key("Shift+X", "Choose all lines from the last chosen one to this"),
)
IN_LIST = (Key("Control+A", "Choose all on the page; pressed again, all that the list holds"),)
ELSEWHERE = (
    Key("]", "Open the next exception; in a question, do it and open the next"),
    Key("Control+Enter", "Send the form in whose field you write; Enter alone begins a new line in a long one"),
    Key("Tab", "In a failing field, field by field: on through its form, then to the next failing field"),
    Key("Escape", "Leave a field; then back to the list, to the same line"),
)


def _triage() -> str:
    return f"is:{State.NEW.value}"


def everywhere() -> tuple[Key, ...]:
    """Return the keys of all pages."""

    def shown(line: str) -> str:
        return f"{reverse('queue:items')}?{urlencode({'q': line})}"

    return (
        Key("G T", "Go to what is new and nobody has looked at", leads=shown(_triage())),
        Key("G M", "Go to my exceptions", leads=shown(SHIPPED["mine"][1])),
        Key("G A", "Go to what waits for my approval", leads=shown(SHIPPED["approvals"][1])),
        Key("G E", "Go to all exceptions", leads=reverse("queue:items")),
        Key("G H", "Go to the overview", leads=reverse("queue:home")),
        Key("/", "Search"),
        Key("?", "Show the keys that work here"),
    )


def groups() -> tuple[Group, ...]:
    """Return all keys, as the overlay and the page of one's own keys tell them."""
    return (
        Group("Everywhere", "everywhere", everywhere()),
        Group("In lines of a list", "rows", IN_ROWS),
        Group("In the list of exceptions", "list", IN_LIST),
        Group("On an exception, or on a line of their list", "item", ON_ITEM),
        Group("On the page of an exception", "page", ELSEWHERE),
    )


class Openable(Protocol):
    """A remedy or a way of handling as its page shows it."""

    keys: str

    @property
    def called(self) -> str:
        """Return its name."""
        ...

    @property
    def can(self) -> bool:
        """Whether the person may use it."""
        ...


def give(remedies: Iterable[Openable], ways: Iterable[Openable]) -> None:
    """Give what is offered its keys: "R Shift+R:configuration", each with the field that it leads to."""
    offered: Sequence[Openable] = [each for each in (*remedies, *ways) if each.can]
    for key in ON_ITEM:
        first = next((each for each in offered if each.called in key.opens), None)
        if first is not None:
            first.keys = " ".join(filter(None, (first.keys, f"{key.keys}:{key.field}")))


def switch(user: User, *, on: bool) -> None:
    """Keep with somebody's account whether single keys do something on their pages."""
    user.single_keys = on
    user.save(update_fields=["single_keys"])
