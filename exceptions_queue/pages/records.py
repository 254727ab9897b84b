"""One record: what arrived, what was made of it, and where it went."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from exceptions_queue import record_story
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.pages.transactions import LABELS
from routes.models import Record


@page
def record(request: HttpRequest, record: UUID) -> HttpResponse:
    """Show one version of a source record with everything that came of it."""
    user = person(request)
    row = get_object_or_404(Record.objects.visible_to(user).select_related("route", "legal_entity"), pk=record)
    told = record_story.tell(row, user)
    open_ = next((failure for failure in told.failures if failure.closed_at is None), None)
    item = open_ and WorkItem.objects.visible_to(user).open().filter(fingerprint=open_.fingerprint).first()
    history = [(step, LABELS.get(step.to_state, step.to_state)) for step in told.transitions]
    more = context("transactions", record=row, story=told, item=item, history=history)
    return render(request, "queue/record.html", more)
