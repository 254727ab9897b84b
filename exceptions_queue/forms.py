"""The remedies' forms. They only read what was typed; the verbs decide what is right."""

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.http import QueryDict

from canonical.entity import Field
from exceptions_queue import seen
from exceptions_queue.codes import id_of
from exceptions_queue.models import RootCause
from exceptions_queue.verbs.members import WrongValue
from exceptions_queue.words import plain
from governance.seen import SEEN
from mappings.models import LookupTable, TableRow
from mappings.row_form import column_field
from mappings.tables import RowErrors
from routes.worked_out import Start

REASON = "Kept in the history, for those who read this later."
MISSING = "A reason is missing. Write one sentence for those who read this later."


class ChosenMembers(forms.Field):
    """Members that were ticked, as short forms of their ids; nothing ticked means all of them."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> Any:
        """Return ids, or None for all."""
        try:
            return [id_of(each) for each in value or ()] or None
        except ValueError as error:
            raise forms.ValidationError("One of the chosen rows is not known. Load the page again.") from error


class SeenMembers(forms.CharField):
    """What its page showed of an item, as `exceptions_queue.seen` writes it; empty where nobody looked at a page."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """Return it, or None."""
        try:
            return seen.read(super().to_python(value) or "")
        except ValueError as error:
            raise forms.ValidationError("It is not known what you saw here. Load the page again.") from error


class ShownRows(forms.CharField):
    """The table rows that its page showed, as ids with commas between them; empty where nobody looked at a page."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        """Return the ids, or None."""
        try:
            return {int(each) for each in str(value or "").split(",") if each} or None
        except ValueError as error:
            raise forms.ValidationError("It is not known which rows you saw here. Load the page again.") from error


class SayingForm(forms.Form):
    """A form that says at its fields what a verb refuses; `called` tells which field has another name than there."""

    called: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))

    def say(self, refused: Exception) -> None:
        """Say why it was refused: at the field whose value does not fit, where the form shows it, else above them."""
        at = self.called.get(refused.at, refused.at) if isinstance(refused, WrongValue) else ""
        self.add_error(at if at in self.fields and not self[at].is_hidden else None, str(refused))


class RemedyForm(SayingForm):
    """A reason, which members are meant, and what of all this its page showed."""

    failures = ChosenMembers(required=False)
    seen = SeenMembers(required=False)
    rows = ShownRows(required=False)
    reason = forms.CharField(required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=REASON)

    def ticked(self) -> list[UUID]:
        """Return the members that were ticked, of a form that was looked at and refused."""
        return self.cleaned_data.get("failures") or []


STARTS = [
    (Start.SOURCE.value, "From the start, with what the source sent"),
    (Start.FAILED_STAGE.value, "From the stage that stopped it: what was refused goes once more as it is"),
]
CONFIGURATIONS = [("now", "As it is now"), ("then", "As it was then")]


class ConfigurationField(forms.ChoiceField):
    """Now, then, or the version of a mapping, which the verb looks up."""

    def valid_value(self, value: Any) -> bool:
        """Return whether it may name a configuration."""
        return "@" in str(value) or super().valid_value(value)


class ResubmissionForm(RemedyForm):
    """Where what is sent again begins, and with which configuration."""

    start = forms.ChoiceField(label="Begin", required=False, choices=STARTS, initial=Start.SOURCE.value)
    configuration = ConfigurationField(
        required=False, choices=CONFIGURATIONS, initial="now",
        help_text="As it was then, nothing counts that was put right since, in mappings and tables.",
    )  # fmt: skip
    field_order = ("start", "configuration", "reason")

    def clean_start(self) -> str:
        """Return where to begin; nothing chosen is the start."""
        return self.cleaned_data["start"] or Start.SOURCE.value


class NeedsReasonForm(RemedyForm):
    """A remedy that must be explained."""

    reason = forms.CharField(
        max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text=REASON,
        error_messages={"required": MISSING},
    )  # fmt: skip


class TableRowForm(RemedyForm):
    """The missing row of a table; its key is the item's own and is not typed."""

    valid_from = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        label="First day",
        help_text="Empty: since ever.",
    )
    valid_to = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        label="Last day",
        help_text="Empty: until further notice.",
    )

    def __init__(self, *args: Any, table: LookupTable, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = list(table.value_columns)
        self.fields[SEEN] = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)  # rows it has told
        for name, kind in table.value_columns.items():
            self.fields[f"value_{name}"] = column_field(table, name, kind)
        self.order_fields([*(f"value_{name}" for name in self.columns), "valid_from", "valid_to", "reason"])

    def values(self) -> dict[str, str]:
        """Return the row's values as they were typed."""
        return {name: self.cleaned_data[f"value_{name}"] for name in self.columns}

    def say(self, refused: Exception) -> None:
        """Say at each input what is wrong with it, and the rest above them; there is one row, which is not named."""
        if not isinstance(refused, RowErrors):
            super().say(refused)
            return
        inputs = {name: f"value_{name}" for name in self.columns}
        inputs |= {"valid from": "valid_from", "valid to": "valid_to"}
        for problem in refused.problems:
            self.add_error(inputs.get(problem.column), f"{problem.message} {problem.remedy}")


