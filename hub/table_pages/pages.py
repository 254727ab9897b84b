"""Lookup tables: the list, a table as a grid with a probe, and where its values are used."""

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django import forms
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from canonical.entity import Mask
from canonical.masking import spoken
from exceptions_queue.pages.door import context, page, person
from governance.actor import as_actor, names
from governance.models import User
from governance.models.version import State
from governance.rights import Right, allowed, allowed_anywhere, opens_administration
from hub.table_pages import grid
from mappings import discreet, table_readers
from mappings.models import LookupTable, Mapping, TableRow
from mappings.row_form import words_of
from mappings.sheets import days_of

Given = ParamSpec("Given")
USING = (State.PUBLISHED, State.DRAFT, State.SUBMITTED, State.APPROVED)  # states of versions that a table's page names
SHOWS = {"now": "What counts and what waits", "waiting": "What waits for approval", "all": "What ended, too"}


class BrokenTable(Exception):
    """The columns of a table say what cannot be: an older release saved them without looking at them."""

    def __init__(self, table: LookupTable, faults: dict[str, list[str]]) -> None:
        self.table, self.faults = table, faults
        super().__init__(str(table))


def table_page(
    view: Callable[Concatenate[HttpRequest, Given], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Given], HttpResponse]:
    """Let people in as `page` does; where the table itself is broken say so in words, and what mends it (409)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except BrokenTable as broken:
            more = context(
                "tables", table=broken.table, faults=[each for found in broken.faults.values() for each in found],
                mendable=broken.faults.keys() == {"accepted"},
                defines=allowed(person(request), Right.EDIT_CONFIGURATION, broken.table.legal_entity),
            )  # fmt: skip
            return render(request, "hub/table/broken.html", more, status=409)

    return page(cast(Callable[Concatenate[HttpRequest, Given], HttpResponse], guarded))


@page
def tables(request: HttpRequest) -> HttpResponse:
    """List the tables, with how many of their rows wait for a second person."""
    user = person(request)
    waiting = Count("rows", filter=Q(rows__approved_at=None, rows__recorded_to=None))
    gone = request.GET.get("show") == "deleted"
    there = LookupTable.ever.exclude(deleted_at=None) if gone else LookupTable.objects
    found = there.visible_to(user).select_related("legal_entity").annotate(waiting=waiting)
    edits = allowed_anywhere(user, Right.EDIT_CONFIGURATION)
    more = context("tables", tables=found.order_by("title", "pk"), edits=edits, gone=gone)
    return render(request, "hub/table/tables.html", more)


@table_page
def table(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a table's rows by key and day, and which value applies on a day; of a deleted one what its rows were."""
    row, user = table_of(request, pk, past=True), person(request)
    show, find = (
        request.GET.get("show", "all" if row.deleted_at else "now"),
        request.GET.get("find", "").strip().replace("\0", ""),
    )
    if show not in SHOWS:
        raise Http404("There is no such list.")
    masks = discreet.masks_of_table(row, user)
    lines, after = grid.page_of(
        row, show=show, find=find, after=_key(request, row), today=timezone.now().date(), masks=masks
    )
    used = [] if row.deleted_at else used_by(row, user)
    readings = [] if row.deleted_at else table_readers.visible(table_readers.others(row), user)[0]
    in_force = bool(readings) or any(not words for _, words in used)
    probe = ProbeForm(request.GET if "day" in request.GET else None, table=row)
    more = context(
        "tables", table=row, lines=lines, shows=SHOWS.items(), show=show, find=find,
        after=after or "", probe=probe,
        answer=spoken(probe.answer(masks), (), masks) if probe.is_bound and probe.is_valid() else None,
        keys=[words_of(name) for name in row.key_columns], values=[words_of(name) for name in row.value_columns],
        used=used, readings=readings, history=opens_administration(user), ends=_end_of(row, user), in_force=in_force,
        **({} if row.deleted_at else rights_of(row, user)),
    )  # fmt: skip
    return render(request, "hub/table/table.html", more)


