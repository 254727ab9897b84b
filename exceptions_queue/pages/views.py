"""Keeping lists under a name, from the page of the list: what is refused leaves the list and what was typed."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from exceptions_queue import verbs, views
from exceptions_queue.models import SavedView
from exceptions_queue.pages.asked import asked_of
from exceptions_queue.pages.door import page, person
from exceptions_queue.pages.items import listed
from governance.models import LegalEntity, User
from governance.rights import entities_visible_to


@page
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the list that is shown under a new name, for oneself or for a legal entity's people."""
    user = person(request)
    try:
        made = verbs.keep_view(
            by=user, name=request.POST.get("name", ""), legal_entity=_company(user, request.POST.get("with", "")),
            line=request.POST.get("q", ""), sort=request.POST.get("sort", ""),
            columns=request.POST.get("columns", ""),
        )  # fmt: skip
    except verbs.NotPossible as error:
        return _refused(request, error)
    messages.success(request, f"Kept as “{made.name}”.")
    return redirect(_address(str(made.pk)))


@page
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a list say what is shown now."""
    user = person(request)
    row = _row(user, pk)
    try:
        verbs.change_view(
            row, by=user, seen=_seen(request), name=request.POST.get("name", row.name),
            line=request.POST.get("q", ""), sort=request.POST.get("sort", ""),
            columns=request.POST.get("columns", ""),
        )  # fmt: skip
    except verbs.NotPossible as error:
        return _refused(request, error)
    messages.success(request, f"“{row.name}” is changed.")
    return redirect(_address(str(pk)))


@page
@require_POST
def share(request: HttpRequest, pk: int) -> HttpResponse:
    """Share a list of one's own with the people of a legal entity."""
    user = person(request)
    row = _row(user, pk)
    company = _company(user, request.POST.get("with", ""))
    try:
        if company is None:
            raise verbs.NotPossible("Choose the company with whose people you share it.")
        verbs.share_view(row, by=user, seen=_seen(request), legal_entity=company)
    except verbs.NotPossible as error:
        return _refused(request, error)
    messages.success(request, f"“{row.name}” is shared with everybody who sees {company.code}.")
    return redirect(_address(str(pk)))


@page
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a list away."""
    user = person(request)
    row = _row(user, pk)
    try:
        verbs.delete_view(row, by=user, seen=_seen(request))
    except verbs.NotPossible as error:
        return _refused(request, error)
    messages.success(request, f"The list “{row.name}” is thrown away. What it showed stays.")
    return redirect(f"{reverse('queue:items')}?{urlencode({'q': row.line})}")


@page
@require_POST
def choose_columns(request: HttpRequest) -> HttpResponse:
    """Keep which columns somebody wants to see of a list."""
    user = person(request)
    asked = asked_of(request, user)
    names = [] if "usual" in request.POST else request.POST.getlist("column")
    views.choose_columns(user, asked.view, names)
    return redirect(f"{reverse('queue:items')}?{asked.address}")


def _row(user: User, pk: int) -> SavedView:
    row = SavedView.objects.visible_to(user).filter(pk=pk).first() if pk < 2**63 else None
    if row is None:
        raise Http404("There is no such list, or it is not yours.")
    return row


def _company(user: User, code: str) -> LegalEntity | None:
    if not code:
        return None
    found = entities_visible_to(user).filter(code=code).first()
    if found is None:
        raise verbs.NotPossible("There is no such company. Choose one of the list.")
    return found


def _seen(request: HttpRequest) -> int:
    given = request.POST.get("seen", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _refused(request: HttpRequest, error: verbs.NotPossible) -> HttpResponse:
    return listed(request, refused=str(error), status=422)


def _address(key: str) -> str:
    return f"{reverse('queue:items')}?{urlencode({'view': key})}"
