"""Runs: what each route has read, and what became of it, to the last record."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from exceptions_queue import totals
from exceptions_queue.codes import id_of
from exceptions_queue.pages.door import context, page, person
from governance.rights import Right, allowed
from routes import accounting
from routes.filters import WARNED, records_with
from routes.models import Run, Transaction
from routes.models.movement import RunState
from routes.states import State

SIZE = 50
OF_RUN = Transaction.objects.filter(WARNED, run=OuterRef("pk")).order_by().values("run")
HOW_MANY_WARNED = Coalesce(Subquery(OF_RUN.annotate(how_many=Count("pk")).values("how_many")), 0)


@page
def runs(request: HttpRequest) -> HttpResponse:
    """List runs, the newest first, a page by time."""
    found = Run.objects.visible_to(person(request)).select_related("route", "legal_entity").order_by("-created_at")
    if not request.GET.get("all"):
        found = found.exclude(state=RunState.DONE, read=0)
    if before := request.GET.get("before"):
        try:
            found = found.filter(created_at__lt=datetime.fromisoformat(before))
        except ValueError as error:
            raise Http404("There is no such page of the list.") from error
    shown = list(found[: SIZE + 1])
    more = shown[SIZE - 1].created_at.isoformat() if len(shown) > SIZE else ""
    return render(
        request, "queue/runs.html", context("runs", runs=shown[:SIZE], before=more, every=request.GET.get("all", ""))
    )


@page
def run(request: HttpRequest, run: UUID) -> HttpResponse:
    """Show one run with its control totals."""
    user = person(request)
    row = get_object_or_404(
        Run.objects.visible_to(user).select_related("route", "legal_entity").annotate(warned=HOW_MANY_WARNED), pk=run
    )
    books = accounting.books(row)
    more = context(
        "runs",
        run=row,
        books=books,
        going=row.state in (RunState.WAITING, RunState.RUNNING),
        destinations=totals.lines(row, books.destinations),
        technical=allowed(user, Right.SEE_TECHNICAL, row.legal_entity_id),
    )
    return render(request, "queue/run.html", more)


@page
def transactions(request: HttpRequest) -> HttpResponse:
    """List transactions of a run in a state, or those whose business key begins with some text."""
    user = person(request)
    found = Transaction.objects.visible_to(user).select_related("destination", "legal_entity").order_by("pk")
    key, chosen, state = request.GET.get("key", "").strip(), request.GET.get("run", ""), request.GET.get("state", "")
    row = None
    try:
        if chosen:
            row = get_object_or_404(Run.objects.visible_to(user).select_related("route"), pk=id_of(chosen))
            found = found.filter(run=row)
        if after := request.GET.get("after"):
            found = found.filter(pk__gt=id_of(after))
    except ValueError as error:
        raise Http404(str(error)) from error
    if state in State.values:
        found = found.filter(state=state)
    if key:
        same = records_with(key)
        found = found.filter(record_id__in=same) if same else found.filter(key__startswith=key)
    if warned := bool(request.GET.get("warned")):
        found = found.filter(WARNED)
    shown = list(found[: SIZE + 1]) if chosen or key else []
    more = context(
        "runs",
        run=row,
        key=key,
        warned=warned,
        state=State(state) if state in State.values else None,
        asked=bool(chosen or key),
        transactions=shown[:SIZE],
        after=shown[SIZE - 1].pk if len(shown) > SIZE else None,
    )
    return render(request, "queue/transactions.html", more)
