"""`config apply`: a plan first, all or nothing, by the verbs and rights of a person."""

from pathlib import Path

import pytest
import yaml
from django.contrib.auth import get_user_model
from django.db import connection

from connectors.models import Connection
from exceptions_queue.models import Yardstick
from governance.models import AuditEntry, BusinessCalendar, LegalEntity, Version
from mappings.models import LookupTable, TableRow
from routes import schedules
from routes.models import Route
from tests.hub.commands.firm import SECRETS, bytes_of


@pytest.fixture
def exported(firm, give, tmp_path: Path) -> Path:
    folder = tmp_path / "firm"
    assert give("config", "export", folder).code == 0
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_apply_of_what_was_exported_does_nothing(firm, give, exported: Path) -> None:
    entries = AuditEntry.objects.count()
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert (done.code, done.err) == (0, "")
    assert "Nothing to apply" in done.out
    assert AuditEntry.objects.count() == entries
    assert give("config", "diff", exported, "--exit-code").code == 0


def test_apply_into_an_empty_database_gives_the_same_again(firm, give, exported: Path, tmp_path: Path) -> None:
    empty()
    get_user_model().objects.create(username="second", first_name="Se", last_name="Cond", is_superuser=True)
    first = give("config", "apply", exported, "--by", "root", "--yes")
    assert (first.code, first.err) == (0, "")
    assert "3 rows proposed: a second person has to approve them" in first.out
    assert not TableRow.objects.in_force().filter(table__name="bill_rates").exists()
    second = give("config", "apply", exported, "--by", "second", "--yes")
    assert "3 rows approved that Root Solheim proposed" in second.out
    assert give("config", "diff", exported, "--exit-code").out.startswith("All ")
    give("config", "export", tmp_path / "again")
    assert bytes_of(tmp_path / "again") == bytes_of(exported)
    assert Connection.objects.get(slug="harvest").kept_secrets() == {"token": SECRETS["HARVEST_TOKEN"]}


def test_calendar_without_hours_of_an_older_release_goes_to_another_installation(firm, give, tmp_path: Path) -> None:
    calendar = BusinessCalendar.objects.get()
    calendar.weekday_hours.all().delete()
    calendar.days.update(is_working=True)
    folder = tmp_path / "calendars"
    assert give("config", "export", folder, "--only", "calendars").code == 0
    BusinessCalendar.objects.all().delete()
    done = give("config", "apply", folder, "--by", "ingrid", "--yes", "--only", "calendars")
    assert (done.code, done.err) == (0, "")
    assert "it works on no day of the week" in done.out
    now = BusinessCalendar.objects.get()
    assert (now.weekday_hours.count(), now.days.get().is_working) == (0, True)
    assert give("config", "diff", folder, "--exit-code", "--only", "calendars").code == 0


def empty() -> None:
    """Empty the database of all configuration; people stay."""
    apps = ("mappings_", "connectors_", "routes_", "django_celery_beat_")
    tables = [name for name in connection.introspection.table_names() if name.startswith(apps)]
    tables += ["governance_version", "governance_rolegrant", "governance_businesscalendar", "governance_legalentity"]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


def test_apply_changes_what_differs_in_the_persons_name(firm, give, exported: Path) -> None:
    edit(exported / "legal_entities/HP-GB.yaml", "Halden & Partner Ltd", "Halden & Partner LLP")
    edit(exported / "calendars/HP-DE.yaml", "Christmas Eve", "Holy Evening")
    edit(exported / "connections/netsuite.yaml", "concurrency: 12", "concurrency: 6")
    edit(exported / "tables/service_items.yaml", "item: SVC-BLD", "item: SVC-ANL")
    edit(exported / "routes/time.yaml", "compare_days: 35", "compare_days: 40")
    edit(exported / "routes/time.yaml", 'approval_status = "approved", billable', "billable")
    edit(exported / "schedules/time.yaml", "every_seconds: 60", "every_seconds: 300")
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert (done.code, done.err) == (0, "")
    assert "name: “Halden & Partner Ltd” → “Halden & Partner LLP”" in done.out
    assert "compare days: 35 → 40" in done.out
    assert "destination NetSuite time, condition: “AND(approval_status" in done.out
    assert LegalEntity.objects.get(code="HP-GB").name == "Halden & Partner LLP"
    assert BusinessCalendar.objects.get().days.get().name == "Holy Evening"
    assert Connection.objects.get(slug="netsuite").concurrency == 6
    route = Route.objects.get(slug="time")
    assert (route.compare_days, route.destinations.get().condition) == (40, "AND(billable)")
    assert schedules.schedule_of(route).interval.every == 300
    assert TableRow.objects.in_force().filter(table__name="service_items", values={"item": "SVC-ANL"}).count() == 2
    entry = AuditEntry.objects.get(verb="change", thing_kind="routes.route")
    assert (entry.actor_name, entry.channel, entry.after) == ("Ingrid Solheim", "command", {"compare_days": 40})
    assert Connection.objects.get(slug="netsuite").history.first().history_user == firm.ingrid
    assert give("config", "diff", exported, "--exit-code").code == 0


def test_apply_shows_the_plan_and_asks(firm, give, exported: Path) -> None:
    edit(exported / "routes/time.yaml", "compare_days: 35", "compare_days: 40")
    without = give("config", "apply", exported, "--by", "ingrid")
    assert without.code == 1
    assert "Give --yes" in without.err
    refused = give("config", "apply", exported, "--by", "ingrid", typed="n")
    assert (refused.code, "~ change route time" in refused.out) == (1, True)
    assert Route.objects.get(slug="time").compare_days == 35
    assert give("config", "apply", exported, "--by", "ingrid", typed="y").code == 0
    assert Route.objects.get(slug="time").compare_days == 40


def test_apply_of_a_part_says_what_it_would_remove_and_leaves_it(firm, give, exported: Path) -> None:
    (exported / "routes/customers.yaml").unlink()
    (exported / "schedules/time.yaml").unlink()
    (exported / "roles/viktor.yaml").unlink()
    edit(exported / "tables/service_items.yaml", "- key:\n  - Build\n  values:\n    item: SVC-BLD\n", "")
    done = give("config", "apply", exported, "--by", "root", "--yes")
    assert done.code == 0
    for words in ("route customers", "schedule of route time", "role of viktor: Viewer in HP-GB",
                  "1 row of table service_items"):  # fmt: skip
        assert f"(-) would remove {words}" in done.out
    assert "with --prune it would be removed" in done.out
    assert Route.objects.filter(slug="customers").exists()
    assert TableRow.objects.in_force().filter(table__name="service_items").count() == 2


def test_weekday_that_a_calendar_leaves_out_stays_until_told(firm, give, exported: Path) -> None:
    path = next((exported / "calendars").glob("*.yaml"))
    whole = yaml.safe_load(path.read_text())
    calendar = BusinessCalendar.objects.get(legal_entity__code=whole["legal_entity"])
    before, gone = calendar.weekday_hours.count(), sorted(whole["hours"])[0]
    path.write_text(yaml.safe_dump(whole | {"hours": {d: h for d, h in whole["hours"].items() if d != gone}}))

    done = give(*(words := ("config", "apply", exported, "--by", "ingrid", "--yes", "--only", "calendars")))
    assert (done.code, done.err, calendar.weekday_hours.count()) == (0, "", before)
    assert f"hours of {gone} of calendar {whole['legal_entity']}" in done.out
    assert give(*words, "--prune").code == 0
    assert calendar.weekday_hours.count() == before - 1


@pytest.mark.parametrize("columns", ["{price: money}", "{rate: text}"], ids=["another name", "another kind"])
def test_columns_of_a_table_that_has_rows_stay_as_they_are(firm, give, exported: Path, columns: str) -> None:
    path = exported / "tables/bill_rates.yaml"
    whole = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**whole, "value_columns": yaml.safe_load(columns), "accepted": {}, "rows": []}))
    done = give("config", "apply", exported, "--by", "root", "--yes")
    assert done.code == 1
    assert "value_columns: the table has rows that give rate as money" in done.err
    assert LookupTable.objects.get(name="bill_rates").value_columns == {"rate": "money"}

    table = {**whole, "value_columns": {"rate": "money", "more": "text"}, "rows": []}  # what is new was never read
    path.write_text(yaml.safe_dump(table))
    assert give("config", "apply", exported, "--by", "root", "--yes").code == 0


def test_mapping_waits_for_another_person_who_applies_the_same_folder(firm, give, exported: Path) -> None:
    path = exported / "mappings/netsuite.customers.yaml"
    name = path.read_text().split("name: ")[1].splitlines()[0]
    edit(path, f"name: {name}", "name: Customers, told anew")
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert "version 2 by Ingrid Solheim is submitted: another person has to approve it" in done.out
    again = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert "… wait mapping netsuite.customers" in again.out
    assert "Nothing to apply" in again.out
    clara = give("config", "apply", exported, "--only", "mappings", "--by", "clara", "--yes")
    assert "version 2 by Ingrid Solheim is approved: an integration admin publishes it" in clara.out
    last = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert "version 2 by Ingrid Solheim is approved and in force" in last.out
    version = Version.objects.of("mapping", "netsuite.customers").in_force().get()
    assert version.content["name"] == "Customers, told anew"
    assert version.approved_by == f"person:{firm.clara.pk}"


