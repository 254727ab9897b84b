"""Emergency mode: opening it for oneself and ending it, and the list of what waits for a second person's review."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from canonical.masking import spoken
from exceptions_queue import differing, emergencies, undoing, verbs, words
from exceptions_queue.handling_forms import HandlingForm, reason_field
from exceptions_queue.models import Emergency, EmergencyDeed, Review
from exceptions_queue.pages.door import context, page, person
from exceptions_queue.permitted import masks_by_entity, masks_of, rights_in, who_have
from exceptions_queue.verbs.work_in_emergency import HOURS
from governance.actor import as_actor
from governance.models import LegalEntity, User
from governance.rights import Right
from governance.same_person import is_one_of, makers

SHOWN = 50  # lines of each part of the list
LASTS = [(str(each), f"{each} hour" if each == 1 else f"{each} hours") for each in range(1, HOURS + 1)]


class OpenForm(HandlingForm):
    """For which company, how long and why."""

    legal_entity = forms.ModelChoiceField(
        LegalEntity.objects.none(), label="Company", empty_label="Choose…",
        error_messages={"required": "Choose the company for which you work.",
                        "invalid_choice": "Choose one of the list: you have the right for no other."},
    )  # fmt: skip
    hours = forms.ChoiceField(choices=LASTS, label="How long", help_text="It can be ended earlier.")
    reason = reason_field()

    def __init__(self, *args: Any, places: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["legal_entity"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = places


class NoteForm(HandlingForm):
    """What the second person says."""

    note = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), label="Note",
        help_text="What you have looked at, and what is to be done.",
        error_messages={"required": "Write one sentence for those who read this later."},
    )  # fmt: skip


Answer = tuple[str, Callable[..., EmergencyDeed], str]
ANSWERS: dict[str, Answer] = {  # noun in the address → button, verb, what is said
    "confirmations": ("Confirm", verbs.confirm_deed, "Confirmed."),
    "objections": (
        "Object",
        verbs.object_to_deed,
        "Noted, also with its exception. Nothing is undone by that: see below what of it stands, and undo that.",
    ),
}


@page
def emergency(request: HttpRequest) -> HttpResponse:
    """Show one's own emergency modes, what waits for one's review, and what was done lately."""
    return _listed(request)


def _listed(request: HttpRequest, typed: OpenForm | None = None) -> HttpResponse:
    user = person(request)
    places = LegalEntity.objects.visible_to(user, Right.EDIT_ANY)
    deeds = EmergencyDeed.objects.visible_to(user).select_related("legal_entity", "item__connection", "emergency")
    waits = deeds.filter(review=Review.WAITING).order_by("review_by", "number")
    mine = {row.number for row in emergencies.to_review(user)}
    rows = list(waits[:SHOWN])
    parts = [
        ("Waits for your review", [row for row in rows if row.number in mine]),
        ("Waits for somebody else’s review", [row for row in rows if row.number not in mine]),
        ("Reviewed lately", list(deeds.exclude(review=Review.WAITING).order_by("-reviewed_at")[:SHOWN])),
    ]
    masks = masks_by_entity(user, {row.legal_entity_id for _, found in parts for row in found})
    shown = [
        (title, [(row, words.title_for(row.item, masks[row.legal_entity_id], user)) for row in found])
        for title, found in parts
    ]
    more = context(
        "emergency",
        form=(typed or OpenForm(places=places)) if places.exists() else None,
        own=emergencies.open_ones(user),
        parts=shown,
        now=timezone.now(),
        modes=_modes(user),
    )
    return render(request, "queue/emergency.html", more, status=422 if typed else 200)


def _modes(user: User) -> list[tuple[Emergency, str]]:
    """Return when it was open, the newest first, each with why as somebody may read it."""
    rows = list(Emergency.objects.visible_to(user).select_related("legal_entity")[:SHOWN])
    masks = masks_by_entity(user, {row.legal_entity_id for row in rows})
    return [(row, spoken(row.reason, (), masks[row.legal_entity_id])) for row in rows]


@page
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Open emergency mode for oneself by its form."""
    user = person(request)
    form = OpenForm(request.POST, places=LegalEntity.objects.visible_to(user, Right.EDIT_ANY))
    if form.is_valid():
        given = form.cleaned_data
        try:
            row = verbs.open_emergency(
                by=user, legal_entity=given["legal_entity"], reason=given["reason"], hours=int(given["hours"])
            )
        except verbs.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"You work in {row} for {row.legal_entity.code} until {row.until:%H:%M} UTC.")
            return redirect("queue:emergency")
    return _listed(request, form)


