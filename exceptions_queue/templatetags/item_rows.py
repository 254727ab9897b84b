"""Lines of the list of items and their cells, drawn in the program: it asks a template for none of its 350 cells.

A template for each line, and one for each of its cells, took a third of the whole time of a page of fifty.
"""

from collections.abc import Callable, Collection
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from exceptions_queue import columns, words
from exceptions_queue.due_words import Due
from exceptions_queue.models import State, WorkItem
from exceptions_queue.templatetags.shown import age, converted, hours, money

register = template.Library()
NOTHING = SafeString()
COLOURS = {
    State.NEW: "bad", State.RESOLVED: "good", State.WAITING: "warn", State.PENDING_APPROVAL: "warn",
}  # fmt: skip
LINE = """<tr id="item-{0}" data-number="{0}" data-was="{1}" data-stamp="{0}:{2}"{3}>{4}<td>
<a class="title" id="open-{0}" href="{5}">{6}</a>
<div class="soft">{7} · {8}{9} {10}</div></td>
{11}</tr>"""
CHOICE = """<td class="choose"><input type="checkbox" data-member name="items" value="{0}" form="bulk-chosen"
 aria-label="Choose exception {0}"></td>"""


@register.simple_tag
def item_row(
    row: Any, drawn: Collection[columns.Column], *, choosable: object = False, swapped: object = False
) -> SafeString:
    """Return a line of the list; `choosable` with a box to tick it, `swapped` in place of the one that is there."""
    item: WorkItem = row.item
    others = frozenset(column.name for column in drawn)
    return format_html(
        LINE,
        item.number,
        item.assignee,
        row.stamp,
        mark_safe(' hx-swap-oob="true"') if swapped else "",
        format_html(CHOICE, item.number) if choosable else "",
        reverse("queue:item", args=[item.number]),
        row.title,
        row.kind,
        item.legal_entity.code,
        f" · {row.about}" if row.about else "",
        format_html_join("", '<span class="tag">{}</span>', ((tag,) for tag in row.tags)),
        format_html_join("\n", '<td{} data-label="{}">{}</td>', (
            (format_html(' class="{}"', each.style) if each.style else "", each.head, CELLS[each.name](row, others))
            for each in drawn
        )),
    )  # fmt: skip


@register.simple_tag
def state_chip(item: WorkItem) -> SafeString:
    """Return an item's state as a chip."""
    return format_html(
        '<span class="chip {}">{}</span>', COLOURS.get(State(item.state), "busy"), item.get_state_display()
    )


@register.simple_tag
def due_time(due: Due) -> SafeString:
    """Return until when, in working time, with the time itself."""
    at = timezone.localtime(due.moment).isoformat()
    return format_html('<time datetime="{}" title="{}">{}</time>', at, due.absolute, due.left)


def _soft(text: object) -> SafeString:
    return format_html('<div class="soft">{}</div>', text)


def _stake(row: Any, _: frozenset[str]) -> SafeString:
    if not row.item.members:  # as its page says: all has come to an end, or it never held any
        return _soft("nothing")
    sums = ((money(each.amount, each.currency),) for each in row.amounts)
    return format_html_join("", "<div>{}</div>", sums) or _soft("unknown")


def _due(row: Any, _: frozenset[str]) -> SafeString:
    if not row.due:
        return NOTHING
    late = mark_safe('<span class="chip bad">late</span> ') if row.due.is_past else NOTHING
    return format_html("{}{}{}", late, due_time(row.due), _soft(row.due.of))


def _holds(row: Any, others: frozenset[str]) -> SafeString:
    item = row.item
    number = words.counted(item.members if item.is_open else item.seen, item.entity)
    beside = _soft(hours(item.hours)) if item.hours and "hours" not in others else NOTHING
    return format_html("{}{}", number, beside)


def _state(row: Any, others: frozenset[str]) -> SafeString:
    item = row.item
    told = [
        f"for {row.waits_for}" if item.waiting_on and item.state != State.RESUBMITTED else "",
        f"until {timezone.localtime(item.wakes_at):%Y-%m-%d}" if item.wakes_at else "",
        item.get_resolution_display() if item.resolution else "",
        f"came back {item.reopened}×" if item.reopened and "again" not in others else "",
    ]
    beside = format_html_join("", "{}", ((_soft(each),) for each in told if each))
    return format_html("{}{}", state_chip(item), beside)


def _owner(row: Any, _: frozenset[str]) -> SafeString:
    team = _soft(f"for {row.item.owner}") if row.assignee else NOTHING
    return format_html("{}{}", row.assignee or row.item.owner, team)


def _worth(row: Any, _: frozenset[str]) -> SafeString:
    item = row.item
    if not item.members:
        return _soft("nothing")
    if item.worth is not None:
        return format_html("{}", converted(item.worth, item.worth_currency))
    lacks = _soft(f"no rate {item.worth_lacks}") if item.worth_lacks else NOTHING
    return format_html('<span class="soft">unknown</span>{}', lacks)


def _plain(value: Callable[[Any], Any]) -> Callable[[Any, frozenset[str]], SafeString]:
    def cell(row: Any, _: frozenset[str]) -> SafeString:
        found = value(row)
        return NOTHING if found is None else format_html("{}", found)

    return cell


CELLS: dict[str, Callable[[Any, frozenset[str]], SafeString]] = {  # by column, what its cell says beside which others
    "stake": _stake,
    "due": _due,
    "holds": _holds,
    "state": _state,
    "owner": _owner,
    "worth": _worth,
    "priority": _plain(lambda row: row.item.priority),
    "since": _plain(lambda row: age(row.item.first_seen)),
    "number": _plain(lambda row: row.item.number),
    "kind": _plain(lambda row: row.kind),
    "entity": _plain(lambda row: row.item.legal_entity.code),
    "holding": _plain(lambda row: words.plain(row.item.entity)),
    "client": _plain(lambda row: row.item.about.get("customer_id")),
    "project": _plain(lambda row: row.item.about.get("project_code")),
    "period": _plain(lambda row: row.item.about.get("period")),
    "hours": _plain(lambda row: hours(row.item.hours)),
    "last": _plain(lambda row: age(row.item.last_seen)),
    "again": _plain(lambda row: f"{row.item.reopened}×"),
    "tries": _plain(lambda row: row.tries),
    "system": _plain(lambda row: row.system),
}
