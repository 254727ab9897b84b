"""Short names and codes of which there may be one in the whole installation, and what is said when one is taken.

They stand in addresses, files, formulas and commands, so two companies cannot have the same. Who may not see the row
that has a name is told no more than that the name cannot be used: neither that there is such a row, nor whose it is.
"""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from governance.actor import By
from governance.scoping import EntityScopedQuerySet


def words(rows: "EntityScopedQuerySet[Any]", label: str, *, by: "By | None") -> str:
    """Return why a name cannot be had: `rows` are those that have it, `by` is who asks (None: nobody known)."""
    if by is not None and rows.visible_to(by).exists():
        return f"A {rows.model._meta.verbose_name} with this {label} exists already. Choose another one."
    return f"This {label} cannot be used. Choose another one."


class Asked:
    """A model whose rows are judged for somebody: what is said of others' depends on that. Before `models.Model`."""

    asked_by: "By | None" = None  # whose form or file is judged, where it is somebody's


class NamedOnce(Asked):
    """A model whose rows have a name of their own in the whole installation. Stands before `models.Model`."""

    named_once: ClassVar[dict[str, str]]  # field → what forms call it

    def unique_error_message(self, model_class: Any, unique_check: Any) -> ValidationError:
        """Say what is wrong with a name that is taken, as far as whoever asks may know."""
        name = unique_check[0] if len(unique_check) == 1 else ""
        if name not in self.named_once:
            return super().unique_error_message(model_class, unique_check)  # type: ignore[misc,no-any-return]  # a model's
        others = model_class._default_manager.filter(**{name: getattr(self, name)})
        return ValidationError(words(others, self.named_once[name], by=self.asked_by), code="unique")


def asked_by(row: models.Model, by: "By | None") -> None:
    """Let a row know for whom it is judged, where that matters to it."""
    if isinstance(row, Asked):
        row.asked_by = by