class RowCorrectionForm(NeedsReasonForm, TableRowForm):
    """What should stand in the place of a row that is in force."""

    row = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, old: TableRow, **kwargs: Any) -> None:
        now = {f"value_{name}": value for name, value in old.values.items()}
        started = {"row": old.pk, "valid_from": old.valid_from, "valid_to": old.valid_to} | now
        super().__init__(*args, table=old.table, initial=started, **kwargs)
        self.fields["valid_from"].help_text = "From this day on. Empty: since ever."


class CrossReferenceForm(RemedyForm):
    """Which id a record has in the other system."""

    external_id = forms.CharField(max_length=200, label="Its id there", help_text="As the other system shows it.")
    reference = forms.CharField(
        required=False, max_length=200, label="Its number there", help_text="What people see there, if that is another."
    )
    field_order = ("external_id", "reference", "reason")


class CorrectionForm(NeedsReasonForm):
    """A field and its right value."""

    field = forms.ChoiceField(label="Field")
    value = forms.CharField(max_length=1000, label="Right value")
    seen_until = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
    field_order = ("field", "value", "reason")

    def __init__(self, *args: Any, fields: list[Field], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["field"]
        assert isinstance(choice, forms.ChoiceField)
        named = [(f.name, f"{plain(f.name)} ({f.unit})" if f.unit else plain(f.name)) for f in fields]
        choice.choices = [("", "Choose the field"), *named]  # the first of them is hardly ever the one that is wrong


class LinkForm(NeedsReasonForm):
    """Which record of the target stands for a member already."""

    external_id = forms.CharField(max_length=120, label="Its id there", help_text="As the other system shows it.")
    reference = forms.CharField(
        required=False, max_length=120, label="Its number there", help_text="What people see there, if that is another."
    )
    difference_seen = forms.BooleanField(required=False, widget=forms.HiddenInput)
    field_order = ("external_id", "reference", "reason")

    def now_seen(self) -> None:
        """Let the form that comes back say that its person has read what the target has."""
        if isinstance(self.data, QueryDict):
            told = self.data.copy()
            told["difference_seen"] = "on"
            self.data = told


class SourceNoticeFields(forms.Form):
    """Who at the source was told, when and under which number, where no program can tell it."""

    told_to = forms.CharField(
        max_length=150, label="Who was told", help_text="Such as Max Berger, or the address that you wrote to.",
        error_messages={"required": "Say who was told."},
    )  # fmt: skip
    told_on = forms.DateField(
        label="When", widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": "Say on which day."},
    )  # fmt: skip
    reference = forms.CharField(
        required=False, max_length=120, label="Reference", help_text="Of the mail, the call or the ticket, if any."
    )


class SourceNoticeForm(SourceNoticeFields, NeedsReasonForm):
    """Whom somebody told of what an item holds."""

    field_order = ("told_to", "told_on", "reference", "reason")


AFTERWARDS = [
    ("nothing", "Nothing by itself: it waits here until somebody sends it, or decides that it is not delivered"),
    ("send", "It is sent anew, as the source and the hub say now"),
]


class ReversalFields(forms.Form):
    """What becomes of a record once what it has posted is taken back, and where the cause lies."""

    sends = forms.TypedChoiceField(
        label="What becomes of the record then?", coerce=lambda text: text == "send", widget=forms.RadioSelect,
        choices=AFTERWARDS, error_messages={"required": "Choose what becomes of the record then."},
    )  # fmt: skip
    root_cause = forms.ChoiceField(
        label="Where the cause lies", required=False, choices=[("", "Not known yet"), *RootCause.choices]
    )


class ReversalForm(ReversalFields, NeedsReasonForm):
    """A reversal of what one exception holds."""

    field_order = ("sends", "root_cause", "reason")


POSTING = [("yes", "It is there"), ("no", "It is not there: send it again")]
REVERSAL = [
    ("yes", "It is reversed there: what was posted counts no more, and a newer version, if there is one, is posted"),
    ("no", "It is not reversed: what was posted still counts there, and is reversed again"),
]


class OutcomeForm(RemedyForm):
    """What became of a write in doubt; of a reversal it asks whether what was posted is undone."""

    happened = forms.TypedChoiceField(
        label="What did you find there?", coerce=lambda text: text == "yes", widget=forms.RadioSelect, choices=POSTING
    )
    reference = forms.CharField(
        required=False, max_length=120, label="Its number there", help_text="Needed when it is there."
    )
    external_id = forms.CharField(
        required=False, max_length=120, label="Its id there",
        help_text="As the address of its page there shows it: what waits for it needs it. Its number is no id.",
    )  # fmt: skip
    field_order = ("happened", "reference", "external_id", "reason")

    def __init__(self, *args: Any, reversal: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reversal:
            choice = self.fields["happened"]
            assert isinstance(choice, forms.ChoiceField)
            choice.choices = REVERSAL
            del self.fields["external_id"]
            self.fields["reference"].label = "The reversal's number there"
            self.fields["reference"].help_text = "Where the reversal has a document of its own."