def test_mapping_of_before_comes_back_by_its_approval_of_then(firm, give, exported: Path) -> None:
    path = exported / "mappings/netsuite.customers.yaml"
    before = path.read_text()
    name = before.split("name: ")[1].splitlines()[0]
    edit(path, f"name: {name}", "name: Customers, told anew")
    for who in ("ingrid", "clara", "ingrid"):
        assert give("config", "apply", exported, "--only", "mappings", "--by", who, "--yes").code == 0
    path.write_text(before)
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert "version 1, which was approved once, is in force again" in done.out


def test_route_waits_for_its_new_mapping(firm, give, exported: Path) -> None:
    text = (exported / "mappings/netsuite.time_entries.yaml").read_text()
    new = text.replace("netsuite.time_entries", "firm.time_entries")
    (exported / "mappings/firm.time_entries.yaml").write_text(new)
    edit(exported / "routes/time.yaml", "mapping: netsuite.time_entries", "mapping: firm.time_entries")
    first = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert (first.code, first.err) == (0, "")
    assert "waits for the mapping firm.time_entries to be published" in first.out
    assert Route.objects.get(slug="time").destinations.get().mapping == "netsuite.time_entries"
    for who in ("clara", "ingrid"):
        assert give("config", "apply", exported, "--only", "mappings", "--by", who, "--yes").code == 0
    give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert Route.objects.get(slug="time").destinations.get().mapping == "firm.time_entries"


def test_rate_waits_for_a_second_person_who_applies_the_same_folder(firm, give, exported: Path) -> None:
    edit(exported / "tables/bill_rates.yaml", "rate: '210.00'", "rate: '225.00'")
    assert "1 row proposed" in give("config", "apply", exported, "--by", "farid", "--yes", "--only", "tables").out
    again = give("config", "apply", exported, "--by", "farid", "--yes", "--only", "tables")
    assert "1 row proposed by Farid Amini: a second person has to approve them" in again.out
    clara = give("config", "apply", exported, "--by", "clara", "--yes", "--only", "tables")
    assert "1 row approved that Farid Amini proposed" in clara.out
    rate = TableRow.objects.in_force().get(table__name="bill_rates", key=["Principal", "EUR"])
    assert rate.values == {"rate": "225.00"}


def test_schedule_of_working_days_goes_to_a_file_and_back(firm, give, exported: Path, tmp_path: Path) -> None:
    edit(exported / "schedules/time.yaml", "every_seconds: 60", "every_seconds: 300\nworking_days_only: true")
    assert give("config", "apply", exported, "--by", "ingrid", "--yes", "--only", "schedules").code == 0
    task = schedules.schedule_of(Route.objects.get(slug="time"))
    assert (task.interval.every, schedules.only_on_working_days(task)) == (300, True)

    give("config", "export", tmp_path / "again", "--only", "schedules")

    assert "working_days_only: true" in (tmp_path / "again/schedules/time.yaml").read_text()
    assert give("config", "diff", exported, "--only", "schedules", "--exit-code").code == 0


def test_apply_refuses_whom_the_verbs_refuse(firm, give, exported: Path) -> None:
    edit(exported / "routes/time.yaml", "compare_days: 35", "compare_days: 40")
    edit(exported / "roles/viktor.yaml", "role: viewer", "role: finance")
    edit(exported / "schedules/time.yaml", "every_seconds: 60", "every_seconds: 300")
    done = give("config", "apply", exported, "--by", "farid", "--yes")
    assert done.code == 1
    assert done.err.count("You need the right to") == 3
    assert "routes/time.yaml:1: You need the right to edit connections, mappings and routes" in done.err
    assert Route.objects.get(slug="time").compare_days == 35


def test_apply_gives_nobody_a_company_that_they_do_not_see(firm, give, exported: Path) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    person("Ines Duarte", Role.INTEGRATION_ADMIN, company("HP-GB"))
    edit(exported / "routes/time.yaml", "slug: time", "slug: time-gb")
    edit(exported / "routes/time.yaml", "legal_entity: HP-DE", "legal_entity: HP-GB")
    done = give("config", "apply", exported, "--only", "routes", "--by", "ines", "--yes")
    assert done.code == 1
    assert "routes/time.yaml:4, connection: there is no connection harvest." in done.err
    assert not Route.objects.filter(slug="time-gb").exists()


def test_secret_is_taken_from_where_the_file_says(firm, give, exported: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "token").write_text("another-token\n")
    edit(exported / "connections/harvest.yaml", "env:HARVEST_TOKEN", f"file:{tmp_path}/token")
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert done.code == 0
    assert f"secrets, token: another one is taken from file:{tmp_path}/token" in done.out
    assert Connection.objects.get(slug="harvest").kept_secrets() == {"token": "another-token"}
    told = "".join(str((e.before, e.after)) for e in AuditEntry.objects.filter(thing_kind="connectors.connection"))
    assert "another-token" not in told + done.out + done.err
    monkeypatch.delenv("HARVEST_TOKEN")
    (tmp_path / "token").unlink()
    assert "Nothing to apply" in give("config", "apply", exported, "--by", "ingrid", "--yes").out


