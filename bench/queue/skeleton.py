"""What moves, written by the database itself: a year of transactions with all that the hub keeps of each.

A number says it all: which company, route, hours and rate, where it stands and why. The numbers of a slice are worked
out once, into a table of this session; every table of the hub takes its rows from that one.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import connection

from bench.lists import bodies
from bench.lists.firm import Firm
from bench.lists.steps import PATHS, REASONS
from bench.queue.size import COMPANIES, WAYS, Size
from governance.identifiers import new_id
from routes.bulk import copy_in

SLICE = 250_000  # transactions of one commit
RUN = 2_000  # records that a run brought
TABLES = """
CREATE TEMP TABLE queue_way (slug text PRIMARY KEY, route bigint, destination bigint, connection bigint, stream text,
    snapshot bigint, owner bigint);
CREATE TEMP TABLE queue_path (name text PRIMARY KEY, came_from text[], came_to text[], reasons text[],
    steps_from text[], steps_to text[], people boolean[], step_reasons text[], stands text, return_to text,
    attempts int, effect text, sends boolean);
CREATE TEMP TABLE queue_made (n bigint, at timestamptz, key text, company bigint, currency text, path text, cause int,
    hours numeric(12, 4), rate numeric, amount numeric(18, 4), day date, pick int, way text, has_body boolean,
    run uuid, record uuid, transaction uuid, effect uuid, walk uuid, exchange uuid);
CREATE TEMP TABLE queue_body (n bigint PRIMARY KEY, source uuid, canonical uuid, request uuid);
CREATE TEMP TABLE queue_run (place bigint PRIMARY KEY, run uuid);
CREATE TEMP TABLE queue_walk (page bigint, path text, walk uuid, at timestamptz, PRIMARY KEY (page, path))
"""
NAMES = ("queue_way", "queue_path", "queue_made", "queue_body", "queue_run", "queue_walk", "queue_cause")
# Two of five members have the largest cause; of all others each has one, and what is left is spread unevenly.
MADE = """
WITH number AS (
    SELECT n, %(now)s - (%(all)s - n) * %(step)s::interval AS at, hashint8extended(n, 11) & 2147483647 AS chance,
        CASE WHEN n > %(first)s AND (n - %(first)s) %% %(every)s = 0 THEN (n - %(first)s) / %(every)s - 1 END AS m
    FROM generate_series(%(low)s, %(high)s) n
), placed AS (
    SELECT *, m %% 5 < 2 AS largest, m / 5 * 2 + m %% 5 AS of_largest,
        (m / 5 * 3 + m %% 5 - 2) * 7919 %% %(rest)s AS other FROM number
), caused AS (
    SELECT *, CASE WHEN m IS NULL THEN NULL WHEN largest THEN 0 WHEN other < %(items)s - 1 THEN 1 + other
        ELSE 1 + floor((%(items)s - 1) * power(chance / 2147483648.0, 4)) END::int AS cause,
        n > %(all)s - %(bodies)s / 5 OR m IS NOT NULL AND
            CASE WHEN largest THEN of_largest ELSE other END < %(bodies)s * 2 / 5 AS has_body FROM placed
)
INSERT INTO queue_made
SELECT n, at, 'TE-' || lpad(n::text, 8, '0'), company.id, e.currency,
    coalesce(c.stands, CASE WHEN chance %% 1000 < 20 THEN 'filtered' WHEN chance %% 1000 < 23 THEN 'waived'
        WHEN chance %% 1000 < 200 THEN 'posted by itself' ELSE 'posted' END),
    cause, hours.of_it, rate.of_it, CASE WHEN coalesce(c.known, true) THEN round(hours.of_it * rate.of_it, 2) END,
    (at AT TIME ZONE 'UTC')::date - (chance %% 21)::int, (chance %% 1048576)::int,
    coalesce(c.way, CASE WHEN chance %% 10 < 7 THEN %(usual)s ELSE %(other)s END),
    has_body OR %(bodies)s >= %(all)s, NULL, uuidv7(at - now()), uuidv7(at - now()), uuidv7(at - now()), NULL,
    uuidv7(at - now())
