"""Lookup tables: the list, a table as a grid with a probe, and where its values are used."""

import json
import re
from datetime import date
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from exceptions_queue.pages.door import context, page, person
from governance.actor import as_actor, names
from governance.models import User, Version
from governance.models.version import State
from governance.rights import Right, allowed, allowed_anywhere
from hub.table_pages import grid
from mappings.models import LookupTable, Mapping, TableRow
from mappings.models.mapping import KIND
from mappings.row_form import words_of
from mappings.sheets import days_of

SHOWS = {"now": "What counts and what waits", "waiting": "What waits for approval", "all": "What ended, too"}


@page
def tables(request: HttpRequest) -> HttpResponse:
    """List the tables, with how many of their rows wait for a second person."""
    user = person(request)
    waiting = Count("rows", filter=Q(rows__approved_at=None, rows__recorded_to=None))
    found = LookupTable.objects.visible_to(user).select_related("legal_entity").annotate(waiting=waiting)
    edits = allowed_anywhere(user, Right.EDIT_CONFIGURATION)
    more = context("tables", tables=found.order_by("title", "pk"), edits=edits)
    return render(request, "hub/table/tables.html", more)


@page
def table(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a table's rows by key and day, and which value applies on a day."""
    row, user = table_of(request, pk), person(request)
    show, find = request.GET.get("show", "now"), request.GET.get("find", "").strip().replace("\0", "")
    if show not in SHOWS:
        raise Http404("There is no such list.")
    lines, after = grid.page_of(row, show=show, find=find, after=_key(request), today=timezone.now().date())
    probe = ProbeForm(request.GET if "day" in request.GET else None, table=row)
    more = context(
        "tables", table=row, lines=lines, shows=SHOWS.items(), show=show, find=find,
        after=json.dumps(after) if after else "", probe=probe,
        answer=probe.answer() if probe.is_bound and probe.is_valid() else None,
        keys=[words_of(name) for name in row.key_columns], values=[words_of(name) for name in row.value_columns],
        used=used_by(row, user), **rights_of(row, user),
    )  # fmt: skip
    return render(request, "hub/table/table.html", more)


def table_of(request: HttpRequest, pk: int) -> LookupTable:
    """Return a table that the person may see. Raises Http404."""
    return get_object_or_404(LookupTable.objects.visible_to(person(request)).select_related("legal_entity"), pk=pk)


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
    pattern = re.compile(rf"""LOOKUP\(\s*["']{re.escape(row.name)}["'.]""")
    found = {each.key: each for each in Mapping.objects.visible_to(user)}
    states = [State.PUBLISHED, State.DRAFT, State.SUBMITTED, State.APPROVED]
    versions = Version.objects.filter(kind=KIND, object_key__in=found, state__in=states).order_by(
        "object_key", "number"
    )
    named: dict[str, str] = {}
    for version in versions.only("object_key", "state", "content"):
        if version.object_key not in named and any(map(pattern.search, _texts(version.content))):
            named[version.object_key] = "" if version.state == State.PUBLISHED else "in a draft"
    return [(found[key], words) for key, words in named.items()]


class ProbeForm(forms.Form):
    """A key and a day: which row applies."""

    def __init__(self, *args: Any, table: LookupTable, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": "", "auto_id": "probe_%s"} | kwargs))
        self.table = table
        for number, name in enumerate(table.key_columns):
            self.fields[f"key_{number}"] = forms.CharField(max_length=200, label=words_of(name))
        day = forms.DateInput(attrs={"type": "date"})
        self.fields["day"] = forms.DateField(label="On the day", widget=day, initial=timezone.now().date)

    def answer(self) -> str:
        """Return in words what applies."""
        key = tuple(self.cleaned_data[f"key_{number}"] for number in range(len(self.table.key_columns)))
        day: date = self.cleaned_data["day"]
        rows = [row for row in self.table.rows.with_keys([key]).filter(recorded_to=None) if row.words == key]
        counting = [row for row in rows if row.approved_at]
        shown = " / ".join(key)
        for row in counting:
            if _holds(row, day):
                values = ", ".join(f"{words_of(name)} {value}" for name, value in row.values.items())
                return f"On {day}, {shown} gives {values} ({days_of(row)})."
        if any(_holds(row, day) for row in rows):
            return f"On {day}, {shown} gives nothing yet: a row for that day waits for a second person."
        if counting:
            others = "; ".join(days_of(row) for row in counting)
            return f"On {day}, {shown} gives nothing: its rows hold {others}."
        return f"There is no row for {shown} on any day. Capitals and blanks count."


def _holds(row: TableRow, day: date) -> bool:
    return (row.valid_from or date.min) <= day <= (row.valid_to or date.max)


def _key(request: HttpRequest) -> list[str]:
    text = request.GET.get("after", "")
    try:
        found = json.loads(text) if text else []
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) and "\0" not in each for each in found):
        raise Http404("There is no such page of the table.")
    return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []
