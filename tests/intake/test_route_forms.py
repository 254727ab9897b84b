"""What a route's form refuses: every problem at once, at its field, with the place in the formula."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from connectors.models import Connection
from governance.actor import ENGINE
from mappings import shipped
from routes import runs
from routes.models import Destination, Failure, Route, SourceHead
from tests.intake.firm import Firm
from tests.intake.test_admin import staff

UNSAFE = "__import__('os').system('id')"
WRONG = [
    ("AND(is_active, (", "column"),
    ("hours >>> 3 +", "column"),
    (UNSAFE, "column"),
    ("(" * 50_000, "4,000"),
    ("a" * 200_000, "4,000"),
    ("nosuchfield = 1", "nosuchfield is not a field of the record. Use one of: amount"),
    ("hours + 1", "A condition is needed here."),
]


@pytest.fixture
def ingrid(firm: Firm) -> Client:
    from governance.rights import Role

    return staff(Role.INTEGRATION_ADMIN, "HP-DE")


def typed(route: Route, destination: Destination, **more: Any) -> dict[str, Any]:
    """Return what the route's page sends when nothing is changed."""
    inline = {
        "id": destination.pk, "route": route.pk, "name": destination.name, "connection": destination.connection_id,
        "stream": destination.stream, "mapping": destination.mapping, "condition": destination.condition, "group": "",
        "correction": "update", "lane": "posting", "enabled": "on",
    }  # fmt: skip
    own = {
        "name": route.name, "slug": route.slug, "legal_entity": route.legal_entity_id, "stream": route.stream,
        "connection": route.connection_id, "canonical_entity": route.canonical_entity, "mapping": route.mapping,
        "order": "superseding", "compare_days": "0", "lane": "intake", "shrink_limit_percent": "10", "enabled": "on",
        "destinations-TOTAL_FORMS": "1", "destinations-INITIAL_FORMS": "1",
    }  # fmt: skip
    return own | {f"destinations-0-{name}": value for name, value in inline.items()} | more


def test_unchanged_route_is_saved(firm: Firm, ingrid: Client) -> None:
    page = f"/admin/routes/route/{firm.pushed.pk}/change/"

    assert ingrid.post(page, typed(firm.pushed, firm.pushed.destinations.get())).status_code == 302


def test_company_is_called_so_in_list_and_form(firm: Firm, ingrid: Client) -> None:
    listed = " ".join(ingrid.get("/admin/routes/route/").content.decode().split())
    assert "column-of_company" in listed
    assert "By legal entity" not in listed
    for page in ("add/", f"{firm.pushed.pk}/change/"):
        form = ingrid.get(f"/admin/routes/route/{page}").context["adminform"].form
        assert form["legal_entity"].label == "Company"


def test_every_problem_of_a_route_comes_at_once_and_nothing_is_saved(firm: Firm, ingrid: Client) -> None:
    wrong = {
        "canonical_entity": "martian", "mapping": "no.such.mapping", "stream": "no_such_stream", "lane": "nowhere",
        "destinations-0-condition": "nosuchfield = 1", "destinations-0-stream": "no_such_stream",
        "destinations-0-mapping": "no.such.mapping",
    }  # fmt: skip
    page = f"/admin/routes/route/{firm.pushed.pk}/change/"

    answer = ingrid.post(page, typed(firm.pushed, firm.pushed.destinations.get(), **wrong))

    assert set(answer.context["adminform"].form.errors) == {"canonical_entity", "mapping", "stream", "lane"}
    assert set(answer.context["inline_admin_formsets"][0].formset.errors[0]) == {"condition", "stream", "mapping"}
    assert b"ledger-time-in" in answer.content, "the published mappings are named"
    assert Route.objects.get(pk=firm.pushed.pk).mapping == "ledger-time-in"


def test_what_does_not_fit_is_refused_beside_its_field(firm: Firm, ingrid: Client) -> None:
    shipped.install()
    page = f"/admin/routes/route/{firm.pushed.pk}/change/"
    wrong = {
        "group_by": "(((", "shrink_limit_percent": "400", "mapping": "harvest.time_entries",
        "destinations-0-mapping": "netsuite.time_entries",
    }  # fmt: skip

    answer = ingrid.post(page, typed(firm.pushed, firm.pushed.destinations.get(), **wrong))

    errors = answer.context["adminform"].form.errors
    assert set(errors) == {"group_by", "shrink_limit_percent", "mapping"}
    assert "Only what another route has posted" in str(errors["group_by"])
    assert "at most 100 percent" in str(errors["shrink_limit_percent"])
    assert "harvest.time_entries reads" in str(errors["mapping"])
    refused = answer.context["inline_admin_formsets"][0].formset.errors[0]
    assert set(refused) == {"mapping"}
    assert "netsuite.time_entries makes" in str(refused["mapping"])


