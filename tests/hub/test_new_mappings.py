"""New mappings of a firm that has none: what they begin with, and what is said while they are written."""

import re
from typing import Any

import pytest
from django.test import Client

from connectors.models import Connection
from governance.models import LegalEntity, Version
from governance.rights import Role
from hub.mapping_pages.table_form import TableForm
from mappings import shipped
from tests.exceptions_queue.test_pages import signed_in, text_of
from tests.governance.people import person
from tests.hub.test_mapping_pages import sent, wrong

pytestmark = pytest.mark.django_db
TYPED = {"name": "Our time", "key": "our.time", "source": "entity:time_entry", "company": "", "start": "",
         "target": "stream:netsuite:time_entries"}  # fmt: skip
ADDRESS = "/mappings/new/fields/?key=our.time&name=Our+time&from=entity:time_entry&to=stream:netsuite:time_entries"


@pytest.fixture
def ingrid() -> Client:
    return signed_in(person("Ingrid Solheim", Role.INTEGRATION_ADMIN))


def form_at(client: Client, address: str) -> TableForm:
    form = client.get(address).context["form"]
    assert isinstance(form, TableForm)
    return form


def told(client: Client, address: str, form: TableForm, **changes: str) -> str:
    """Return what the page says while somebody types."""
    preview = address.replace("/fields/", "/trials/")
    return text_of(client.post(preview, sent(form, **changes)))


def test_empty_firm_is_offered_what_ships_between_the_chosen_sides_and_owns_the_draft(ingrid: Client) -> None:
    assert Version.objects.count() == 0
    page = ingrid.get("/mappings/new/", {name: TYPED[name] for name in ("source", "target")},
                      headers={"HX-Request": "true", "HX-Trigger-Name": "target"})  # fmt: skip
    form = page.context["form"]
    assert "Approved time to NetSuite (Time entry → NetSuite: Time)" in text_of(page)
    assert "Projects to NetSuite" not in text_of(page)
    assert (form.initial["start"], form.initial["key"]) == ("netsuite.time_entries", "netsuite.time_entries")
    address = ingrid.post("/mappings/new/", form.initial | {"name": "Ours"}).url

    answer = ingrid.post(address, sent(form_at(ingrid, address), note="begun with NetSuite's"))

    assert answer.status_code == 302
    made = Version.objects.get()
    assert (made.object_key, made.state, made.content["name"]) == ("netsuite.time_entries", "draft", "Ours")
    begun = next(each.content for each in shipped.load() if each.key == "netsuite.time_entries")
    assert made.content["fields"] == begun["fields"]
    assert made.author == f"person:{person_id('ingrid')}"


def person_id(name: str) -> int:
    from governance.models import User

    return User.objects.get(username=name).pk


def test_mapping_to_begin_with_is_enough_and_names_follow_it_but_not_what_was_typed(ingrid: Client) -> None:
    chosen = ingrid.get("/mappings/new/?start=harvest.tasks").context["form"].initial
    assert (chosen["source"], chosen["target"]) == ("stream:harvest:task_assignments", "entity:task")
    assert ingrid.post("/mappings/new/", chosen | {"source": "", "target": ""}).status_code == 302
    other = chosen | {"start": "harvest.users", "name": "My people"}
    follows = ingrid.get("/mappings/new/", other, headers={"HX-Trigger-Name": "start"}).context["form"].initial
    assert (follows["name"], follows["key"], follows["target"]) == ("My people", "harvest.users", "entity:worker")
    without = ingrid.post("/mappings/new/", TYPED | {"source": ""})
    assert "Choose what it reads, or a mapping to begin with." in text_of(without)
    apart = ingrid.post("/mappings/new/", TYPED | {"start": "harvest.tasks"})
    assert (apart.status_code, "stands between other sides" in text_of(apart)) == (422, True)
    assert ingrid.get(f"{ADDRESS}&start=harvest.tasks").status_code == 404


