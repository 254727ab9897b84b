"""Runs: what each route has read, and what became of it, to the last record."""

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render

from exceptions_queue import totals
from exceptions_queue.codes import code_of, id_of
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.narrowing import RunNarrowing, TransactionNarrowing
from governance import places
from governance.rights import Right, allowed
from routes import accounting, shares
from routes.filters import WARNED, RunFilter, TransactionFilter
from routes.models import Run, Transaction
from routes.models.movement import RunState
from routes.states import State
from routes.taken_back import told

SIZE = 50
ON_THEIR_WAY = frozenset({State.RECEIVED, State.NORMALISED, State.VALIDATED, State.READY, State.DELIVERING})


@page
def runs(request: HttpRequest) -> HttpResponse:
    """List runs, the newest first, a page by time."""
    user = person(request)
    form = RunNarrowing(request.GET, user)
    found = Run.objects.visible_to(user).select_related("route", "legal_entity").order_by("-created_at", "-pk")
    if form.is_valid():
        found = RunFilter(data=repeatable(form.asked()), queryset=found).qs
    if not request.GET.get("all"):
        found = found.exclude(state=RunState.DONE, read=0)
    if before := request.GET.get("before"):
        found = found.filter(_older(before))
    shown = list(found[: SIZE + 1]) if form.is_valid() else []
    more = context(
        "runs",
        form=form,
        runs=shares.as_seen(shown[:SIZE], user),
        before=_place(shown[SIZE - 1]) if len(shown) > SIZE else "",
        every=request.GET.get("all", ""),
        narrowed=form.is_valid() and bool(form.asked()),
        same=asked_besides(request, "before", "all"),
    )
    return render(request, "queue/runs.html", more)


def _place(row: Run) -> str:
    """Return where the next page begins: several runs may be asked for at one moment."""
    return f"{row.created_at.isoformat()}~{code_of(row.pk)}"


def _older(before: str) -> Q:
    """Return what comes after a place of the list."""
    moment, _, code = before.partition("~")
    try:
        at = places.moment(moment)
        return Q(created_at__lte=at) & (Q(created_at__lt=at) | Q(pk__lt=id_of(code))) if code else Q(created_at__lt=at)
    except ValueError as error:
        raise Http404("There is no such page of the list.") from error


def repeatable(asked: dict[str, Any]) -> QueryDict:
    """Return what is asked as an address would carry it: FilterSets read states as repeated parameters."""
    found = QueryDict(mutable=True)
    for name, value in asked.items():
        found.setlist(name, value if isinstance(value, list) else [value])
    return found


def asked_besides(request: HttpRequest, *without: str) -> str:
    """Return what is asked of a list, for the address of its next page."""
    kept = request.GET.copy()
    for name in without:
        kept.pop(name, None)
    return kept.urlencode()


@page
def run(request: HttpRequest, run: UUID) -> HttpResponse:
    """Show one run with its control totals."""
    user = person(request)
    row = get_object_or_404(Run.objects.visible_to(user).select_related("route", "legal_entity"), pk=run)
    [row] = shares.as_seen([row], user)
    books = accounting.books(row, by=user)
    reads = row.state in (RunState.WAITING, RunState.RUNNING)
    more = context(
        "runs",
        run=row,
        books=books,
        reads=reads,
        sends=not reads and any(ON_THEIR_WAY & book.states.keys() for book in books.destinations),
        warned=Transaction.objects.visible_to(user).filter(WARNED, run=row).count(),
        destinations=totals.lines(row, books),
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
    narrowed = TransactionFilter(data=repeatable(asked), queryset=found, request=request)
    rows = narrowed.qs if form.is_valid() else found.none()
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
        transactions=told(shown[:SIZE]),
        after=shown[SIZE - 1].pk if len(shown) > SIZE else None,
        same=asked_besides(request, "after"),
    )
    return render(request, "queue/transactions.html", more)
