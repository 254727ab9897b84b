"""Consignments: what a page brings new, on its way as one row."""

from django.db import migrations

TABLE = """
CREATE TABLE routes_consignment (
    id uuid PRIMARY KEY,
    route_id bigint NOT NULL,
    run_id uuid,
    connection_id bigint NOT NULL,
    lane varchar(20) NOT NULL,
    object varchar(80) NOT NULL,
    destination_id bigint NOT NULL,
    record_keys text[] STORAGE EXTERNAL NOT NULL,
    keys text[] STORAGE EXTERNAL NOT NULL CHECK (cardinality(keys) > 0),
    worth jsonb NOT NULL,
    waybill bytea STORAGE EXTERNAL NOT NULL,
    owner uuid,
    taken_at timestamptz,
    due_at timestamptz NOT NULL,
    set_apart boolean NOT NULL DEFAULT false,
    CONSTRAINT consignment_taken_by_somebody CHECK ((owner IS NULL) = (taken_at IS NULL))
);
CREATE INDEX routes_consignment_stream ON routes_consignment (connection_id, lane, object);
"""


class Migration(migrations.Migration):
    dependencies = [("routes", "0002_partitioned_tables")]
    operations = [migrations.RunSQL(TABLE, "DROP TABLE routes_consignment")]
