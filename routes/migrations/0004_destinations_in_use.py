"""What the database itself refuses in destinations that have records: another connection or stream, and deletion."""

from django.db import migrations

GUARD = """
CREATE FUNCTION routes_destination_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.connection_id, NEW.stream) = (OLD.id, OLD.connection_id, OLD.stream) THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM routes_transaction WHERE destination_id = OLD.id)
        OR EXISTS (SELECT FROM routes_consignment WHERE destination_id = OLD.id)
    THEN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION '“%” has posted or waiting records, which are corrected through it. %', OLD.name,
                'Keep it, and give it a condition that nothing new meets; or switch it off, and it holds what comes for it.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RAISE EXCEPTION '“%” has posted or waiting records under its connection and stream. %', OLD.name,
            'Add a new destination for the new ones, in a group with this one, and give this one a condition that nothing'
            ' new meets; what was posted is corrected where it stands.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER routes_destination_guard BEFORE UPDATE OR DELETE ON routes_destination
    FOR EACH ROW EXECUTE FUNCTION routes_destination_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("routes", "0003_consignments")]
    operations = [
        migrations.RunSQL(
            GUARD,
            "DROP TRIGGER routes_destination_guard ON routes_destination; DROP FUNCTION routes_destination_guard()",
        ),
    ]