def test_shipped_mappings_of_connected_systems_are_offered_until_they_are_there(ingrid: Client) -> None:
    assert "Shipped with the connectors" not in text_of(ingrid.get("/mappings/new/"))
    place = LegalEntity.objects.create(code="HP-DE", name="Halden", country="DE", currency="EUR")
    Connection.objects.create(slug="time", name="Time", connector="harvest", legal_entity=place, auth="token")

    offered = [each.key for each in ingrid.get("/mappings/new/").context["offered"]]

    assert "harvest.time_entries" in offered
    assert not any(each.startswith("netsuite") for each in offered)
    shipped.install()
    assert ingrid.get("/mappings/new/").context["offered"] == []


def test_new_mapping_for_a_stream_begins_with_the_fields_that_it_takes(ingrid: Client) -> None:
    address = ingrid.post("/mappings/new/", TYPED).url
    page = ingrid.get(address)
    rows = page.context["fields"]
    assert [row.name for row in rows][:3] == ["employee.id", "Hours", "tranDate"]
    assert "required" in rows[0].chips
    assert rows[0].about == "internal id of the employee; or employee.externalId"
    assert '<option value="project_code">' in page.content.decode(), "fields of the source are picked from a list"
    assert next(choice.value for choice in page.context["samples"]) == "shipped:0"
    assert rows[1].after, "what has the same name is copied, and the sample shows it"

    assert not any(row.open for row in rows), "nothing but what the target wants anyway"
    assert rows[0].said == [("error", "Name the field to copy.")]

    form = page.context["form"]
    lacking = ingrid.post(address, sent(form))
    assert lacking.status_code == 422
    assert set(wrong(lacking)) == {("f", 0, "source"), ("f", 2, "source")}, "what is not required may stay unfilled"
    assert len(lacking.context["form"].rows) == len(form.rows), "nothing that was offered is lost"
    assert ingrid.post(address, sent(form, f0_source="worker_id", f2_source="worked_on")).status_code == 302

    kept = Version.objects.get().content["fields"]
    assert [each["to"] for each in kept] == ["employee.id", "hours", "tranDate"]
    assert kept[1] == {"to": "hours", "from": "hours", "as": "decimal"}


def test_row_that_was_offered_is_kept_once_something_is_filled_in(ingrid: Client) -> None:
    form = form_at(ingrid, ADDRESS)
    memo = next(number for number, raw in enumerate(form.rows) if raw["to"] == "memo")
    filled = {"f0_source": "worker_id", "f2_source": "worked_on", f"f{memo}_source": "description"}

    assert ingrid.post(ADDRESS, sent(form, **filled)).status_code == 302

    assert {"to": "memo", "from": "description", "if_blank": "omit"} in Version.objects.get().content["fields"]


def test_new_mapping_that_is_kept_twice_is_told_so(ingrid: Client) -> None:
    form = form_at(ingrid, ADDRESS)
    filled = {"f0_source": "worker_id", "f2_source": "worked_on"}
    assert ingrid.post(ADDRESS, sent(form, **filled)).status_code == 302
    again = ingrid.post(ADDRESS, sent(form, **filled))
    assert again.status_code < 500
    assert Version.objects.count() == 1


def test_messages_name_rows_and_columns_and_no_words_of_files(ingrid: Client) -> None:
    form = form_at(ingrid, ADDRESS)
    changes = {"f1_to": "employee.id", "f2_source": "worked_on + 1", "f0_source": "worker_id"}
    for number, to in ((3, "department"), (4, "department.name"), (5, "employee")):
        changes |= {f"f{number}_to": to, f"f{number}_source": "cost_center", f"f{number}_as_kind": ""}

    answer = ingrid.post(ADDRESS, sent(form, **changes))

    said = [words for several in wrong(answer).values() for words in several]
    assert wrong(answer)["f", 1, "to"] == ["Row 1 writes the same target field. Take one of the two out."]
    assert "“Copy a field” takes the name of one field only" in wrong(answer)["f", 2, "source"][0]
    assert wrong(answer)["f", 4, "to"][0].startswith("Row 4 writes the whole of which this is a part.")
    assert "Row 1 writes a part of this field" in wrong(answer)["f", 5, "to"][0]
    assert [words for words in said if re.search(r"\b(from|to|as|formula|each|fields|value)[:\[]", words)] == []
    row = told(ingrid, ADDRESS, form, **changes)
    assert not re.search(r"fields\[|from:|to:", row)