def table_of(request: HttpRequest, pk: int, *, mending: bool = False, past: bool = False) -> LookupTable:
    """Return a table that the person may see; `mending` accepts one whose definition can still be mended.

    `past` accepts one that is deleted.

    Raises Http404, and BrokenTable, which `table_page` shows.
    """
    visible = LookupTable.ever.visible_to(person(request)).select_related("legal_entity")
    row = get_object_or_404(visible if past else visible.filter(deleted_at=None), pk=pk)
    faults = row.faults()
    if faults and not (mending and faults.keys() == {"accepted"}):
        raise BrokenTable(row, faults)
    return row


def _end_of(row: LookupTable, user: User) -> dict[str, Any]:
    """Return who deleted a table, or wants it deleted, when and why; nothing for one that stays. One query."""
    who, at = (row.deleted_by, row.deleted_at) if row.deleted_at else (row.deletion_asked_by, row.deletion_asked_at)
    return (
        {"who": names([who])[who], "at": at, "why": row.deletion_reason, "mine": who == as_actor(user).reference}
        if who
        else {}
    )


def rights_of(row: LookupTable, user: User) -> dict[str, Any]:
    """Return what somebody may do with a table, and whose rows wait there since they loosened its approval."""
    return {
        "adds": allowed(user, Right.EDIT_TABLES, row.legal_entity),
        "approves": allowed(user, Right.APPROVE_TABLES, row.legal_entity),
        "bound": row.binds(as_actor(user).reference),
        "loosened": ", ".join(sorted(names(row.loosened_by).values())) if row.loosened_by else "",
        "defines": allowed(user, Right.EDIT_CONFIGURATION, row.legal_entity),
    }


def used_by(row: LookupTable, user: User) -> list[tuple[Mapping, str]]:
    """Return the mappings that somebody may see whose version in force, or draft, reads a table. Two queries."""
    named: dict[str, tuple[Mapping, str]] = {}
    for mapping, version in table_readers.mappings_reading(row, USING, among=Mapping.objects.visible_to(user)):
        words = "" if version.state == State.PUBLISHED else "in a draft"
        if not (words and mapping.key in named):
            named[mapping.key] = mapping, words
    return list(named.values())


class ProbeForm(forms.Form):
    """A key and a day: which row applies."""

    def __init__(self, *args: Any, table: LookupTable, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": "", "auto_id": "probe_%s"} | kwargs))
        self.table = table
        for number, name in enumerate(table.key_columns):
            self.fields[f"key_{number}"] = forms.CharField(max_length=200, label=words_of(name))
        day = forms.DateInput(attrs={"type": "date"})
        self.fields["day"] = forms.DateField(label="On the day", widget=day, initial=timezone.now().date)

    def answer(self, masks: frozenset[Mask]) -> str:
        """Return in words what applies."""
        key = tuple(self.cleaned_data[f"key_{number}"] for number in range(len(self.table.key_columns)))
        day: date = self.cleaned_data["day"]
        rows = [row for row in self.table.rows.with_keys([key]).filter(recorded_to=None) if row.words == key]
        counting = [row for row in rows if row.approved_at]
        shown = " / ".join(key)
        if discreet.key_shown(self.table, key, masks) != list(key):
            return "This key names people, whom you may not see here, so nothing is told of it."
        for row in counting:
            if _holds(row, day):
                told = discreet.values_shown(row.values, masks)
                values = ", ".join(f"{words_of(name)} {value}" for name, value in told.items())
                return f"On {day}, {shown} gives {values} ({days_of(row)})."
        if any(_holds(row, day) for row in rows):
            return f"On {day}, {shown} gives nothing yet: a row for that day waits for a second person."
        if counting:
            others = "; ".join(days_of(row) for row in counting)
            return f"On {day}, {shown} gives nothing: its rows hold {others}."
        return f"There is no row for {shown} on any day. Capitals and blanks count."


def _holds(row: TableRow, day: date) -> bool:
    return (row.valid_from or date.min) <= day <= (row.valid_to or date.max)


def _key(request: HttpRequest, table: LookupTable) -> list[str]:
    """Return the key after which a page begins: addresses name its row, for a key may name a person."""
    text = request.GET.get("after", "")
    if not text:
        return []
    known = text.isascii() and text.isdecimal() and len(text) < 19
    found = table.rows.filter(pk=int(text)).values_list("key", flat=True).first() if known else None
    if found is None:
        raise Http404("There is no such page of the table.")
    return list(found)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []
