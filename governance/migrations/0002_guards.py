"""What the database itself refuses: a published version that changes, an audit entry that changes, a chain with a gap."""

from django.db import migrations

VERSION_GUARD = """
CREATE FUNCTION governance_version_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state <> 'draft' THEN
            RAISE EXCEPTION 'Version % of % % is % and cannot be deleted; only drafts can.',
                OLD.number, OLD.kind, OLD.object_key, OLD.state USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.state <> NEW.state AND NOT (OLD.state, NEW.state) IN (
        ('draft', 'submitted'), ('submitted', 'draft'), ('submitted', 'approved'), ('approved', 'draft'),
        ('approved', 'published'), ('published', 'retired')
    ) THEN
        RAISE EXCEPTION 'Version % of % % cannot go from % to %.',
            OLD.number, OLD.kind, OLD.object_key, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (OLD.id, OLD.kind, OLD.object_key, OLD.number, OLD.author, OLD.created_at, OLD.legal_entity_id,
        OLD.rolls_back_to_id)
        IS DISTINCT FROM
       (NEW.id, NEW.kind, NEW.object_key, NEW.number, NEW.author, NEW.created_at, NEW.legal_entity_id,
        NEW.rolls_back_to_id)
       OR OLD.state <> 'draft' AND
       (OLD.content, OLD.content_hash, OLD.note, OLD.contributors)
        IS DISTINCT FROM (NEW.content, NEW.content_hash, NEW.note, NEW.contributors)
       OR NOT NEW.contributors @> OLD.contributors
       OR OLD.state IN ('submitted', 'approved') AND NEW.state <> 'draft' AND
       (OLD.submitted_by, OLD.submitted_at) IS DISTINCT FROM (NEW.submitted_by, NEW.submitted_at)
       OR OLD.state = 'approved' AND NEW.state <> 'draft' AND
       (OLD.approved_by, OLD.approved_at) IS DISTINCT FROM (NEW.approved_by, NEW.approved_at)
    THEN
        RAISE EXCEPTION 'Version % of % % is % and this part of it no longer changes; make a new draft.',
            OLD.number, OLD.kind, OLD.object_key, OLD.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state IN ('published', 'retired') AND (
        to_jsonb(NEW) - 'state' - 'retired_by' - 'retired_at'
        <> to_jsonb(OLD) - 'state' - 'retired_by' - 'retired_at'
        OR OLD.state = 'retired' AND to_jsonb(NEW) <> to_jsonb(OLD)
    ) THEN
        RAISE EXCEPTION 'Version % of % % is % and never changes; make a new draft.',
            OLD.number, OLD.kind, OLD.object_key, OLD.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER governance_version_guard BEFORE UPDATE OR DELETE ON governance_version
    FOR EACH ROW EXECUTE FUNCTION governance_version_guard();
ALTER TABLE governance_version ADD CONSTRAINT version_contributors_named
    CHECK (author = ANY (contributors) AND approved_by <> ALL (contributors));
"""

AUDIT_GUARD = """
INSERT INTO governance_audithead (id, position, hash) VALUES (1, 0, ''::bytea);

CREATE FUNCTION governance_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit trail is only ever added to; % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER governance_audit_guard BEFORE UPDATE OR DELETE ON governance_auditentry
    FOR EACH ROW EXECUTE FUNCTION governance_audit_guard();
CREATE TRIGGER governance_audit_guard BEFORE UPDATE OR DELETE ON governance_auditseal
    FOR EACH ROW EXECUTE FUNCTION governance_audit_guard();

-- One row per INSERT statement waits here for the commit, so that a bulk of thousands takes the head once. Never holds
-- a row that others can see.
CREATE TABLE governance_auditpending (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entries uuid[] NOT NULL,
    digests bytea[] NOT NULL
);

CREATE FUNCTION governance_audit_collect() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO governance_auditpending (entries, digests)
        SELECT array_agg(id ORDER BY id), array_agg(digest ORDER BY id) FROM added HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER governance_audit_collect AFTER INSERT ON governance_auditentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION governance_audit_collect();

-- Runs at commit: the head's row lock orders the commits and is held for the commit only. An emptied table (tests
-- flush) starts a new chain.
CREATE FUNCTION governance_audit_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    link governance_audithead%ROWTYPE;
BEGIN
    INSERT INTO governance_audithead (id, position, hash) VALUES (1, 0, ''::bytea) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT link FROM governance_audithead WHERE id = 1 FOR UPDATE;
    FOR each IN 1 .. cardinality(NEW.entries) LOOP
        link.position := link.position + 1;
        link.hash := sha256(link.hash || int8send(link.position) || uuid_send(NEW.entries[each]) || NEW.digests[each]);
        INSERT INTO governance_auditseal (position, entry_id, hash)
            VALUES (link.position, NEW.entries[each], link.hash);
    END LOOP;
    UPDATE governance_audithead SET position = link.position, hash = link.hash WHERE id = 1;
    DELETE FROM governance_auditpending WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER governance_audit_seal AFTER INSERT ON governance_auditpending
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION governance_audit_seal();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0001_initial")]

    operations = [
        migrations.RunSQL(
            VERSION_GUARD,
            """DROP TRIGGER governance_version_guard ON governance_version;
            DROP FUNCTION governance_version_guard();
            ALTER TABLE governance_version DROP CONSTRAINT version_contributors_named;""",
        ),
        migrations.RunSQL(
            AUDIT_GUARD,
            """DROP TRIGGER governance_audit_collect ON governance_auditentry;
            DROP FUNCTION governance_audit_collect();
            DROP TABLE governance_auditpending;
            DROP FUNCTION governance_audit_seal();
            DROP TRIGGER governance_audit_guard ON governance_auditseal;
            DROP TRIGGER governance_audit_guard ON governance_auditentry;
            DROP FUNCTION governance_audit_guard();
            DELETE FROM governance_audithead;""",
        ),
    ]
