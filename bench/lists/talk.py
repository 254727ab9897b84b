"""What else grows: audit entries, events told to others, pushed events, and the numbers that targets have given."""

import datetime as dt
import random
from hashlib import blake2b

from django.db import connection, transaction

from bench.lists import spread
from bench.lists.firm import Firm
from governance import audit
from governance.actor import as_actor
from routes.models import Subscription

ENTRIES = 100_000  # audit entries, of a million transactions
DEEDS = ("resubmit", "resolve", "assign", "add", "approve", "change", "waive", "sign_in")
# Of what was posted, waived or failed, the newest: older events are cleaned away.
EVENTS = """
INSERT INTO routes_outboundevent (id, type, key, subject, legal_entity_id, route_id, destination_id, category,
    happened_at, body)
SELECT uuidv7(t.created_at - now()), 'throughline.transaction.' || t.state, t.destination_id || ' ' || t.key, t.key,
    t.legal_entity_id, d.route_id, t.destination_id, '', t.created_at, '{"specversion": "1.0"}'
FROM routes_transaction t JOIN routes_destination d ON d.id = t.destination_id
WHERE t.state IN ('posted', 'waived', 'failed') ORDER BY t.id DESC LIMIT %s
"""
DELIVERIES = """
INSERT INTO routes_delivery (subscription_id, event_id, key, sequence, due_at, attempts, answer, done_at, done_how,
    status)
SELECT s.id, e.id, e.key, e.number, e.happened_at, 1, 'the subscriber took it',
    CASE WHEN e.number % 500 > 0 THEN e.happened_at END, CASE WHEN e.number % 500 > 0 THEN 'delivered' ELSE '' END, 204
FROM routes_outboundevent e CROSS JOIN routes_subscription s ORDER BY e.number
"""
NUMBERS = """
INSERT INTO mappings_crossreference (entity, connection_id, legal_entity_id, canonical_key, external_id, reference,
    recorded_at)
SELECT 'project', c, 1 + n %% 3, 'P-' || n, 'X' || n, 'PRJ-' || n, now()
FROM generate_series(1, %s) n, (SELECT min(connection_id) AS c FROM routes_destination)
"""
PUSHED = """
INSERT INTO routes_inboundevent (id, route_id, legal_entity_id, via, idempotency_key, body_hash, body, received_at,
    processed_at, record_ids, problem)
SELECT uuidv7(r.received_at - now()), r.route_id, r.legal_entity_id, 'webhook', r.id::text, r.content_hash,
    '{"key": "' || r.key || '"}', r.received_at, r.received_at, ARRAY[r.id], ''
FROM routes_record r ORDER BY r.id DESC LIMIT %s
"""


def fill(firm: Firm, scale: float) -> None:
    """Write it; `scale` is 1 for a million transactions."""
    for name, legal_entity in (("Data warehouse", None), ("Chat of finance", firm.companies["HP-DE"])):
        Subscription.objects.create(
            name=name, address="https://warehouse.example/events", legal_entity_id=legal_entity,
            created_by="engine:engine",
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, [round(100_000 * scale)])
        cursor.execute(DELIVERIES)
        cursor.execute(NUMBERS, [round(30_000 * scale)])
        cursor.execute(PUSHED, [round(50_000 * scale)])
    _audit(firm, round(ENTRIES * scale))


def _audit(firm: Firm, number: int) -> None:
    chance = random.Random(spread.SEED + 4)  # noqa: S311 - rows that can be made again
    staff = [as_actor(user) for user in firm.staff.values()]
    companies = [*firm.companies.values(), None]
    entries = []
    for place in range(number):
        digest = blake2b(str(place).encode(), digest_size=4).hexdigest()
        entry = audit.entry_of(
            by=chance.choice(staff), verb=chance.choice(DEEDS), thing=("routes.transaction", digest, f"TE-{place:08}"),
            reason="The time tool has it right now.", channel="page", legal_entity=chance.choice(companies),
        )  # fmt: skip
        entry.at = firm.now - dt.timedelta(days=spread.DAYS) * (number - place) / number
        entry.digest = audit.digest(entry)
        entries.append(entry)
    for first in range(0, number, 10_000):
        with transaction.atomic():
            audit.record_all(entries[first : first + 10_000])
