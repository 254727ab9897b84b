"""By which keys and numbers a thing is asked for: of a source, of a target, or a number that a target gave.

Keys are matched exactly or by their beginning, which an index answers however many there are; a route or destination
is asked by its own part of the index. A target's own numbers are matched whole.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, Value

from canonical.masking import ADDRESS
from exceptions_queue.models import State
from governance.models import User
from governance.roles import Right
from governance.scoping import ALL, entity_ids
from routes.models import Failure

OF_A_NUMBER = 200  # that are looked at; several systems may use one number, and an invoice stands for many hours
OF_A_KEY = 500  # records and transactions of one key: its versions, by all routes

# The beginning of a key, for each route or destination by its own part of the index, whose order of bytes it asks for.
BEGINNING = {
    "records": """
        SELECT found.id FROM routes_route part CROSS JOIN LATERAL (
            SELECT id FROM routes_record WHERE route_id = part.id AND key LIKE %(text)s {entities}
            ORDER BY key USING ~<~ LIMIT %(most)s) found
        """,
    "transactions": """
        SELECT found.id FROM routes_destination part CROSS JOIN LATERAL (
            SELECT id FROM routes_transaction WHERE destination_id = part.id AND key LIKE %(text)s {entities}
            ORDER BY key USING ~<~ LIMIT %(most)s) found
        """,
}
# What stands in a target under a number or id of its own, all that a write stands for included (an invoice's hours).
POSTED_AS = """
WITH effects AS (
    SELECT id, transaction_id FROM routes_effect WHERE reference = %(text)s AND reference <> ''
    UNION
    SELECT id, transaction_id FROM routes_effect WHERE external_id = %(text)s AND external_id <> ''
    LIMIT %(most)s
)
SELECT transaction_id FROM effects
UNION
(SELECT m.transaction_id FROM effects JOIN routes_effectmember m ON m.effect_id = effects.id LIMIT %(most)s)
"""


def beginning(kind: str, text: str, user: User, *, most: int, whole: bool = False) -> list[UUID]:
    """Return the ids of records or transactions whose key begins with a text, or is it; of those that somebody sees."""
    seen = entity_ids(user, Right.VIEW)
    statement = BEGINNING[kind].format(entities="" if seen is ALL else "AND legal_entity_id = ANY(%(entities)s)")
    asked: dict[str, Any] = {
        "text": like(text) if whole else f"{like(text)}%",
        "most": most,
        "entities": [] if seen is ALL else sorted(seen),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return [id_ for (id_,) in cursor.fetchall()]


def posted_as(text: str) -> list[UUID]:
    """Return the ids of transactions that a target knows by a number or id of its own."""
    with connection.cursor() as cursor:
        cursor.execute(POSTED_AS, {"text": text, "most": OF_A_NUMBER})
        return [id_ for (id_,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class Causes:
    """Fingerprints of the causes that hold something of a key or number, or held it."""

    now: tuple[str, ...] = ()
    before: tuple[str, ...] = ()  # what was closed since

    @property
    def items(self) -> Q:
        """Return the condition of their items: of what is open only what holds it now, of what ended what held it."""
        return Q(fingerprint__in=self.now) | Q(state=State.RESOLVED, fingerprint__in=self.before)


def causes_of(text: str, user: User) -> Causes:
    """Return the causes that hold, or held, something of this key or number. At most five queries."""
    records = beginning("records", text, user, most=OF_A_KEY, whole=True)
    transactions = [*beginning("transactions", text, user, most=OF_A_KEY, whole=True), *posted_as(text)]
    if not records and not transactions:
        return Causes()
    held = Q(record_id__in=records) | Q(transaction_id__in=transactions)
    rows = Failure.objects.visible_to(user, right_to_find(text)).filter(held)
    now, before = (  # apart, as each has indexes of its own
        rows.filter(closed_at__isnull=is_open).order_by().values_list("fingerprint", Value(is_open))
        for is_open in (True, False)
    )
    found = set(now.union(before))
    return Causes(
        tuple(sorted(cause for cause, is_open in found if is_open)),
        tuple(sorted(cause for cause, is_open in found if not is_open)),
    )


def right_to_find(text: str) -> Right:
    """Return the right for which rows are looked through: who may see people may find them."""
    return Right.SEE_PERSON if ADDRESS.search(text) else Right.VIEW


def like(text: str) -> str:
    """Return a text for a pattern of LIKE in which every character stands for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
