"""How fields of forms are drawn: as Django and unfold do, with long lists of choices at a tenth of the price."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.forms.renderers import DjangoTemplates
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.safestring import mark_safe

LINE = "django/forms/widgets/select_option.html"  # of a choice that is drawn as most are
END = "</select>"


class Renderer(DjangoTemplates):
    """Draws a list of choices by its own template, and the lines in it without two templates for each.

    There may be six hundred (time zones). A list with a line of another template is drawn as everything else.
    """

    def render(self, template_name: str, context: dict[str, Any], request: HttpRequest | None = None) -> str:
        """Return the HTML of a field."""
        widget = context.get("widget") or {}
        groups = widget.get("optgroups") if template_name.endswith("/select.html") else None
        if not groups or any(each["template_name"] != LINE for _, choices, _ in groups for each in choices):
            return super().render(template_name, context, request)
        empty = super().render(template_name, context | {"widget": widget | {"optgroups": []}}, request)
        before, end, after = empty.rpartition(END)
        if not end:  # of somebody's own form, which is no list
            return super().render(template_name, context, request)
        return mark_safe("\n".join((before.rstrip(), *_lines(groups), end + after)))  # noqa: S308 - escaped, each part


def _lines(groups: Iterable[tuple[str | None, list[Mapping[str, Any]], int]]) -> Iterator[str]:
    for name, choices, _ in groups:
        if name:
            yield format_html('<optgroup label="{}">', localize(name))
        for each in choices:
            attributes = flatatt(each["attrs"])
            yield format_html(
                '<option value="{}"{}>{}</option>', str(each["value"]), attributes, localize(each["label"])
            )
        if name:
            yield "</optgroup>"