def test_messages_about_our_own_record_name_no_words_of_files(ingrid: Client) -> None:
    address = "/mappings/new/fields/?key=our.tasks&name=&from=stream:harvest:tasks&to=entity:task"
    form = form_at(ingrid, address)
    form.rows = [raw for raw in form.rows if raw["to"] != "task_code"]
    changes = {"name": "", "f0_source": "id", "f0_as_kind": "boolean", "f1_source": "id", "f1_to": "colour"}

    said = str(wrong(ingrid.post(address, sent(form, **changes))))

    assert "Give the mapping a name" in said
    assert "“colour” is not a field of task. Choose one of the list." in said
    assert "Choose “As it is”" in said
    assert not re.search(r"Remove as:|Add name:|Add a field rule|Use one of", said)
    fixed = sent(form, name="Tasks", **{f"f{number}_source": "id" for number in range(len(form.rows))})
    assert "“Task code” is required, but no row fills it." in text_of(ingrid.post(address, fixed))


def test_pasted_text_that_is_no_record_is_said_at_its_field_and_stays(ingrid: Client) -> None:
    form = form_at(ingrid, ADDRESS)

    page = ingrid.post(ADDRESS, sent(form, do="show", sample="pasted", pasted="{not json"))

    assert page.context["unreadable"].startswith("This cannot be read as JSON: line 1, character 2:")
    shown = page.content.decode()
    assert re.search(r'id="pasted-said"[^>]*>\s*<ul class="errorlist">\s*<li>This cannot be read', shown)
    assert "{not json</textarea>" in shown
    preview = ingrid.post(ADDRESS.replace("/fields/", "/trials/"), sent(form, sample="pasted", pasted="{not json"))
    assert re.search(r'id="pasted-said"[^>]*hx-swap-oob="true">\s*<ul class="errorlist">', preview.content.decode())
    assert told(ingrid, ADDRESS, form, sample="shipped:0", pasted="{not json").count("line 1, character 2") == 1


def test_field_that_the_source_does_not_have_is_warned_of_beside_its_row_and_does_not_hinder(ingrid: Client) -> None:
    address = "/mappings/new/fields/?key=our.tasks&name=Tasks&from=stream:harvest:tasks&to=entity:task"
    form = form_at(ingrid, address)
    filled = {f"f{n}_source": "id" for n in range(len(form.rows))} | {"f0_source": "idd"}

    rows = ingrid.post(address.replace("/fields/", "/trials/"), sent(form, **filled)).context["fields"]

    warned = "Character 1: Harvest: Tasks has no field idd, as far as the hub knows. Did you mean id?"
    assert rows[0].said[0] == ("warning", warned)
    assert not any("has no field" in words for row in rows[1:] for _, words in row.said)
    assert ingrid.post(address, sent(form, **filled)).status_code == 302


def test_field_that_a_closed_source_does_not_have_is_refused_at_its_row(ingrid: Client) -> None:
    address = "/mappings/new/fields/?key=our.periods&name=&start=netsuite.accounting_periods" \
              "&from=stream:netsuite:accounting_periods&to=entity:posting_period"  # fmt: skip
    form = form_at(ingrid, address)
    at: Any = next(n for n, raw in enumerate(form.rows) if raw["source"] == "periodname")

    answer = ingrid.post(address, sent(form, **{f"f{at}_source": "period_name"}))

    assert answer.status_code == 422
    assert "has no field period_name. Did you mean periodname?" in wrong(answer)["f", at, "source"][0]
