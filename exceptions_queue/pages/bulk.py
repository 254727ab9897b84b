"""Bulk runs: choosing what shall be done with many, the plan, how far the run is, and the list of all there were."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from exceptions_queue.bulk import planning, selecting, shown, steering
from exceptions_queue.bulk.choices import CHOICES, Choice, by_name
from exceptions_queue.bulk.selecting import Selection
from exceptions_queue.bulk.tasks import at_once
from exceptions_queue.models import BulkRun, BulkState
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.verbs.members import NotPossible
from governance.models import User
from governance.rights import Right, allowed_anywhere

SIZE = 50
MOST_BYTES = 1024 * 1024  # of an uploaded list of ids


class BulkNarrowing(forms.Form):
    """What the list of bulk runs can be narrowed by."""

    who = forms.CharField(required=False, max_length=150, label="Who planned it", help_text="a part of the name")
    day = forms.DateField(required=False, label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    state = forms.ChoiceField(required=False, label="State")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["state"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "All states"), *((value, label.capitalize()) for value, label in BulkState.choices)]


@page
def runs(request: HttpRequest) -> HttpResponse:
    """List bulk runs, the newest first: by who planned them, on a day, by state."""
    user = person(request)
    form = BulkNarrowing(request.GET)
    found = BulkRun.objects.visible_to(user).order_by("-number")
    asked = {name: value for name, value in form.cleaned_data.items() if value} if form.is_valid() else {}
    found = narrowed(found, asked)
    if before := request.GET.get("before", ""):
        if not (before.isascii() and before.isdigit() and len(before) < 19):
            raise Http404("There is no such page of the list.")
        found = found.filter(number__lt=int(before))
    rows = list(found[: SIZE + 1]) if form.is_valid() else []
    kept = request.GET.copy()
    kept.pop("before", None)
    more = context(
        "bulk",
        form=form,
        runs=[
            (row, row.title, shown.counted(row)) for row in shown.with_results(shown.as_seen(rows[:SIZE], user), user)
        ],
        narrowed=bool(asked),
        before=rows[SIZE - 1].number if len(rows) > SIZE else "",
        same=kept.urlencode(),
    )
    return render(request, "queue/bulk_runs.html", more)


def narrowed(found: Any, asked: dict[str, Any]) -> Any:
    """Keep the runs that were planned by somebody, on a day, or stand in a state."""
    if who := asked.get("who"):
        found = found.filter(actor_name__icontains=who)
    if (day := asked.get("day")) and day < date.max:
        since = datetime.combine(day, time(), UTC)
        found = found.filter(made_at__gte=since, made_at__lt=since + timedelta(days=1))
    if state := asked.get("state"):
        found = found.filter(state=state)
    return found


@page
def new(request: HttpRequest) -> HttpResponse:
    """Show what can be done with what was chosen; sent with a choice, plan it."""
    user = person(request)
    given = request.POST if request.method == "POST" else request.GET
    try:
        selection = selected(given, request)
    except NotPossible as error:
        return _asked(request, user, None, wrong=str(error))
    choice = by_name(given.get("choice", ""))
    if selection is None or choice is None or request.method != "POST":
        return _asked(request, user, selection)
    try:
        run = planning.plan(selection, by=user, choice=choice, data=request.POST, pace=_pace(given))
    except planning.Wrong as error:
        return _asked(request, user, selection, typed=(choice.name, error.form))
    except NotPossible as error:
        return _asked(request, user, selection, typed=(choice.name, None), wrong=str(error))
    at_once(run.pk)
    return redirect("queue:bulk-run", number=run.pk)


def selected(given: QueryDict, request: HttpRequest) -> Selection | None:
    """Return what was chosen; None where nothing was. Raises NotPossible."""
    if given.get("all"):
        if given.get("show", "work") not in selecting.TABS:
            raise Http404("There is no such list.")
        return Selection(asked=selecting.asked_by(given))
    upload = request.FILES.get("upload")
    if isinstance(upload, UploadedFile):
        if (upload.size or 0) > MOST_BYTES:
            raise NotPossible("The file has more than 1 MB. Send a list of ids only, one in each line.")
        try:
            return Selection(names=selecting.names_in(upload.read().decode("utf-8-sig")))
        except UnicodeDecodeError:
            raise NotPossible("The file is no text. Save the list as CSV or text, in UTF-8.") from None
    if (names := given.get("names", "")).strip():
        return Selection(names=selecting.names_in(names))
    numbers = [each for each in given.getlist("items") if each.isascii() and each.isdigit() and len(each) < 19]
    items = tuple(dict.fromkeys(int(each) for each in numbers))
    return Selection(items=items, failures=selecting.failures_in(given.getlist("failures"))) if items else None


def _pace(given: QueryDict) -> int | None:
    text = given.get("pace", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text) > 0 else None


def _asked(
    request: HttpRequest, user: User, selection: Selection | None, *, typed: tuple[str, Any] | None = None,
    wrong: str = "",
) -> HttpResponse:  # fmt: skip
    """Show the page on which it is said what shall be done with whom; a filter that nobody understands is said."""
    found, not_understood = None, False
    try:
        found = shown.of(selection, user) if selection else None
    except NotPossible as error:
        wrong, not_understood = str(error), True
    if selection and found is None and (selection.items or selection.failures):
        raise Http404("There is no such exception.")
    more = context(
        "bulk",
        selection=selection,
        hidden=_hidden(selection, request) if selection else [],
        found=found,
        line=_line(selection) if not_understood else None,
        not_understood=not_understood,
        choices=[
            _offered(choice, found, user, typed) for choice in CHOICES if found and shown.fits(choice, found, user)
        ],
        may=any(allowed_anywhere(user, right) for right in (Right.WORK_QUEUE, Right.APPROVE)),
        wrong=wrong,
    )
    return render(request, "queue/bulk_new.html", more, status=422 if wrong or typed else 200)


def _line(selection: Selection | None) -> str | None:
    """Return the line by which all of a list were chosen; None where it was done in another way."""
    return (selection.asked or {}).get("query") if selection else None


def _offered(choice: Choice, found: shown.About, user: User, typed: tuple[str, Any] | None) -> dict[str, Any]:
    opened = typed is not None and typed[0] == choice.name
    form = typed[1] if typed is not None and opened and typed[1] is not None else choice.asked(found.chosen)
    return {"choice": choice, "form": form, "opened": opened}


def _hidden(selection: Selection, request: HttpRequest) -> list[tuple[str, str]]:
    """Return the fields by which the page carries what was chosen."""
    if selection.asked is not None:
        given = request.POST if request.method == "POST" else request.GET
        names = {"all", "q", "show", "entity", "kind", "whose", "tag", "state", "blocks", *selecting.NAMES}
        return [(name, value) for name, values in given.lists() if name in names for value in values]
    if selection.names:
        return [("names", "\n".join(selection.names))]
    codes = [("failures", shown.code(each)) for each in selection.failures]
    return [*(("items", str(number)) for number in selection.items), *codes]


@page
def run(request: HttpRequest, number: int) -> HttpResponse:
    """Show a bulk run: its plan, how far it is, and every member; asked by the page itself, only how far it is."""
    user = person(request)
    row = run_of(user, number)
    part = bool(request.headers.get("HX-Request")) and "part" in request.GET
    more = context("bulk", **shown.whole(row, user, request.GET, members=not part))
    answer = render(request, "queue/bulk_progress.html" if part else "queue/bulk_run.html", more)
    if part and not more["moves"]:
        answer["HX-Refresh"] = "true"  # what stands below it has changed, too
    return answer


def run_of(user: User, number: int) -> BulkRun:
    """Return a run of which somebody may see something. Raises Http404."""
    return get_object_or_404(BulkRun.objects.visible_to(user), number=number)


@page
@require_POST
def steer(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Do what a button of the run's page says."""
    user = person(request)
    row = run_of(user, number)
    try:
        said = STEPS[name](row, user, request.POST)
    except KeyError as error:
        raise Http404("A bulk run cannot be steered in this way.") from error
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        if isinstance(said, BulkRun):
            return redirect("queue:bulk-run", number=said.pk)
        messages.success(request, str(said))
    return redirect("queue:bulk-run", number=number)


