"""Forms of subscriptions: what a person asks for, in their own words, and what each verb needs to know."""

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from canonical.failure import CATEGORIES
from governance.models import LegalEntity, User
from governance.rights import Right
from governance.scoping import ALL, entity_ids
from routes.models import Destination, Route, Subscription
from routes.outbound import gone, rotating, steering, types, wishes
from routes.outbound.wishes import Wishes

SEVERAL = "Choose several with Ctrl or Shift. None chosen: "
EVERYTHING = "Let everything through where none is chosen any more"
WIDER = "Needed only where you take out the last route or destination, which was deleted."
LAST = f"With none chosen, events of every {{}} go out. Leave what was deleted chosen, or tick “{EVERYTHING}” below."


def _several(size: int) -> forms.SelectMultiple:
    return forms.SelectMultiple(attrs={"size": size})


class WishesForm(forms.Form):
    """What somebody wants to subscribe to."""

    name = forms.CharField(max_length=wishes.NAME, help_text="As people call it, such as Data warehouse.")
    address = forms.CharField(
        max_length=wishes.ADDRESS,
        help_text="Takes a POST with each event, such as https://events.acme.example/throughline.",
    )
    legal_entity = forms.ModelChoiceField(LegalEntity.objects.none(), required=False, label="Events of")
    types = forms.MultipleChoiceField(
        required=False, widget=_several(8), label="Types of events", help_text=f"{SEVERAL}every type.",
        choices=[(name, f"{name.removeprefix('throughline.')}: {each.meaning}") for name, each in types.TYPES.items()],
    )  # fmt: skip
    routes = forms.TypedMultipleChoiceField(
        required=False, coerce=int, widget=_several(5), help_text=f"{SEVERAL}every route."
    )
    destinations = forms.TypedMultipleChoiceField(
        required=False, coerce=int, widget=_several(5), help_text=f"{SEVERAL}every destination."
    )
    categories = forms.MultipleChoiceField(
        required=False, widget=_several(5), label="Only failures of these kinds", help_text=f"{SEVERAL}all events.",
        choices=[(category.value, info.title) for category, info in CATEGORIES.items()],
    )  # fmt: skip

    def __init__(self, *args: Any, person: User, row: Subscription | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person, self.row = person, row
        self.fields["legal_entity"].disabled = bool(self.initial)  # a subscription stays with its company
        where = entity_ids(person, Right.EDIT_CONFIGURATION)
        companies = self.fields["legal_entity"]
        assert isinstance(companies, forms.ModelChoiceField)
        companies.queryset = LegalEntity.objects.visible_to(person, Right.EDIT_CONFIGURATION)
        companies.empty_label = "every company"
        if where is not ALL:
            companies.required, companies.empty_label = True, None
        routes, places = self.fields["routes"], self.fields["destinations"]
        assert isinstance(routes, forms.ChoiceField)
        assert isinstance(places, forms.ChoiceField)
        routes.choices = [(each.pk, each.name) for each in Route.objects.visible_to(person).order_by("name")]
        seen = Destination.objects.visible_to(person).select_related("route").order_by("route__name", "name")
        places.choices = [(each.pk, f"{each.route.name}: {each.name}") for each in seen]
        self.gone = () if row is None else tuple(
            name
            for name, model, field in (("routes", Route, routes), ("destinations", Destination, places))
            if self._offer_gone(field, gone.in_words(model, getattr(row, name), person))
        )  # fmt: skip
        if self.gone:
            self.fields["everything"] = forms.BooleanField(required=False, label=EVERYTHING, help_text=WIDER)
            self.order_fields(["name", "address", "legal_entity", "types", "routes", "destinations", "everything"])

    def _offer_gone(self, field: forms.ChoiceField, words: dict[int, str]) -> bool:
        """Offer what stands in a filter and was deleted since, so that it stays; return whether there is any."""
        if words:
            field.choices = [*field.choices, *words.items()]  # type: ignore[misc]  # pairs, as above
            field.help_text = f"{field.help_text} {gone.HINT}"
        return bool(words)

    def clean(self) -> dict[str, Any]:
        """Refuse to let everything through by the way, because the last that was deleted is not chosen any more."""
        given = super().clean() or self.cleaned_data
        if self.row is None or not self.gone or given.get("everything"):
            return given
        staying = dict(zip(("routes", "destinations"), wishes.that_stay(self.row, self.person), strict=True))
        for name in self.gone:
            if name in given and not given[name] and not staying[name]:
                self.add_error(name, LAST.format(name.removesuffix("s")))
        return given

    def wishes(self) -> Wishes:
        """Return what was typed."""
        given = self.cleaned_data
        several = {name: tuple(given[name]) for name in ("types", "routes", "destinations", "categories")}
        return Wishes(given["name"], given["address"], given["legal_entity"], **several)

    def refuse(self, problems: ValidationError) -> None:
        """Show what a verb found wrong, each at its field."""
        for name, told in problems.message_dict.items():
            self.add_error(name if name in self.fields else None, told)


def started(row: Subscription) -> dict[str, Any]:
    """Return what the form shows of a subscription."""
    names = ("name", "address", "legal_entity", "types", "routes", "destinations", "categories")
    return {name: getattr(row, name) for name in names}


class PauseForm(forms.Form):
    """Why nothing is sent for a while."""

    reason = forms.CharField(
        max_length=steering.LONGEST, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the history."
    )


class RotationForm(forms.Form):
    """How long the secret before signs too."""

    hours = forms.IntegerField(
        label="Hours for which both secrets sign", min_value=0,
        max_value=int(rotating.LONGEST / timedelta(hours=1)), initial=int(rotating.OVERLAP / timedelta(hours=1)),
        help_text="Time in which the subscriber takes the new one over. 0 when the old one is known to others.",
    )  # fmt: skip


class SinceForm(forms.Form):
    """From when on events are sent again."""

    since = forms.DateTimeField(
        label="Since", help_text="In UTC, such as 2026-11-28 06:00. What happened from then on is sent again.",
        widget=forms.DateTimeInput(format="%Y-%m-%d %H:%M"),
        error_messages={"invalid": "Write a day and a time, such as 2026-11-28 06:00."},
    )  # fmt: skip
