"""Columns and filters of the administration's lists, in the words of people."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin import ChoicesFieldListFilter, FieldListFilter


def headed(name: str, words: str, *, yes_or_no: bool = False, sorts: bool = True) -> Callable[[Any, Any], Any]:
    """Return a column for a field that people call otherwise than the code does: its words, sorted by the field.

    What is covered for some must not sort: between its neighbours it could be read all the same.
    """

    @admin.display(description=words, ordering=name if sorts else None, boolean=yes_or_no)
    def column(_: Any, row: Any) -> Any:
        in_words = getattr(row, f"get_{name}_display", None)
        return in_words() if in_words else getattr(row, name)

    return column


def titled(
    name: str, words: str, kind: type[FieldListFilter] = ChoicesFieldListFilter
) -> tuple[str, type[FieldListFilter]]:
    """Return a filter by a field that people call otherwise than the code does."""

    class Titled(kind):  # type: ignore[valid-type,misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.title = words

    return name, Titled
