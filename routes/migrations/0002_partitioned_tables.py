"""The tables that grow: partitioned by range of their UUIDv7 id, and the storage settings of the hot ones."""

import datetime as dt

from django.db import migrations

from routes import partitions

TABLES = """
CREATE SEQUENCE routes_record_sequence;
CREATE TABLE routes_record (
    id uuid PRIMARY KEY,
    sequence bigint NOT NULL DEFAULT nextval('routes_record_sequence'),
    route_id bigint NOT NULL,
    run_id uuid,
    legal_entity_id bigint NOT NULL,
    key varchar(200) NOT NULL,
    version varchar(90) COLLATE "C" NOT NULL,
    content_hash bytea NOT NULL,
    outcome varchar(10) NOT NULL CHECK (outcome IN ('new', 'changed', 'unreadable', 'withdrawn')),
    state varchar(10) NOT NULL CHECK (state IN ('received', 'routed', 'failed', 'superseded', 'waived')),
    received_at timestamptz NOT NULL,
    occurred_on date,
    approved_at timestamptz,
    changed_at timestamptz,
    correlation_id uuid NOT NULL,
    causation_id uuid,
    source_payload_id uuid,
    canonical_payload_id uuid,
    amount numeric(18, 4),
    currency varchar(3) NOT NULL DEFAULT '',
    hours numeric(12, 4),
    not_chosen jsonb
) PARTITION BY RANGE (id);
CREATE INDEX routes_record_key ON routes_record (route_id, key text_pattern_ops);
CREATE INDEX routes_record_run ON routes_record (run_id);
CREATE TABLE routes_record_default PARTITION OF routes_record DEFAULT;

CREATE TABLE routes_payload (
    id uuid PRIMARY KEY,
    stage varchar(10) NOT NULL CHECK (stage IN ('source', 'canonical', 'request', 'response')),
    body text NOT NULL,
    data_class varchar(10) NOT NULL DEFAULT 'business',
    retain_until date,
    table_rows bigint[]
) PARTITION BY RANGE (id);
CREATE TABLE routes_payload_default PARTITION OF routes_payload DEFAULT;

CREATE TABLE routes_transition (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    subject_id uuid NOT NULL,
    from_state varchar(10) NOT NULL,
    to_state varchar(10) NOT NULL,
    at timestamptz NOT NULL,
    actor_kind varchar(6) NOT NULL CHECK (actor_kind IN ('person', 'rule', 'engine')),
    actor varchar(150) NOT NULL CHECK (actor <> ''),
    reason text NOT NULL CHECK (reason <> '')
) PARTITION BY RANGE (id);
CREATE INDEX routes_transition_subject ON routes_transition (subject_id);
CREATE TABLE routes_transition_default PARTITION OF routes_transition DEFAULT;

CREATE TABLE routes_walk (
    id uuid PRIMARY KEY,
    from_states text[] NOT NULL,
    to_states text[] NOT NULL,
    times timestamptz[] NOT NULL,
    reasons text[] NOT NULL,
    actor_kind varchar(6) NOT NULL CHECK (actor_kind IN ('person', 'rule', 'engine')),
    actor varchar(150) NOT NULL CHECK (actor <> ''),
    CONSTRAINT walk_step_is_whole CHECK (
        cardinality(to_states) > 0 AND cardinality(from_states) = cardinality(to_states)
        AND cardinality(times) = cardinality(to_states) AND cardinality(reasons) = cardinality(to_states)),
    CONSTRAINT walk_step_has_reason CHECK ('' <> ALL (reasons) AND array_position(reasons, NULL) IS NULL),
    CONSTRAINT walk_step_has_time CHECK (array_position(times, NULL) IS NULL),
    CONSTRAINT walk_step_has_state CHECK ('' <> ALL (to_states) AND array_position(to_states, NULL) IS NULL)
) PARTITION BY RANGE (id);
CREATE TABLE routes_walk_default PARTITION OF routes_walk DEFAULT;

CREATE VIEW routes_history AS
SELECT id, subject_id, from_state::text, to_state::text, at, actor_kind, actor, reason FROM routes_transition
UNION ALL
SELECT (left(w.id::text, 24) || lpad(to_hex(s.place), 12, '0'))::uuid, t.id, s.from_state, s.to_state, s.at,
       w.actor_kind, w.actor, s.reason
FROM routes_transaction t JOIN routes_walk w ON w.id = t.walk_id
CROSS JOIN LATERAL unnest(w.from_states, w.to_states, w.times, w.reasons)
    WITH ORDINALITY AS s(from_state, to_state, at, reason, place);

CREATE TABLE routes_attempt (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    effect_id uuid NOT NULL,
    kind varchar(8) NOT NULL CHECK (kind IN ('write', 'look_up')),
    at timestamptz NOT NULL,
    outcome varchar(10) NOT NULL,
    status smallint,
    category varchar(20) NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    exchange_id uuid
) PARTITION BY RANGE (id);
CREATE INDEX routes_attempt_effect ON routes_attempt (effect_id);
CREATE TABLE routes_attempt_default PARTITION OF routes_attempt DEFAULT;

CREATE TABLE routes_exchange (
    id uuid PRIMARY KEY,
    connection_id bigint NOT NULL,
    at timestamptz NOT NULL,
    body jsonb NOT NULL
) PARTITION BY RANGE (id);
CREATE TABLE routes_exchange_default PARTITION OF routes_exchange DEFAULT;

ALTER TABLE routes_transaction SET (fillfactor = 70);
ALTER TABLE routes_keyhead SET (fillfactor = 70);
ALTER TABLE routes_effect SET (fillfactor = 70);
ALTER TABLE routes_transaction ALTER COLUMN version TYPE varchar(90) COLLATE "C";
ALTER TABLE routes_keyhead ALTER COLUMN seen_version TYPE varchar(90) COLLATE "C";
ALTER TABLE routes_sourcehead ALTER COLUMN version TYPE varchar(90) COLLATE "C";
ALTER TABLE routes_failure ALTER COLUMN id SET DEFAULT uuidv7();
"""
DROP = """
DROP VIEW routes_history;
DROP TABLE routes_walk, routes_record, routes_payload, routes_transition, routes_attempt, routes_exchange;
DROP SEQUENCE routes_record_sequence;
"""


def make_partitions(apps, schema_editor):
    partitions.ensure(dt.datetime.now(tz=dt.UTC).date())


class Migration(migrations.Migration):
    dependencies = [("routes", "0001_initial"), ("connectors", "0002_hub_now")]
    operations = [
        migrations.RunSQL(TABLES, DROP),
        migrations.RunPython(make_partitions, migrations.RunPython.noop),
    ]
