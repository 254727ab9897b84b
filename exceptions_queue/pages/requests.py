"""Requests for an approval: those that wait for somebody, one with only what would differ, and the answers."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from exceptions_queue import differing, policies, verbs, words
from exceptions_queue.handling_forms import HandlingForm, MayReasonForm, ReasonForm
from exceptions_queue.models import ApprovalRequest, LoosenedPolicy, RequestState
from exceptions_queue.pages.approvals import Waits, requests_for, waiting_for
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.permitted import masks_by_entity, masks_of, rights_in, who_have
from exceptions_queue.verbs.asking import changes, standing
from governance.actor import as_actor, names
from governance.models import User
from governance.rights import Right
from governance.same_person import counted_as, is_one_of, makers, written_by
from governance.versions import WrongState
from routes.plan import NotReadyToRun
from routes.runs import NothingToRead

SHOWN = 50  # requests of each part of the list
Act = Callable[[ApprovalRequest, User, str], ApprovalRequest]


def _consent(row: ApprovalRequest, by: User, reason: str) -> ApprovalRequest:
    return verbs.consent(row, by=by, reason=reason)


def _refuse(row: ApprovalRequest, by: User, reason: str) -> ApprovalRequest:
    return verbs.refuse_request(row, by=by, reason=reason)


def _withdraw(row: ApprovalRequest, by: User, reason: str) -> ApprovalRequest:
    return verbs.withdraw_request(row, by=by, reason=reason)


ANSWERS: dict[str, tuple[str, type[HandlingForm], Act]] = {  # noun in the address → button, form, verb
    "approvals": ("Approve, and do it", MayReasonForm, _consent),
    "refusals": ("Refuse", ReasonForm, _refuse),
    "withdrawals": ("Take it back", MayReasonForm, _withdraw),
}
SAID = {
    RequestState.APPROVED: "Approved, and done.",
    RequestState.REFUSED: "Refused. Nothing was done, and whoever asked reads why.",
    RequestState.WITHDRAWN: "Taken back.",
}


@page
def requests(request: HttpRequest) -> HttpResponse:
    """Show what waits for somebody's approval, what they have asked for, and what was decided lately."""
    user = person(request)
    rows = ApprovalRequest.objects.visible_to(user).select_related("legal_entity", "item__connection")
    own = rows.filter(made_by=as_actor(user).reference)
    parts = [
        ("Waits for you", requests_for(user)[:SHOWN]),
        ("You have asked for", list(own.filter(state=RequestState.WAITING)[:SHOWN])),
        ("Decided lately", list(rows.exclude(state=RequestState.WAITING).order_by("-decided_at")[:SHOWN])),
    ]
    masks = masks_by_entity(user, {row.legal_entity_id for _, found in parts for row in found})
    shown = [
        (title, [(row, words.title_for(row.item, masks[row.legal_entity_id], user)) for row in found])
        for title, found in parts
    ]
    others: list[Waits] = [each for each in waiting_for(user) if "/approvals/" not in each.at]
    more = context("approvals", parts=shown, loosened=_loosened(user), others=others)
    return render(request, "queue/requests.html", more)


@page
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show a request: only what would differ, why a second person is asked, and what can be answered."""
    return _shown(request, _of(person(request), number))


@page
@require_POST
def answer(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Answer a request by its form."""
    user = person(request)
    row = _of(user, number)
    if name not in ANSWERS:
        raise Http404("There is no such answer.")
    _, form, act = ANSWERS[name]
    given = form(request.POST)
    if given.is_valid():
        try:
            done = act(row, user, given.cleaned_data["reason"])
        except (verbs.NotPossible, NotReadyToRun, NothingToRead) as error:
            given.add_error(None, str(error))
        else:
            if done.state == RequestState.EXPIRED:
                messages.error(request, f"Nothing was done: {done.decided_reason}")
            else:
                messages.success(request, SAID[RequestState(done.state)])
            return redirect("queue:request", number=number)
    return _shown(request, row, (name, given))


@page
@require_POST
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree that a policy asks for less than before."""
    user = person(request)
    row = get_object_or_404(LoosenedPolicy.objects.visible_to(user, Right.APPROVE_CONFIGURATION), pk=pk)
    try:
        policies.agree(row, by=user, reason=request.POST.get("reason", ""))
    except WrongState as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Agreed: the policy counts for everybody as it is now.")
    return redirect("queue:requests")


def _of(user: User, number: int) -> ApprovalRequest:
    rows = ApprovalRequest.objects.visible_to(user).select_related("legal_entity", "item__connection")
    return get_object_or_404(rows, number=number)


def _shown(request: HttpRequest, row: ApprovalRequest, typed: tuple[str, forms.Form] | None = None) -> HttpResponse:
    user = person(request)
    rights = rights_in(user, row.legal_entity_id)
    masks = masks_of(rights)
    waits = row.state == RequestState.WAITING
    own = row.made_by == as_actor(user).reference
    may = {"withdrawals": own, "refusals": not own, "approvals": not own}
    offered: list[dict[str, Any]] = []
    for name, (button, form, _) in ANSWERS.items():
        others = Right.APPROVE in rights and not is_one_of(user, *makers((row.made_by, row.made_at)))
        allowed = own if name == "withdrawals" else others
        if waits and may[name] and allowed:
            given = typed[1] if typed and typed[0] == name else form(auto_id=f"{name}-%s")
            offered.append({"name": name, "button": button, "form": given})
    able = [as_actor(each).name for each in who_have(Right.APPROVE, row.legal_entity)]
    more = context(
        "approvals",
        row=row,
        title=words.title_for(row.item, masks, user),
        differences=differing.shown(row.differences, row.item.entity, masks),
        changed=changes(row.stood, standing(row.failures)) if waits else [],
        offered=offered,
        able=[each for each in able if each != row.made_by_name],
        reason=words.readable(row.reason, row.item, masks, user) if words.tells(row.item, masks) else "",
        decided_reason=words.readable(row.decided_reason, row.item, masks, user),
    )
    return render(request, "queue/request.html", more, status=422 if typed else 200)


def _loosened(user: User) -> list[tuple[LoosenedPolicy, str, bool]]:
    """Return the policies that ask for less than before, who made them so, and whether this person may agree."""
    seen = list(LoosenedPolicy.objects.visible_to(user).filter(agreed_at=None).select_related("legal_entity"))
    able = LoosenedPolicy.objects.visible_to(user, Right.APPROVE_CONFIGURATION).filter(agreed_at=None)
    others = able.exclude(written_by(sorted(counted_as(user)), "made_by", "made_at"))
    may = set(others.values_list("pk", flat=True)) if seen else set()
    people = names([row.made_by for row in seen])
    return [(row, people[row.made_by], row.pk in may) for row in seen]
