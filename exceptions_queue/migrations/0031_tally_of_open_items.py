"""What lists count open items by is kept by the database itself, as items change.

What is open is counted once, in the transaction that adds the triggers: changes of items wait for it, some half a
second for a hundred thousand open ones. Nothing that only reads waits.
"""

import django.db.models.deletion
from django.db import migrations, models

STATES = [
    ("new", "new"), ("triaged", "looked at"), ("in_progress", "being worked on"), ("waiting", "waiting"),
    ("snoozed", "put aside"), ("pending_approval", "waiting for approval"), ("resubmitted", "sent again"),
    ("resolved", "resolved"),
]  # fmt: skip
COLUMNS = (
    "legal_entity_id", "state", "category", "owner", "assignee", "entity", "route_id", "due_at", "due_key", "due_of",
    "due_bills", "worth", "worth_currency", "reopened",
)  # fmt: skip
# Of sums it tells only which bounds they lie between, by one sum that lies there, too; and twice stands for more often.
BETWEEN = """CASE WHEN worth < 1000 THEN 0 WHEN worth = 1000 THEN 1000 WHEN worth < 10000 THEN 1001
    WHEN worth = 10000 THEN 10000 WHEN worth < 100000 THEN 10001 WHEN worth = 100000 THEN 100000
    WHEN worth > 100000 THEN 100001 END"""
TOLD = [{"worth": BETWEEN, "reopened": "least(reopened, 2)"}.get(name, name) for name in COLUMNS]
PLACES = ", ".join(str(place) for place in range(1, len(COLUMNS) + 1))
SUMS = (
    "sum(sign)", "sum(sign * members)", "sum(sign * worth)", "sum(sign * coalesce(worth_once, worth, 0))",
    "sum(sign) FILTER (WHERE coalesce(worth_once, worth) IS NULL)",
    "sum(sign) FILTER (WHERE without_amount > 0 AND coalesce(worth_once, worth) IS NOT NULL)",
    "sum(sign * members) FILTER (WHERE worth_once < worth)",
)  # fmt: skip
KEEP = f"""INSERT INTO exceptions_queue_workitemtally (
        {", ".join(COLUMNS)}, items, members, whole, money, unpriced, partly, shared)
    SELECT {", ".join(TOLD)}, {", ".join(f"coalesce({each}, 0)" for each in SUMS)}
    FROM ({{changed}}) c WHERE state <> 'resolved' GROUP BY {PLACES}
    HAVING ({", ".join(f"coalesce({each}, 0)" for each in SUMS)}) <> (0, 0, 0, 0, 0, 0, 0)"""
CAME = KEEP.format(changed="SELECT 1 AS sign, i.* FROM came i")
WENT = KEEP.format(changed="SELECT -1 AS sign, i.* FROM went i")
BOTH = KEEP.format(changed="SELECT 1 AS sign, i.* FROM came i UNION ALL SELECT -1, i.* FROM went i")
NOW = KEEP.format(changed="SELECT 1 AS sign, i.* FROM exceptions_queue_workitem i")

KEPT = f"""
CREATE FUNCTION exceptions_queue_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        {CAME};
    ELSIF TG_OP = 'UPDATE' THEN
        {BOTH};
    ELSE
        {WENT};
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION exceptions_queue_tally_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE exceptions_queue_workitem IN SHARE MODE;
    DELETE FROM exceptions_queue_workitemtally;
    {NOW};
END $$;
CREATE FUNCTION exceptions_queue_no_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM exceptions_queue_workitemtally;
    RETURN NULL;
END $$;
CREATE TRIGGER exceptions_queue_tally_came AFTER INSERT ON exceptions_queue_workitem
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_tally();
CREATE TRIGGER exceptions_queue_tally_changed AFTER UPDATE ON exceptions_queue_workitem
    REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_tally();
CREATE TRIGGER exceptions_queue_tally_went AFTER DELETE ON exceptions_queue_workitem
    REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_tally();
CREATE TRIGGER exceptions_queue_tally_emptied AFTER TRUNCATE ON exceptions_queue_workitem
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_no_tally();
SELECT exceptions_queue_tally_anew();
"""  # noqa: S608 - the constants above
NO_LONGER = """
DROP TRIGGER exceptions_queue_tally_came ON exceptions_queue_workitem;
DROP TRIGGER exceptions_queue_tally_changed ON exceptions_queue_workitem;
DROP TRIGGER exceptions_queue_tally_went ON exceptions_queue_workitem;
DROP TRIGGER exceptions_queue_tally_emptied ON exceptions_queue_workitem;
DROP FUNCTION exceptions_queue_tally();
DROP FUNCTION exceptions_queue_no_tally();
DROP FUNCTION exceptions_queue_tally_anew();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("exceptions_queue", "0030_releases_whose_cause_is_gone"),
        ("governance", "0012_roles_are_known"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkItemTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(choices=STATES, max_length=16)),
                ("category", models.CharField(max_length=20)),
                ("owner", models.CharField(max_length=60)),
                ("assignee", models.CharField(blank=True, max_length=100)),
                ("entity", models.CharField(blank=True, max_length=40)),
                ("route_id", models.BigIntegerField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("due_key", models.CharField(blank=True, max_length=120)),
                ("due_of", models.CharField(blank=True, max_length=300)),
                ("due_bills", models.BooleanField()),
                ("worth", models.DecimalField(decimal_places=4, max_digits=20, null=True)),
                ("worth_currency", models.CharField(blank=True, max_length=3)),
                ("reopened", models.SmallIntegerField()),
                ("items", models.IntegerField()),
                ("members", models.BigIntegerField()),
                ("whole", models.DecimalField(decimal_places=4, max_digits=24)),
                ("money", models.DecimalField(decimal_places=4, max_digits=24)),
                ("unpriced", models.IntegerField()),
                ("partly", models.IntegerField()),
                ("shared", models.BigIntegerField()),
                ("is_sum", models.BooleanField(db_default=False, default=False)),
                (
                    "legal_entity",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+", to="governance.legalentity",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(condition=models.Q(("is_sum", False)), fields=["id"], name="work_item_tally_new")
                ],
            },
        ),
        migrations.RunSQL(KEPT, NO_LONGER),
    ]  # fmt: skip
