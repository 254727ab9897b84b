"""The form of a table's row, as the table says: its key, its values with what is accepted, its days."""

from typing import Any

from django import forms

from canonical.entity import Kind
from governance.deed_page import ReasonForm
from mappings import tables
from mappings.models import LookupTable

NUMERIC = {Kind.MONEY: "decimal", Kind.DECIMAL: "decimal", Kind.INTEGER: "numeric"}


class RowForm(forms.Form):
    """A row of one table: its key, its values and its days."""

    def __init__(self, *args: Any, table: LookupTable, key: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        self.table, self.key = table, key
        for number, name in enumerate(table.key_columns if key is None else ()):
            self.fields[f"key_{number}"] = forms.CharField(max_length=200, label=words_of(name))
        for name, kind in table.value_columns.items():
            self.fields[f"value_{name}"] = column_field(table, name, kind)
        day = forms.DateInput(attrs={"type": "date"})
        self.fields["valid_from"] = forms.DateField(
            required=False, label="First day", help_text="Empty: since ever.", widget=day
        )
        self.fields["valid_to"] = forms.DateField(
            required=False, label="Last day", help_text="Empty: until further notice.", widget=day
        )
        self.fields["reason"] = ReasonForm.base_fields["reason"]

    def row(self) -> tables.NewRow:
        """Return the row that was typed."""
        typed = self.cleaned_data
        key = self.key or [typed[f"key_{number}"] for number in range(len(self.table.key_columns))]
        values = {name: typed[f"value_{name}"] for name in self.table.value_columns}
        return tables.NewRow(tuple(key), values, typed["valid_from"], typed["valid_to"])


def column_field(table: LookupTable, name: str, kind: str) -> forms.Field:
    """Return the field in which a value of a table's column is typed, with what the table accepts."""
    label = words_of(name)
    if table.faults():  # the verb refuses whatever is typed, and says why
        return forms.CharField(max_length=200, label=label, help_text="The table has to be mended first.")
    accepted = table.accepts(name)
    if accepted.choices:
        return forms.ChoiceField(label=label, choices=[("", "Choose…"), *((each, each) for each in accepted.choices)])
    widget: forms.TextInput = forms.DateInput(attrs={"type": "date"})
    if kind != Kind.DATE:
        widget = forms.TextInput(attrs={"inputmode": NUMERIC[Kind(kind)]} if Kind(kind) in NUMERIC else {})
    return forms.CharField(max_length=200, label=label, widget=widget, help_text=accepted.words)


def words_of(name: str) -> str:
    """Return a column's name as people read it."""
    return name.replace("_", " ").capitalize()
