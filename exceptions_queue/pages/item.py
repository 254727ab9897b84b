"""One work item: its cause, its members, what can be done about it and what was done; and its remedies' doors."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from canonical.entities import ENTITIES
from canonical.entity import Mask
from connectors.sign_in_again import NotRenewed
from exceptions_queue import (
    deciding,
    emergencies,
    handling,
    keyboard,
    member_rows,
    progressing,
    remedies,
    solved_before,
    verbs,
    words,
)
from exceptions_queue.codes import id_of
from exceptions_queue.forms import RemedyForm
from exceptions_queue.handling_forms import HandlingForm
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.sight import Sight
from exceptions_queue.parts import SHORT, part_of
from exceptions_queue.permitted import masks_of, rights_in, who_have
from governance.actor import as_actor
from governance.models import User
from governance.rights import require
from governance.roles import Right
from governance.second_person import NeedsSecondPerson
from mappings.cross_references import ReferenceConflict
from mappings.locking import TableGone
from mappings.tables import RowErrors, RowsCollide, RowsGone
from routes.plan import NotReadyToRun
from routes.runs import NothingToRead

REFUSED = (
    verbs.NotPossible,
    RowErrors,
    RowsCollide,
    RowsGone,
    TableGone,
    ReferenceConflict,
    NeedsSecondPerson,
    NotReadyToRun,
    NothingToRead,
)  # what a verb says


def item_of(user: User, number: int) -> WorkItem:
    visible = WorkItem.objects.visible_to(user).select_related("legal_entity", "connection")
    visible = visible.prefetch_related("amounts", "tags")
    return get_object_or_404(visible, number=number)


@page
def item(request: HttpRequest, number: int) -> HttpResponse:
    """Show an item; with `after`, only the next members for the table."""
    user = person(request)
    row = item_of(user, number)
    if request.GET.get("cause") and meant(request, row) is row:
        messages.info(request, "Nothing of that cause is open any more.")
        return redirect("queue:item", number=number)
    return shown(request, row, user)


def meant(request: HttpRequest, row: WorkItem) -> WorkItem:
    """Return the part of an item that the address names, or the item."""
    code = request.GET.get("cause", "")
    return (part_of(row, code) if code else None) or row


def shown(
    request: HttpRequest,
    row: WorkItem,
    user: User,
    *,
    typed: tuple[str, RemedyForm] | None = None,
    handled: tuple[str, HandlingForm] | None = None,
) -> HttpResponse:
    """Return an item's page, or only its next members; `typed` and `handled` are forms that were refused."""
    rights = rights_in(user, row.legal_entity_id)
    of = meant(request, row)  # one cause of an item that gathers, or all of it
    sight = Sight(row, of, user, rights, masks_of(rights))
    members = member_rows.page(of, user, masks=sight.masks, after=_after(request))
    shared: dict[str, Any] = {
        "item": row, "part": of.part and of.part[:SHORT], "members": members,
        "may_choose": bool(rights & CHOOSE) and row.is_open,
    }  # fmt: skip
    if "after" in request.GET and request.headers.get("HX-Request"):
        return render(request, "queue/members_page.html", shared)
    ways = handling.offered(row, rights, handled)
    offered = _remedies(sight, members, typed)
    keyboard.give(offered["remedies"], ways)
    more = context(
        "queue", **shared, **sight.cause(), **sight.kin(), **sight.standing(), **sight.story(), **offered, ways=ways,
        unhandled=next((each for each in ways if each.opened), None),
        emergency=emergencies.in_force_here(user, row.legal_entity_id),
    )  # fmt: skip
    return render(request, "queue/item.html", more, status=422 if typed or handled else 200)


def _remedies(sight: Sight, members: member_rows.Page, typed: tuple[str, RemedyForm] | None) -> dict[str, Any]:
    """Return the remedies that are offered, the refused one with what was typed, and what they wait for."""
    row, of = sight.row, sight.of
    first = members.members[0] if members.members else None
    facts = remedies.facts_of(
        of, sight.user, field=members.field,
        first_value="" if first is None or first.working in (None, "") else str(first.working),
    )  # fmt: skip
    offered = remedies.offered(facts, sight.rights) if members.members else []
    chosen = set(typed[1].ticked()) if typed else set()
    _cover(offered, of, sight.masks, sight.user)
    _open_one(offered, typed, chosen - {m.failure for m in members.members})
    return {
        "remedies": offered,
        "chosen": chosen,
        "refused": next((each for each in offered if typed and each.opened), None),
        "first_form": first.failure if first is not None and first.record and row.entity in ENTITIES else None,
        "decides": deciding.now(row, [each.proposed_by for each in facts.rows_waiting], facts.table),
        "waiting": remedies.waiting(facts.waiting) if facts.waiting and row.is_open else "",
    }


