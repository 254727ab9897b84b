"""A route's pages in the admin: what its form offers and refuses, switching it, and what the next run would take."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors import sampling
from connectors.models import Connection
from governance.models import AuditEntry
from governance.rights import NotAllowed, Role
from routes import preview, switching
from routes.models import Destination, Record, Route, Run, Transaction
from tests.governance.people import company, person
from tests.intake.firm import Firm
from tests.intake.test_admin import staff
from tests.intake.test_route_forms import typed
from tests.routes.world import entry


@pytest.fixture
def ingrid(firm: Firm) -> Client:
    return staff(Role.INTEGRATION_ADMIN, "HP-DE")


def page_of(route: Route) -> str:
    return f"/admin/routes/route/{route.pk}"


def test_streams_mappings_and_lanes_are_chosen_by_name(firm: Firm, ingrid: Client) -> None:
    page = ingrid.get(f"{page_of(firm.pushed)}/change/").content.decode()

    assert '<option value="time_entries" selected' in page
    assert ">Entries of the ledger</option>" in page
    assert '<optgroup label="time entry">' in page
    assert '<option value="ledger-time-out" selected' in page
    assert "posting: what is posted in other systems" in page
    assert "only when somebody asks for it" in page


def test_what_is_not_offered_any_more_stays_visible_until_somebody_changes_it(firm: Firm, ingrid: Client) -> None:
    Route.objects.filter(pk=firm.pushed.pk).update(mapping="gone.mapping")

    page = ingrid.get(f"{page_of(firm.pushed)}/change/").content.decode()

    assert '<option value="gone.mapping" selected' in page
    assert "gone.mapping (not offered)" in page


def test_rows_edited_with_a_route_offer_nothing_of_other_companies(firm: Firm, ingrid: Client) -> None:
    Connection.objects.create(
        slug="gb", name="Ledger of Britain", connector="ledger_look_up", legal_entity=company("HP-GB")
    )

    assert "Ledger of Britain" not in ingrid.get(f"{page_of(firm.pushed)}/change/").content.decode()
    answer = ingrid.post(
        f"{page_of(firm.pushed)}/change/",
        typed(firm.pushed, firm.pushed.destinations.get(), **{
            "destinations-0-connection": str(Connection.objects.get(slug="gb").pk)
        }),
    )  # fmt: skip
    assert "connection" in answer.context["inline_admin_formsets"][0].formset.errors[0]


def test_correction_that_the_target_does_not_know_is_refused_at_its_field(
    firm: Firm, ingrid: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    destination = firm.pushed.destinations.get()
    Destination.objects.filter(pk=destination.pk).update(connection=_netsuite(firm), stream="customers")
    destination.refresh_from_db()

    wrong = {"destinations-0-correction": "reverse"}
    answer = ingrid.post(f"{page_of(firm.pushed)}/change/", typed(firm.pushed, destination, **wrong))

    words = answer.context["inline_admin_formsets"][0].formset.errors[0]["correction"]
    assert "does not allow this for Customers. Choose one of: change it in place, a person decides." in words[0]


def _netsuite(firm: Firm) -> Connection:
    made: Connection = Connection.objects.create(
        slug="ns", name="NetSuite", connector="netsuite", legal_entity=firm.events.legal_entity
    )
    return made


def test_group_of_which_two_are_always_chosen_is_refused(firm: Firm, ingrid: Client) -> None:
    first = firm.pushed.destinations.get()
    form = typed(firm.pushed, first, **{"destinations-TOTAL_FORMS": "2", "destinations-0-group": "erp"})
    form |= {name.replace("-0-", "-1-"): value for name, value in form.items() if name.startswith("destinations-0-")}
    form |= {"destinations-1-id": "", "destinations-1-name": "Cloud ledger"}

    answer = ingrid.post(f"{page_of(firm.pushed)}/change/", form)

    words = answer.context["inline_admin_formsets"][0].formset.errors[1]["condition"][0]
    assert "“Ledger” and “Cloud ledger” have the same condition" in words
    assert firm.pushed.destinations.count() == 1
    form["destinations-1-condition"] = 'approval_status = "rejected"'
    assert ingrid.post(f"{page_of(firm.pushed)}/change/", form).status_code == 302


def test_fields_of_a_difference_are_typed_as_lines(firm: Firm, ingrid: Client) -> None:
    destination = firm.pushed.destinations.get()
    page = f"/admin/routes/destination/{destination.pk}/change/"
    form = {
        "route": firm.pushed.pk, "name": destination.name, "connection": destination.connection_id,
        "stream": destination.stream, "mapping": destination.mapping, "condition": "", "correction": "delta",
        "delta_fields": "hours\namount, tax", "lane": "posting", "batch_size": "200", "window": "50", "enabled": "on",
    }  # fmt: skip

    assert ingrid.post(page, form).status_code == 302
    destination.refresh_from_db()
    assert destination.delta_fields == ["hours", "amount", "tax"]
    assert "hours\namount\ntax</textarea>" in ingrid.get(page).content.decode()
    none = ingrid.post(page, form | {"delta_fields": ""})
    assert "such as hours" in none.context["adminform"].form.errors["delta_fields"][0]
    odd = ingrid.post(page, form | {"delta_fields": '{"a": 1}', "batch_size": "-3", "window": "x" * 50})
    assert set(odd.context["adminform"].form.errors) == {"batch_size", "window"}


def test_route_is_switched_off_and_on_with_a_reason_in_its_history(firm: Firm, ingrid: Client) -> None:
    page = page_of(firm.pushed)
    answer = ingrid.post(f"{page}/switchings-off/", {"reason": "NetSuite is closed for the move"}, follow=True)
    assert "is switched off." in answer.content.decode()
    assert not Route.objects.get(pk=firm.pushed.pk).enabled

    ingrid.post(f"{page}/switchings-on/", {"reason": "The move is done"})

    assert Route.objects.get(pk=firm.pushed.pk).enabled
    history = ingrid.get(f"{page}/history/").content.decode()
    for words in ("Switched off", "Switched on", "The move is done", "Olga Petrenko", "administration"):
        assert words in history
    with pytest.raises(NotAllowed):
        switching.switch(firm.pushed, on=False, by=firm.viktor)


def test_route_that_cannot_run_is_not_switched_on_and_says_why(firm: Firm, ingrid: Client) -> None:
    Route.objects.filter(pk=firm.pushed.pk).update(enabled=False, mapping="gone.mapping")
    firm.pushed.destinations.update(condition="AND(hours, (")

    answer = ingrid.post(f"{page_of(firm.pushed)}/switchings-on/", {"reason": "Try"})

    body = answer.content.decode()
    assert answer.status_code == 422
    assert "no published mapping called" in body
    assert "Destination Ledger:" in body
    assert not Route.objects.get(pk=firm.pushed.pk).enabled


def test_preview_says_what_a_run_would_take_and_keeps_nothing(
    firm: Firm, ingrid: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [entry(1), entry(2, status="draft"), entry(3, hours="-4.00")]
    monkeypatch.setattr(sampling, "read", lambda *_, **__: records)

    answer = ingrid.post(f"{page_of(firm.pushed)}/previews/")

    body = answer.content.decode()
    assert answer.status_code == 200
    assert "The route has read nothing yet" in body
    assert "1 would be taken in and sent on" in body
    assert "not to Ledger: its condition is not met" in body
    assert not Record.objects.exists()
    assert not Transaction.objects.exists()
    assert not Run.objects.exists()
    assert AuditEntry.objects.get(verb="preview").after == {"records": 3}


def test_preview_tells_nothing_of_records_of_a_company_that_the_person_does_not_see(
    firm: Firm, ingrid: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    company("HP-US")
    records = [entry(1), entry(2, legal_entity="HP-US", hours="6.75")]
    monkeypatch.setattr(sampling, "read", lambda *_, **__: records)

    body = ingrid.post(f"{page_of(firm.pushed)}/previews/").content.decode()

    assert "1 would be taken in and sent on" in body
    assert "1 of companies whose records you do not see" in body
    assert records[0]["key"] in body
    for told in (records[1]["key"], "6.75"):
        assert told not in body, told


def test_preview_of_a_system_that_does_not_answer_is_said_in_words(firm: Firm, ingrid: Client) -> None:
    answer = ingrid.post(f"{page_of(firm.pushed)}/previews/")  # nothing listens at port 9

    assert answer.status_code == 422
    assert "127.0.0.1" in answer.content.decode()
    with pytest.raises(preview.NoPreview, match="reads no system"):
        preview.of_next_run(firm.events, by=person("Clara Voss", is_superuser=True))
    with pytest.raises(NotAllowed):
        preview.of_next_run(firm.pushed, by=firm.viktor)


def test_clocks_own_rows_have_no_pages() -> None:
    assert not [model for model in admin.site._registry if model._meta.app_label == "django_celery_beat"]


def test_number_of_queries_of_a_routes_page_does_not_grow_with_its_destinations(firm: Firm, ingrid: Client) -> None:
    page, counts = f"{page_of(firm.pushed)}/change/", []
    made = firm.pushed.destinations.get()
    for number in range(3):
        with CaptureQueriesContext(connection) as asked:
            assert ingrid.get(page).status_code == 200
        counts.append(len(asked))
        made.pk, made.name = None, f"Ledger {number}"
        made.save()

    assert counts[1] == counts[2] <= 60, counts
