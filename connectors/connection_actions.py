"""The admin's pages of a connection that ask the system: a test, saved or not, and a sample of real records."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from unfold.widgets import UnfoldAdminSelectWidget

from connectors import sampling, trying
from connectors.connection_form import PREFIX, form_for
from connectors.models import Connection
from connectors.outcome import TestReport
from connectors.registry import registry
from governance import deed_page
from governance.deed_page import button
from governance.models import LegalEntity, User
from governance.rights import NotAllowed, Right, allowed
from governance.row_numbers import number_in

ABOUT_TEST = (
    "The system is asked whether the sign-in works, and for one record of each kind that the connector reads. Nothing "
    "is changed there and nothing is kept here."
)
REPORT = "admin/connection_report.html"  # what a test found; a part of a page
SAMPLE = "admin/connection_sample.html"


class SampleForm(forms.Form):
    """Which stream somebody wants to see."""

    stream = forms.ChoiceField(label="Kind of record", widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["stream"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(each.name, each.title) for each in sampling.streams_of(connection)]


class ConnectionActions:
    """Buttons on a connection's page; each is there for those whom the verb lets do it."""

    actions_detail = ["test_connection", "show_sample"]

    def get_urls(self) -> list[Any]:
        """Add the address at which typed answers are tried."""
        own = path("trials/", admin.site.admin_view(try_typed), name="connectors_connection_trial")
        return [own, *super().get_urls()]  # type: ignore[misc]  # of the admin that this is mixed into

    @button("Test connection", "tests", "ask_system")
    def test_connection(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the system harmless questions, and say in words what works and what does not."""
        connection = _visible(request, object_id)
        report = None
        if request.method == "POST":
            try:
                report = trying.try_out(connection, by=_person(request))
            except NotAllowed as refused:
                return _refused(request, refused)
        more = {"about": ABOUT_TEST, "ask": "Test connection", "waits": "Asking the system", "found": REPORT}
        return _page(request, connection, f"Test connection {connection}", "admin/asked.html", report=report, **more)

    @button("Real records", "samples", "ask_system")
    def show_sample(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show some real records of a stream, read now."""
        connection = _visible(request, object_id)
        typed = SampleForm(
            deed_page.sent(request), connection=connection, initial={"stream": request.GET.get("stream")}
        )
        given: dict[str, Any] = {"form": typed}
        if request.method == "POST" and typed.is_valid():
            try:
                given["sample"] = sampling.sample(connection, typed.cleaned_data["stream"], by=_person(request))
            except sampling.NoSample as none:
                given["problem"] = str(none)
            except NotAllowed as refused:
                return _refused(request, refused)
        return _page(request, connection, f"Real records of {connection}", SAMPLE, **given)

    def has_ask_system_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Offer it to those whom the verbs let."""
        row = Connection.objects.filter(pk=object_id).first() if object_id else None
        return row is not None and allowed(_person(request), Right.EDIT_CONFIGURATION, row.legal_entity_id)


def try_typed(request: HttpRequest) -> HttpResponse:
    """Try what stands in a connection's form, without saving it; return the part of the page that tells of it."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    user, number = _person(request), number_in(request.GET.get("connection"))
    row = Connection() if number is None else _visible(request, str(number))
    if missing := read_typed(request, row):
        return render(request, REPORT, {"missing": missing})
    return asked(request, lambda: trying.try_typed(row, by=user))


def read_typed(request: HttpRequest, row: Connection) -> list[tuple[str, str]]:
    """Put into a connection what stands in its form, with those of its secrets that stay; nothing is saved.

    Return what has to be completed before it can be asked: fields by their names, each with what is wrong.
    """
    connector = row.connector or request.GET.get("connector", "")
    if connector not in registry.connectors:
        return [("System", "Choose a system first.")]
    form = form_for(connector)(request.POST, instance=row)
    companies = form.fields["legal_entity"]
    assert isinstance(companies, forms.ModelChoiceField)
    companies.queryset = LegalEntity.objects.visible_to(_person(request), Right.EDIT_CONFIGURATION)
    form.is_valid()
    wrong = {name: " ".join(str(each) for each in words) for name, words in form.errors.items() if _matters(name)}
    return [(str(form.fields[name].label or name.replace("_", " ")), words) for name, words in wrong.items()]


def asked(request: HttpRequest, ask: Callable[[], TestReport]) -> HttpResponse:
    """Return the part of a page that tells what came of a test, or why there was none."""
    try:
        return render(request, REPORT, {"report": ask()})
    except NotAllowed as refused:
        return render(request, REPORT, {"missing": [("Rights", str(refused))]})


def _matters(name: str) -> bool:
    return name.startswith(PREFIX) or name in ("auth", "legal_entity", "timeout_seconds")


def _page(
    request: HttpRequest,
    connection: Connection,
    title: str,
    template: str,
    *,
    report: TestReport | None = None,
    **more: Any,
) -> HttpResponse:
    """Return a page of a connection; for a part of one that is loaded into it, that part."""
    back = reverse("admin:connectors_connection_change", args=[connection.pk])
    given = {"title": title, "connection": connection, "back": back, "report": report, **more}
    failed = (report is not None and not report.ok) or "problem" in more
    if getattr(request, "htmx", False):  # htmx shows no answer that is not 200
        part = REPORT if report is not None else "admin/connection_records.html"
        return render(request, part, given)
    return render(request, template, deed_page.site(request) | given, status=422 if failed else 200)


def _refused(request: HttpRequest, refused: NotAllowed) -> HttpResponse:
    return render(request, "403.html", {"message": str(refused)}, status=403)


def _visible(request: HttpRequest, object_id: str) -> Connection:
    found = Connection.objects.visible_to(_person(request)).select_related("legal_entity")
    return get_object_or_404(found, pk=object_id)


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
