"""Who handed in the time that records hold, and who corrected it: they never are the second person for it.

A record says whose time it is by address and name, a person of the hub has both in their account; either is enough,
because a second person who may be the first is none.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from governance.actor import Actor, By, as_actor
from governance.models import User
from governance.rights import NotAllowed
from governance.same_person import counted_as, makers
from routes.bulk import array

WHOSE = """
SELECT DISTINCT lower(coalesce(b.worker_email, '')), lower(coalesce(b.worker_name, ''))
FROM routes_record r CROSS JOIN LATERAL json_to_record((
    SELECT replace(p.body, '\\u0000', '\\ufffd')::json FROM routes_body(r.canonical_payload_id) p
)) AS b(worker_email text, worker_name text)
WHERE r.id = ANY(%s)
"""

OF_FAILURES = """
SELECT DISTINCT coalesce(f.record_id, t.record_id) FROM routes_failure f
LEFT JOIN routes_transaction t ON t.id = f.transaction_id
WHERE f.id = ANY(%s::uuid[]) AND coalesce(f.record_id, t.record_id) IS NOT NULL
"""
CORRECTORS = """
SELECT DISTINCT 'person:' || o.made_by_id, o.made_at FROM routes_record r
JOIN routes_overlay o ON o.route_id = r.route_id AND o.key = r.key AND o.ended_at IS NULL
WHERE r.id = ANY(%s::uuid[])
"""


def refuse(by: By, records: Sequence[UUID]) -> None:
    """Raise NotAllowed where some of these records hold the time of the one who approves. Two queries."""
    if records and _is_among(by, records):
        raise NotAllowed(
            "Time is not approved by the person who has handed it in, and some of this is yours. Ask another person "
            "who may approve it."
        )


def of_transactions(ids: Sequence[UUID]) -> list[UUID]:
    """Return the records of transactions. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT record_id FROM routes_transaction WHERE id = ANY(%s)", [list(ids)])
        return [row[0] for row in cursor.fetchall() if row[0]]


def of_failures(ids: Sequence[UUID]) -> list[UUID]:
    """Return the records of failures, and of the transactions that failed. One query."""
    with connection.cursor() as cursor:
        cursor.execute(OF_FAILURES, [array(ids)])
        return [row[0] for row in cursor.fetchall()]


def correctors(records: Sequence[UUID]) -> list[str]:
    """Return who has made corrections that hold in some records, or may have, as actor references. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(CORRECTORS, [array(records)])
        return makers(*cursor.fetchall())


def _is_among(by: By, records: Sequence[UUID]) -> bool:
    numbers = [each.partition(":")[2] for each in counted_as(by) if each.startswith("person:")]
    if isinstance(by, Actor) and not numbers:
        return False
    known: set[str] = set()
    for user in User.objects.filter(pk__in=numbers):
        known |= {text.casefold() for text in (user.email, user.get_full_name(), as_actor(user).name) if text.strip()}
    with connection.cursor() as cursor:
        cursor.execute(WHOSE, [list(records)])
        return any(known & {email.casefold(), name.casefold()} for email, name in cursor.fetchall())
