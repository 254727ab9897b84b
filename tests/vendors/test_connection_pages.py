"""A connection's pages that ask the system: a test, saved or not, and real records, against the simulated Harvest."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from connectors import loop, sampling
from connectors.models import Connection
from connectors.registry import registry
from governance.models import AuditEntry
from governance.rights import NotAllowed, Role
from sandbox.launch import Simulator
from tests.door import Browser
from tests.governance.people import company, person
from tests.vendors.talking import ACCOUNT, TOKEN


@pytest.fixture
def connection(harvest: Simulator, db: None, settings: Any, tmp_path: Any) -> Iterator[Connection]:
    """A connection to Harvest, in an installation whose operator allows it."""
    settings.STATIC_ROOT = tmp_path  # made by collectstatic before the hub serves; whitenoise warns without it
    settings.OUTBOUND_ALLOWED = ["127.0.0.1:*"]
    loop.stop()
    yield Connection.objects.create(
        slug="harvest", name="Harvest", connector="harvest", legal_entity=company("HP-DE"), environment="sandbox",
        answers=_answers(harvest), secrets={"token": TOKEN},
    )  # fmt: skip
    loop.stop()


def _answers(harvest: Simulator) -> dict[str, str]:
    address = f"http://127.0.0.1:{harvest.ports['harvest']}/v2"
    return {"account": ACCOUNT, "contact": "hub@halden-partner.example", "address": address}


def client(role: Role, *, where: str = "HP-DE", name: str = "Ingrid Solheim") -> Client:
    made = Browser()
    made.force_login(person(name, role, company(where), is_staff=True))
    return made


def typed(connection: Connection, **more: str) -> dict[str, Any]:
    answers = {f"answer_{name}": value for name, value in connection.answers.items()}
    return {
        "name": "", "slug": "", "connector": "harvest", "environment": "sandbox", "concurrency": "4",
        "legal_entity": connection.legal_entity_id,
    } | answers | more  # fmt: skip


TRIALS = "/admin/connectors/connection/trials/"


def test_saved_connection_says_what_its_account_may_read(connection: Connection) -> None:
    ingrid = client(Role.INTEGRATION_ADMIN)

    page = ingrid.post(f"/admin/connectors/connection/{connection.pk}/tests/")

    body = page.content.decode()
    assert (page.status_code, "The sign-in works." in body) == (200, True)
    for stream in sampling.streams_of(connection):
        assert stream.title in body
    assert body.count("Can be read") == len(sampling.streams_of(connection))
    assert TOKEN not in body


def test_stream_without_a_right_is_named_with_what_would_help(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from canonical.failure import Category
    from connectors.engine import Engine
    from connectors.outcome import ConnectorFailure

    asked = Engine.first_records

    async def without_people(self: Engine, spec: Any, stream: str, **more: Any) -> Any:
        if stream == "users":
            raise ConnectorFailure(Category.NO_RIGHT, "Not permitted.", hint="Take the token of an administrator.")
        return await asked(self, spec, stream, **more)

    monkeypatch.setattr(Engine, "first_records", without_people)

    page = client(Role.INTEGRATION_ADMIN).post(
        f"/admin/connectors/connection/{connection.pk}/tests/", headers={"HX-Request": "true"}
    )

    body = page.content.decode()
    assert "<html" not in body, "only the part that htmx puts into the page"
    assert (
        "The account that signs in has no right to read it: Not permitted. Take the token of an administrator." in body
    )
    assert AuditEntry.objects.get(verb="test").after["streams that cannot be read"] == "People"


def test_what_is_typed_is_tried_without_being_saved(connection: Connection) -> None:
    ingrid = client(Role.INTEGRATION_ADMIN)
    before = Connection.objects.values().get(pk=connection.pk)

    fresh = ingrid.post(f"{TRIALS}?connector=harvest", typed(connection, answer_token=TOKEN)).content.decode()
    kept = ingrid.post(f"{TRIALS}?connection={connection.pk}", typed(connection)).content.decode()
    wrong = ingrid.post(f"{TRIALS}?connector=harvest", typed(connection, answer_token="pat-nobody")).content.decode()

    assert "The sign-in works." in fresh
    assert "The sign-in works." in kept, "the secret that is kept is used where none is typed"
    assert "It does not work yet." in wrong
    assert "The credentials were refused" in wrong
    assert "pat-nobody" not in wrong
    assert Connection.objects.count() == 1
    assert Connection.objects.values().get(pk=connection.pk) == before
    assert AuditEntry.objects.filter(verb="test").count() == 3
    assert "pat-nobody" not in str(list(AuditEntry.objects.values_list("after", "thing_name")))


@pytest.mark.parametrize(
    "where", ["http://localhost:{port}/v2", "http://127.0.0.1:1/v2", "https://127.0.0.1:{port}/v2"]
)
def test_kept_secret_goes_to_no_other_host(connection: Connection, harvest: Simulator, where: str) -> None:
    ingrid = client(Role.INTEGRATION_ADMIN)
    elsewhere = where.format(port=harvest.ports["harvest"])
    before = Connection.objects.values().get(pk=connection.pk)

    tried = ingrid.post(f"{TRIALS}?connection={connection.pk}", typed(connection, answer_address=elsewhere))
    place = f"/admin/connectors/connection/{connection.pk}/change/"
    form = typed(connection, name="Harvest", slug="harvest", answer_address=elsewhere)
    windows = {"windows-TOTAL_FORMS": "0", "windows-INITIAL_FORMS": "0"}
    saved = ingrid.post(place, form | windows)

    for page in (tried, saved):
        body = page.content.decode()
        assert body.count("Enter it again: the address has changed.") in (1, 2)  # beside it, and at the form's head
        assert "The sign-in works." not in body
    assert not AuditEntry.objects.filter(verb="test").exists(), "nothing was asked"
    assert Connection.objects.values().get(pk=connection.pk) == before

    again = ingrid.post(place, form | windows | {"answer_token": "pat-another"})

    assert again.status_code == 302, again.content.decode()
    row = Connection.objects.get(pk=connection.pk)
    assert (row.answers["address"], row.kept_secrets()) == (elsewhere, {"token": "pat-another"})


def test_secret_of_another_way_does_not_follow_to_a_new_address(connection: Connection) -> None:
    """Else the address would be changed first, and the way to sign in afterwards."""
    connection.secrets = {"token": TOKEN, "client_secret": "kept", "refresh_token": "kept"}
    connection.save()
    form = typed(connection, name="Harvest", slug="harvest", answer_identity="https://elsewhere.example")
    windows = {"windows-TOTAL_FORMS": "0", "windows-INITIAL_FORMS": "0"}
    place = f"/admin/connectors/connection/{connection.pk}/change/"
    ingrid = client(Role.INTEGRATION_ADMIN)

    assert "Enter it again" in ingrid.post(place, form | windows).content.decode()
    assert ingrid.post(place, form | windows | {"answer_token": "pat-new"}).status_code == 302
    assert Connection.objects.get(pk=connection.pk).kept_secrets() == {"token": "pat-new"}


def test_path_below_the_same_host_keeps_the_secret(connection: Connection, harvest: Simulator) -> None:
    form = typed(connection, answer_address=f"http://127.0.0.1:{harvest.ports['harvest']}/v3")

    body = client(Role.INTEGRATION_ADMIN).post(f"{TRIALS}?connection={connection.pk}", form).content.decode()

    assert "Enter it again" not in body


def test_form_pauses_nothing_for_want_of_a_reason(connection: Connection) -> None:
    ingrid, place = client(Role.INTEGRATION_ADMIN), f"/admin/connectors/connection/{connection.pk}/change/"
    windows = {"windows-TOTAL_FORMS": "0", "windows-INITIAL_FORMS": "0"}
    form = typed(connection, name="Hours", slug="harvest", paused="on")

    page = ingrid.get(place).content.decode()
    saved = ingrid.post(place, form | windows)
    Connection.objects.filter(pk=connection.pk).update(paused=True, paused_reason="Year-end close")
    ingrid.post(place, form | windows | {"name": "Time", "paused": ""})

    assert 'name="paused' not in page
    assert saved.status_code == 302
    row = Connection.objects.get(pk=connection.pk)
    assert (row.name, row.paused, row.paused_reason) == ("Time", True, "Year-end close")


def test_what_is_missing_is_said_before_anything_is_asked(connection: Connection) -> None:
    ingrid = client(Role.INTEGRATION_ADMIN)

    body = ingrid.post(f"{TRIALS}?connector=harvest", typed(connection, answer_account="one")).content.decode()

    assert body.count("Account number") == 1
    assert "has not the right form" in body
    assert "Personal access token" in body
    assert not AuditEntry.objects.filter(verb="test").exists()


def test_refresh_token_that_works_once_is_not_tried_before_it_is_saved(connection: Connection) -> None:
    form = typed(connection, auth="oauth", answer_client_id="c", answer_client_secret="s", answer_refresh_token="r")

    body = client(Role.INTEGRATION_ADMIN).post(f"{TRIALS}?connector=harvest", form).content.decode()

    assert "works only once" in body
    assert "Save the connection" in body


def test_nobody_tries_answers_for_a_company_of_others(connection: Connection) -> None:
    ingrid = client(Role.INTEGRATION_ADMIN, where="HP-GB")

    body = ingrid.post(f"{TRIALS}?connector=harvest", typed(connection, answer_token=TOKEN)).content.decode()

    assert "Company" in body
    assert "The sign-in works." not in body
    assert ingrid.post(f"{TRIALS}?connection={connection.pk}", typed(connection)).status_code == 404


def test_real_records_are_shown_field_by_field_and_kept_nowhere(connection: Connection) -> None:
    ingrid = client(Role.INTEGRATION_ADMIN)
    page = f"/admin/connectors/connection/{connection.pk}/samples/"
    assert "Show records" in ingrid.get(page).content.decode()

    body = ingrid.post(page, {"stream": "time_entries"}).content.decode()

    assert f"Time entries: {sampling.MOST} records" in body
    for name in ("approval_status", "user.name", "project.code"):
        assert f">{name}</th>" in body
    assert "{&#x27;" not in body, "a record is a table, never what a program writes"
    entry = AuditEntry.objects.get(verb="sample")
    assert entry.after == {"stream": "Time entries", "records": sampling.MOST}


def test_sample_hides_what_somebody_may_not_see(connection: Connection) -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"))
    root = person("Clara Voss", is_superuser=True)

    hers = {row.name: row for row in sampling.sample(connection, "time_entries", by=ingrid).rows}
    everything = {row.name: row for row in sampling.sample(connection, "time_entries", by=root).rows}

    assert hers["cost_rate"].hidden, "an integration admin sees no pay"
    assert set(hers["cost_rate"].values) <= {sampling.HIDDEN, ""}
    assert not everything["cost_rate"].hidden
    assert not hers["user.name"].hidden, "but names of people"


def test_stream_of_which_nobody_has_said_what_it_holds_hides_every_value(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"))
    stream = registry.connector("harvest").manifest.streams["clients"]
    monkeypatch.setattr(sampling, "_may_see", lambda _, name, masks: _undeclared(stream, name, masks))

    rows = sampling.sample(connection, "clients", by=ingrid).rows

    assert rows
    assert all(row.hidden for row in rows)


MAY_SEE = sampling._may_see


def _undeclared(stream: Any, name: str, masks: Any) -> bool:
    from dataclasses import replace

    return MAY_SEE(replace(stream, masks=None), name, masks)


def test_pause_budget_and_rights_bind_a_sample(connection: Connection) -> None:
    ingrid = person("Ingrid Solheim", Role.INTEGRATION_ADMIN, company("HP-DE"), is_staff=True)
    viktor = person("Viktor Lang", Role.VIEWER, company("HP-DE"))
    with pytest.raises(NotAllowed):
        sampling.sample(connection, "clients", by=viktor)
    with pytest.raises(sampling.NoSample, match="Choose one of: Clients"):
        sampling.sample(connection, "nothing", by=ingrid)
    Connection.objects.filter(pk=connection.pk).update(paused=True, paused_reason="Year end")

    made = Browser()
    made.force_login(ingrid)
    answer = made.post(f"/admin/connectors/connection/{connection.pk}/samples/", {"stream": "clients"})

    assert answer.status_code == 422
    assert "is not asked now: Year end" in answer.content.decode()


def test_every_shipped_stream_that_is_read_says_what_its_fields_hold() -> None:
    silent = [
        f"{name}.{stream.name}"
        for name, connector in registry.connectors.items()
        for stream in connector.manifest.streams.values()
        if stream.read is not None and stream.masks is None and name in ("harvest", "netsuite", "tryton")
    ]
    assert silent == []
