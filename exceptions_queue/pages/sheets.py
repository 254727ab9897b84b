"""The list as a file, and what a bulk run has planned and done."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from exceptions_queue.pages.asked import asked_of
from exceptions_queue.pages.bulk import run_of
from exceptions_queue.pages.door import page, person
from exceptions_queue.pages.items import MOST_EXPORTED, listed
from exceptions_queue.sheets.exporting import export
from exceptions_queue.sheets.of_runs import export_run
from exceptions_queue.sheets.writing import FORMS


@page
def sheet(request: HttpRequest, form: str) -> HttpResponse:
    """Return what a line means as a file; its name says where there are further lines."""
    if form not in FORMS:
        raise Http404("There is no such form of a sheet.")
    user = person(request)
    asked = asked_of(request, user)
    if asked.found.wrong:
        return listed(request, status=422)
    content, _, more = export(by=user, line=asked.text, sort=asked.sort, form=form)
    cut = f"-first-{MOST_EXPORTED}" if more else ""
    name = f"exceptions-{timezone.now():%Y-%m-%d}{cut}.{form}"
    return _file(content, name, form)


@page
def of_run(request: HttpRequest, number: int, form: str) -> HttpResponse:
    """Return the members of a bulk run as a file: what was planned of each, and what became of it."""
    if form not in FORMS:
        raise Http404("There is no such form of a sheet.")
    user = person(request)
    return _file(export_run(run_of(user, number), by=user, form=form), f"bulk-run-{number}.{form}", form)


def _file(content: bytes, name: str, form: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=FORMS[form], headers=headers)
