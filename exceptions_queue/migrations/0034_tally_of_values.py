"""How many open items have each value of what lists are narrowed by is kept by the database itself, as items change.

What is open is counted once, in the transaction that adds the triggers: changes of items wait for it, about a second
for a hundred thousand open ones. Nothing that only reads waits.
"""

import django.db.models.deletion
from django.db import migrations, models

STATES = [
    ("new", "new"), ("triaged", "looked at"), ("in_progress", "being worked on"), ("waiting", "waiting"),
    ("snoozed", "put aside"), ("pending_approval", "waiting for approval"), ("resubmitted", "sent again"),
    ("resolved", "resolved"),
]  # fmt: skip
VALUES = {
    "client": "c.about ->> 'customer_id'", "project": "c.about ->> 'project_code'",
    "contract": "c.about ->> 'billing_model'", "worker": "c.about ->> 'worker_name'",
    "period": "c.about ->> 'period'", "cause": "c.cause_code", "target": "c.route_id || ' ' || c.connection_id",
}  # fmt: skip
EACH = ", ".join(f"('{word}', {value})" for word, value in VALUES.items())
KEEP = f"""INSERT INTO exceptions_queue_workitemvaluetally (legal_entity_id, state, word, value, items)
    SELECT c.legal_entity_id, c.state, v.word, v.value, sum(c.sign)
    FROM ({{changed}}) c CROSS JOIN LATERAL (VALUES {EACH}) v (word, value)
    WHERE c.state <> 'resolved' AND v.value <> '' GROUP BY 1, 2, 3, 4 HAVING sum(c.sign) <> 0"""
CAME = KEEP.format(changed="SELECT 1 AS sign, i.* FROM came i")
WENT = KEEP.format(changed="SELECT -1 AS sign, i.* FROM went i")
BOTH = KEEP.format(changed="SELECT 1 AS sign, i.* FROM came i UNION ALL SELECT -1, i.* FROM went i")
NOW = KEEP.format(changed="SELECT 1 AS sign, i.* FROM exceptions_queue_workitem i")

KEPT = f"""
CREATE FUNCTION exceptions_queue_value_tally() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE FUNCTION exceptions_queue_value_tally_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE exceptions_queue_workitem IN SHARE MODE;
    DELETE FROM exceptions_queue_workitemvaluetally;
    {NOW};
END $$;
CREATE FUNCTION exceptions_queue_no_value_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM exceptions_queue_workitemvaluetally;
    RETURN NULL;
END $$;
CREATE TRIGGER exceptions_queue_value_tally_came AFTER INSERT ON exceptions_queue_workitem
    REFERENCING NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_value_tally();
CREATE TRIGGER exceptions_queue_value_tally_changed AFTER UPDATE ON exceptions_queue_workitem
    REFERENCING OLD TABLE AS went NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_value_tally();
CREATE TRIGGER exceptions_queue_value_tally_went AFTER DELETE ON exceptions_queue_workitem
    REFERENCING OLD TABLE AS went FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_value_tally();
CREATE TRIGGER exceptions_queue_value_tally_emptied AFTER TRUNCATE ON exceptions_queue_workitem
    FOR EACH STATEMENT EXECUTE FUNCTION exceptions_queue_no_value_tally();
SELECT exceptions_queue_value_tally_anew();
"""  # noqa: S608 - the constants above
NO_LONGER = """
DROP TRIGGER exceptions_queue_value_tally_came ON exceptions_queue_workitem;
DROP TRIGGER exceptions_queue_value_tally_changed ON exceptions_queue_workitem;
DROP TRIGGER exceptions_queue_value_tally_went ON exceptions_queue_workitem;
DROP TRIGGER exceptions_queue_value_tally_emptied ON exceptions_queue_workitem;
DROP FUNCTION exceptions_queue_value_tally();
DROP FUNCTION exceptions_queue_no_value_tally();
DROP FUNCTION exceptions_queue_value_tally_anew();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("exceptions_queue", "0033_what_was_corrected_when_planned"),
        ("governance", "0012_roles_are_known"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkItemValueTally",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(choices=STATES, max_length=16)),
                ("word", models.CharField(max_length=16)),
                ("value", models.TextField()),
                ("items", models.IntegerField()),
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
                    models.Index(fields=["word", "legal_entity"], name="work_item_value_tally"),
                    models.Index(
                        condition=models.Q(("is_sum", False)), fields=["id"], name="work_item_value_tally_new"
                    ),
                ],
            },
        ),
        migrations.RunSQL(KEPT, NO_LONGER),
    ]  # fmt: skip
