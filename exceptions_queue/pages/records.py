"""Records as they came: the list of them, and of each what was made of it and where it went."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from exceptions_queue import record_story
from exceptions_queue.codes import id_of
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.narrowing import RecordNarrowing
from exceptions_queue.pages.runs import asked_besides, repeatable
from exceptions_queue.pages.transactions import LABELS
from routes.filters import RecordFilter
from routes.models import Record

SIZE = 50


@page
def records(request: HttpRequest) -> HttpResponse:
    """List records, the newest first: under a key, or by kind, where from, company, state and days."""
    user = person(request)
    form = RecordNarrowing(request.GET, user)
    found = Record.objects.visible_to(user).select_related("route__connection", "legal_entity")
    found = found.defer("route__connection__secrets")
    asked = form.asked() if form.is_valid() else {}
    try:
        if after := request.GET.get("after"):
            found = found.filter(pk__lt=id_of(after))
    except ValueError as error:
        raise Http404(str(error)) from error
    narrowed = RecordFilter(data=repeatable(asked), queryset=found, request=request)
    rows = narrowed.qs if form.is_valid() else found.none()
    shown = rows.newest(SIZE + 1)
    more = context(
        "records",
        form=form,
        key=asked.get("key", ""),
        narrowed=bool(asked),
        records=shown[:SIZE],
        after=shown[SIZE - 1].pk if len(shown) > SIZE else None,
        same=asked_besides(request, "after"),
    )
    return render(request, "queue/records.html", more)


@page
def record(request: HttpRequest, record: UUID) -> HttpResponse:
    """Show one version of a source record with everything that came of it."""
    user = person(request)
    row = get_object_or_404(
        Record.objects.visible_to(user).select_related("route__connection", "legal_entity"), pk=record
    )
    told = record_story.tell(row, user)
    open_ = next((failure for failure in told.failures if failure.closed_at is None), None)
    item = open_ and WorkItem.objects.visible_to(user).open().filter(fingerprint=open_.fingerprint).first()
    history = [(step, LABELS.get(step.to_state, step.to_state)) for step in told.transitions]
    more = context("records", record=row, story=told, item=item, history=history)
    return render(request, "queue/record.html", more)
