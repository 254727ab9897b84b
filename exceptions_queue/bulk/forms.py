"""The forms by which somebody says what shall be done with many. As for a single item, the verbs decide."""

from collections.abc import Sequence
from typing import Any

from django import forms

from canonical.entity import Field
from exceptions_queue.forms import (
    CONFIGURATIONS,
    MISSING,
    REASON,
    STARTS,
    ConfigurationField,
    ReversalFields,
    SourceNoticeFields,
)
from exceptions_queue.handling_forms import HandlingForm, MayReasonForm, reason_field
from exceptions_queue.words import plain
from routes.worked_out import Start


class AgainForm(MayReasonForm):
    """Where they begin and with which configuration, as for a single item."""

    start = forms.ChoiceField(label="Begin", required=False, choices=STARTS, initial=Start.SOURCE.value)
    configuration = ConfigurationField(required=False, choices=CONFIGURATIONS, initial="now")
    field_order = ("start", "configuration", "reason")

    def __init__(self, *args: Any, configurations: Sequence[tuple[str, str]] = CONFIGURATIONS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["configuration"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = configurations


class TakeBackForm(ReversalFields, HandlingForm):
    """What becomes of the records once what they have posted is taken back."""

    reason = reason_field()
    field_order = ("sends", "root_cause", "reason")


class ToldForm(SourceNoticeFields, HandlingForm):
    """Who at the source was told of all of them, when, and what was agreed."""

    reason = reason_field()
    field_order = ("told_to", "told_on", "reference", "reason")


class SetValueForm(HandlingForm):
    """A field, and the value that it shall have in all of them."""

    field = forms.ChoiceField(label="Field")
    value = forms.CharField(max_length=1000, label="Right value", help_text="The same for all of them.")
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=REASON, error_messages={"required": MISSING}
    )

    def __init__(self, *args: Any, fields: list[Field], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["field"]
        assert isinstance(choice, forms.ChoiceField)
        named = [(f.name, f"{plain(f.name)} ({f.unit})" if f.unit else plain(f.name)) for f in fields]
        choice.choices = [("", "Choose the field"), *named]


class TagThemForm(HandlingForm):
    """Tags that are added, and tags that are taken away; all others stay."""

    add = forms.CharField(required=False, max_length=900, label="Add these tags", help_text="With commas between them.")
    take_away = forms.CharField(required=False, max_length=900, label="Take these tags away")

    def clean(self) -> dict[str, Any]:
        """Ask for one of both."""
        given = super().clean() or {}
        if not given.get("add", "").strip() and not given.get("take_away", "").strip():
            self.add_error("add", "Write at least one tag, to be added or taken away.")
        return given


class NothingForm(HandlingForm):
    """Nothing to say."""