FROM caused LEFT JOIN queue_cause c ON c.number = caused.cause
CROSS JOIN LATERAL (SELECT coalesce(c.company, (%(companies)s::bigint[])[1 + chance %% 100]) AS id) company
JOIN governance_legalentity e ON e.id = company.id
CROSS JOIN LATERAL (SELECT (1 + chance / 7 %% 40) / 4.0 AS of_it) hours
CROSS JOIN LATERAL (SELECT (ARRAY[95.00, 110.00, 137.50, 162.00, 185.00])[1 + n %% 5] AS of_it) rate
ORDER BY n;
INSERT INTO queue_run SELECT n / %(run)s, uuidv7(min(at) - now()) FROM queue_made GROUP BY 1 ORDER BY 1;
INSERT INTO queue_walk SELECT n / 500, path, uuidv7(min(at) - now()), min(at) FROM queue_made GROUP BY 1, 2 ORDER BY 1;
UPDATE queue_made SET run = r.run, walk = w.walk FROM queue_run r, queue_walk w
WHERE r.place = n / %(run)s AND w.page = n / 500 AND w.path = queue_made.path
"""
ROWS = """
INSERT INTO routes_run (id, route_id, legal_entity_id, trigger, requested_by, state, created_at, started_at, ended_at,
    pages, read, new, changed, unchanged, unreadable, withdrawn, echoes, attempts, message, compares)
SELECT m.run, max(w.route), max(w.owner), 'schedule', 'Throughline', 'done', min(m.at), min(m.at), max(m.at), 4,
    count(*), count(*), 0, 0, 0, 0, 0, 0, '', false
FROM queue_made m JOIN queue_way w ON w.slug = m.way GROUP BY m.run;
INSERT INTO routes_record (id, route_id, run_id, legal_entity_id, key, version, content_hash, outcome, state,
    received_at, occurred_on, changed_at, correlation_id, source_payload_id, canonical_payload_id, amount, currency,
    hours)
SELECT m.record, w.route, m.run, m.company, m.key, 'n1', uuid_send(m.record), 'new', 'routed', m.at, m.day, m.at,
    m.record, b.source, b.canonical, m.amount, CASE WHEN m.amount IS NULL THEN '' ELSE m.currency END, m.hours
FROM queue_made m JOIN queue_way w ON w.slug = m.way LEFT JOIN queue_body b ON b.n = m.n ORDER BY m.n;
INSERT INTO routes_sourcehead (route_id, key, record_id, version, content_hash, occurred_on, withdrawn)
SELECT w.route, m.key, m.record, 'n1', uuid_send(m.record), m.day, false
FROM queue_made m JOIN queue_way w ON w.slug = m.way ORDER BY m.n;
INSERT INTO routes_walk (id, from_states, to_states, times, reasons, actor_kind, actor)
SELECT k.walk, p.came_from, p.came_to, array_fill(k.at, ARRAY[cardinality(p.came_to)]), p.reasons, 'engine',
    'Throughline'
FROM queue_walk k JOIN queue_path p ON p.name = k.path ORDER BY k.walk;
INSERT INTO routes_transaction (id, record_id, run_id, destination_id, legal_entity_id, snapshot_id, key, version,
    "group", state, return_to, withdraws, attempts, waits_for, request_payload_id, request_hash, correlation_id, amount,
    currency, hours, created_at, walk_id)
SELECT m.transaction, m.record, m.run, w.destination, m.company, w.snapshot, m.key, 'n1', '', p.stands, p.return_to,
    false, p.attempts, coalesce(c.waits_for, ''), CASE WHEN p.sends THEN coalesce(b.request, m.effect) END,
    CASE WHEN p.sends THEN uuid_send(m.record) END, m.record, m.amount,
    CASE WHEN m.amount IS NULL THEN '' ELSE m.currency END, m.hours, m.at, m.walk
FROM queue_made m JOIN queue_way w ON w.slug = m.way JOIN queue_path p ON p.name = m.path
LEFT JOIN queue_cause c ON c.number = m.cause LEFT JOIN queue_body b ON b.n = m.n ORDER BY m.n;
INSERT INTO routes_transition (subject_id, from_state, to_state, at, actor_kind, actor, reason, id)
SELECT m.transaction, s.came, s.went, m.at + s.place * interval '1 second',
    CASE WHEN s.person THEN 'person' ELSE 'engine' END, CASE WHEN s.person THEN 'Farid Amini' ELSE 'Throughline' END,
    coalesce(CASE WHEN s.went IN ('failed', 'unknown') THEN c.message END, s.reason),
    uuidv7(m.at + s.place * interval '1 second' - now())
