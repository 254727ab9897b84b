"""A name of a row that somebody may not see cannot be had, and nothing says that there is such a row."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from connectors.models import Connection
from governance import calendars
from governance.actor import ENGINE
from governance.models import User, Version
from governance.rights import Role
from governance.versions import WrongState
from hub.mapping_pages import editor
from hub.mapping_pages.found import Sides
from hub.mapping_pages.table_form import TableForm
from mappings import drafting, shipped
from mappings.field_table import table_of
from mappings.models import Mapping
from routes.models import Route, Subscription
from routes.outbound import subscribing
from routes.outbound.wishes import Wishes
from tests.door import Browser
from tests.governance.people import company, person

pytestmark = pytest.mark.django_db

NEUTRAL = "This short name cannot be used. Choose another one."


@pytest.fixture
def owned() -> dict[str, Any]:
    """Make one of each in Germany."""
    germany = company("HP-DE")
    calendars.set_up(legal_entity=germany, time_zone="Europe/Berlin", by=ENGINE)
    connection = Connection.objects.create(
        slug="ledger", name="Ledger", connector="ledger_look_up", legal_entity=germany, environment="sandbox"
    )
    Mapping.objects.create(key="ledger.customers", title="Ledger", source="x", target="y", legal_entity=germany)
    route = Route.objects.create(slug="time", name="Time", legal_entity=germany, canonical_entity="time_entry")
    return {"connection": connection, "route": route}


def people() -> tuple[User, User]:
    """Return who may configure in the American company only, and who may everywhere."""
    return (
        person("Ines Weber", Role.INTEGRATION_ADMIN, company("HP-US"), is_staff=True),
        person("Ingrid Solheim", Role.INTEGRATION_ADMIN, is_staff=True),
    )


def errors(user: User, page: str, field: str, **typed: Any) -> list[str]:
    client = Browser()
    client.force_login(user)
    answer = client.post(f"/admin/{page}", typed)
    return list(answer.context["adminform"].form.errors.get(field, []))


@pytest.mark.parametrize(
    ("page", "field", "name", "label", "one"),
    [
        ("connectors/connection/add/?connector=ledger_look_up", "slug", "ledger", "short name", "connection"),
        ("routes/route/add/", "slug", "time", "short name", "route"),
        ("governance/legalentity/add/", "code", "HP-DE", "code", "company"),
    ],
)
def test_form_tells_a_name_that_is_taken_only_to_who_may_see_by_what(
    owned: dict[str, Any], page: str, field: str, name: str, label: str, one: str
) -> None:
    ines, ingrid = people()

    assert errors(ines, page, field, **{field: name}) == [f"This {label} cannot be used. Choose another one."]
    told = f"A {one} with this {label} exists already. Choose another one."
    assert errors(ingrid, page, field, **{field: name}) == [told]


def test_name_of_a_mapping_that_one_may_not_see_cannot_be_had(owned: dict[str, Any]) -> None:
    ines, ingrid = people()
    told = "A mapping with this short name exists already. Choose another one."
    for user, words in ((ines, NEUTRAL), (ingrid, told)):
        client = Browser()
        client.force_login(user)
        answer = client.post("/mappings/new/", {"key": "ledger.customers", "name": "Mine"})
        assert answer.context["form"].errors["key"] == [words]


def test_name_of_a_subscription_is_told_alike(owned: dict[str, Any]) -> None:
    ines, ingrid = people()
    wishes = {"address": "https://data.example/events", "types": (), "routes": (), "destinations": (), "categories": ()}
    made = Subscription(name="Warehouse", address="https://data.example/e", legal_entity=company("HP-DE"))
    made.created_by, made.secrets = "engine:engine", {"keys": []}
    made.save()
    for user, place, words in (
        (ines, company("HP-US"), "This name cannot be used. Choose another one."),
        (ingrid, None, "A subscription with this name exists already. Choose another one."),
    ):
        with pytest.raises(ValidationError) as refused:
            subscribing.subscribe(Wishes("Warehouse", legal_entity=place, **wishes), by=user)
        assert refused.value.message_dict == {"name": [words]}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "connections/ledger.yaml",
            "slug: ledger\nname: Mine\nconnector: ledger_look_up\nenvironment: sandbox\nlegal_entity: HP-US\n",
        ),
        ("routes/time.yaml", "slug: time\nname: Mine\nlegal_entity: HP-US\ncanonical_entity: time_entry\n"),
        ("legal_entities/HP-DE.yaml", "code: HP-DE\nname: Mine\ncountry: DE\ncurrency: EUR\n"),
        ("mappings/ledger.customers.yaml", "key: ledger.customers\nlegal_entity: HP-US\n"),
    ],
)
def test_files_are_told_alike(owned: dict[str, Any], tmp_path: Path, file: str, text: str) -> None:
    people()
    path = tmp_path / file
    path.parent.mkdir()
    path.write_text(text)

    with pytest.raises(CommandError) as refused:
        call_command("config", "apply", str(tmp_path), "--by", "ines", "--yes")

    said = str(refused.value)
    assert "cannot be used. Choose another one." in said
    for word in ("exists", "already", "belongs", "Halden"):
        assert word not in said


def test_version_of_a_mapping_that_one_may_not_see_is_not_written_by_its_name(owned: dict[str, Any]) -> None:
    ines, ingrid = people()
    Mapping.objects.all().delete()
    content = next(each.content for each in shipped.load() if each.key == "harvest.clients")
    drafting.draft(key="ledger.customers", content=content, by=ingrid, legal_entity=company("HP-DE"))
    sides = Sides("ledger.customers", "Mine", content["from"], content["to"], company("HP-US"))
    form = TableForm.of(table_of(content), note="", draft="", seen="")

    with pytest.raises(WrongState, match=NEUTRAL):
        editor._write(None, form, content, ines, sides)

    assert Version.objects.get(object_key="ledger.customers").legal_entity == company("HP-DE")