def test_kept_secret_does_not_follow_to_another_address(firm, give, exported: Path, monkeypatch) -> None:
    file = exported / "connections/harvest.yaml"
    file.write_text(file.read_text().replace("answers:\n", "answers:\n  address: https://elsewhere.example/v2\n", 1))
    monkeypatch.delenv("HARVEST_TOKEN")
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert done.code != 0
    assert "Enter it again: the address has changed." in done.out + done.err
    assert "elsewhere" not in str(Connection.objects.get(slug="harvest").answers)


def test_apply_stops_when_somebody_changed_something_meanwhile(firm, give, exported: Path, monkeypatch) -> None:
    edit(exported / "routes/time.yaml", "compare_days: 35", "compare_days: 40")

    def meanwhile(question: str) -> bool:
        Route.objects.filter(slug="time").update(compare_days=20)
        return True

    monkeypatch.setattr("hub.management.commands.config.confirmed", meanwhile)
    done = give("config", "apply", exported, "--by", "ingrid")
    assert done.code == 1
    assert "Somebody has changed the configuration since this plan was made" in done.err
    assert Route.objects.get(slug="time").compare_days == 20


def test_new_table_counts_in_one_go(firm, give, exported: Path) -> None:
    (exported / "tables/cost_centers.yaml").write_text(
        "name: cost_centers\ntitle: Cost centers\nkey_columns: [email]\nvalue_columns: {cost_center: text}\n"
        "rows:\n- key: [brooke.tanner@halden-partner.example]\n  values: {cost_center: '5130'}\n"
    )
    assert give("config", "apply", exported, "--by", "ingrid", "--yes").code == 0
    assert LookupTable.objects.get(name="cost_centers").rows.in_force().get().values == {"cost_center": "5130"}


@pytest.mark.django_db
def test_apply_of_an_empty_folder_is_refused(give, tmp_path: Path) -> None:
    from tests.governance.people import person

    person("Root Solheim", is_superuser=True)
    done = give("config", "apply", tmp_path, "--by", "root", "--yes", "--prune")
    assert done.code == 1
    assert "There is nothing to read in" in done.err
    assert give("config", "apply", tmp_path / "gone", "--by", "root").err.startswith("CommandError: There is no folder")


@pytest.mark.django_db
def test_config_without_a_folder_is_wrong_usage(give) -> None:
    assert give("config", "apply").code == 2
    assert give("config").code == 2


def test_route_is_made_after_the_one_whose_postings_it_takes_up(firm, give, exported: Path) -> None:
    time = (exported / "routes/time.yaml").read_text()
    (exported / "routes/a-first.yaml").write_text(
        "slug: invoices\nname: Invoices of posted time\nlegal_entity: HP-DE\ncanonical_entity: invoice\n"
        "upstream:\n  route: time-us\n  destination: NetSuite time\ngroup_by: customer_id\n"
    )
    (exported / "routes/z-last.yaml").write_text(time.replace("slug: time", "slug: time-us"))
    done = give("config", "apply", exported, "--by", "ingrid", "--yes")
    assert (done.code, done.err) == (0, "")
    assert Route.objects.get(slug="invoices").upstream.route.slug == "time-us"
    assert give("config", "diff", exported, "--exit-code").code == 0


def test_mapping_of_all_companies_is_left_by_who_sees_one_of_them(firm, give, exported: Path) -> None:
    from governance.rights import Role
    from tests.governance.people import company, person

    person("Ines Duarte", Role.INTEGRATION_ADMIN, company("HP-DE"))
    done = give("config", "apply", exported, "--only", "mappings", "--by", "ines", "--yes")
    assert (done.code, done.err) == (0, "")
    assert "Nothing to apply: 4 left as they are." in done.out


def test_order_goes_by_rates_of_a_table_that_is_there_or_comes_with_it(firm, give, exported: Path) -> None:
    order = exported / "order_of_exceptions" / "exceptions.yaml"
    order.parent.mkdir(exist_ok=True)
    order.write_text("of: exceptions\ncurrency: EUR\nrate_table: fx\nrate_column: rate\n")

    refused = give("config", "apply", exported, "--by", "root", "--yes")

    assert refused.code == 1
    assert "exceptions.yaml:3, rate_table: There is no table “fx”." in refused.err
    table = "name: fx\ntitle: Rates\nkey_columns: [currency]\nvalue_columns: {rate: decimal}\n"
    (exported / "tables" / "fx.yaml").write_text(table)

    done = give("config", "apply", exported, "--by", "root", "--yes")

    assert (done.code, done.err) == (0, "")
    assert Yardstick.objects.get().rate_table == "fx"
