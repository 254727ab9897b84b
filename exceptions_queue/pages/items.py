"""The list of work items: by money and deadline, a page by key."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Q, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from exceptions_queue import columns, naming, ordering, stake, views, words
from exceptions_queue.deadlines import line_of
from exceptions_queue.due_words import Due, due_words
from exceptions_queue.models import State, WorkItem, WorkItemAmount
from exceptions_queue.models.work_item import WorkItemQuerySet
from exceptions_queue.pages.asked import TABS, Asked, asked_of, looked_for
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.permitted import masks_by_entity
from exceptions_queue.query import compiled as conditions
from exceptions_queue.query import counting
from exceptions_queue.query.words import WORDS, Understood
from exceptions_queue.tried import tries_of
from governance.actor import names
from governance.models import LegalEntity, User
from governance.rights import Right, allowed_anywhere
from governance.scoping import ALL, entity_ids, grants_read_once

SIZE = 50
MOST_EXPORTED = 10_000  # lines of a sheet
NEEDS_SOMEBODY = [State.NEW, State.TRIAGED, State.IN_PROGRESS, State.PENDING_APPROVAL]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list, in words that this person may read."""

    item: WorkItem
    title: str
    about: str
    kind: str
    waits_for: str
    assignee: str  # name of who took it
    amounts: tuple[WorkItemAmount, ...]
    tags: tuple[str, ...]
    reader: User
    due: Due | None = None
    tries: int | None = None  # of what it holds, where the list shows them

    @property
    def system(self) -> str:
        """Return the name of the item's system, as the reader may know it; read only where the list shows it."""
        return naming.name_of(self.item.connection, self.reader)

    @property
    def due_of(self) -> str:
        """Return what is due, as the reader may know it; "" for nothing."""
        return naming.due_of(self.item.due_key, self.item.due_of, self.reader)

    @property
    def stamp(self) -> str:
        """Return what stands for all that the line says, but for how long ago something was."""
        item = self.item
        told = (
            self.title, self.about, self.kind, self.waits_for, self.assignee, item.state, item.owner, item.members,
            item.seen, str(item.hours), [str(each) for each in self.amounts], item.without_amount, self.tags,
            str(item.wakes_at), item.resolution, item.reopened,
            str(item.worth), item.worth_currency, str(item.due_at), self.due_of, item.priority, self.tries,
        )  # fmt: skip
        return hashlib.blake2s(repr(told).encode(), digest_size=4).hexdigest()


@page
def items(request: HttpRequest) -> HttpResponse:
    """Show the items that a line means, and how many there are of each kind beside them."""
    return listed(request)


