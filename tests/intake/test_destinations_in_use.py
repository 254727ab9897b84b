"""A destination with posted or waiting records keeps its connection and stream, and is not deleted, nor its route."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError, Value
from django.test import Client
from django.test.utils import CaptureQueriesContext

from connectors.models import Connection
from governance.actor import ENGINE
from governance.models import AuditEntry
from governance.rights import Role
from routes import in_use
from routes.models import Destination, Route, Transaction
from routes.outbound import subscribing
from routes.outbound.wishes import Wishes
from tests.intake.firm import Firm
from tests.intake.test_admin import staff
from tests.intake.test_route_forms import typed

SAID = "has posted or waiting records"


def has_transaction(destination: Destination) -> None:
    """Let one record be posted there."""
    Transaction.objects.create(
        record_id=uuid4(), destination=destination, legal_entity=destination.route.legal_entity, snapshot_id=1,
        key=f"TE-{uuid4().hex[:8]}", version="1", state="posted", correlation_id=uuid4(),
        created_at=datetime(2026, 10, 6, tzinfo=UTC),
    )  # fmt: skip


def has_consignment(destination: Destination) -> None:
    """Let one record be on its way there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO routes_consignment (id, route_id, connection_id, lane, object, destination_id, record_keys,"
            " keys, worth, waybill, due_at) VALUES (%s, %s, %s, 'posting', 'entries', %s, '{TE-1}', '{TE-1}', '{}',"
            " '', now())",
            [uuid4(), destination.route_id, destination.connection_id, destination.pk],
        )


USES = pytest.mark.parametrize("use", [has_transaction, has_consignment])
Use = Callable[[Destination], None]


@pytest.fixture
def ingrid(firm: Firm) -> Client:
    return staff(Role.INTEGRATION_ADMIN, "HP-DE")


@pytest.fixture
def ledger(firm: Firm) -> Destination:
    return firm.pushed.destinations.get()


def another(destination: Destination) -> Connection:
    """Make another ledger's connection."""
    given = {"connector": "ledger_look_up", "environment": "sandbox", "answers": {"base_url": "http://127.0.0.1:9"}}
    entity = destination.route.legal_entity
    return Connection.objects.create(slug="new-ledger", name="New ledger", legal_entity=entity, **given)


def changed(destination: Destination, field: str) -> dict[str, object]:
    """Return what the route's page sends for another connection, or for another stream: until now it was “lines”."""
    value: object = another(destination).pk if field == "connection" else destination.stream
    if field == "stream":
        Destination.objects.filter(pk=destination.pk).update(stream="lines")
    return typed(destination.route, destination) | {f"destinations-0-{field}": value}


@USES
@pytest.mark.parametrize("field", ["connection", "stream"])
def test_changed_field_is_refused_at_it_with_a_remedy(
    ingrid: Client, ledger: Destination, field: str, use: Use
) -> None:
    sent = changed(ledger, field)
    use(ledger)
    before = Destination.objects.values().get(pk=ledger.pk)

    answer = ingrid.post(f"/admin/routes/route/{ledger.route_id}/change/", sent)

    (words,) = answer.context["inline_admin_formsets"][0].formset.errors[0][field]
    assert f"“Ledger” {SAID} under this {field}. Add a new destination" in words
    assert Destination.objects.values().get(pk=ledger.pk) == before


@pytest.mark.parametrize("field", ["connection", "stream"])
def test_field_of_a_destination_without_records_is_changed(ingrid: Client, ledger: Destination, field: str) -> None:
    sent = changed(ledger, field)

    assert ingrid.post(f"/admin/routes/route/{ledger.route_id}/change/", sent).status_code == 302

    assert Destination.objects.values().get(pk=ledger.pk, **{field: sent[f"destinations-0-{field}"]})


def test_everything_else_of_a_destination_in_use_is_changed(ingrid: Client, ledger: Destination) -> None:
    has_transaction(ledger)
    sent = typed(ledger.route, ledger) | {"destinations-0-condition": "hours > 1"}

    assert ingrid.post(f"/admin/routes/route/{ledger.route_id}/change/", sent).status_code == 302


