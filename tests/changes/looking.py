"""Looks at changes as a browser does."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client
from django.urls import reverse

from governance.models import User, Version
from tests.door import Browser


def browser(user: User) -> Client:
    """Return the browser of somebody who has signed in."""
    made = Browser()
    made.force_login(user)
    return made


def newest(kind: str = "route", name: str = "time-pushed") -> Version:
    """Return the newest version of a thing."""
    return Version.objects.of(kind, name)[0]


def at(version: Version, step: str = "") -> str:
    """Return the address of a change, or of a step of it."""
    if step:
        return reverse("changes:step", args=[version.pk, step])
    return reverse("changes:change", args=[version.pk])


def go(user: User, version: Version, step: str, **sent: str) -> int:
    """Take a step, having seen it as it is now; return the status."""
    return browser(user).post(at(version, step), seen(version, reason="agreed") | sent).status_code


def seen(version: Version, **sent: str) -> dict[str, str]:
    """Return what the form of a step sends of the version as it is now, and more."""
    return {"_seen": Version.objects.get(pk=version.pk).shown} | sent


def sent_by(answer: Any) -> dict[str, str]:
    """Return what a browser sends of the one form of a page that is typed in, where nobody types anything."""
    page = _Forms()
    page.feed(answer.content.decode())
    return max(page.forms, key=len)


class _Forms(HTMLParser):
    """Reads what the forms of a page hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = [{}]
        self._open = ""  # the name of the select or the text area that is being read
        self._is_text = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read an input at once, and open what has a content."""
        given = dict(attrs)
        name, kind = given.get("name") or "", given.get("type") or "text"
        if tag == "form":
            self.forms.append({})
        elif tag == "input" and name and kind not in ("submit", "button", "file"):
            if kind not in ("checkbox", "radio") or "checked" in given:
                self.forms[-1][name] = given.get("value") or ("on" if kind == "checkbox" else "")
        elif tag in ("select", "textarea"):
            self._open, self._is_text = name, tag == "textarea"
            self.forms[-1].setdefault(name, "")
        elif tag == "option" and self._open and "selected" in given:
            self.forms[-1][self._open] = given.get("value") or ""

    def handle_data(self, data: str) -> None:
        """Take the text of a text area."""
        if self._open and self._is_text:
            self.forms[-1][self._open] += data

    def handle_endtag(self, tag: str) -> None:
        """Close what has a content."""
        if tag in ("select", "textarea"):
            if self._is_text and self._open:
                self.forms[-1][self._open] = self.forms[-1][self._open].removeprefix("\n")
            self._open, self._is_text = "", False
