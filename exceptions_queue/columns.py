"""The columns that the list may show, and its orders that an index serves."""

from collections.abc import Iterable
from typing import NamedTuple

COLUMNS: dict[str, str] = {  # name → head; what is wrong always stands first
    "stake": "At stake",
    "due": "Due",
    "holds": "Holds",
    "since": "Since",
    "state": "State",
    "owner": "Looks at it",
    "priority": "Priority",
    "worth": "Worth",
    "number": "No.",
    "kind": "Kind",
    "entity": "Company",
    "holding": "What it holds",
    "client": "Client",
    "project": "Project",
    "period": "Period",
    "hours": "Hours",
    "last": "Last seen",
    "again": "Came back",
    "tries": "Tries",
    "system": "System",
}
NUMBERS = frozenset({"stake", "holds", "hours", "again", "tries", "number", "priority", "worth"})  # stand at the right
STYLES = dict.fromkeys(NUMBERS, "number") | {"since": "short", "last": "short", "due": "roomy"}
USUAL = ("stake", "due", "holds", "since", "state", "owner")
SORTS = {"money": "By money and deadline", "oldest": "Oldest first", "newest": "Newest first"}
USUAL_SORT = "money"
SORTED_BY = {"priority": ("money", "money"), "since": ("oldest", "newest"), "number": ("newest", "oldest")}


class Column(NamedTuple):
    """One column as a table draws it."""

    name: str
    head: str
    style: str  # class of its cells


def drawn(names: Iterable[str]) -> tuple[Column, ...]:
    """Return columns by name as a table draws them."""
    return tuple(Column(name, COLUMNS[name], STYLES.get(name, "")) for name in names)


def read(text: str) -> tuple[str, ...]:
    """Return the columns of a kept text, without those that there are no more; none: the usual ones."""
    found = tuple(dict.fromkeys(name for name in text.split(",") if name in COLUMNS))
    return found or USUAL


def written(names: Iterable[str]) -> str:
    """Return columns as they are kept; "" for the usual ones."""
    found = tuple(dict.fromkeys(name for name in names if name in COLUMNS))
    return "" if found in ((), USUAL) else ",".join(found)