FROM queue_made m JOIN queue_path p ON p.name = m.path LEFT JOIN queue_cause c ON c.number = m.cause
CROSS JOIN LATERAL unnest(p.steps_from, p.steps_to, p.people, p.step_reasons)
    WITH ORDINALITY AS s(came, went, person, reason, place)
ORDER BY m.n;
INSERT INTO routes_effect (id, connection_id, destination_id, transaction_id, object, key, number, write_key, operation,
    source_version, payload_id, payload_hash, idempotency_key, state, sent_at, ended_at, not_there, external_id,
    reference, target_version, message)
SELECT m.effect, w.connection, w.destination, m.transaction, w.stream, m.key, 1, m.key, 'create', 'n1',
    coalesce(b.request, m.effect), uuid_send(m.record), m.effect::text, p.effect, m.at, m.at, 0,
    CASE WHEN p.effect = 'confirmed' THEN 'L' || lpad(m.n::text, 9, '0') ELSE '' END,
    CASE WHEN p.effect = 'confirmed' THEN 'LR-' || lpad(m.n::text, 9, '0') ELSE '' END,
    CASE WHEN p.effect = 'confirmed' THEN '1' ELSE '' END, ''
FROM queue_made m JOIN queue_way w ON w.slug = m.way JOIN queue_path p ON p.name = m.path
LEFT JOIN queue_body b ON b.n = m.n WHERE p.effect <> '' ORDER BY m.n;
INSERT INTO routes_keyhead (connection_id, object, key, lane, transaction_id, due_at, live_effect_id, live_hash,
    live_external_id, live_payload_id, live_write_key, live_transaction_id, generation, seen_version, waiting, mirrored)
SELECT w.connection, w.stream, m.key, 'posting', m.transaction,
    CASE WHEN p.stands = 'unknown' THEN now() + interval '1 hour' END, live.effect,
    CASE WHEN live.effect IS NOT NULL THEN uuid_send(m.record) END,
    CASE WHEN live.effect IS NULL THEN '' ELSE 'L' || lpad(m.n::text, 9, '0') END,
    CASE WHEN live.effect IS NOT NULL THEN coalesce(b.request, m.effect) END,
    CASE WHEN live.effect IS NULL THEN '' ELSE m.key END,
    CASE WHEN live.effect IS NOT NULL THEN m.transaction END, 0, 'n1', false, false
FROM queue_made m JOIN queue_way w ON w.slug = m.way JOIN queue_path p ON p.name = m.path
CROSS JOIN LATERAL (SELECT CASE WHEN p.stands = 'posted' THEN m.effect END AS effect) live
LEFT JOIN queue_body b ON b.n = m.n ORDER BY m.n;
INSERT INTO routes_wait (transaction_id, kind, "on", connection_id, legal_entity_id, since)
SELECT m.transaction, c.wait, c.waits_for, w.connection, m.company, m.at
FROM queue_made m JOIN queue_way w ON w.slug = m.way JOIN queue_cause c ON c.number = m.cause WHERE c.wait <> '';
INSERT INTO routes_failure (id, legal_entity_id, route_id, record_id, transaction_id, run_id, connection_id, stage,
    category, fingerprint, field, rule, "table", table_key, value, accepted, message, hint, amount, currency, hours,
    opened_at, closed_how, taken)
SELECT uuidv7(m.at - now()), m.company, w.route, m.record, m.transaction, m.run, w.connection, c.stage, c.category,
    c.fingerprint, c.field, c.rule, c."table", c.table_key, c.value, '', c.message, '', m.amount,
    CASE WHEN m.amount IS NULL THEN '' ELSE m.currency END, m.hours, m.at, '', false
FROM queue_made m JOIN queue_way w ON w.slug = m.way JOIN queue_cause c ON c.number = m.cause ORDER BY m.n;
INSERT INTO routes_exchange (id, connection_id, at, body)
SELECT m.exchange, w.connection, m.at, jsonb_build_object('method', 'POST', 'url', 'https://ledger.example/entries',
    'status', CASE WHEN p.effect = 'confirmed' THEN 201 ELSE 422 END, 'duration_ms', 41,
    'request_body', jsonb_build_object('key', m.key, 'hours', m.hours, 'amount', m.amount)::text,
    'response_body', '{}')
