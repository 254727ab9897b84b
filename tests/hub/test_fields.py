"""A list of choices is drawn as Django and unfold draw it, and for as many templates however long it is."""

from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.test.signals import template_rendered
from unfold.widgets import UnfoldAdminSelectWidget

from hub.fields import Renderer

CHOICES: list[Any] = [
    ("", "Choose…"),
    ("a&b", 'Hours & "expenses" <all>'),
    (7, "Seven"),
    ("Europe", [("Europe/Berlin", "Berlin"), ("Europe/London", "London")]),
]
WIDGETS = {
    "one": forms.Select(choices=CHOICES),
    "several": forms.SelectMultiple(choices=CHOICES, attrs={"size": 4, "required": True}),
    "administration": UnfoldAdminSelectWidget(choices=CHOICES),
    "yes or no": forms.NullBooleanSelect(),
}


class Parts(HTMLParser):
    """Collects tags, their attributes and texts, without the blanks between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append(data.strip())


@pytest.mark.parametrize("value", ["", "a&b", 7, "Europe/London", ("a&b", "Europe/Berlin"), None])
@pytest.mark.parametrize("name", WIDGETS)
def test_choices_are_drawn_as_by_those_whose_they_are(name: str, value: Any) -> None:
    ours, theirs = (WIDGETS[name].render("of", value, {"id": "x"}, each) for each in (Renderer(), DjangoTemplates()))
    assert Parts(ours).found == Parts(theirs).found
    assert len(ours) <= len(theirs) + 2


def test_hundreds_of_choices_are_drawn_by_as_many_templates_as_two() -> None:
    drawn = []
    for many in (2, 600):
        names: Counter[str] = Counter()

        def note(template: Any, names: Counter[str] = names, **_: Any) -> None:
            names[template.name] += 1

        template_rendered.connect(note)
        widget = UnfoldAdminSelectWidget(choices=[(each, f"Zone {each}") for each in range(many)])
        widget.render("zone", 1, {}, Renderer())
        template_rendered.disconnect(note)
        drawn.append(names)
    assert drawn[0] == drawn[1]
    assert drawn[0]["unfold/widgets/select.html"] == 1


def test_forms_are_drawn_so() -> None:
    assert isinstance(forms.Form().renderer, Renderer)
