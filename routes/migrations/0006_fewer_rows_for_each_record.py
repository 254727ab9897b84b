"""An effect names its own transaction, and a source head is named by its key: a row and three index entries fewer.

Links of their own have only the further transactions for which an effect stands; `routes_effectlink` shows all.
"""

from django.db import migrations, models

LINKS = """
ALTER TABLE routes_effectlink RENAME TO routes_effectmember;
ALTER TABLE routes_effect ADD COLUMN transaction_id uuid;
UPDATE routes_effect e SET transaction_id = (
    SELECT m.transaction_id FROM routes_effectmember m LEFT JOIN routes_transaction t ON t.id = m.transaction_id
    WHERE m.effect_id = e.id ORDER BY t.destination_id = e.destination_id DESC NULLS LAST, m.transaction_id DESC
    LIMIT 1);
DELETE FROM routes_effectmember m USING routes_effect e
    WHERE m.effect_id = e.id AND m.transaction_id = e.transaction_id;
"""
VIEW = """
ALTER TABLE routes_effect ALTER COLUMN transaction_id SET NOT NULL;
CREATE INDEX effect_transaction ON routes_effect (transaction_id);
CREATE VIEW routes_effectlink AS
SELECT id AS effect_id, transaction_id FROM routes_effect
UNION ALL SELECT effect_id, transaction_id FROM routes_effectmember;
"""
SOURCE_HEADS = """
ALTER TABLE routes_sourcehead DROP CONSTRAINT source_head_once, DROP COLUMN id, ADD PRIMARY KEY (route_id, key);
"""


class Migration(migrations.Migration):
    dependencies = [("routes", "0005_bodies_share_rows")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(LINKS), migrations.RunSQL(VIEW), migrations.RunSQL(SOURCE_HEADS)],
            state_operations=[
                migrations.RenameModel("EffectLink", "EffectMember"),
                migrations.CreateModel(
                    name="EffectLink",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "effect_id", "transaction_id", blank=True, editable=False, primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("effect_id", models.UUIDField()),
                        ("transaction_id", models.UUIDField()),
                    ],
                    options={"managed": False, "db_table": "routes_effectlink"},
                ),
                migrations.AddField("Effect", "transaction_id", models.UUIDField()),
                migrations.AddIndex("Effect", models.Index(fields=["transaction_id"], name="effect_transaction")),
                migrations.RemoveConstraint("SourceHead", "source_head_once"),
                migrations.RemoveField("SourceHead", "id"),
                migrations.AddField(
                    "SourceHead",
                    "pk",
                    models.CompositePrimaryKey(
                        "route_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
            ],
        ),
    ]  # fmt: skip
