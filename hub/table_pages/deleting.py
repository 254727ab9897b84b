"""Delete a table, agree to that as the second person, or keep the table."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from exceptions_queue.pages.door import context, page, person
from governance.actor import as_actor
from governance.deed_page import ReasonForm
from governance.models import User
from governance.rights import NotAllowed, Right, require
from mappings import deleting, table_readers
from mappings.models import LookupTable, Mapping
from mappings.table_readers import Reading

GONE = "{} is deleted. Its rows stay readable here, for what they explain."
ASKED = "It waits: {} is deleted once a second person who approves rows agrees."


@dataclass(frozen=True, slots=True)
class Hindered:
    """What keeps a table from being deleted."""

    mappings: list[Mapping] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)  # what else reads it
    others: int = 0  # of companies that somebody may not see

    def __bool__(self) -> bool:
        return bool(self.mappings or self.readings or self.others)


NOTHING = Hindered()


@page
def deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a table, or propose it; where something reads it, say what, and offer nothing."""
    table, user = _table(request, pk), person(request)
    require(user, Right.EDIT_CONFIGURATION, table.legal_entity)
    about = (
        "Formulas find it no more, its rows count no more, and its name is free. Its page and history stay readable."
    )
    if deleting.wants_second_person(table, user):
        about += f" A second person has to agree, as for its rows: {table.policy}."

    def act(reason: str) -> str:
        done = deleting.delete_table(table, by=user, reason=reason)
        return (GONE if done.deleted_at else ASKED).format(table)

    return _shown(request, table, "Delete the table", about, act, hindered=_hindered(table, user))


@page
def agreement(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree to a deletion as the second person."""
    table, user = _table(request, pk), person(request)
    require(user, Right.APPROVE_TABLES, table.legal_entity)
    about = (
        "Formulas find it no more, its rows count no more, and its name is free. Its page and history stay readable."
    )

    def act(reason: str) -> str:
        return GONE.format(deleting.agree_to_deletion(table, by=user, reason=reason))

    hindered = _hindered(table, user)
    return _shown(request, table, "Agree to the deletion", about, act, needed=False, hindered=hindered)


@page
def keeping(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a table whose deletion waits."""
    table, user = _table(request, pk), person(request)
    mine = table.deletion_asked_by == as_actor(user).reference
    require(user, Right.EDIT_CONFIGURATION if mine else Right.APPROVE_TABLES, table.legal_entity)

    def act(reason: str) -> str:
        return f"{deleting.keep_table(table, by=user, reason=reason)} stays."

    return _shown(request, table, "Keep the table", "It stays as it is, and whoever wanted it deleted reads why.", act)


def _table(request: HttpRequest, pk: int) -> LookupTable:
    """Return a table, also one whose columns cannot be: deleting it is the way out."""
    return get_object_or_404(LookupTable.objects.visible_to(person(request)).select_related("legal_entity"), pk=pk)


def _hindered(table: LookupTable, user: User) -> Hindered:
    """Return what keeps a table from being deleted, as far as somebody may see it, and how much else."""
    keys = {each.pk for each, _ in table_readers.mappings_reading(table)}
    seen = list(Mapping.objects.visible_to(user).filter(pk__in=keys).order_by("title"))
    told, hidden = table_readers.visible(table_readers.others(table), user)
    return Hindered(seen, told, len(keys) - len(seen) + hidden)


def _shown(
    request: HttpRequest, table: LookupTable, title: str, about: str, act: Callable[[str], str], *,
    needed: bool = True, hindered: Hindered = NOTHING,
) -> HttpResponse:  # fmt: skip
    form = ReasonForm(request.POST if request.method == "POST" else None, label_suffix="")
    form.fields["reason"].required = needed
    status = 422 if request.method == "POST" else 200
    if form.is_bound and form.is_valid():
        try:
            messages.success(request, act(form.cleaned_data["reason"]))
        except NotAllowed as error:
            form.add_error(None, str(error))
            status = 403
        except ValueError as error:
            form.add_error(None, str(error))
        else:
            return redirect("tables:table", pk=table.pk)
    more = context(
        "tables", table=table, form=form, title=title, about=about, danger=title != "Keep the table",
        hindered=hindered,
    )  # fmt: skip
    return render(request, "hub/table/deletion.html", more, status=status)
