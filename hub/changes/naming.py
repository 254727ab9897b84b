"""Keeps which thing a draft is of: its form refuses another name beside the field, and says so before."""

from typing import Any, ClassVar

from django import forms

NO_OTHER_NAME = (
    "A draft keeps the short name, the route and the company that say which thing it is of. Make a new one instead."
)

CHOOSE_ANOTHER = (
    "The name {} cannot be used: something bears it already. Choose another, and what stands below becomes a draft of "
    "that name."
)

STAYS = "It stays as it is in a draft, since it says which thing the draft is of. For another one make a new thing."


class KeepsItsName(forms.BaseModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A form that refuses to change which thing a draft is of."""

    named_by: ClassVar[str]

    def clean(self) -> dict[str, Any]:
        """Refuse another name beside its field."""
        given = super().clean() or self.cleaned_data
        if self.named_by in self.changed_data and self.named_by in given:
            self.add_error(self.named_by, NO_OTHER_NAME)
        return given


class TakesAnotherName(forms.BaseModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A form of a draft whose name another company's thing bears by now: it is kept under another one."""

    named_by: ClassVar[str]

    def clean(self) -> dict[str, Any]:
        """Refuse the name that is taken beside its field."""
        given = super().clean() or self.cleaned_data
        if self.named_by not in self.changed_data:
            self.add_error(self.named_by, CHOOSE_ANOTHER.format(given.get(self.named_by, "")))
        return given


class Refused(forms.BaseModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A form that says at its head why what was typed cannot be kept, and holds it."""

    refused: ClassVar[str] = ""

    def clean(self) -> dict[str, Any]:
        """Say it."""
        given = super().clean() or self.cleaned_data
        self.add_error(None, self.refused.splitlines())
        return given
