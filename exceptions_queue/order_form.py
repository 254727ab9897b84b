"""The form of what the order of exceptions goes by."""

from typing import Any, ClassVar

from django import forms

from exceptions_queue import yardstick
from exceptions_queue.models import Yardstick
from governance.inputs import AmountField
from governance.iso_codes import currencies
from mappings.models import LookupTable


class OrderForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """In which currency money is compared, by which rates, and how much each thing weighs."""

    currency = forms.ChoiceField(
        label="Money is compared in", choices=lambda: [(each, each) for each in sorted(currencies())]
    )
    rates = forms.ChoiceField(
        label="Rates of exchange", required=False,
        help_text="A lookup table with one row for each currency and stretch of days. Amounts without a rate are "
        "unknown, and their items come first.",
    )  # fmt: skip
    reason = forms.CharField(
        max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the audit trail."
    )
    field_order = (
        "currency", "rates", "money", "deadline", "share", "again", "nothing_below", "all_above", "days", "reason",
    )  # fmt: skip

    class Meta:
        model = Yardstick
        fields = ("currency", "money", "deadline", "share", "again", "nothing_below", "all_above", "days")
        field_classes: ClassVar = {"nothing_below": AmountField, "all_above": AmountField}
        labels: ClassVar = {
            "money": "Points for money at stake", "deadline": "Points for the deadline",
            "share": "Points for the share of a billing run", "again": "Points for coming back",
            "nothing_below": "Money has no points up to", "all_above": "Money has all its points from",
            "days": "A deadline counts from so many working days before",
        }  # fmt: skip
        help_texts: ClassVar = {
            "money": "0 to 100. All points together count up to 100.",
            "nothing_below": "In the currency above. Between the two amounts points grow with the logarithm: ten "
            "times as much money is always the same step.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **({"label_suffix": ""} | kwargs))
        row, field = self.instance, self.fields["rates"]
        assert isinstance(field, forms.ChoiceField)
        chosen = f"{row.rate_table}.{row.rate_column}" if row.rate_table else ""
        known = dict(_rates())
        if chosen and chosen not in known:
            known[chosen] = f"{chosen} (there is no such table)"
        field.choices = [("", "None: other currencies are unknown"), *known.items()]
        self.initial["rates"] = chosen

    def clean(self) -> dict[str, Any]:
        """Take table and column apart."""
        given = super().clean() or self.cleaned_data
        table, _, column = given.get("rates", "").partition(".")
        self.instance.rate_table, self.instance.rate_column = table, column
        return given


def _rates() -> list[tuple[str, str]]:
    """Return the columns that may hold rates of exchange: numbers of tables keyed by one currency or two."""
    found = {}
    for row in LookupTable.objects.all():
        for column in yardstick.rate_columns(row):
            found[f"{row.name}.{column}"] = f"{row.title}: {column}"
    return sorted(found.items(), key=lambda pair: pair[1])
