"""A page of the admin for one deed: what it is about, a form, and a verb that does it.

The page asks no rights by itself. The verb does, and what it refuses is said beside what was typed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from unfold.decorators import action
from unfold.widgets import INPUT_CLASSES, SELECT_CLASSES, TEXTAREA_CLASSES

from governance.rights import NotAllowed
from governance.versions import WrongState

View = TypeVar("View", bound=Callable[..., HttpResponse])


def button(words: str, address: str, permission: str) -> Callable[[View], View]:
    """Make a method of an admin a button on a row's page: with a noun as its address, and who is offered it."""
    return cast(Callable[[View], View], action(description=words, url_path=address, permissions=[permission]))


@dataclass
class Deed:
    """One deed as its page shows it. `act` does it and returns what to say, or a page of its own to show."""

    title: str
    button: str
    form: forms.Form
    act: Callable[[forms.Form], str | HttpResponse]
    back: str  # address to go to afterwards
    about: str = ""
    facts: Sequence[tuple[str, str]] = ()
    danger: bool = False
    shown: dict[str, Any] = field(default_factory=dict)  # for templates that extend the page
    template: str = "admin/deed.html"


class ReasonForm(forms.Form):
    """Why somebody does it."""

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="Kept in the history.")


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what a form's page was sent; None when it is only asked for."""
    return request.POST if request.method == "POST" else None


def shown(request: HttpRequest, deed: Deed) -> HttpResponse:
    """Show a deed's page, or do it when its form was sent."""
    status = 200
    if request.method == "POST" and deed.form.is_valid():
        try:
            said = deed.act(deed.form)
        except NotAllowed as error:
            deed.form.add_error(None, str(error))
            status = 403
        except (ValueError, WrongState) as error:
            field = getattr(error, "field", "")  # where what was done knows at which input it is to be said
            deed.form.add_error(field if field in deed.form.fields else None, list(str(error).splitlines()))
        else:
            if isinstance(said, HttpResponse):
                return said
            messages.success(request, said)
            return redirect(deed.back)
    if request.method == "POST" and status == 200:
        status = 422
    return page(request, deed, status=status)


def page(request: HttpRequest, deed: Deed, *, status: int = 200) -> HttpResponse:
    """Return a deed's page, with whatever it has to show below its form."""
    for each in deed.form.fields.values():
        _dress(each.widget)
    given = {"title": deed.title, "deed": deed, "form": deed.form, **deed.shown}
    return render(request, deed.template, site(request) | given, status=status)


def site(request: HttpRequest) -> dict[str, Any]:
    """Return what every page of the admin needs."""
    return dict(admin.site.each_context(request))


def _dress(widget: forms.Widget) -> None:
    """Give an input the look of the admin's own."""
    classes = INPUT_CLASSES
    if isinstance(widget, forms.Textarea):
        classes = TEXTAREA_CLASSES
    elif isinstance(widget, forms.Select):
        classes = SELECT_CLASSES
    if not isinstance(widget, forms.CheckboxInput | forms.CheckboxSelectMultiple | forms.HiddenInput):
        widget.attrs.setdefault("class", " ".join(classes))
