"""Who had what opens another's account, and when, is kept: what was written meanwhile stays theirs."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KEPT = """
CREATE FUNCTION governance_keep_keyholders() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE governance_keyholder SET until = clock_timestamp()
    WHERE account_id = NEW.id AND until IS NULL AND reference <> ALL (NEW.credentials_set_by);
    INSERT INTO governance_keyholder (account_id, reference, since)
    SELECT DISTINCT NEW.id, opener, clock_timestamp() FROM unnest(NEW.credentials_set_by) opener
    WHERE NOT EXISTS (
        SELECT FROM governance_keyholder k WHERE k.account_id = NEW.id AND k.reference = opener AND k.until IS NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER governance_keep_keyholders_made AFTER INSERT ON governance_user
    FOR EACH ROW WHEN (NEW.credentials_set_by <> '{}') EXECUTE FUNCTION governance_keep_keyholders();
CREATE TRIGGER governance_keep_keyholders AFTER UPDATE OF credentials_set_by ON governance_user
    FOR EACH ROW WHEN (OLD.credentials_set_by IS DISTINCT FROM NEW.credentials_set_by)
    EXECUTE FUNCTION governance_keep_keyholders();
-- Since when is not known of those who have it now.
INSERT INTO governance_keyholder (account_id, reference, since)
SELECT DISTINCT u.id, opener, u.date_joined FROM governance_user u CROSS JOIN unnest(u.credentials_set_by) opener;
"""
GONE = """
DROP TRIGGER governance_keep_keyholders ON governance_user;
DROP TRIGGER governance_keep_keyholders_made ON governance_user;
DROP FUNCTION governance_keep_keyholders();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0013_companies")]

    operations = [
        migrations.CreateModel(
            name="Keyholder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=100)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        name="keyholder_once", fields=["account", "reference"],
                        condition=models.Q(("until__isnull", True)),
                    )
                ]
            },
        ),
        migrations.RunSQL(KEPT, GONE),
    ]  # fmt: skip