def listed(request: HttpRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    """Return the page of the list; `refused` is why what was typed about it was not done."""
    user = person(request)
    asked = looked_for(asked_of(request, user), user)
    shown, after = ([], "") if asked.found.wrong else page_of(asked, user, request.GET.get("after", ""))
    chosen = views.columns_of(user, asked.view)
    return render(
        request,
        "queue/items.html",
        context(
            "queue",
            asked=asked,
            tabs=[(title, line, line == asked.text and not asked.view) for title, line in TABS.values()],
            tab_title=asked.view.name if asked.view else TABS[asked.tab][0] if asked.tab else "Chosen by you",
            rows=rows_of(shown, user, drawn=chosen),
            after=after,
            empty=asked.empty,
            deadlines=_deadlines(asked, user),
            stake=None if asked.found.wrong else stake.stake(asked.found, user),
            facets=[] if asked.found.wrong else counting.always(asked.found, user, timezone.now()),
            further=[(word, WORDS[word].title) for word in counting.ON_REQUEST],
            list_columns=chosen,
            list_heads=_heads(asked, chosen),
            choices=[
                (name, columns.COLUMNS[name], name in chosen) for name in dict.fromkeys((*chosen, *columns.COLUMNS))
            ],
            companies=companies_with(user, Right.WORK_QUEUE),
            most_exported=f"{MOST_EXPORTED:,}",
            may_correct=allowed_anywhere(user, Right.EDIT_OVERLAY),
            refused=refused,
            typed=request.POST if refused else {},
        ),
        status=status,
    )  # fmt: skip


def _heads(asked: Asked, chosen: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    """Return each column's name, head, the order that its head leads to ("": none) and how it is sorted now."""
    sorts = columns.SORTED_BY if conditions.only_open(asked.found) else {}
    heads = []
    for name in chosen:
        first, second = sorts.get(name, ("", ""))
        to = second if asked.sort == first else first
        is_sorted = asked.sort in (first, second) and bool(first)
        how = ("ascending" if asked.sort == "oldest" else "descending") if is_sorted else ""
        heads.append((name, columns.COLUMNS[name], to, how))
    return heads


def companies_with(user: User, right: Right) -> list[LegalEntity]:
    """Return the legal entities in which somebody has a right."""
    ids = entity_ids(user, right)
    rows = LegalEntity.objects.order_by("code")
    return list(rows if ids is ALL else rows.filter(pk__in=ids))


@page
def facet(request: HttpRequest, word: str) -> HttpResponse:
    """Show how many items of a line there are for each value of a word: a part of the list, once it is opened."""
    asked = asked_of(request, person(request))
    if word not in counting.ON_REQUEST or asked.found.wrong:
        raise Http404("There is no such choice.")
    counted = counting.on_request(asked.found, word, person(request), timezone.now())
    return render(request, "queue/facet_values.html", {"facet": counted, "asked": asked})


def _deadlines(asked: Asked, user: User) -> list[str]:
    """Return the deadlines to which a line is narrowed, by their titles."""
    keys = [each.text for term in asked.line.of("blocks") if not term.negated for each in term.values]
    return [line.title if (line := line_of(key, user)) else "one that is past by now" for key in keys]


@grants_read_once()
def rows_of(found: list[WorkItem], user: User, *, drawn: Sequence[str] = ()) -> list[Row]:
    """Return lines for items; what the person may not see is told by its kind. At most seven queries more.

    One further where the items were read without their systems, and somebody does not see all companies, and one where
    the columns that are `drawn` tell how often it was tried.
    """
    prefetch_related_objects(found, "tags")
    if entity_ids(user) is not ALL:
        prefetch_related_objects(found, "connection")
    seen = masks_by_entity(user, {i.legal_entity_id for i in found})
    due = due_words(found, timezone.now(), user)
    people = names([item.assignee for item in found if item.assignee])
    tries = tries_of(found) if "tries" in drawn else {}
    return [
        Row(
            item,
            words.title_for(item, seen[item.legal_entity_id], user),
            words.about_for(item, seen[item.legal_entity_id]),
            words.kind_of(item).title,
            words.readable(item.waiting_on, item, seen[item.legal_entity_id], user),
            people.get(item.assignee, ""),
            tuple(item.amounts.all()),
            tuple(each.name for each in item.tags.all()),
            user,
            due.get(item.number),
            tries.get(item.number),
        )
        for item in found
    ]


def ordered(found: Understood, user: User, sort: str = columns.USUAL_SORT) -> WorkItemQuerySet:
    """Return the items of a line that somebody may see, in an order that an index serves."""
    rows = conditions.narrowed(found, user)
    rows = rows.select_related("legal_entity", "connection").defer("connection__secrets").prefetch_related("amounts")
    return ordering.arranged(rows, ordering.of_line(found, sort))


def page_of(asked: Asked, user: User, after: str) -> tuple[list[WorkItem], str]:
    """Return a page of a line and the key of the next one, "" at the end."""
    rows, order = ordered(asked.found, user, asked.sort), ordering.of_line(asked.found, asked.sort)
    if after:
        rows = rows.filter(_behind(order, after))
    shown = list(rows[: SIZE + 1])
    more = len(shown) > SIZE
    shown = shown[:SIZE]
    return shown, key_of(shown[-1], order) if more else ""


def key_of(item: WorkItem, order: ordering.Order) -> str:
    """Return an item's place in an order, as addresses carry it."""
    return base64.urlsafe_b64encode(msgspec.json.encode(ordering.place_of(item, order))).rstrip(b"=").decode()


def _behind(order: ordering.Order, after: str) -> Q:
    try:
        given: list[Any] = msgspec.json.decode(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        return ordering.behind(order, given)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise Http404("This page of the list is no longer known. Begin at its first page.") from error
