"""The pages on which a draft is tried: a connection's as it is kept and as its form has it, and a route's next run."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from connectors.connection_actions import REPORT, asked, read_typed
from connectors.outcome import TestReport
from exceptions_queue.pages.door import context, page, person
from governance.rights import Right, require
from governance.versions import WrongState
from hub.changes import previewing, things, trying
from hub.changes.found import entries_of, version_of
from routes.preview import NoPreview


@require_POST
@page
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the system as if the draft were in force; its page tells what came of it."""
    user, version = person(request), version_of(request, pk)
    require(user, Right.EDIT_CONFIGURATION, version.legal_entity)
    problem = ""
    try:
        trying.try_draft(version, by=user)
    except WrongState as wrong:
        problem = str(wrong)
    if getattr(request, "htmx", False):
        given = {"tested": trying.last_of(entries_of(version)), "problem": problem}
        return render(request, "hub/change/tested.html", given)
    if problem:
        messages.warning(request, problem)
    return redirect("changes:change", version.pk)


@require_POST
@page
def trial(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the system with what is typed in the draft's form; return the part of its page that tells of it."""
    user, version = person(request), version_of(request, pk)
    require(user, Right.EDIT_CONFIGURATION, version.legal_entity)

    def ask() -> TestReport:
        return trying.try_form(version, by=user, typed=lambda row: read_typed(request, row))

    try:
        return asked(request, ask)
    except trying.NotComplete as wrong:
        return render(request, REPORT, {"missing": wrong.missing})
    except WrongState as wrong:
        return render(request, REPORT, {"missing": [("The draft", words) for words in str(wrong).splitlines()]})


@page
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what the route's next run would do with the draft, beside what it would do as it is."""
    user, version = person(request), version_of(request, pk)
    require(user, Right.EDIT_CONFIGURATION, version.legal_entity)
    given: dict[str, Any] = {"version": version, "title": things.title(version)}
    status = 200
    if request.method == "POST":
        try:
            given["found"] = previewing.of_draft(version, by=user)
        except (NoPreview, WrongState) as none:
            given["problem"], status = str(none), 422
    if getattr(request, "htmx", False):  # htmx shows no answer that is not 200
        return render(request, "hub/change/previewed.html", given)
    return render(request, "hub/change/preview.html", context("changes", **given), status=status)
