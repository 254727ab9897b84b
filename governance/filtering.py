"""The kinds of filters that FilterSets are made of: each refuses what it does not take, instead of passing over it."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError

MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class MomentField(forms.CharField):
    """A time with its zone (RFC 3339)."""

    def clean(self, value: Any) -> Any:
        """Return the time in UTC."""
        text = super().clean(value)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text).astimezone(UTC) if MOMENT.fullmatch(text) else _refuse(text, "no time")
        except (ValueError, OverflowError):
            return _refuse(text, "no time")


class IdField(forms.CharField):
    """The id of a row."""

    def clean(self, value: Any) -> Any:
        """Return it as what it is."""
        text = super().clean(value)
        if not text:
            return None
        return UUID(text) if ID.fullmatch(text) else _refuse(text, "no id")


class WholeField(forms.CharField):
    """The number of a row."""

    def clean(self, value: Any) -> Any:
        """Return it as what it is."""
        text = super().clean(value)
        if not text:
            return None
        return int(text) if NUMBER.fullmatch(text) else _refuse(text, "no number of a row")


def _refuse(text: str, what: str) -> None:
    raise ValidationError(f"“{text[:60]}” is {what}.")


class Text(django_filters.CharFilter):
    """A text that is compared as it is."""

    def __init__(self, *args: Any, longest: int = 200, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(*args, max_length=longest, **kwargs)


class Moment(django_filters.Filter):
    """A time with its zone."""

    field_class = MomentField


class Uuid(django_filters.Filter):
    """The id of a row."""

    field_class = IdField


class Whole(django_filters.Filter):
    """The number of a row."""

    field_class = WholeField


class One(django_filters.ChoiceFilter):
    """One of a closed list."""

    def __init__(self, *args: Any, choices: Any, **kwargs: Any) -> None:
        self.values = [str(value) for value, _ in choices]
        super().__init__(*args, choices=choices, **kwargs)


class Several(django_filters.MultipleChoiceFilter):
    """One or several of a closed list; the parameter is repeated."""

    def __init__(self, *args: Any, choices: Any, **kwargs: Any) -> None:
        self.values = [str(value) for value, _ in choices]
        super().__init__(*args, choices=choices, **kwargs)


class Flag(django_filters.TypedChoiceFilter):
    """Yes or no."""

    values = ["true", "false"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        choices = [("true", "yes"), ("false", "no")]
        super().__init__(*args, choices=choices, coerce=lambda text: text == "true", **kwargs)