@pytest.mark.parametrize("used", [True, False])
def test_row_is_deleted_on_its_routes_page_only_without_records(
    ingrid: Client, ledger: Destination, used: bool
) -> None:
    if used:
        has_transaction(ledger)
    sent = typed(ledger.route, ledger) | {"destinations-0-DELETE": "on"}

    answer = ingrid.post(f"/admin/routes/route/{ledger.route_id}/change/", sent)

    assert (answer.status_code, SAID in answer.content.decode()) == ((200, True) if used else (302, False))
    assert Destination.objects.filter(pk=ledger.pk).exists() == used


def test_who_deletes_a_row_that_subscriptions_name_is_told_which_first(
    ingrid: Client, firm: Firm, ledger: Destination
) -> None:
    own = ledger.route.legal_entity
    for name in ("Lake", "Pond"):
        wishes = Wishes(name, "https://lake.example/hook", own, destinations=(ledger.pk,) if name == "Lake" else ())
        subscribing.subscribe(wishes, by=ENGINE)
    page = f"/admin/routes/route/{ledger.route_id}/change/"
    sent = typed(ledger.route, ledger) | {"destinations-0-DELETE": "on", "name": "Another name"}

    answer = ingrid.post(page, sent)

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "“Ledger” would go. Subscriptions name it: “Lake”." in shown
    assert "Pond" not in shown
    assert 'value="Another name"' in shown
    assert Destination.objects.filter(pk=ledger.pk).exists()
    assert 'name="destinations-0-DELETE"' in shown
    assert re.search(r'name="destinations-0-DELETE"[^>]* checked', shown), "what was ticked stays so"

    told = answer.context["inline_admin_formsets"][0].formset.told
    assert f'name="_told" value="{told}"' in shown
    wishes = Wishes("Sea", "https://lake.example/hook", own, destinations=(ledger.pk,))
    subscribing.subscribe(wishes, by=ENGINE)
    again = ingrid.post(page, sent | {"_told": told})
    assert "“Lake”, “Sea”" in again.content.decode(), "another one names it meanwhile"
    told = again.context["inline_admin_formsets"][0].formset.told
    assert ingrid.post(page, sent | {"_told": told}).status_code == 302
    assert not Destination.objects.filter(pk=ledger.pk).exists()


@pytest.mark.parametrize("kind", ["destination", "route"])
@pytest.mark.parametrize("used", [True, False])
@pytest.mark.parametrize("ticked", [True, False])
def test_page_and_list_delete_only_without_records(
    ingrid: Client, ledger: Destination, kind: str, used: bool, ticked: bool
) -> None:
    if used:
        has_consignment(ledger)
    row: Destination | Route = ledger if kind == "destination" else ledger.route
    page = f"/admin/routes/{kind}/" if ticked else f"/admin/routes/{kind}/{row.pk}/delete/"
    sent = {"post": "yes"} | ({"action": "delete_selected", "_selected_action": row.pk} if ticked else {})

    answer = ingrid.post(page, sent)

    assert (answer.status_code, SAID in answer.content.decode()) == ((200, True) if used else (302, False))
    assert type(row).objects.filter(pk=row.pk).exists() == used
    assert AuditEntry.objects.filter(verb="delete").exists() != used


@USES
@pytest.mark.parametrize("kind", ["destination", "route"])
@pytest.mark.parametrize("at_once", [True, False])
def test_row_with_records_refuses_to_be_deleted(ledger: Destination, kind: str, at_once: bool, use: Use) -> None:
    use(ledger)
    row: Destination | Route = ledger if kind == "destination" else ledger.route

    with pytest.raises(ProtectedError, match=SAID):
        type(row).objects.filter(pk=row.pk).delete() if at_once else row.delete()

    assert Destination.objects.filter(pk=ledger.pk).exists()


def test_row_without_records_is_deleted(firm: Firm, ledger: Destination) -> None:
    has_transaction(firm.events.destinations.get())  # another's records bind nobody else

    ledger.delete()
    firm.pushed.delete()

    assert list(Destination.objects.all()) == [firm.events.destinations.get()]


