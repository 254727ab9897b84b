"""What is wrong with the forms of a page, in one list: each field by its name, with where it is, and what to do."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import template
from django.forms import BaseForm, BoundField

register = template.Library()


class Wrong(NamedTuple):
    """One mistake: what the field is called, the id of its input ("" where people cannot reach it), what is wrong."""

    label: str
    at: str
    words: str


@register.simple_tag
def mistakes(form: BaseForm, beside: Any = None, called: str = "") -> list[Wrong]:
    """Return what is wrong with the fields of a form, in their order; what is wrong with the whole stands elsewhere.

    `beside` are rows that are sent together with it; what is `called` "column" is told as "Column 2, name".
    """
    if not form.is_bound:
        return []
    rows = enumerate(beside or (), 1)
    return [*_of(form, ""), *(wrong for number, row in rows for wrong in _of(row, f"{called} {number}, "))]


@register.simple_tag(takes_context=True)
def all_mistakes(context: template.Context) -> list[Wrong]:
    """Return what is wrong with the fields of a form of the administration, and of the rows edited with it."""
    main = context.get("adminform")
    form = main.form if main is not None else context.get("form")
    found = list(_of(form, "")) if form is not None else []
    for inline in context.get("inline_admin_formsets") or []:
        for number, each in enumerate(inline.formset.forms, 1):
            found += _of(each, f"{inline.opts.verbose_name} {number}, ")
    for number, each in enumerate(getattr(getattr(context.get("cl"), "formset", None), "forms", []), 1):
        found += _of(each, f"line {number}, ")
    return found


def _of(form: BaseForm, before: str) -> Iterator[Wrong]:
    for field in form:
        if field.errors:
            label = before + (field.label if not before else field.label[:1].lower() + field.label[1:])
            yield Wrong(label[:1].upper() + label[1:], _at(field), " ".join(map(str, field.errors)))


def _at(field: BoundField) -> Any:
    """Return the id of what takes the focus: the first of several inputs of one field."""
    if field.is_hidden:
        return ""
    return field.id_for_label or (f"{field.auto_id}_0" if field.auto_id else "")