def _start(row: BulkRun, user: User, given: QueryDict) -> str:
    steering.start(row, by=user, seen=given.get("seen", ""))
    at_once(row.pk)
    return "It has begun. This page shows how far it is."


def _approve(row: BulkRun, user: User, given: QueryDict) -> str:
    steering.approve(row, by=user, seen=given.get("seen", ""))
    return f"Approved. {row.actor_name} can start it now."


def _refuse(row: BulkRun, user: User, given: QueryDict) -> str:
    steering.refuse(row, by=user, reason=given.get("reason", ""))
    return "Refused: nothing of it is done."


def _pause(row: BulkRun, user: User, given: QueryDict) -> str:
    steering.pause(row, by=user, reason=given.get("reason", ""))
    return "Paused: nothing new is begun. What is on its way is still counted."


def _go_on(row: BulkRun, user: User, given: QueryDict) -> str:
    steering.go_on(row, by=user, reason=given.get("reason", ""))
    at_once(row.pk)
    return "It goes on."


def _cancel(row: BulkRun, user: User, given: QueryDict) -> str:
    steering.cancel(row, by=user, reason=given.get("reason", ""))
    return "Cancelled: nothing new is begun. What is on its way is still counted."


def _plan_anew(row: BulkRun, user: User, given: QueryDict) -> BulkRun:
    made = planning.anew(row, by=user)
    at_once(made.pk)
    return made


STEPS = {
    "starts": _start, "approvals": _approve, "refusals": _refuse, "pauses": _pause, "resumptions": _go_on,
    "cancellations": _cancel, "plans": _plan_anew,
}  # fmt: skip
