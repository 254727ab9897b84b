"""People's corrections that are compared with their sources: the list of them, and of each what became of it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from exceptions_queue import corrections as told
from exceptions_queue import verbs
from exceptions_queue.forms import NeedsReasonForm
from exceptions_queue.models import WorkItem
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.permitted import rights_in
from governance.models import User
from governance.rights import Right, entities_visible_to, require
from routes.filters import CORRECTION_STATES, OverlayFilter
from routes.models import Failure, Overlay, Route

SIZE = 50
READ = ("route", "legal_entity", "made_by")


class CorrectionNarrowing(forms.Form):
    """What the list of corrections can be narrowed by."""

    key = forms.CharField(required=False, max_length=200, label="Key of the record")
    state = forms.ChoiceField(required=False, label="State")
    route = forms.ChoiceField(required=False)
    entity = forms.ChoiceField(required=False, label="Company")
    field = forms.CharField(required=False, max_length=80, help_text="such as hours")
    by = forms.CharField(required=False, max_length=150, label="Whose", help_text="me, or a sign-in name")

    def __init__(self, asked: Any, user: User) -> None:
        super().__init__(asked)
        self.user = user
        choices = [*((value, label.capitalize()) for value, label in CORRECTION_STATES), ("all", "All there were")]
        self._choose("state", choices)
        routes = Route.objects.visible_to(user).order_by("name").values_list("slug", "name")
        self._choose("route", [("", "All routes"), *routes])
        self._choose("entity", [("", "All"), *((each.code, each.code) for each in entities_visible_to(user))])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def asked(self) -> dict[str, Any]:
        """Return what was chosen, as the FilterSet takes it: the open ones where nothing else is said."""
        given = {name: value for name, value in self.cleaned_data.items() if value}
        given["state"] = given.get("state", "open")
        if given["state"] == "all":
            del given["state"]
        if "entity" in given:
            given["legal_entity"] = given.pop("entity")
        if "field" in given:
            given["field"] = given["field"].strip().replace(" ", "_").lower()
        if given.get("by", "").casefold() == "me":
            given["by"] = self.user.get_username()
        return given


@page
def corrections(request: HttpRequest) -> HttpResponse:
    """List corrections, the newest first: those that are open, or by state, route, company, field, key and person."""
    user = person(request)
    form = CorrectionNarrowing(request.GET, user)
    found = Overlay.objects.visible_to(user).select_related(*READ).order_by("-pk")
    asked = form.asked() if form.is_valid() else {}
    found = OverlayFilter(data=asked, queryset=found, request=request).qs if form.is_valid() else found.none()
    if before := request.GET.get("before", ""):
        if not (before.isascii() and before.isdigit() and len(before) < 19):
            raise Http404("There is no such page of the list.")
        found = found.filter(pk__lt=int(before))
    rows = list(found[: SIZE + 1])
    kept = request.GET.copy()
    kept.pop("before", None)
    more = context(
        "corrections",
        form=form,
        corrections=told.shown(rows[:SIZE], user),
        narrowed=asked != {"state": "open"},
        before=rows[SIZE - 1].pk if len(rows) > SIZE else "",
        same=kept.urlencode(),
    )
    return render(request, "queue/corrections.html", more)


@page
def correction(request: HttpRequest, number: int) -> HttpResponse:
    """Show one correction with what became of it at every version."""
    user = person(request)
    return _shown(request, _of(user, number), user)


def _of(user: User, number: int) -> Overlay:
    return get_object_or_404(Overlay.objects.visible_to(user).select_related(*READ), pk=number)


def _shown(request: HttpRequest, row: Overlay, user: User, form: NeedsReasonForm | None = None) -> HttpResponse:
    [shown] = told.shown([row], user)
    may = row.is_open and Right.EDIT_OVERLAY in rights_in(user, row.legal_entity_id)
    open_ = Failure.objects.filter(record_id=shown.record, closed_at__isnull=True).first() if shown.record else None
    more = context(
        "corrections",
        correction=shown,
        history=told.history(shown),
        form=(form or NeedsReasonForm()) if may else None,
        item=WorkItem.objects.visible_to(user).open().filter(fingerprint=open_.fingerprint).first() if open_ else None,
    )
    return render(request, "queue/correction.html", more, status=422 if form else 200)


@page
@require_POST
def withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """Take a correction back."""
    user = person(request)
    row = _of(user, number)
    require(user, Right.EDIT_OVERLAY, row.legal_entity_id)
    form = NeedsReasonForm(request.POST)
    if form.is_valid():
        try:
            verbs.take_back(row, by=user, reason=form.cleaned_data["reason"])
        except verbs.NotPossible as error:
            messages.error(request, f"Nothing was changed. {error}")
        else:
            messages.success(request, TAKEN_BACK)
        return redirect("queue:correction", number=number)
    return _shown(request, _of(user, number), user, form)


TAKEN_BACK = (
    "Taken back. What the source says counts from its next version on, and at once where it is sent again. What stands "
    "at targets stays there until then."
)