def test_questions_are_as_many_whatever_there_is(firm: Firm, ledger: Destination) -> None:
    for _ in range(3):
        has_transaction(ledger)
    has_consignment(firm.events.destinations.get())

    with CaptureQueriesContext(connection) as queries:
        found = in_use.kept(Destination.objects.all())

    assert (len(found), len(queries)) == (2, 2)
    with CaptureQueriesContext(connection) as queries:
        assert in_use.changed_in_use(ledger) == {}
    assert len(queries) == 1


def by_save(destination: Destination, field: str, value: object) -> None:
    """Change it as code that holds the row does."""
    setattr(destination, field, value)
    destination.save()


def by_naming_the_field(destination: Destination, field: str, value: object) -> None:
    """Change it as code that names what it saves does."""
    setattr(destination, field, value)
    destination.save(update_fields=[destination._meta.get_field(field).attname])


def by_update(destination: Destination, field: str, value: object) -> None:
    """Change it where it stands."""
    Destination.objects.filter(pk=destination.pk).update(**{field: value})


def by_expression(destination: Destination, field: str, value: object) -> None:
    """Change it to what the database works out."""
    by_update(destination, field, Value(value.pk if isinstance(value, Connection) else value))


def by_bulk_update(destination: Destination, field: str, value: object) -> None:
    """Change it together with others."""
    setattr(destination, field, value)
    Destination.objects.bulk_update([destination], [field])


@USES
@pytest.mark.parametrize("way", [by_save, by_naming_the_field, by_update, by_expression, by_bulk_update])
@pytest.mark.parametrize("field", ["connection", "stream"])
@pytest.mark.parametrize("used", [True, False])
def test_code_changes_no_field_that_the_forms_refuse_to_change(
    ledger: Destination, field: str, way: Callable[[Destination, str, object], None], use: Use, used: bool
) -> None:
    value: object = another(ledger) if field == "connection" else "lines"
    before = Destination.objects.values().get(pk=ledger.pk)
    if used:
        use(ledger)

        refusal = rf"“Ledger” {SAID} under this {field}\. Add a new destination"
        with pytest.raises(ProtectedError, match=refusal), transaction.atomic():
            way(ledger, field, value)

        assert Destination.objects.values().get(pk=ledger.pk) == before
    else:
        way(ledger, field, value)
        assert Destination.objects.filter(pk=ledger.pk, **{field: value}).exists()


def test_code_changes_everything_else_and_writes_the_same_again(ledger: Destination) -> None:
    has_transaction(ledger)

    ledger.condition = "hours > 1"
    ledger.save()
    Destination.objects.filter(pk=ledger.pk).update(connection=ledger.connection_id, stream=ledger.stream, window=7)

    ledger.refresh_from_db()
    assert (ledger.condition, ledger.window) == ("hours > 1", 7)


def test_update_of_other_fields_asks_nothing(ledger: Destination) -> None:
    has_transaction(ledger)

    with CaptureQueriesContext(connection) as queries:
        Destination.objects.update(enabled=False)

    assert len(queries) == 1


CHANGES = ["UPDATE {table} SET connection_id = -1", "UPDATE {table} SET stream = 'x'", "DELETE FROM {table}"]


@USES
@pytest.mark.parametrize("change", CHANGES)
def test_database_itself_refuses_what_goes_past_the_models(ledger: Destination, use: Use, change: str) -> None:
    use(ledger)
    with pytest.raises(IntegrityError, match=rf"“Ledger” {SAID}"), transaction.atomic():
        raw(change, ledger)
    assert Destination.objects.filter(pk=ledger.pk, stream=ledger.stream, connection=ledger.connection_id).exists()


def test_database_lets_everything_else_be_changed(ledger: Destination) -> None:
    raw("UPDATE {table} SET stream = 'lines'", ledger)  # it has no records yet
    has_transaction(ledger)
    raw("UPDATE {table} SET name = 'The ledger', stream = 'lines'", ledger)
    assert Destination.objects.filter(pk=ledger.pk, name="The ledger", stream="lines").exists()


def raw(change: str, destination: Destination) -> None:
    with connection.cursor() as cursor:
        cursor.execute(change.format(table="routes_destination") + " WHERE id = %s", [destination.pk])
