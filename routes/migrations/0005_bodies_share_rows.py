"""Bodies that are stored together share a row (`routes.bodies`); those that are there keep rows of their own."""

import msgspec
from django.db import migrations

COLUMNS = """
ALTER TABLE routes_payload
    ADD COLUMN ends int[],
    ADD COLUMN bodies bytea STORAGE EXTERNAL,
    ADD COLUMN hits bigint[] STORAGE EXTERNAL NOT NULL DEFAULT '{}',
    ADD COLUMN hit_ends int[];
UPDATE routes_payload SET
    id = (left(id::text, 32) || '0000')::uuid, ends = ARRAY[octet_length(body)], bodies = convert_to(body, 'UTF8'),
    hits = coalesce(table_rows, '{}'), hit_ends = ARRAY[coalesce(cardinality(table_rows), 0)];
"""
ONLY_NEW_ONES = """
ALTER TABLE routes_payload
    ALTER COLUMN ends SET NOT NULL, ALTER COLUMN bodies SET NOT NULL, ALTER COLUMN hit_ends SET NOT NULL,
    DROP COLUMN body, DROP COLUMN table_rows,
    ADD CONSTRAINT payload_holds_bodies CHECK (
        cardinality(ends) BETWEEN 1 AND 65536 AND cardinality(hit_ends) = cardinality(ends)
        AND octet_length(bodies) = ends[cardinality(ends)] AND cardinality(hits) = hit_ends[cardinality(hit_ends)]);
"""
# Written so that the planner takes it apart: as a table of a query it costs what a join did.
FUNCTION = """
CREATE FUNCTION routes_body(wanted uuid) RETURNS TABLE (body text, table_rows bigint[]) LANGUAGE sql STABLE AS $$
    SELECT convert_from(
            substring(p.bodies FROM coalesce(p.ends[w.place], 0) + 1
                      FOR p.ends[w.place + 1] - coalesce(p.ends[w.place], 0)), 'UTF8'),
        p.hits[coalesce(p.hit_ends[w.place], 0) + 1 : p.hit_ends[w.place + 1]]
    FROM routes_payload p
    CROSS JOIN LATERAL (
        SELECT CASE WHEN cardinality(p.ends) = 1 THEN 0 ELSE
            get_byte(uuid_send(wanted), 14) * 256 + get_byte(uuid_send(wanted), 15) END AS place) w
    WHERE p.id = (left(wanted::text, 32) || '0000')::uuid AND w.place < cardinality(p.ends)
$$;
"""
INSERT = (
    "INSERT INTO routes_payload (id, stage, ends, bodies, hits, hit_ends)"
    " VALUES (%s::uuid, 'request', %s, %s, %s::bigint[], %s)"
)


def take_bodies_out(apps, schema_editor):
    """Store the bodies that consignments carry: from now on a page's commit does, and they carry only the ids."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT id, waybill FROM routes_consignment WHERE NOT set_apart FOR UPDATE")
        for id_, waybill in cursor.fetchall():
            *shared, items = msgspec.msgpack.decode(bytes(waybill))
            for item in items:
                body, hits = item[9].encode(), list(item[10])
                cursor.execute(INSERT, [f"{item[3][:28]}0000", [len(body)], body, hits, [len(hits)]])
                del item[9:11]
            cursor.execute(
                "UPDATE routes_consignment SET waybill = %s WHERE id = %s",
                [msgspec.msgpack.encode([*shared, items]), id_],
            )


class Migration(migrations.Migration):
    dependencies = [("routes", "0004_destinations_in_use")]
    operations = [
        migrations.RunSQL(COLUMNS),
        migrations.RunSQL(ONLY_NEW_ONES),
        migrations.RunPython(take_bodies_out),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION routes_body"),
    ]
