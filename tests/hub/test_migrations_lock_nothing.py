"""Migrations leave the hub working: none locks a table that grows while it reads or writes all of it.

Read is the SQL of every migration that came after those of the first release, which ran when the tables were empty.
What a migration does in Python has no SQL to read: its author answers for that.
"""

import re

import pytest
from django.apps import apps
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader

from hub.supervisor.options import ROOT

# The tables that grow with every record; rows of all others are entered by people.
HOT = (
    "routes_attempt", "routes_collected", "routes_consignment", "routes_effect", "routes_effectmember",
    "routes_exchange", "routes_failure", "routes_inboundevent", "routes_keyhead", "routes_payload", "routes_record",
    "routes_rulewarning", "routes_run", "routes_sourcehead", "routes_transaction", "routes_transition", "routes_wait",
    "routes_walk", "governance_auditentry", "governance_auditseal", "exceptions_queue_workitem",
)  # fmt: skip
FIRST_RELEASE = {
    "connectors": ("0001_initial", "0002_hub_now"),
    "exceptions_queue": ("0001_initial",),
    "governance": ("0001_initial", "0002_guards"),
    "mappings": ("0001_initial", "0002_guards"),
    "routes": (
        "0001_initial", "0002_partitioned_tables", "0003_consignments", "0004_destinations_in_use",
        "0005_bodies_share_rows", "0006_fewer_rows_for_each_record",
    ),
}  # fmt: skip
TABLE = r'(?:ONLY\s+)?"?(?P<table>\w+)"?'
LOCKING = {
    rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).*?\bON {TABLE}": "make the index CONCURRENTLY (AddIndexConcurrently, "
    "atomic = False); that of a partitioned table on each partition first",
    rf"ALTER TABLE {TABLE}.*\bSET NOT NULL": "add a CHECK … NOT VALID, validate it later, then set it",
    rf"ALTER TABLE {TABLE}.*\bADD CONSTRAINT(?!.*NOT VALID)(?!.*USING INDEX)": "add it NOT VALID and validate it in a "
    "migration of its own; a unique one USING INDEX",
    rf"ALTER TABLE {TABLE}.*\bALTER COLUMN\b.*\bTYPE\b": "add a new column, fill it in pieces, read both meanwhile",
    rf"ALTER TABLE {TABLE}.*\bADD COLUMN\b.*\b(?:UNIQUE|REFERENCES|random\(|clock_timestamp\(|gen_random)": "add a "
    "plain column first; a default that differs from row to row writes all of them",
    rf"UPDATE {TABLE}\b": "fill it in the background, in pieces",
    rf"DELETE FROM {TABLE}\b": "delete in the background, in pieces, or drop partitions",
    rf"(?:VACUUM \(?FULL|CLUSTER|REINDEX (?:TABLE|INDEX) (?!CONCURRENTLY)).*?{TABLE}": "it locks until it is done",
    rf"LOCK TABLE {TABLE}": "nothing else could work meanwhile",
}
BODIES = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)  # of functions: they run later, row by row


def complaints(sql: str) -> list[str]:
    """Return what in some SQL would stop the hub, with the way around it."""
    found = []
    for statement in BODIES.sub("", re.sub(r"--[^\n]*", "", sql)).split(";"):
        text = " ".join(statement.split())
        for form, instead in LOCKING.items():
            match = re.search(form, text, re.IGNORECASE)
            if match and match["table"].lower() in HOT:
                found.append(f"{match[0][:120]} locks {match['table']}: {instead}")
    return found


def sql_of(migration: migrations.Migration, loader: MigrationLoader) -> str:
    state = loader.project_state((migration.app_label, migration.name), at_end=False)
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    return "\n".join(str(line) for line in editor.collected_sql)


@pytest.mark.django_db(transaction=True)
def test_no_migration_stops_the_hub() -> None:
    loader = MigrationLoader(connection)
    later = [
        migration
        for (app, name), migration in sorted(loader.disk_migrations.items())
        if app in FIRST_RELEASE and name not in FIRST_RELEASE[app]
    ]
    told = {f"{each.app_label} {each.name}": complaints(sql_of(each, loader)) for each in later}
    assert {name: found for name, found in told.items() if found} == {}


@pytest.mark.django_db(transaction=True)
def test_migration_that_was_killed_on_its_way_can_be_begun_again() -> None:
    loader = MigrationLoader(connection)
    several = [each for _, each in sorted(loader.disk_migrations.items()) if not each.atomic]  # of many commits
    ours = [each for each in several if apps.get_app_config(each.app_label).path.startswith(str(ROOT / each.app_label))]
    for migration in ours:
        state = loader.project_state((migration.app_label, migration.name), at_end=False)
        with connection.schema_editor(atomic=False) as editor:
            migration.apply(state, editor)  # all of it is there already
    assert len(ours) > 3


def test_first_release_is_named_as_it_is() -> None:
    disk = set(MigrationLoader(None).disk_migrations)
    assert {(app, name) for app, names in FIRST_RELEASE.items() for name in names} <= disk


@pytest.mark.django_db(transaction=True)
def test_sql_of_the_first_release_would_be_refused_today() -> None:
    loader = MigrationLoader(connection)
    sql = sql_of(loader.disk_migrations["routes", "0006_fewer_rows_for_each_record"], loader)
    assert any("routes_effect" in each for each in complaints(sql))


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE INDEX "x" ON "routes_transaction" ("state")',
        "CREATE UNIQUE INDEX x ON routes_keyhead USING btree (key)",
        'ALTER TABLE "routes_record" ALTER COLUMN "hours" SET NOT NULL',
        'ALTER TABLE "routes_effect" ADD CONSTRAINT "c" CHECK (number > 0)',
        'ALTER TABLE "routes_effect" ADD CONSTRAINT "f" FOREIGN KEY ("a") REFERENCES "b" ("id") DEFERRABLE',
        'ALTER TABLE "routes_failure" ALTER COLUMN "value" TYPE varchar(500)',
        "ALTER TABLE ONLY routes_failure ADD COLUMN x uuid DEFAULT gen_random_uuid()",
        "-- why\nUPDATE routes_transaction\n SET state = 'x'",
        "VACUUM FULL routes_payload",
        "LOCK TABLE routes_record IN SHARE MODE",
    ],
)
def test_locking_form_is_found(sql: str) -> None:
    assert len(complaints(sql)) == 1


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE INDEX CONCURRENTLY "x" ON "routes_transaction" ("state")',
        'CREATE INDEX "x" ON "governance_user" ("name")',
        'ALTER TABLE "routes_effect" ADD CONSTRAINT "c" CHECK (number > 0) NOT VALID',
        'ALTER TABLE "routes_effect" VALIDATE CONSTRAINT "c"',
        'ALTER TABLE "routes_effect" ADD COLUMN "note" varchar(20) DEFAULT \'\' NOT NULL',
        'ALTER TABLE "routes_effect" DROP COLUMN "note"',
        "CREATE TABLE routes_new (id uuid PRIMARY KEY)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE routes_effect SET x = 1; END $$",
    ],
)
def test_harmless_form_is_let_through(sql: str) -> None:
    assert complaints(sql) == []


def test_table_of_the_test_names_real_tables() -> None:
    of_models = {model._meta.db_table for model in apps.get_models()}
    by_hand = {"routes_consignment", "routes_walk", "routes_transition", "routes_attempt", "routes_exchange"}
    assert set(HOT) - of_models - by_hand == set()
