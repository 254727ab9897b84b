"""Runs: what each route has read, and what became of it, to the last record."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render

from exceptions_queue import totals
from exceptions_queue.codes import code_of, id_of
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.narrowing import RunNarrowing, TransactionNarrowing
from governance.rights import Right, allowed
from routes import accounting
from routes.filters import WARNED, RunFilter, TransactionFilter
from routes.models import Run, Transaction
from routes.models.movement import RunState
from routes.states import State

SIZE = 50
OF_RUN = Transaction.objects.filter(WARNED, run=OuterRef("pk")).order_by().values("run")
HOW_MANY_WARNED = Coalesce(Subquery(OF_RUN.annotate(how_many=Count("pk")).values("how_many")), 0)


@page
def runs(request: HttpRequest) -> HttpResponse:
    """List runs, the newest first, a page by time."""
    user = person(request)
    form = RunNarrowing(request.GET, user)
    found = Run.objects.visible_to(user).select_related("route", "legal_entity").order_by("-created_at", "-pk")
    if form.is_valid():
        found = RunFilter(data=_repeatable(form.asked()), queryset=found).qs
    if not request.GET.get("all"):
        found = found.exclude(state=RunState.DONE, read=0)
    if before := request.GET.get("before"):
        found = found.filter(_older(before))
    shown = list(found[: SIZE + 1]) if form.is_valid() else []
    more = context(
        "runs",
        form=form,
        runs=shown[:SIZE],
        before=_place(shown[SIZE - 1]) if len(shown) > SIZE else "",
        every=request.GET.get("all", ""),
        narrowed=form.is_valid() and bool(form.asked()),
        same=_same(request, "before", "all"),
    )
    return render(request, "queue/runs.html", more)


def _place(row: Run) -> str:
    """Return where the next page begins: several runs may be asked for at one moment."""
    return f"{row.created_at.isoformat()}~{code_of(row.pk)}"


def _older(before: str) -> Q:
    """Return what comes after a place of the list."""
    moment, _, code = before.partition("~")
    try:
        at = datetime.fromisoformat(moment)
        return Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(pk__lt=id_of(code))) if code else Q(created_at__lt=at)
    except ValueError as error:
        raise Http404("There is no such page of the list.") from error


def _repeatable(asked: dict[str, Any]) -> QueryDict:
    """Return what is asked as an address would carry it: FilterSets read states as repeated parameters."""
    found = QueryDict(mutable=True)
    for name, value in asked.items():
        found.setlist(name, value if isinstance(value, list) else [value])
    return found


def _same(request: HttpRequest, *without: str) -> str:
    """Return what is asked of a list, for the address of its next page."""
    kept = request.GET.copy()
    for name in without:
        kept.pop(name, None)
    return kept.urlencode()


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
    """List transactions, the newest first: of a run, under a key, or by route, company, state and days."""
    user = person(request)
    form = TransactionNarrowing(request.GET, user)
    found = Transaction.objects.visible_to(user).select_related("destination", "legal_entity")
    asked = form.asked() if form.is_valid() else {}
    row = None
    try:
        if chosen := request.GET.get("run", ""):
            row = get_object_or_404(Run.objects.visible_to(user).select_related("route"), pk=id_of(chosen))
            asked["run"] = str(row.pk)
        if after := request.GET.get("after"):
            found = found.filter(pk__lt=id_of(after))
    except ValueError as error:
        raise Http404(str(error)) from error
    if warned := bool(request.GET.get("warned")):
        asked["warned"] = "true"
    rows = TransactionFilter(data=_repeatable(asked), queryset=found).qs if form.is_valid() else found.none()
    shown = rows.newest(SIZE + 1)
    state = asked.get("state", [""])[0]
    more = context(
        "transactions",
        form=form,
        run=row,
        key=asked.get("key", ""),
        warned=warned,
        state=State(state) if state else None,
        narrowed=bool(asked),
        transactions=shown[:SIZE],
        after=shown[SIZE - 1].pk if len(shown) > SIZE else None,
        same=_same(request, "after"),
    )
    return render(request, "queue/transactions.html", more)
