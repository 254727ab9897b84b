"""Notices that somebody else changed a row while a form of it was open, so that nobody overwrites what they never saw.

A form carries the fingerprint of the row as it was shown, the rows edited together with it included. Where it is
another one when the form comes back, nothing is saved; who sends it once more, now having been told, means it. A form
that comes back without one says nothing of what was seen, and saves nothing either.
"""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.functions import Cast
from django.http import QueryDict

from governance.history import of_things

SEEN = "_seen"  # the name under which a form carries the fingerprint
UNSAID = (
    "What was sent does not say which state of this it was made of, so nothing of yours is saved yet. What you typed "
    "stands below. Save once more to put it in the place of what is there, or open the page anew."
)
Related = tuple[type[models.Model], str, Sequence[str]]  # model, its foreign key to the row, its fields


def fingerprint(row: models.Model, names: Iterable[str], related: Iterable[Related] = ()) -> str:
    """Return a short text that is another one after any of these fields has changed. One query for each model."""
    lines = [_stored(type(row)._default_manager.filter(pk=row.pk), names)]
    for model, key, columns in related:
        lines.append(_stored(model._default_manager.filter(**{key: row.pk}), columns))
    return hashlib.sha256(repr(lines).encode()).hexdigest()[:24]


def _stored(rows: "models.QuerySet[models.Model]", names: Iterable[str]) -> list[Any]:
    """Return the columns as text, straight from the database: what is encrypted stays so."""
    columns = ("pk", *sorted(names))
    found = rows.order_by("pk").values_list(*(Cast(name, models.TextField()) for name in columns))
    return sorted(found, key=repr)  # a row for each of several that it refers to


def hold(row: models.Model | None) -> None:
    """Keep other writers from a row until the commit: of two that send one mark at once, only one finds it there still.

    To be called before the fingerprint is taken. Rows that refer to it can be made meanwhile.
    """
    if row is not None:
        rows = type(row)._base_manager.select_for_update(no_key=True).filter(pk=row.pk)
        rows.order_by("pk").values_list("pk").first()  # a model's own order may join rows that there need not be


class SeenForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    """A form that refuses to overwrite what somebody else has changed since it was shown."""

    edited: tuple[str, ...] = ()  # fields of the model that count
    beside: tuple[Related, ...] = ()  # rows that are edited together with it
    seen = ""  # the fingerprint to show in the form
    marked_elsewhere = False  # of a draft's content, which has a mark of its own: the row is only where it is shown

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.marked_elsewhere:
            self.seen = fingerprint(self.instance, self.edited, self.beside)

    def clean(self) -> dict[str, Any]:
        """Refuse what was typed on top of something that is not there any more."""
        given = super().clean() or self.cleaned_data
        shown = self.data.get(SEEN)
        if self.seen and shown != self.seen:
            self.add_error(None, changed_meanwhile(self.instance) if shown else UNSAID)
        return given


def changed_meanwhile(row: models.Model) -> str:
    """Return who changed a row while somebody had it open, and what to do about it."""
    last = of_things([(row._meta.label_lower, str(row.pk))]).first()
    who = f"{last.actor_name} has changed this (last at {last.at:%Y-%m-%d %H:%M} UTC)" if last else "This was changed"
    return (
        f"{who} while you had it open, so nothing of yours is saved yet. Compare with the history: what you typed "
        "stands below. Save once more to put it in the place of theirs, or open the page anew to begin with theirs."
    )


def carry(form: forms.BaseForm, mark: str) -> None:
    """Let a form that comes back carry the present mark: whoever sends it once more has been told, and means it."""
    if isinstance(form.data, QueryDict):
        data = form.data.copy()
        data[SEEN] = mark
        form.data = data


def watch(
    form: forms.BaseForm, row: models.Model, names: Iterable[str], *, beside: Iterable[tuple[str, forms.BaseForm]] = ()
) -> str:
    """Return the mark that a form of these fields of a row carries; refuse what was sent with another one.

    What stands there now and differs from what was typed is told in the form, with that of the forms `beside` it, each
    after its words. Called after `hold` where something was sent.
    """
    mark = fingerprint(row, names)
    if form.is_bound and form.errors is not None and (shown := form.data.get(SEEN)) != mark:
        told = [line for words, each in (("", form), *beside) for line in differing(each, words)]
        form.add_error(None, [changed_meanwhile(row) if shown else UNSAID, *told])
    return mark


def differing(form: forms.BaseForm, words: str = "") -> list[str]:
    """Return in words what was typed otherwise than it stands there now."""
    found = []
    typed = form.cleaned_data if form.errors is not None else {}
    for name, field in form.fields.items():
        if field.disabled or name not in typed or name not in form.initial:
            continue
        now, mine = (_in_words(field, value) for value in (form.get_initial_for_field(field, name), typed[name]))
        if now != mine:
            found.append(f"{words}{form[name].label} is {now} now; yours: {mine}.")
    return found


def _in_words(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    choices = {str(key): str(label) for key, label in getattr(field, "choices", ())}
    if choices:  # of what is chosen, only what this person is offered
        several = value if isinstance(value, list | tuple) else [value]
        value = ", ".join(sorted(choices[str(each)] for each in several if str(each) in choices))
    return "empty" if value in (None, "") else f"“{str(value).strip()}”"


def careful(form: type[Any], model: type[models.Model], more: Iterable[str], related: Iterable[Related]) -> type[Any]:
    """Return the form with the care of SeenForm, for the fields of the model that it edits and some more."""
    columns = {field.name for field in (*model._meta.concrete_fields, *model._meta.many_to_many)}
    edited = tuple(sorted(columns & {*form.base_fields, *more}))
    if not edited:
        raise ImproperlyConfigured(f"The form of {model.__name__} edits no column of it.")
    return type(form.__name__, (form, SeenForm), {"edited": edited, "beside": tuple(related)})