def test_mapping_for_another_kind_of_record_of_the_same_system_is_refused(firm: Firm) -> None:
    shipped.install()
    netsuite = Connection.objects.create(
        slug="erp", name="ERP", connector="netsuite", legal_entity=firm.pushed.legal_entity, environment="sandbox"
    )
    route = Route.objects.create(
        slug="customers", name="Customers", legal_entity=firm.pushed.legal_entity, canonical_entity="customer"
    )
    row = Destination(route=route, name="ERP", connection=netsuite, stream="time_entries", mapping="netsuite.customers")

    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert set(refused.value.message_dict) == {"mapping"}
    row.stream = "customers"
    row.full_clean()


def test_wrong_condition_is_refused_with_its_place(firm: Firm, ingrid: Client) -> None:
    destination = firm.pushed.destinations.get()
    for formula, said in WRONG:
        more = {"destinations-0-condition": formula}
        answer = ingrid.post(f"/admin/routes/route/{firm.pushed.pk}/change/", typed(firm.pushed, destination, **more))
        words = list(answer.context["inline_admin_formsets"][0].formset.errors[0]["condition"])
        assert said in words[0], (formula[:40], words)
    destination.refresh_from_db()
    assert destination.condition == 'approval_status = "approved"'


def test_destination_is_saved_on_its_own_page_without_deltas(firm: Firm, ingrid: Client) -> None:
    destination = firm.pushed.destinations.get()
    for deltas in ("[]", ""):
        form = {
            "route": firm.pushed.pk, "name": destination.name, "connection": destination.connection_id,
            "stream": destination.stream, "mapping": destination.mapping, "condition": "hours > 1",
            "correction": "update", "delta_fields": deltas, "lane": "posting", "batch_size": "200", "window": "50",
            "enabled": "on",
        }  # fmt: skip
        answer = ingrid.post(f"/admin/routes/destination/{destination.pk}/change/", form)
        assert answer.status_code == 302, answer.context["adminform"].form.errors
    destination.refresh_from_db()
    assert (destination.condition, destination.delta_fields) == ("hours > 1", [])


def test_run_of_a_route_that_cannot_work_stops_with_a_failure_of_configuration(firm: Firm) -> None:
    route = firm.pushed
    route.destinations.update(condition="AND(hours, (")  # as it could be saved before the form refused it
    run = runs.ask_for_run(route, by=ENGINE, trigger="person")

    assert runs.work(route.pk) is False

    run.refresh_from_db()
    failure = Failure.objects.get()
    assert (run.state, failure.category) == ("stopped", "configuration")
    assert "column" in failure.message


def test_two_destinations_of_one_name_are_refused_at_the_name(firm: Firm, ingrid: Client) -> None:
    sent = typed(firm.pushed, firm.pushed.destinations.get())
    second = {name.replace("-0-", "-1-"): each for name, each in sent.items() if "-0-" in name}
    more = second | {"destinations-1-id": "", "destinations-TOTAL_FORMS": "2"}

    answer = ingrid.post(f"/admin/routes/route/{firm.pushed.pk}/change/", sent | more)

    rows = answer.context["inline_admin_formsets"][0].formset
    assert list(rows.errors[1]) == ["name"]
    assert "Another destination here is called “Ledger” already" in str(rows.errors[1]["name"])
    assert not rows.non_form_errors()
    assert firm.pushed.destinations.count() == 1


def test_source_of_a_route_with_records_is_refused_at_its_field(firm: Firm, ingrid: Client) -> None:
    account = Connection.objects.get(pk=firm.pushed.connection_id)
    account.pk, account.slug, account.name, account._state.adding, account.secrets = None, "b", "B", True, {}
    account.save()
    sent = typed(firm.pushed, firm.pushed.destinations.get(), connection=account.pk)
    page = f"/admin/routes/route/{firm.pushed.pk}/change/"
    SourceHead.objects.create(route=firm.pushed, key="TE-1", record_id=uuid4(), version="1", content_hash=b"0" * 16)

    answer = ingrid.post(page, sent)

    (words,) = answer.context["adminform"].form.errors["connection"]
    assert "“Pushed time” has taken in records of its present source" in words
    assert "Add a new route" in words

    SourceHead.objects.all().delete()
    assert ingrid.post(page, sent).status_code == 302
