"""The admin of configuration: pages open, other entities' rows are not there, secrets are never shown."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from connectors import outcome, trying
from connectors.models import Connection
from governance.models import AuditEntry
from governance.rights import NotAllowed, Role
from routes.models import Route
from tests.door import Browser
from tests.governance.people import company, person
from tests.intake.firm import SECRET, Firm

OURS = ("connectors", "mappings", "routes")
MODELS = ["connectors/connection", "mappings/lookuptable", "routes/route"]
MODELS += [
    "mappings/crossreference",
    "routes/destination",
    "routes/run",
    "routes/webhookrefusal",
    "routes/postingperiod",
    "routes/subscription",
]
OUR_PAGES = {"mappings/lookuptable": "/tables/"}


def staff(role: Role, code: str) -> Client:
    made = Browser()
    made.force_login(person("Olga Petrenko", role, company(code), is_staff=True))
    return made


def test_list_names_every_admin_of_ours() -> None:
    import hub.urls  # noqa: F401 - loads the administration

    mine = {f"{m._meta.app_label}/{m._meta.model_name}" for m in admin.site._registry if m._meta.app_label in OURS}
    assert mine == set(MODELS)


@pytest.mark.parametrize("model", MODELS)
def test_lists_open(firm: Firm, model: str) -> None:
    answer = staff(Role.INTEGRATION_ADMIN, "HP-DE").get(f"/admin/{model}/")
    assert (answer.status_code, answer.get("Location", "")) == (
        302 if model in OUR_PAGES else 200,
        OUR_PAGES.get(model, ""),
    )


def test_other_entities_rows_are_not_there(firm: Firm) -> None:
    made = staff(Role.INTEGRATION_ADMIN, "HP-GB")
    assert b"Pushed time" not in made.get("/admin/routes/route/").content
    assert made.get(f"/admin/routes/route/{firm.pushed.pk}/change/").status_code == 302


def filled(source: Connection, **more: str) -> dict[str, Any]:
    return {
        "name": source.name, "slug": source.slug, "connector": source.connector, "environment": source.environment,
        "legal_entity": source.legal_entity_id, "answer_base_url": "http://127.0.0.1:9", "concurrency": "8",
        "windows-TOTAL_FORMS": "0", "windows-INITIAL_FORMS": "0",
    } | more  # fmt: skip


def test_secret_is_replaced_and_never_shown(firm: Firm) -> None:
    made = staff(Role.INTEGRATION_ADMIN, "HP-DE")
    source = firm.pushed.connection
    page = f"/admin/connectors/connection/{source.pk}/change/"
    assert SECRET.encode() not in made.get(page).content
    kept = made.post(page, filled(source, name="Zeit"))
    assert kept.status_code == 302, kept.context["adminform"].form.errors
    assert Connection.objects.get(pk=source.pk).secrets["signing"] == SECRET
    made.post(page, filled(source, answer_signing="n3w-s3cret"))
    assert Connection.objects.get(pk=source.pk).secrets["signing"] == "n3w-s3cret"
    assert b"n3w-s3cret" not in made.get(page).content


def test_missing_secret_is_asked_for_at_its_field(firm: Firm) -> None:
    source = firm.pushed.connection
    answer = staff(Role.INTEGRATION_ADMIN, "HP-DE").post(
        "/admin/connectors/connection/add/?connector=pushing", filled(source, slug="other", name="Other")
    )
    told = answer.context["adminform"].form.errors["answer_signing"]
    assert told[0].startswith("An answer is needed."), "the field's label says which"


def test_new_connection_asks_what_its_connector_wants_to_know(firm: Firm) -> None:
    made = staff(Role.INTEGRATION_ADMIN, "HP-DE")
    first = made.get("/admin/connectors/connection/add/")
    assert b"Which system is it for?" in first.content
    chosen = made.post("/admin/connectors/connection/add/", {"connector": "netsuite"})
    assert (chosen.status_code, chosen.url) == (302, "/admin/connectors/connection/add/?connector=netsuite")

    page = made.get(chosen.url).content.decode()

    assert "Account ID" in page
    assert "Where to find it: Setup &gt; Company &gt; Company Information, Account ID." in page
    assert "For example 1234567_SB1" in page
    assert page.count('type="password"') == 4


def test_problems_of_answers_stand_at_their_fields_and_no_secret_is_shown_again(firm: Firm) -> None:
    typed = {"name": "NetSuite", "slug": "ns", "connector": "netsuite", "environment": "sandbox", "concurrency": "8",
             "legal_entity": firm.events.legal_entity_id, "answer_account": "1 2 3", "answer_private_key": "-----PEM",
             "answer_address": "netsuite.com", "windows-TOTAL_FORMS": "0", "windows-INITIAL_FORMS": "0"}  # fmt: skip

    answer = staff(Role.INTEGRATION_ADMIN, "HP-DE").post("/admin/connectors/connection/add/?connector=netsuite", typed)

    errors = answer.context["adminform"].form.errors
    assert set(errors) == {"answer_account", "answer_address", "answer_client_id", "answer_certificate"}
    assert "For example 1234567_SB1." in str(errors["answer_account"])
    assert b"-----PEM" not in answer.content


def test_connection_is_tested_from_its_page_in_words(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    source = firm.pushed.connection
    page = f"/admin/connectors/connection/{source.pk}"
    made = staff(Role.INTEGRATION_ADMIN, "HP-DE")
    assert f"{page}/tests/" in made.get(f"{page}/change/").content.decode()

    answer = made.post(f"{page}/tests/")  # nothing listens at port 9

    assert answer.status_code == 422
    assert "127.0.0.1" in answer.content.decode()
    assert SECRET not in answer.content.decode()
    assert AuditEntry.objects.get(verb="test").after["ok"] is False
    monkeypatch.setattr(trying, "_report", lambda connection: outcome.TestReport(True, "Connected to Ledger as Hub."))
    assert "Connected to Ledger as Hub." in made.post(f"{page}/tests/", follow=True).content.decode()
    with pytest.raises(NotAllowed):
        trying.try_out(source, by=firm.viktor)
    firm.ingrid.is_staff = True
    firm.ingrid.save()
    made.force_login(firm.ingrid)
    assert made.post(f"{page}/tests/").status_code in (403, 404)


def test_audit_entry_of_a_new_secret_does_not_say_it(firm: Firm) -> None:
    source = firm.pushed.connection
    page = f"/admin/connectors/connection/{source.pk}/change/"
    staff(Role.INTEGRATION_ADMIN, "HP-DE").post(page, filled(source, answer_signing="n3w-s3cret"))
    entry = AuditEntry.objects.get(verb="change")
    assert "n3w-s3cret" not in f"{entry.before} {entry.after}"
    assert "answer_signing" in entry.after


def test_route_with_two_sources_is_refused_in_words(firm: Firm) -> None:
    made = staff(Role.INTEGRATION_ADMIN, "HP-DE")
    page = f"/admin/routes/route/{firm.events.pk}/change/"
    answer = made.post(
        page,
        {
            "name": "Time", "slug": "time-events", "legal_entity": firm.events.legal_entity_id, "mapping": "any",
            "canonical_entity": "time_entry", "order": "superseding", "compare_days": "0", "lane": "intake",
            "shrink_limit_percent": "10", "destinations-TOTAL_FORMS": "0", "destinations-INITIAL_FORMS": "0",
        },
    )  # fmt: skip
    assert b"takes canonical records through the API" in answer.content
    assert Route.objects.get(pk=firm.events.pk).mapping == ""


def test_every_input_of_a_row_edited_with_its_route_has_a_name_that_is_heard(firm: Firm) -> None:
    page = staff(Role.INTEGRATION_ADMIN, "HP-DE").get(f"/admin/routes/route/{firm.pushed.pk}/change/").content.decode()
    inputs = re.findall(r'<(?:input|select|textarea)(?![^>]*type="hidden")[^>]*name="destinations-\d[^>]*>', page)
    labelled = set(re.findall(r'<label[^>]*\sfor="([^"]+)"', page))
    silent = [i for i in inputs if "aria-label=" not in i and not set(re.findall(r'\sid="([^"]+)"', i)) & labelled]
    assert len(inputs) > 5
    assert silent == []


def test_admin_says_whose_it_is_and_an_empty_secret_is_empty(firm: Firm) -> None:
    made = staff(Role.INTEGRATION_ADMIN, "HP-DE")
    page = made.get(f"/admin/connectors/connection/{firm.pushed.connection_id}/change/").content.decode()
    assert "Django" not in re.sub(r"<script.*?</script>|<[^>]+>", " ", page, flags=re.S)
    [box] = re.findall(r'<input[^>]*name="answer_signing"[^>]*>', page)
    assert 'type="password"' in box
    assert "value=" not in box
