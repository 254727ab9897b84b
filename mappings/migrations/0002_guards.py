"""What the database itself refuses in lookup tables: two rows in force for one key and day, and rows that change."""

from django.db import migrations

# The embedded server has no btree_gist, so an exclusion constraint cannot compare a table's id and a key for equality
# beside a range. One range holds all three: table and hashed key give the number's high part, the days its low part.
SPAN = """
ALTER TABLE mappings_tablerow ADD COLUMN span numrange GENERATED ALWAYS AS (
    numrange(
        (table_id::numeric * 9223372036854775808 + key_hash) * 10000000
            + (coalesce(valid_from, DATE '0001-01-01') - DATE '0001-01-01'),
        (table_id::numeric * 9223372036854775808 + key_hash) * 10000000
            + (coalesce(valid_to, DATE '9999-12-31') - DATE '0001-01-01'),
        '[]'
    )
) STORED;
ALTER TABLE mappings_tablerow ADD CONSTRAINT table_row_no_overlap
    EXCLUDE USING gist (span WITH &&) WHERE (approved_at IS NOT NULL AND recorded_to IS NULL);
"""

GUARD = """
CREATE FUNCTION mappings_table_row_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'A row of a lookup table is never deleted; withdraw it instead.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.id, NEW.table_id, NEW.key, NEW.key_hash, NEW.valid_from, NEW.valid_to, NEW.values, NEW.proposed_by,
        NEW.proposed_at)
        IS DISTINCT FROM
       (OLD.id, OLD.table_id, OLD.key, OLD.key_hash, OLD.valid_from, OLD.valid_to, OLD.values, OLD.proposed_by,
        OLD.proposed_at)
       OR OLD.approved_at IS NOT NULL
          AND (NEW.approved_by, NEW.approved_at, NEW.recorded_from)
              IS DISTINCT FROM (OLD.approved_by, OLD.approved_at, OLD.recorded_from)
       OR OLD.recorded_to IS NOT NULL
    THEN
        RAISE EXCEPTION 'A row of a lookup table never changes; add a new row instead.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mappings_table_row_guard BEFORE UPDATE OR DELETE ON mappings_tablerow
    FOR EACH ROW EXECUTE FUNCTION mappings_table_row_guard();
"""

# Workers keep the rows that they have read for as long as this mark stays the same. It is a random one and no number: a
# change that is rolled back leaves no mark that a later change could make again.
MARK = """
CREATE TABLE mappings_tablesmark (single boolean PRIMARY KEY DEFAULT true CHECK (single), mark uuid NOT NULL);
INSERT INTO mappings_tablesmark (mark) VALUES (gen_random_uuid());
CREATE FUNCTION mappings_mark_tables() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE mappings_tablesmark SET mark = gen_random_uuid();
    RETURN NULL;
END $$;
CREATE TRIGGER mappings_mark_tables AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON mappings_lookuptable
    FOR EACH STATEMENT EXECUTE FUNCTION mappings_mark_tables();
CREATE TRIGGER mappings_mark_tables AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON mappings_tablerow
    FOR EACH STATEMENT EXECUTE FUNCTION mappings_mark_tables();
"""
UNMARK = """
DROP TRIGGER mappings_mark_tables ON mappings_lookuptable;
DROP TRIGGER mappings_mark_tables ON mappings_tablerow;
DROP FUNCTION mappings_mark_tables();
DROP TABLE mappings_tablesmark;
"""


class Migration(migrations.Migration):
    dependencies = [("mappings", "0001_initial")]

    operations = [
        migrations.RunSQL(SPAN, "ALTER TABLE mappings_tablerow DROP COLUMN span"),
        migrations.RunSQL(
            GUARD,
            "DROP TRIGGER mappings_table_row_guard ON mappings_tablerow; DROP FUNCTION mappings_table_row_guard()",
        ),
        migrations.RunSQL(MARK, UNMARK),
    ]
