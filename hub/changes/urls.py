"""Addresses of changes. The queue's addresses, which are loaded before, bring the short form of ids."""

import re

from django.urls import path, register_converter

from hub.changes import pages, trial_pages


class Named:
    """The name of a thing as a part of an address: as it is, or, where that could mean another place, in hexadecimal.

    Older releases took companies' codes such as HP/IT, `?` and `..`.
    """

    regex = "[^/]+"
    plain = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_. -]*", re.ASCII)

    def to_python(self, value: str) -> str:
        """Return the name. Raises ValueError for what is none."""
        name = bytes.fromhex(value[1:]).decode() if value.startswith("~") else value
        if "\0" in name:  # which no name has, and no database takes
            raise ValueError("no name")
        return name

    def to_url(self, value: str) -> str:
        """Return how it stands in the address."""
        return value if self.plain.fullmatch(value) else f"~{value.encode().hex()}"


register_converter(Named, "named")
app_name = "changes"
urlpatterns = [
    path("", pages.changes, name="changes"),
    path("<code:pk>/", pages.change, name="change"),
    path("<code:pk>/draft/", pages.edit, name="edit"),
    path("<code:pk>/tests/", trial_pages.test, name="test"),
    path("<code:pk>/previews/", trial_pages.preview, name="preview"),
    path("<code:pk>/trials/", trial_pages.trial, name="trial"),
    path("<code:pk>/<slug:name>/", pages.step, name="step"),
    path("of/<slug:kind>/<named:name>/", pages.states, name="states"),
]
