"""What an address of the list asks for: its line, and what older addresses said in other words."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import Http404, HttpRequest
from django.utils import timezone

from exceptions_queue import columns, views
from exceptions_queue.query import once
from exceptions_queue.query.line import Line, Term, Value, write
from exceptions_queue.query.values import folded
from exceptions_queue.query.words import WORDS, Understood, understood
from exceptions_queue.views import View
from governance.models import User

TABS: dict[str, tuple[str, str]] = {  # name in older addresses → title and line
    "open": ("All that is open", "is:open"),
    "work": ("Needs somebody", "is:new,triaged,in-progress,pending-approval"),
    "waiting": ("Waiting", "is:waiting,snoozed"),
    "sent": ("Sent again", "is:resubmitted"),
    "resolved": ("Resolved", "is:resolved"),
}
EMPTY = {  # what a tab says when nothing is in it
    "open": "Nothing is open. That is good news.",
    "work": "Nothing needs anybody. That is good news.",
    "waiting": "Nothing waits for anything.",
    "sent": "Nothing that was sent again is still on its way.",
    "resolved": "Nothing has been resolved yet.",
}
NOT_UNDERSTOOD = "Nothing is looked for, since what you typed is not all understood."
USUAL = "open"
OLD = {"entity": "entity", "kind": "class", "tag": "tag", "blocks": "blocks", "state": "is"}  # parameter → word
WHOSE = {"mine": ("assignee", "me"), "nobody": ("assignee", "nobody"), "watched": ("is", "watched"),
         "mentioned": ("is", "mentioned")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """A line as it was typed, and what it means."""

    text: str
    found: Understood
    sort: str = columns.USUAL_SORT
    view: View | None = None  # from which it began
    views: tuple[View, ...] = ()  # that this person may choose

    @property
    def tab(self) -> str:
        """Return which of the usual lists this is; "" for none."""
        return next((name for name, (_, line) in TABS.items() if self.text == line), "")

    @property
    def line(self) -> Line:
        """Return the line."""
        return self.found.line

    @property
    def differs(self) -> bool:
        """Whether the list is not, or no longer, what its view says."""
        return self.view is not None and (self.text, self.sort) != (
            self.view.line,
            self.view.sort or columns.USUAL_SORT,
        )

    @property
    def beside(self) -> str:
        """Return the rest of an address, behind its line: "" or "&view=…&sort=…"."""
        more = {"view": self.view.key if self.view else "", "sort": self.sort}
        kept = {name: value for name, value in more.items() if value and value != columns.USUAL_SORT}
        return f"&{urlencode(kept)}" if kept else ""

    @property
    def address(self) -> str:
        """Return the address of this list, behind its question mark."""
        return f"{urlencode({'q': self.text})}{self.beside}"

    @property
    def empty(self) -> str:
        """Return what is said where nothing fits."""
        if self.found.wrong:
            return NOT_UNDERSTOOD
        return EMPTY[self.tab] if self.tab else "Nothing fits what you chose. Show all, to see the rest."


def asked_of(request: HttpRequest, user: User) -> Asked:
    """Return what an address, or a form of the list, asks for. One query. Raises Http404."""
    given = request.POST if request.method == "POST" else request.GET
    offered = tuple(views.offered(user))
    view = next((each for each in offered if each.key == given.get("view", "")), None)
    if "q" in given:
        text = given["q"].strip()
    elif view is not None:
        text = view.line
    elif given.get("view"):
        raise Http404("There is no such list, or it is not yours.")
    else:
        text = _old(request)
    sort = given.get("sort", "") or (view.sort if view else "")
    sort = sort if sort in columns.SORTS else columns.USUAL_SORT
    return Asked(text, understood(text, timezone.now()), sort, view, offered)


def looked_for(asked: Asked, user: User) -> Asked:
    """Return the same with the costly words of its line looked for, for a page that asks for it several times."""
    return replace(asked, found=once.looked_for(asked.found, user))


def _old(request: HttpRequest) -> str:
    """Return the line for the parameters that addresses had before: what somebody kept, or the overview leads to."""
    tab = request.GET.get("show", USUAL)
    if tab not in TABS:
        raise Http404("There is no such list.")
    given = [(OLD[name], value) for name in OLD if (value := request.GET.get(name, ""))]
    if (whose := request.GET.get("whose", "")) in WHOSE:
        given.append(WHOSE[whose])
    more = tuple(Term(word, (Value(folded(value) if WORDS[word].choices else value),)) for word, value in given)
    first = understood(TABS[tab][1], timezone.now()).line.terms
    return write((*first, *more))
