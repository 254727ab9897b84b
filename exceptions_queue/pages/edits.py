"""Correcting in a spreadsheet: the sheet to take, and what is sent back, which becomes the plan of a bulk run."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from exceptions_queue.bulk import by_sheet
from exceptions_queue.bulk.by_sheet import WrongSheet
from exceptions_queue.bulk.tasks import at_once
from exceptions_queue.forms import MISSING, REASON
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.sheets import lines
from exceptions_queue.sheets.cells import EMPTY
from exceptions_queue.sheets.reading import MOST_BYTES
from exceptions_queue.sheets.writing import FORMS
from exceptions_queue.verbs.members import NotPossible
from governance.models import User
from governance.rights import Right, allowed_anywhere, require

SHOWN = 1000  # problems on a page; further ones are counted
USUAL = "is:open"


class SheetForm(forms.Form):
    """A sheet that comes back, and why."""

    sheet = forms.FileField(
        label="The sheet, corrected",
        help_text="CSV or XLSX, at most 5 MB and 10,000 lines.",
        error_messages={"required": "Choose the file.", "empty": "The file is empty."},
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.xlsx,text/csv"}),
    )
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=REASON, error_messages={"required": MISSING}
    )


@page
def edits(request: HttpRequest) -> HttpResponse:
    """Show which sheets can be taken and how they come back; sent with one, plan what it says."""
    user = person(request)
    if request.method != "POST":
        return _shown(request, user, SheetForm(label_suffix=""))
    _ask(user)
    form = SheetForm(request.POST, request.FILES, label_suffix="")
    if not form.is_valid():
        return _shown(request, user, form, status=422)
    upload = form.cleaned_data["sheet"]
    assert isinstance(upload, UploadedFile)
    try:
        if (upload.size or 0) > MOST_BYTES:
            raise NotPossible(f"The file has more than {MOST_BYTES // 1024**2} MB. Send it in parts.")
        run = by_sheet.plan(upload.read(), by=user, reason=form.cleaned_data["reason"])
    except WrongSheet as error:
        form.add_error("sheet", str(error))
        return _shown(request, user, form, wrong=error, status=422)
    except NotPossible as error:
        form.add_error("sheet", str(error))
        return _shown(request, user, form, status=422)
    at_once(run.pk)
    return redirect("queue:bulk-run", number=run.pk)


@page
def sheet(request: HttpRequest, form: str) -> HttpResponse:
    """Return the sheet of one kind of records that exceptions of a line hold."""
    if form not in FORMS:
        raise Http404("There is no such form of a sheet.")
    user = person(request)
    entity, line = request.GET.get("records", ""), request.GET.get("q", USUAL)
    _ask(user)
    try:
        taken = lines.take(by=user, line=line, entity=entity, form=form)
    except NotPossible as error:
        given = SheetForm(label_suffix="")
        return _shown(request, user, given, refused=str(error), status=422)
    cut = f"-first-{lines.MOST}" if taken.more else ""
    name = f"to-correct-{entity.replace('_', '-')}-{timezone.now():%Y-%m-%d}{cut}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(taken.content, content_type=FORMS[form], headers=headers)


def _ask(user: User) -> None:
    if not allowed_anywhere(user, Right.EDIT_OVERLAY):
        require(user, Right.EDIT_OVERLAY, None)


def _shown(
    request: HttpRequest, user: User, form: SheetForm, *, wrong: WrongSheet | None = None, refused: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    line = request.GET.get("q", USUAL)
    may = allowed_anywhere(user, Right.EDIT_OVERLAY)
    kinds: list[tuple[str, int]] = []
    if may and not refused:
        try:
            kinds = lines.kinds_of(line, user)
        except NotPossible as error:
            refused, status = str(error), 422
    problems = list(wrong.problems) if wrong else []
    more = context(
        "queue", form=form, may=may, kinds=kinds, line=line, refused=refused, problems=problems[:SHOWN],
        further=max(0, len(problems) - SHOWN), empty=EMPTY, most=lines.MOST,
    )  # fmt: skip
    return render(request, "queue/edits.html", more, status=status)