FROM queue_made m JOIN queue_way w ON w.slug = m.way JOIN queue_path p ON p.name = m.path
WHERE m.has_body AND p.attempts > 0 ORDER BY m.n;
INSERT INTO routes_attempt (id, effect_id, kind, at, outcome, status, exchange_id)
SELECT uuidv7(m.at - now()), m.effect, 'write', m.at, p.effect,
    CASE p.effect WHEN 'confirmed' THEN 201 WHEN 'refused' THEN 422 END, m.exchange
FROM queue_made m JOIN queue_path p ON p.name = m.path WHERE m.has_body AND p.attempts > 0 ORDER BY m.n
"""
WITH_BODY = """
SELECT m.n, e.code, m.day, m.hours, m.rate, m.pick, m.record FROM queue_made m
JOIN governance_legalentity e ON e.id = m.company WHERE m.has_body ORDER BY m.n
"""
SPACE = 500  # bodies in one row
CENT = Decimal("0.01")


def begin(firm: Firm) -> None:
    """Make the tables of this session, and say in them what the ways and paths are."""
    ways = []
    for slug, way in firm.routes.items():
        [to] = way.targets
        ways.append((slug, way.id, to.id, to.connection, to.stream, way.snapshot, way.legal_entity))
    with connection.cursor() as cursor:
        for statement in TABLES.split(";\n"):
            cursor.execute(statement)
        copy_in(cursor, "COPY queue_way FROM STDIN", ways)
        cursor.executemany(f"INSERT INTO queue_path VALUES ({', '.join(['%s'] * 13)})", list(map(_path, PATHS)))  # noqa: S608 - ours


def end() -> None:
    """Drop the tables of this session."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {', '.join(NAMES)}")


def write(size: Size, firm: Firm, low: int, high: int) -> None:
    """Write the transactions of these numbers, both included."""
    companies = [firm.companies[code] for code, percent in COMPANIES.items() for _ in range(percent)]
    step = dt.timedelta(days=size.days) / size.transactions
    asked: dict[str, Any] = {
        "now": firm.now, "all": size.transactions, "step": step, "first": size.first, "every": size.every, "low": low,
        "high": high, "rest": size.rest, "items": size.items, "bodies": size.bodies, "usual": WAYS[0].slug,
        "other": WAYS[1].slug, "companies": companies, "run": RUN,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE queue_made, queue_body, queue_run, queue_walk")
        for statement in MADE.split(";\n"):
            cursor.execute(statement, asked)
        _bodies()
        cursor.execute("ANALYZE queue_made, queue_body, queue_walk")
        for statement in ROWS.split(";\n"):
            cursor.execute(statement)


def _path(name: str) -> tuple[Any, ...]:
    path = PATHS[name]
    reasons = [REASONS[state] for state in path.walk]
    came = ["", *path.walk[:-1]]
    effect = path.effects[-1][0] if path.effects else ""
    return (
        name, came, list(path.walk), reasons, [each[0] for each in path.steps], [each[1] for each in path.steps],
        [each[2] for each in path.steps], [REASONS[each[1]] for each in path.steps], path.stands, path.return_to,
        path.attempts, effect, "ready" in path.walk,
    )  # fmt: skip


def _bodies() -> None:
    """Store the bodies of the slice, each of the three stages in rows of many."""
    with connection.cursor() as cursor:
        cursor.execute(WITH_BODY)
        rows = cursor.fetchall()
    kept: list[tuple[Any, ...]] = []
    for first in range(0, len(rows), SPACE):
        heap = rows[first : first + SPACE]
        stored = bodies.Page(*(_id_beside(heap[0][6].hex) for _ in bodies.STAGES))
        for n, company, day, hours, rate, pick, _ in heap:
            kept.append((n, *stored.add(bodies.Facts(n, company, day, hours.quantize(CENT), rate, pick))))
        bodies.write(stored)
    with connection.cursor() as cursor:
        copy_in(cursor, "COPY queue_body FROM STDIN", kept)


def _id_beside(moment: str) -> str:
    """Return an id of the moment of another one, as 32 digits."""
    return moment[:12] + new_id().hex[12:]
