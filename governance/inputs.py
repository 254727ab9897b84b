"""Inputs of forms, in the hub's words."""

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper

THEIRS = "Select value"  # the library's words for the next
CHOOSE = "Choose…"  # what a list says while nothing is chosen


class AmountField(forms.DecimalField):
    """A number; nothing, however it is written, is 0: 0e9999999999 has more places than a database keeps."""

    def to_python(self, value: Any) -> Any:
        """Return the number."""
        number = super().to_python(value)
        return Decimal(0) if number is not None and number.is_zero() and number.adjusted() > 0 else number


def worded(field: Any) -> Any:
    """Return an input with our word while nothing is chosen, and without the library's menu beside it.

    That menu changes and deletes the row which is chosen there, from a form that is about another one, and cannot be
    reached by keyboard.
    """
    if isinstance(getattr(field, "widget", None), RelatedFieldWidgetWrapper):
        field.widget = field.widget.widget
    if isinstance(field, forms.ModelChoiceField) and field.empty_label is not None:
        field.empty_label = CHOOSE if field.empty_label == THEIRS else field.empty_label
    elif isinstance(field, forms.ChoiceField):
        offered: list[Any] = list(cast(Any, field.choices))
        if any(words == THEIRS for _, words in offered):
            field.choices = [(value, CHOOSE if words == THEIRS else words) for value, words in offered]
    return field