def _cover(offered: list[remedies.Remedy], row: WorkItem, masks: frozenset[Mask], user: User) -> None:
    """Cover in what remedies say what somebody may not read: people, and systems of other companies."""
    for each in offered:
        each.title = words.readable(each.title, row, masks, user)
        each.effect = words.readable(each.effect, row, masks, user)
        each.given = [(name, words.readable(str(part), row, masks, user)) for name, part in each.given]


def _open_one(offered: list[remedies.Remedy], typed: tuple[str, RemedyForm] | None, elsewhere: set[UUID]) -> None:
    """Unfold the remedy that was refused, with what was typed in it; else the first that the person may use."""
    for remedy in offered:
        if typed and remedy.name == typed[0] and remedy.row in (None, typed[1].initial.get("row")):
            remedy.form, remedy.opened = typed[1], True
            remedy.elsewhere = sorted(elsewhere)
    if not typed and (first_allowed := next((each for each in offered if each.form), None)):
        first_allowed.opened = True


CHOOSE = frozenset({Right.RESUBMIT, Right.WAIVE, Right.EDIT_OVERLAY, Right.APPROVE})


def _after(request: HttpRequest) -> UUID | None:
    if not (after := request.GET.get("after")):
        return None
    try:
        return id_of(after)
    except ValueError as error:
        raise Http404(str(error)) from error


@page
@require_POST
def remedy(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Do a remedy from its form, and say what came of it; what was refused is said beside what was typed."""
    user = person(request)
    row = item_of(user, number)
    kind = remedies.by_name(name)
    if kind is None:
        raise Http404("There is no such remedy.")
    require(user, kind.right, row.legal_entity_id)
    facts = remedies.facts_of(meant(request, row), user)
    if not remedies.fits(kind, facts) or (request.GET.get("cause") and facts.item is row):
        messages.error(request, "This can no longer be done here: the item has changed meanwhile.")
        return redirect("queue:item", number=number)
    form = kind.asked(facts, request.POST)
    if ended := emergencies.of_form(user, request.POST.get("emergency", ""), row.legal_entity_id):
        form.add_error(None, ended)
    elif form.is_valid():
        try:
            said = kind.act(facts, {**form.cleaned_data, "form": form})
        except NotRenewed:
            pass  # the form says it, each at its field
        except verbs.NeedsApproval as asked:
            if (told := asked_for(asked, user, form)) is not None:
                return onward(request, row, told)
        except REFUSED as error:
            form.say(error)
        else:
            return onward(request, row, said)
    return shown(request, row, user, typed=(name, form))


def onward(request: HttpRequest, row: WorkItem, said: str) -> HttpResponse:
    """Say what was done, on the item's page again or on that of the next one, as it was sent with the form."""
    then = request.POST.get("then", "")
    wanted = int(then) if then.isascii() and then.isdigit() and len(then) < 19 else 0
    if WorkItem.objects.visible_to(person(request)).filter(pk=wanted).exists():
        messages.success(request, f"Exception {row.number}: {said}")
        return redirect("queue:item", number=wanted)
    messages.success(request, said)
    return redirect("queue:item", number=row.number)


def asked_for(asked: verbs.NeedsApproval, user: User, form: Form) -> str | None:
    """Ask a second person for what needs one; return what to say, None where that was refused (the form says why)."""
    try:
        made = verbs.ask_approval(asked.wish, by=user)
    except verbs.NotPossible as error:
        form.add_error(None, str(error))
        return None
    able = [as_actor(each).name for each in who_have(Right.APPROVE, made.legal_entity)]
    who = " or ".join([each for each in able if each != made.made_by_name][:5]) or "Nobody yet"
    return f"Nothing is done yet: {made.policies} asks for a second person. {who} can approve request {made.number}."


@page
def technical(request: HttpRequest, number: int) -> HttpResponse:
    """Show what engineers need, to those who have the right."""
    user = person(request)
    row = item_of(user, number)
    require(user, Right.SEE_TECHNICAL, row.legal_entity_id)
    masks = masks_of(rights_in(user, row.legal_entity_id))
    key = [words.readable(part, row, masks, user) for part in row.table_key or []] if words.tells(row, masks) else []
    failures = list(row.failures().order_by("pk")[:20])
    return render(request, "queue/item_technical.html", {"item": row, "table_key": key, "failures": failures})


@page
def progress(request: HttpRequest, number: int) -> HttpResponse:
    """Show how far what was let go is; the page asks every two seconds, until it is done."""
    user = person(request)
    row = item_of(user, number)
    found = progressing.of(row, user)
    if found is None:
        raise Http404("Nothing of this was sent through again.")
    return render(request, "queue/release.html", {"item": row, "progress": found})


@page
def earlier(request: HttpRequest, number: int) -> HttpResponse:
    """Show how the same cause, or the same rule, ended the last times: a part of the item's page."""
    user = person(request)
    row = item_of(user, number)
    return render(request, "queue/earlier.html", {"item": row, "before": solved_before.before(row, user)})
