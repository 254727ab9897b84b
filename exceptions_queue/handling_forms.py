"""The forms by which people pass an item on, put it aside, talk about it and close it. The verbs decide."""

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from exceptions_queue.forms import MISSING, REASON, SayingForm
from exceptions_queue.models import CauseCode, Resolution, RootCause
from exceptions_queue.models.hint import LONGEST, Scope
from governance.actor import as_actor
from governance.inputs import AmountField
from governance.models import User

COMES_BACK = dt.time(6)  # of the day that was chosen: before work begins


class HandlingForm(SayingForm):
    """What all of them have in common."""


def reason_field(*, required: bool = True) -> forms.CharField:
    return forms.CharField(
        required=required, max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=REASON,
        error_messages={"required": MISSING},
    )  # fmt: skip


class ReasonForm(HandlingForm):
    """A reason."""

    reason = reason_field()


class MayReasonForm(HandlingForm):
    """A reason, where somebody has one."""

    reason = reason_field(required=False)


class AssignForm(HandlingForm):
    """Who shall work on it."""

    was = forms.CharField(required=False, widget=forms.HiddenInput)  # whose it was when the page was made
    to = forms.ModelChoiceField(
        User.objects.none(), label="To whom", empty_label="Choose somebody",
        error_messages={"required": "Choose who shall work on it.",
                        "invalid_choice": "Choose somebody of the list: others may not work on items of this company."},
    )  # fmt: skip
    reason = reason_field(required=False)

    def __init__(self, *args: Any, people: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(pk__in=[each.pk for each in people])
        field.choices = [("", "Choose somebody"), *((each.pk, as_actor(each).name) for each in people)]


class DayField(forms.DateField):
    """A day, read as the moment at which work begins on it."""

    def __init__(self, **kwargs: Any) -> None:
        today = timezone.localdate()
        limits = {"min": str(today + dt.timedelta(days=1))}
        super().__init__(widget=forms.DateInput(attrs={"type": "date", **limits}), **kwargs)

    def clean(self, value: Any) -> Any:
        """Return the moment."""
        day = super().clean(value)
        return timezone.make_aware(dt.datetime.combine(day, COMES_BACK)) if day else None


class SnoozeForm(HandlingForm):
    """Until when, or until how much."""

    until = DayField(label="Comes back on", help_text="At six in the morning, UTC, of that day at the latest.")
    above = forms.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, label="Or once it holds more than",
        help_text="How many of its records.",
    )  # fmt: skip
    above_amount = AmountField(
        required=False, min_value=0, max_digits=18, decimal_places=2, label="Or once more than this is at stake",
        help_text="An amount, in any one currency.",
    )  # fmt: skip
    reason = reason_field()


class WaitForm(HandlingForm):
    """For whom, and how long."""

    whom = forms.CharField(
        max_length=200, label="For whom or what", help_text="Such as: answer of the project manager."
    )
    until = DayField(
        label="Look again on", help_text="It comes back by itself on that day, at six in the morning, UTC."
    )
    reason = reason_field(required=False)


class CommentForm(HandlingForm):
    """A remark."""

    text = forms.CharField(
        max_length=4000, label="Remark", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="@ and a name tells that person, such as @Clara Voss.",
        error_messages={"required": "The remark is empty. Write what others should know."},
    )  # fmt: skip


class PriorityForm(HandlingForm):
    """How urgent it is."""

    priority = forms.IntegerField(
        min_value=0, max_value=100, help_text="0 to 100. It stays so until you leave it to the formula again.",
        error_messages={"required": "Say how urgent it is, with a number from 0 to 100."},
    )  # fmt: skip
    reason = reason_field()


class HintForm(HandlingForm):
    """What whoever meets this next should know."""

    scope = forms.ChoiceField(label="For", choices=Scope.choices)
    text = forms.CharField(
        required=False, max_length=LONGEST, label="Hint", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="What helped, or whom to ask. Empty takes the hint away. Earlier ones are kept.",
    )  # fmt: skip
    link = forms.CharField(
        required=False, max_length=500, help_text="Where more stands, such as a page of your handbook: https://…"
    )
    everywhere = forms.BooleanField(required=False, label="In all companies")
    seen = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)  # scope:number of each shown

    def seen_there(self) -> int:
        """Return the number of the hint that was shown for what was chosen; 0 where none was."""
        given = self.cleaned_data
        wanted = f"{given['scope']}{'-all' if given['everywhere'] else ''}"
        pairs = (each.partition(":") for each in given.get("seen", "").split(","))
        found = {name: number for name, _, number in pairs}
        number = found.get(wanted, "0")
        return int(number) if number.isascii() and number.isdecimal() and len(number) < 19 else 0


class TagsForm(HandlingForm):
    """All tags of an item."""

    called: ClassVar[dict[str, str]] = {"names": "tags"}
    tags = forms.CharField(
        required=False,
        max_length=900,
        label="Tags",
        help_text="Words by which you find it again, with commas between them.",
    )

    def names(self) -> list[str]:
        """Return the words that were typed."""
        return [part for part in self.cleaned_data["tags"].split(",") if part.strip()]


class Numbers(forms.CharField):
    """Numbers of items, with commas or blanks between them."""

    def clean(self, value: Any) -> Any:
        """Return the numbers."""
        found = [part.removeprefix("#") for part in (super().clean(value) or "").replace(",", " ").split()]
        if wrong := [part for part in found if not (part.isascii() and part.isdigit() and len(part) < 19)]:
            raise forms.ValidationError(f"“{wrong[0]}” is no number of an exception. Write numbers such as 17, 42.")
        return [int(part) for part in found]


class MergeForm(HandlingForm):
    """Which others it shall hold."""

    numbers = Numbers(
        max_length=500, label="Numbers of the others",
        help_text="With commas between them: 17, 42. Of the same company.",
        error_messages={"required": "Say which exceptions come to this one, by their numbers."},
    )  # fmt: skip
    reason = reason_field()


CAUSES = [("", "not said"), *CauseCode.choices]
ROOTS = [("", "not said"), *RootCause.choices]


class FindingForm(HandlingForm):
    """What it was."""

    cause_code = forms.ChoiceField(label="Why it came to it", required=False, choices=CAUSES)
    root_cause = forms.ChoiceField(label="Put right", required=False, choices=ROOTS)
    finding = forms.CharField(
        max_length=4000, required=False, label="What you found", widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For whoever meets it next.",
    )  # fmt: skip
    rule_candidate = forms.BooleanField(required=False, label="A rule could do it next time")


class CloseForm(HandlingForm):
    """Why nothing is left to be done."""

    same_as = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, label="The same as item",
        help_text="Number of the item that stays, where this one is a duplicate.",
    )  # fmt: skip
    resolution = forms.ChoiceField(
        label="How it ended", required=False, initial=Resolution.NO_ACTION,
        choices=[(each.value, each.label) for each in (Resolution.NO_ACTION, Resolution.ELSEWHERE, Resolution.FIXED)],
        help_text="Fixed is taken only where all that it held is posted.",
    )  # fmt: skip
    cause_code = forms.ChoiceField(label="Why it came to it", required=False, choices=CAUSES)
    root_cause = forms.ChoiceField(label="Put right", required=False, choices=ROOTS)
    rule_candidate = forms.BooleanField(required=False, label="A rule could do it next time")
    reason = reason_field()