@page
@require_POST
def end(request: HttpRequest, number: int) -> HttpResponse:
    """End one's emergency mode before its time."""
    user = person(request)
    row = get_object_or_404(Emergency.objects.visible_to(user), number=number)
    try:
        verbs.end_emergency(row, by=user)
    except verbs.NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Emergency mode for {row.legal_entity.code} has ended.")
    return redirect("queue:emergency")


@page
def deed(request: HttpRequest, number: int) -> HttpResponse:
    """Show one thing that was done in emergency mode: what changed, what was lifted, and what can be said of it."""
    return _shown(request, _of(person(request), number))


class QuestionForm(HandlingForm):
    """Why what was posted is questioned."""

    reason = reason_field()


@page
@require_POST
def question(request: HttpRequest, number: int) -> HttpResponse:
    """Open an exception about what a deed has posted, and lead to it."""
    user = person(request)
    row = _of(user, number)
    form = QuestionForm(request.POST, auto_id="questions-%s")
    if form.is_valid():
        try:
            items = verbs.question_deed(row, by=user, reason=form.cleaned_data["reason"])
        except verbs.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "It is questioned. It stays posted until somebody takes it back from here.")
            return redirect("queue:item", number=items[0].number)
    return _shown(request, row, asking=form)


@page
@require_POST
def review(request: HttpRequest, number: int, name: str) -> HttpResponse:
    """Confirm a deed, or object to it, by its form."""
    user = person(request)
    row = _of(user, number)
    if name not in ANSWERS:
        raise Http404("There is no such answer.")
    _, verb, said = ANSWERS[name]
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            verb(row, by=user, note=form.cleaned_data["note"])
        except verbs.NotPossible as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, said)
            return redirect("queue:emergency-deed", number=number)
    return _shown(request, row, (name, form))


def _of(user: User, number: int) -> EmergencyDeed:
    rows = EmergencyDeed.objects.visible_to(user).select_related("legal_entity", "item__connection", "emergency")
    return get_object_or_404(rows, number=number)


def _shown(
    request: HttpRequest, row: EmergencyDeed, typed: tuple[str, NoteForm] | None = None,
    asking: QuestionForm | None = None,
) -> HttpResponse:  # fmt: skip
    user = person(request)
    rights = rights_in(user, row.legal_entity_id)
    masks = masks_of(rights)
    opened = makers((row.emergency.opened_by, row.emergency.opened_at), (row.emergency.opened_by, row.made_at))
    may = Right.APPROVE in rights and not is_one_of(user, *opened)
    offered = [
        {"name": name, "button": button,
         "form": typed[1] if typed and typed[0] == name else NoteForm(auto_id=f"{name}-%s")}
        for name, (button, _, _) in ANSWERS.items()
    ]  # fmt: skip
    tells = words.tells(row.item, masks)
    more = context(
        "emergency",
        row=row,
        title=words.title_for(row.item, masks, user),
        differences=differing.shown(row.differences, row.item.entity, masks),
        offered=offered if may and row.review == Review.WAITING else [],
        able=[as_actor(each).name for each in who_have(Right.APPROVE, row.legal_entity)],
        undoing=undoing.of(row) if row.review != Review.CONFIRMED else None,
        asking=(asking or QuestionForm(auto_id="questions-%s")) if Right.WORK_QUEUE in rights else None,
        overdue=row.review == Review.WAITING and row.review_by <= timezone.now(),
        reason=words.readable(row.reason, row.item, masks, user) if tells else "",
        opened_because=words.readable(row.emergency.reason, row.item, masks, user) if tells else "",
        note=words.readable(row.note, row.item, masks, user),
    )
    return render(request, "queue/emergency_deed.html", more, status=422 if typed or asking else 200)
